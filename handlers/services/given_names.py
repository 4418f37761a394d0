"""Reading a name and a contact from what somebody types, and sealing them at once for those who open them together.

What a newcomer gets wrong: nothing here is kept in clear. A draft holds the sealed name with its custodians' shares
(storage/custody.py) and a masked form to show.
"""

import base64
import re
import unicodedata
from collections.abc import Callable
from typing import Any, Final

from handlers.services.report_view import Problem
from storage.custody import SealedName, Share

MOBILE: Final = re.compile(r"(?<!\d)1[3-9]\d{9}(?!\d)")
_LANDLINE: Final = re.compile(r"(?<!\d)0\d{2,3}-?\d{7,8}(?!\d)")
_DIGITS: Final = re.compile(r"\d(?:[\d\- ]*\d)?")
_NOISE: Final = re.compile(
    r"(我的?名字是?|我姓名是?|姓名|名字|我叫|我是|叫|电话号码|手机号码?|联系电话|电话|手机|号码|[是为:：,，。.、;；\s\-])"
)
_NAME: Final = re.compile(r"[\u3400-\u9fff·]{2,20}|[A-Za-z][A-Za-z .·]{1,39}")
_SHORTEST_PHONE: Final = 8


def take(
    words: str, identity: dict[str, Any], begin: Callable[[], SealedName]
) -> tuple[dict[str, Any], Problem | None, str]:
    """What is known of a name after one more message: complete once it holds `sealed`.

    Args:
        words: The message.
        identity: What was known before.
        begin: Makes an empty name with a share for each custodian who is to keep one.

    Returns:
        What is known now, what is wrong or still missing, and a detail of it.
    """
    known = {field: value for field, value in identity.items() if field != "anonymous"}
    name, contact, problem, detail = _read(words, known)
    if name or contact:
        kept = _unpacked(known["kept"]) if "kept" in known else begin()
        if name:
            kept = kept.with_part("name", name)
            known["name_shown"] = f"{name[0]}{'*' * (len(name) - 1)}"
        if contact:
            kept = kept.with_part("contact", contact)
            known["contact_shown"] = masked(contact)
        known["kept"] = _packed(kept)
    if "name_shown" in known and "contact_shown" in known:
        shown = f"{known['name_shown']} {known['contact_shown']}"
        return {**known, "sealed": True, "shown": shown}, None, ""
    missing = Problem.PHONE_MISSING if "name_shown" in known else Problem.NAME_MISSING
    return known, problem or missing, detail


def sealed_of(identity: dict[str, Any]) -> SealedName | None:
    """A complete name as the case keeps it; None for none."""
    return _unpacked(identity["kept"]) if identity.get("sealed") and "kept" in identity else None


def is_lost(identity: dict[str, Any]) -> bool:
    """Whether a name was left in a form of an earlier version, which can only be asked for again."""
    return bool(identity.get("sealed")) and "kept" not in identity


def is_wrong_phone(contact: str) -> bool:
    """Whether a contact is meant as a phone number and is none; another kind of contact is right as it is."""
    packed = re.sub(r"(?<=\d)[\s\-]+(?=\d)", "", unicodedata.normalize("NFKC", contact))
    is_phone = bool(MOBILE.search(packed) or _LANDLINE.search(packed))
    return not is_phone and not _NOISE.sub("", _DIGITS.sub("", packed))


def masked(contact: str) -> str:
    """A contact as its owner recognises it and nobody else."""
    return f"{contact[:3]}****{contact[-4:]}" if len(contact) >= _SHORTEST_PHONE else f"{contact[:1]}****"


def without_numbers(words: str) -> str:
    """A text with its mobile numbers masked: an account is read by more people than a name."""
    return MOBILE.sub(lambda number: masked(number.group()), words)


def _read(words: str, identity: dict[str, Any]) -> tuple[str, str, Problem | None, str]:
    """Name, contact, problem and its detail, from one message; either part may be missing."""
    text = unicodedata.normalize("NFKC", words)
    packed = re.sub(r"(?<=\d)[\s\-]+(?=\d)", "", text)
    phone = MOBILE.search(packed) or _LANDLINE.search(packed)
    rest = _NOISE.sub(" ", _DIGITS.sub(" ", packed)).strip()
    if identity.get("other_contact"):
        if "name_shown" in identity:
            return "", text.strip()[:60], None, ""
        name, _, contact = text.strip().partition(" ")
        return name[:20], contact.strip()[:60], None, ""
    found = _NAME.search(rest)
    name = found.group().strip() if found else ""
    if phone:
        return name, phone.group(), None, ""
    digits = re.sub(r"\D", "", packed)
    if digits:
        return name, "", Problem.PHONE_WRONG, str(len(digits))
    return name, "", None, ""


def _packed(name: SealedName) -> dict[str, Any]:
    return {
        "key": _coded(name.public_key),
        "needed": name.needed,
        "shares": {str(who): [share.position, _coded(share.sealed)] for who, share in name.shares.items()},
        "parts": {part: _coded(sealed) for part, sealed in name.parts.items()},
    }


def _unpacked(packed: dict[str, Any]) -> SealedName:
    shares = {
        int(who): Share(position, base64.b64decode(sealed)) for who, (position, sealed) in packed["shares"].items()
    }
    parts = {part: base64.b64decode(sealed) for part, sealed in packed["parts"].items()}
    return SealedName(base64.b64decode(packed["key"]), packed["needed"], shares, parts)


def _coded(data: bytes) -> str:
    return base64.b64encode(data).decode()
