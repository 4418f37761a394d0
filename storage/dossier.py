"""A dossier as a file: a ZIP whose every byte is vouched for, written and checked without holding it in memory.

`manifest.json` lists every other member with its SHA-256 and is signed (purpose `export`). The archive's own comment,
its last bytes, is a second signature, over everything before it: so a changed byte is found wherever it lies, in a
member, in the ZIP's directory, or in the manifest. Checking needs the file and the published key, nothing else.

What a newcomer gets wrong: a dossier that was unpacked and packed again is not this file any more. Its manifest still
vouches for its members.
"""

import hashlib
import json
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import IO, Any, Final

from storage.audit import event_hash
from storage.signing import SEED_BYTES, Signer, holds, key_id

MANIFEST, SIGNATURE, EVENTS = "manifest.json", "signature.json", "events.json"
MEMBERS: Final = "export"
WHOLE: Final = "export-archive"
#: The comment: a word, the public key and the signature, in hexadecimal.
_MARK: Final = b"qingfeng-dossier-1 "
_COMMENT: Final = len(_MARK) + 2 * SEED_BYTES + 1 + 2 * 64
_CHUNK: Final = 1 << 20
_DATE: Final = (1980, 1, 1, 0, 0, 0)  # the manifest tells when; a ZIP's clock has no zone


class DossierFault(ValueError):
    """The file is not a dossier as it was exported; the text says where."""


@dataclass(slots=True)
class DossierWriter:
    """Writes members one after the other, then the manifest and both signatures."""

    file: IO[bytes]
    signer: Signer
    members: list[dict[str, Any]] = field(default_factory=list)
    _zip: zipfile.ZipFile = field(init=False)

    def __post_init__(self) -> None:
        """Begin the archive; members are stored as they are, so that nothing needs to be unpacked to be read."""
        self._zip = zipfile.ZipFile(self.file, "w", zipfile.ZIP_STORED)
        self._zip.comment = _MARK + b"0" * (_COMMENT - len(_MARK))

    def add(self, name: str, data: bytes) -> str:
        """Add a member; returns its SHA-256."""
        digest = hashlib.sha256(data).hexdigest()
        self._zip.writestr(zipfile.ZipInfo(name, _DATE), data)
        self.members.append({"name": name, "size": len(data), "sha256": digest})
        return digest

    def finish(self, about: dict[str, Any]) -> str:
        """Write the manifest with what is said about the dossier, and sign; returns the manifest's SHA-256."""
        manifest = _json({**about, "members": self.members})
        self._zip.writestr(zipfile.ZipInfo(MANIFEST, _DATE), manifest)
        signed = self.signer.sign(MEMBERS, manifest)
        told = _signature(signed.key_id, self.signer.public_key, signed.signature)
        self._zip.writestr(zipfile.ZipInfo(SIGNATURE, _DATE), told)
        self._zip.close()
        digest = _digest(self.file, self.file.tell() - _COMMENT)
        whole = self.signer.sign(WHOLE, digest).signature
        self.file.seek(-_COMMENT, 2)
        self.file.write(_MARK + self.signer.public_key.hex().encode() + b" " + whole.hex().encode())
        self.file.seek(0)
        return hashlib.sha256(manifest).hexdigest()


@dataclass(frozen=True, slots=True)
class Checked:
    """A dossier that holds: what its manifest says, and whose key signed it."""

    manifest: dict[str, Any]
    public_key: bytes
    events: int

    @property
    def key_id(self) -> str:
        """What the key is called; to be compared with the one that is published."""
        return key_id(self.public_key)


def check(path: Path, public_key: bytes | None = None) -> Checked:
    """Check a dossier; needs no database and no key file.

    Args:
        path: The file.
        public_key: The published key; without it any key's signature counts, and the caller compares its id.

    Raises:
        DossierFault: Something was changed, is missing, or was signed by another key.
        OSError: The file cannot be read.
    """
    with path.open("rb") as file:
        key = _check_whole(file, public_key)
        try:
            with zipfile.ZipFile(file) as archive:
                manifest = _check_manifest(archive, key)
                _check_members(archive, manifest)
                return Checked(manifest, key, _check_events(archive))
        except (zipfile.BadZipFile, KeyError, TypeError, NotImplementedError, RuntimeError) as error:
            raise DossierFault(f"it is no whole archive ({error})") from error


def _check_whole(file: IO[bytes], public_key: bytes | None) -> bytes:
    size = file.seek(0, 2)
    if size < _COMMENT:
        raise DossierFault("it is no dossier of ours: too short")
    file.seek(size - _COMMENT)
    comment = file.read()
    parts = comment[len(_MARK) :].split(b" ")
    try:
        key, signature = (bytes.fromhex(part.decode("ascii")) for part in parts)
    except ValueError:
        raise DossierFault("it is no dossier of ours: its end is not signed") from None
    if comment != _MARK + key.hex().encode() + b" " + signature.hex().encode():
        raise DossierFault("its end was changed")
    if public_key is not None and key != public_key:
        raise DossierFault(f"it was signed with another key ({key_id(key)})")
    if not holds(key, WHOLE, _digest(file, size - _COMMENT), signature):
        raise DossierFault("a byte of it was changed: its signature does not hold")
    return key


def _check_manifest(archive: zipfile.ZipFile, key: bytes) -> dict[str, Any]:
    said, signature = archive.read(MANIFEST), archive.read(SIGNATURE)
    told = json.loads(signature)
    made = bytes.fromhex(told["signature"])
    if signature != _signature(key_id(key), key, made) or not holds(key, MEMBERS, said, made):
        raise DossierFault("the manifest's signature does not hold")
    manifest: dict[str, Any] = json.loads(said)
    return manifest


def _check_members(archive: zipfile.ZipFile, manifest: dict[str, Any]) -> None:
    named = [one["name"] for one in manifest["members"]]
    if sorted(archive.namelist()) != sorted([*named, MANIFEST, SIGNATURE]):
        raise DossierFault("it holds other files than its manifest says")
    for one in manifest["members"]:
        found, size = hashlib.sha256(), 0
        for chunk in _chunks(archive, one["name"]):
            found.update(chunk)
            size += len(chunk)
        if (size, found.hexdigest()) != (one["size"], one["sha256"]):
            raise DossierFault(f"{one['name']} was changed")


def _check_events(archive: zipfile.ZipFile) -> int:
    """Every event's hash is that of its content."""
    events = json.loads(archive.read(EVENTS))
    for one in events:
        fields = {name: one[name] for name in ("id", "actor", "act", "subject", "detail")}
        if event_hash(one["previous_hash"], at=datetime.fromisoformat(one["at"]), **fields) != one["hash"]:
            raise DossierFault(f"event {one['id']} is not what its hash says")
    return len(events)


def _chunks(archive: zipfile.ZipFile, name: str) -> Iterator[bytes]:
    with archive.open(name) as member:
        while chunk := member.read(_CHUNK):
            yield chunk


def _digest(file: IO[bytes], size: int) -> bytes:
    """SHA-256 of the first `size` bytes."""
    found, left = hashlib.sha256(), size
    file.seek(0)
    while left and (chunk := file.read(min(_CHUNK, left))):
        found.update(chunk)
        left -= len(chunk)
    return found.digest()


def _signature(key_id: str, public_key: bytes, signature: bytes) -> bytes:
    return _json({"key_id": key_id, "public_key": public_key.hex(), "signature": signature.hex()})


def _json(value: Any) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode()
