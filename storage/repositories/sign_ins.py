"""How officials come in: sessions, browsers that are known, links to set up a seat, passkeys, and who has to wait.

Of every token only a hash is kept, of every name and address only a keyed one. What a newcomer gets wrong: a ceremony
(a challenge, a new authenticator secret) belongs to one browser and is used up by looking, not by succeeding.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import delete, insert, or_, select, update

from storage.repositories.base import Repository
from storage.repositories.officials import Official, official_of
from storage.tables.officials import (
    ceremony,
    desk_session,
    known_device,
    official,
    passkey,
    seat_link,
    sign_in_link,
    sign_in_strain,
)

CEREMONY: Final = "official.ceremony"
STRAIN: Final = "sign_in"
HANDLE_LENGTH: Final = 16


@dataclass(frozen=True, slots=True)
class DeskSession:
    """A signed-in browser."""

    official: Official
    csrf: str
    way: str
    device: str
    created_at: datetime
    last_seen_at: datetime
    confirmed_at: datetime | None
    token_hash: bytes = field(repr=False)

    @property
    def handle(self) -> str:
        """What a page calls this session by; it opens nothing."""
        return handle_of(self.token_hash)


@dataclass(frozen=True, slots=True)
class KnownDevice:
    """A browser in which an official has signed in before."""

    device: str
    created_at: datetime
    last_used_at: datetime
    token_hash: bytes = field(repr=False)

    @property
    def handle(self) -> str:
        """What a page calls this browser by; it opens nothing."""
        return handle_of(self.token_hash)


@dataclass(frozen=True, slots=True)
class SeatLink:
    """A link in force: to set up a seat (`invitation`) or to replace what was lost (`reset`)."""

    official: Official
    kind: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Passkey:
    """A key with which an official signs in."""

    id: int
    official_id: int
    credential_id: bytes = field(repr=False)
    public_key: bytes = field(repr=False)
    sign_count: int
    name: str
    created_at: datetime
    last_used_at: datetime | None


@dataclass(frozen=True, slots=True)
class Ceremony:
    """What was begun in a browser; `official_id` is None where nobody is known yet."""

    secret: bytes = field(repr=False)
    official_id: int | None


@dataclass(frozen=True, slots=True)
class Strain:
    """How a name, an address or a device has been refused of late."""

    failures: int
    level: int
    first_at: datetime
    last_at: datetime
    wait_until: datetime | None


class SignIns(Repository):
    """Finds and keeps what a sign-in rests on."""

    # ---- sessions ----

    async def open_session(self, token_hash: bytes, official_id: int, csrf: str, *, way: str, device: str) -> None:
        """Remember a signed-in browser.

        Raises:
            RuleRefused: The seat is closed, or not set up yet.
        """
        now = self._uow.clock.now()
        times = {"created_at": now, "last_seen_at": now, "confirmed_at": now}
        await self._uow.execute(
            insert(desk_session).values(
                token_hash=token_hash, official_id=official_id, csrf=csrf, way=way, device=device, **times
            )
        )

    async def session(self, token_hash: bytes) -> DeskSession | None:
        """The signed-in browser of a cookie, if its official is active."""
        found = await self._sessions(desk_session.c.token_hash == token_hash)
        return found[0] if found else None

    async def sessions_of(self, official_id: int) -> list[DeskSession]:
        """An official's sessions, newest first."""
        return await self._sessions(desk_session.c.official_id == official_id)

    async def touch_session(self, token_hash: bytes) -> None:
        """The browser was just used."""
        await self._session(token_hash, last_seen_at=self._uow.clock.now())

    async def confirm_session(self, token_hash: bytes) -> None:
        """Its official has just shown password or passkey again."""
        await self._session(token_hash, confirmed_at=self._uow.clock.now())

    async def close_session(self, token_hash: bytes) -> None:
        """Sign a browser out."""
        await self._uow.execute(delete(desk_session).where(desk_session.c.token_hash == token_hash))

    async def end_all(self, official_id: int, *, but: bytes = b"") -> None:
        """End an official's sessions (`but` one), links that were not used yet, and what browsers are trusted with."""
        mine = desk_session.c.official_id == official_id
        await self._uow.execute(delete(desk_session).where(mine, desk_session.c.token_hash != but))
        unused = (sign_in_link.c.official_id == official_id, sign_in_link.c.used_at.is_(None))
        await self._uow.execute(delete(sign_in_link).where(*unused))
        await self._uow.execute(delete(known_device).where(known_device.c.official_id == official_id))
        await self.revoke_seat_links(official_id)

    async def _sessions(self, condition: Any) -> list[DeskSession]:
        rows = await self._uow.read(
            select(
                official,
                *(desk_session.c[name] for name in ("csrf", "way", "device", "last_seen_at", "confirmed_at")),
                desk_session.c.created_at.label("began_at"),
                desk_session.c.token_hash,
            )
            .join(desk_session, desk_session.c.official_id == official.c.id)
            .where(condition, official.c.active)
            .order_by(desk_session.c.created_at.desc(), desk_session.c.token_hash)
        )
        return [
            DeskSession(
                official_of(row),
                row.csrf,
                row.way,
                row.device,
                row.began_at,
                row.last_seen_at,
                row.confirmed_at,
                row.token_hash,
            )
            for row in rows
        ]

    async def _session(self, token_hash: bytes, **values: Any) -> None:
        await self._uow.execute(update(desk_session).where(desk_session.c.token_hash == token_hash).values(**values))

    # ---- browsers that are known ----

    async def know(self, token_hash: bytes, official_id: int, device: str) -> None:
        """An official has signed in with this browser."""
        now = self._uow.clock.now()
        kept = {"device": device, "last_used_at": now}
        await self._uow.execute(
            self._insert(known_device)
            .values(token_hash=token_hash, official_id=official_id, created_at=now, **kept)
            .on_conflict_do_update(index_elements=["token_hash", "official_id"], set_=kept)
        )

    async def knows(self, token_hash: bytes, username: str) -> bool:
        """Whether the official of a username has signed in with this browser before."""
        query = (
            select(known_device.c.official_id)
            .join(official, official.c.id == known_device.c.official_id)
            .where(known_device.c.token_hash == token_hash, official.c.username == username)
        )
        return bool(await self._uow.read(query))

    async def devices_of(self, official_id: int) -> list[KnownDevice]:
        """The browsers an official has signed in with, the last one first."""
        rows = await self._uow.read(
            select(known_device)
            .where(known_device.c.official_id == official_id)
            .order_by(known_device.c.last_used_at.desc(), known_device.c.token_hash)
        )
        return [KnownDevice(row.device, row.created_at, row.last_used_at, row.token_hash) for row in rows]

    async def forget_device(self, token_hash: bytes, official_id: int) -> None:
        """Trust a browser no more than any other."""
        mine = (known_device.c.token_hash == token_hash, known_device.c.official_id == official_id)
        await self._uow.execute(delete(known_device).where(*mine))

    # ---- links to a seat ----

    async def add_seat_link(
        self, token_hash: bytes, official_id: int, kind: str, *, made_by: int | None, life: timedelta
    ) -> None:
        """A link in the place of whatever link there was.

        Raises:
            RuleRefused: The seat is closed, or the link would live too long.
        """
        await self.revoke_seat_links(official_id)
        now = self._uow.clock.now()
        await self._uow.execute(
            insert(seat_link).values(
                token_hash=token_hash,
                official_id=official_id,
                kind=kind,
                made_by=made_by,
                made_at=now,
                expires_at=now + life,
            )
        )

    async def seat_link(self, token_hash: bytes) -> SeatLink | None:
        """The link behind a token, if it is in force."""
        rows = await self._uow.read(
            select(official, seat_link.c.kind, seat_link.c.expires_at)
            .join(seat_link, seat_link.c.official_id == official.c.id)
            .where(seat_link.c.token_hash == token_hash, official.c.active, *self._in_force())
        )
        return SeatLink(official_of(rows[0]), rows[0].kind, rows[0].expires_at) if rows else None

    async def seat_link_of(self, official_id: int) -> SeatLink | None:
        """The link in force to an official's seat."""
        rows = await self._uow.read(
            select(official, seat_link.c.kind, seat_link.c.expires_at)
            .join(seat_link, seat_link.c.official_id == official.c.id)
            .where(seat_link.c.official_id == official_id, *self._in_force())
        )
        return SeatLink(official_of(rows[0]), rows[0].kind, rows[0].expires_at) if rows else None

    async def use_seat_link(self, token_hash: bytes) -> bool:
        """Use a link up; False when it is not in force any more."""
        used = update(seat_link).where(seat_link.c.token_hash == token_hash, *self._in_force())
        return bool((await self._uow.execute(used.values(used_at=self._uow.clock.now()))).rowcount)

    async def revoke_seat_links(self, official_id: int) -> None:
        """Let no link to a seat work any more."""
        open_ones = (seat_link.c.official_id == official_id, seat_link.c.used_at.is_(None))
        await self._uow.execute(
            update(seat_link)
            .where(*open_ones, seat_link.c.revoked_at.is_(None))
            .values(revoked_at=self._uow.clock.now())
        )

    def _in_force(self) -> tuple[Any, ...]:
        unused = (seat_link.c.used_at.is_(None), seat_link.c.revoked_at.is_(None))
        return (*unused, seat_link.c.expires_at > self._uow.clock.now())

    # ---- ceremonies ----

    async def begin(
        self, browser_hash: bytes, purpose: str, secret: bytes, *, official_id: int | None, life: timedelta
    ) -> None:
        """Begin something in a browser, in the place of what was begun there for the same purpose.

        What was never finished is deleted on the way: anybody can begin.
        """
        await self._uow.execute(delete(ceremony).where(ceremony.c.expires_at < self._uow.clock.now()))
        values = {
            "official_id": official_id,
            "secret_sealed": self._keys.seal(CEREMONY, secret),
            "expires_at": self._uow.clock.now() + life,
        }
        await self._uow.execute(
            self._insert(ceremony)
            .values(browser_hash=browser_hash, purpose=purpose, **values)
            .on_conflict_do_update(index_elements=["browser_hash", "purpose"], set_=values)
        )

    async def begun(self, browser_hash: bytes, purpose: str) -> Ceremony | None:
        """What was begun, left as it is."""
        mine = (ceremony.c.browser_hash == browser_hash, ceremony.c.purpose == purpose)
        rows = await self._uow.read(select(ceremony).where(*mine, ceremony.c.expires_at > self._uow.clock.now()))
        return self._ceremony(rows[0]) if rows else None

    async def finish(self, browser_hash: bytes, purpose: str) -> Ceremony | None:
        """What was begun, used up by this whatever comes of it."""
        mine = (ceremony.c.browser_hash == browser_hash, ceremony.c.purpose == purpose)
        ended = delete(ceremony).where(*mine).returning(*ceremony.c)
        row = (await self._uow.execute(ended)).first()
        return self._ceremony(row) if row and row.expires_at > self._uow.clock.now() else None

    def _ceremony(self, row: Any) -> Ceremony:
        return Ceremony(self._keys.open(CEREMONY, row.secret_sealed), row.official_id)

    # ---- passkeys ----

    async def add_passkey(
        self, official_id: int, session_hash: bytes, *, credential_id: bytes, public_key: bytes, count: int, name: str
    ) -> None:
        """Keep a passkey that was registered in a session of its official.

        Raises:
            RuleRefused: The session is not that official's.
        """
        await self._uow.execute(
            insert(passkey).values(
                official_id=official_id,
                registered_in=session_hash,
                credential_id=credential_id,
                public_key=public_key,
                sign_count=count,
                name=name,
                created_at=self._uow.clock.now(),
            )
        )

    async def passkeys_of(self, official_id: int) -> list[Passkey]:
        """An official's passkeys, oldest first."""
        rows = await self._uow.read(select(passkey).where(passkey.c.official_id == official_id).order_by(passkey.c.id))
        return [_passkey(row) for row in rows]

    async def passkey(self, credential_id: bytes) -> Passkey | None:
        """A passkey by what its authenticator calls it."""
        rows = await self._uow.read(select(passkey).where(passkey.c.credential_id == credential_id))
        return _passkey(rows[0]) if rows else None

    async def use_passkey(self, one: Passkey, count: int) -> bool:
        """Note a use; False when the counter does not go forward, as with a copied key.

        Authenticators that do not count say zero for ever.
        """
        onward = or_(passkey.c.sign_count < count, (passkey.c.sign_count == 0) & (count == 0))
        used = update(passkey).where(passkey.c.id == one.id, onward)
        result = await self._uow.execute(used.values(sign_count=count, last_used_at=self._uow.clock.now()))
        return bool(result.rowcount)

    async def rename_passkey(self, official_id: int, passkey_id: int, name: str) -> bool:
        """Call one's own passkey something else; False when there is none."""
        mine = (passkey.c.id == passkey_id, passkey.c.official_id == official_id)
        return bool((await self._uow.execute(update(passkey).where(*mine).values(name=name))).rowcount)

    async def remove_passkeys(self, official_id: int, *ids: int) -> int:
        """Remove some of one's own passkeys, or all; returns how many there were."""
        mine = [passkey.c.official_id == official_id, *([passkey.c.id.in_(ids)] if ids else [])]
        return (await self._uow.execute(delete(passkey).where(*mine))).rowcount

    # ---- who has to wait ----

    async def strain(self, subject: str) -> Strain | None:
        """How a subject has been refused of late."""
        hashed = self._keys.index(STRAIN, subject)
        rows = await self._uow.read(select(sign_in_strain).where(sign_in_strain.c.subject == hashed))
        return Strain(*rows[0][1:]) if rows else None

    async def set_strain(self, subject: str, strain: Strain) -> None:
        """Keep how a subject has been refused."""
        values = {name: getattr(strain, name) for name in Strain.__slots__}
        await self._uow.execute(
            self._insert(sign_in_strain)
            .values(subject=self._keys.index(STRAIN, subject), **values)
            .on_conflict_do_update(index_elements=["subject"], set_=values)
        )

    async def relieve(self, subjects: Sequence[str]) -> None:
        """Forget that some subjects were refused."""
        hashed = [self._keys.index(STRAIN, subject) for subject in subjects]
        await self._uow.execute(delete(sign_in_strain).where(sign_in_strain.c.subject.in_(hashed)))

    async def forget_old(self, *, sessions_before: datetime, strain_before: datetime, devices_before: datetime) -> None:
        """Delete what has ended by itself."""
        now = self._uow.clock.now()
        for statement in (
            delete(desk_session).where(desk_session.c.last_seen_at < sessions_before),
            delete(sign_in_strain).where(sign_in_strain.c.last_at < strain_before),
            delete(known_device).where(known_device.c.last_used_at < devices_before),
            delete(ceremony).where(ceremony.c.expires_at < now),
        ):
            await self._uow.execute(statement)


def handle_of(token_hash: bytes) -> str:
    """A name for a row whose key is a hash of a secret, for pages: it leads back to neither."""
    return hashlib.sha256(token_hash).hexdigest()[:HANDLE_LENGTH]


def _passkey(row: Any) -> Passkey:
    return Passkey(
        row.id,
        row.official_id,
        row.credential_id,
        row.public_key,
        row.sign_count,
        row.name,
        row.created_at,
        row.last_used_at,
    )
