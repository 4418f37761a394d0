"""Officials, what their sign-in is checked against, and their key pairs."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from sqlalchemy import BigInteger, bindparam, func, insert, select, update

from knowledge.casework.access import Role
from storage.custody import KeyPair
from storage.repositories.base import Repository
from storage.tables.custody import official_key
from storage.tables.officials import official, sign_in_failure, sign_in_link

TOTP: Final = "official.totp"
NOTICE: Final = "official.notice"


@dataclass(frozen=True, slots=True)
class Official:
    """Somebody with a seat at the desk, answering for a place."""

    id: int
    username: str
    display_name: str
    role: Role
    place_path: str
    active: bool
    enrolled: bool = True  # has set up password and second factor


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a sign-in is checked against."""

    official: Official
    password_hash: str = field(repr=False)
    totp_secret: str = field(repr=False)


class Officials(Repository):
    """Finds and keeps officials."""

    async def add(
        self,
        *,
        username: str,
        display_name: str,
        role: Role,
        place_path: str,
        password_hash: str,
        totp_secret: str,
        is_head: bool = False,
    ) -> Official:
        """A new official; `is_head` of the body at that place. Without a password the seat is still to be set up."""
        now, enrolled = self._uow.clock.now(), bool(password_hash)
        result = await self._uow.execute(
            insert(official)
            .values(
                username=username,
                display_name=display_name,
                role=role,
                place_path=place_path,
                password_hash=password_hash,
                totp_secret_sealed=self._keys.seal_text(TOTP, totp_secret),
                active=True,
                is_head=is_head,
                created_at=now,
                enrolled_at=now if enrolled else None,
            )
            .returning(official.c.id)
        )
        return Official(result.scalar_one(), username, display_name, role, place_path, active=True, enrolled=enrolled)

    async def get(self, official_id: int) -> Official | None:
        """An official by id."""
        rows = await self._uow.read(select(official).where(official.c.id == official_id))
        return official_of(rows[0]) if rows else None

    async def by_username(self, username: str) -> Official | None:
        """An official by username."""
        rows = await self._uow.read(select(official).where(official.c.username == username))
        return official_of(rows[0]) if rows else None

    async def all(self) -> list[Official]:
        """Every official, by id."""
        return [official_of(row) for row in await self._uow.read(select(official).order_by(official.c.id))]

    async def is_head(self, official_id: int) -> bool:
        """Whether an official heads the body at their place."""
        return bool(await self._uow.read(select(official.c.id).where(official.c.id == official_id, official.c.is_head)))

    async def change_seat(self, official_id: int, **values: Any) -> None:
        """Change a seat: role, place_path, display_name, is_head, active.

        Raises:
            RuleRefused: The official has unfinished cases in hand, and the seat is closed or moved.
        """
        await self._uow.execute(update(official).where(official.c.id == official_id).values(**values))

    async def credentials(self, username: str) -> Credentials | None:
        """What to check a sign-in against; None where nobody of that name may sign in. One look, whoever it is."""
        may = (official.c.username == username, official.c.active, official.c.enrolled_at.is_not(None))
        rows = await self._uow.read(select(official).where(*may))
        if not rows:
            return None
        secret = self._keys.open_text(TOTP, rows[0].totp_secret_sealed)
        return Credentials(official_of(rows[0]), rows[0].password_hash, secret)

    async def set_password_hash(self, official_id: int, password_hash: str) -> None:
        """Put another password, or a stronger hash of the same one, in place."""
        await self._uow.execute(
            update(official).where(official.c.id == official_id).values(password_hash=password_hash)
        )

    async def set_totp(self, official_id: int, secret: str, step: int) -> None:
        """Put another authenticator in place, of which one time step is used up already."""
        sealed = self._keys.seal_text(TOTP, secret)
        values = {"totp_secret_sealed": sealed, "totp_last_step": step}
        await self._uow.execute(update(official).where(official.c.id == official_id).values(**values))

    async def enrol(self, official_id: int) -> None:
        """Password and second factor are set up: from now on this official may sign in."""
        now = self._uow.clock.now()
        await self._uow.execute(update(official).where(official.c.id == official_id).values(enrolled_at=now))

    async def use_totp_step(self, official_id: int, step: int) -> bool:
        """Use up a time step; False when it, or a later one, was used before."""
        result = await self._uow.execute(
            update(official)
            .where(official.c.id == official_id, official.c.totp_last_step < step)
            .values(totp_last_step=step)
        )
        return bool(result.rowcount)

    async def set_notice_chat(self, official_id: int, chat_id: int) -> None:
        """Where content-free notices go on Telegram."""
        sealed = self._keys.seal_text(NOTICE, str(chat_id))
        await self._uow.execute(update(official).where(official.c.id == official_id).values(notice_chat_sealed=sealed))

    async def has_notice_chat(self, official_id: int) -> bool:
        """Whether an official's notices have somewhere to go."""
        query = select(official.c.id).where(official.c.id == official_id, official.c.notice_chat_sealed.is_not(None))
        return bool(await self._uow.read(query))

    async def to_notify(self, roles: tuple[Role, ...], place_path: str) -> list[tuple[Official, int]]:
        """Officials of some roles who answer for a place and have a chat for notices."""
        rows = await self._uow.read(
            select(official).where(
                official.c.active, official.c.role.in_(roles), official.c.notice_chat_sealed.is_not(None)
            )
        )
        return [
            (official_of(row), int(self._keys.open_text(NOTICE, row.notice_chat_sealed)))
            for row in rows
            if place_path == row.place_path or place_path.startswith(f"{row.place_path}/")
        ]

    async def notice_chats(self, ids: Collection[int]) -> dict[int, int]:
        """The chats for notices of some active officials who have one, by official."""
        rows = await self._uow.read(
            select(official.c.id, official.c.notice_chat_sealed)
            .where(official.c.id.in_(ids), official.c.active, official.c.notice_chat_sealed.is_not(None))
            .order_by(official.c.id)
        )
        return {row.id: int(self._keys.open_text(NOTICE, row.notice_chat_sealed)) for row in rows}

    async def in_role(self, roles: tuple[Role, ...], place_path: str) -> list[Official]:
        """Active officials of some roles who answer for a place."""
        rows = await self._uow.read(
            select(official).where(official.c.active, official.c.role.in_(roles)).order_by(official.c.id)
        )
        return [
            official_of(row)
            for row in rows
            if place_path == row.place_path or place_path.startswith(f"{row.place_path}/")
        ]

    async def add_key(self, official_id: int, keys: KeyPair) -> None:
        """Give an official a key pair."""
        values = {"official_id": official_id, "created_at": self._uow.clock.now(), **_key_row(keys)}
        await self._uow.execute(insert(official_key).values(**values))

    async def set_key(self, official_id: int, keys: KeyPair) -> None:
        """Put another pair, or the same under another password, in its place."""
        mine = official_key.c.official_id == official_id
        await self._uow.execute(update(official_key).where(mine).values(**_key_row(keys)))

    async def key_of(self, official_id: int) -> KeyPair | None:
        """An official's key pair, if there is one yet."""
        rows = await self._uow.read(select(official_key).where(official_key.c.official_id == official_id))
        return _key(rows[0]) if rows else None

    async def custodians(self) -> dict[int, KeyPair]:
        """The key pairs of active custodians, by official."""
        rows = await self._uow.read(
            select(official_key)
            .join(official, official.c.id == official_key.c.official_id)
            .where(official.c.active, official.c.role == Role.CUSTODIAN)
            .order_by(official_key.c.official_id)
        )
        return {row.official_id: _key(row) for row in rows}

    async def add_sign_in_link(self, token_hash: bytes, official_id: int, expires_at: datetime) -> None:
        """A link that signs in once."""
        await self._uow.execute(
            insert(sign_in_link).values(token_hash=token_hash, official_id=official_id, expires_at=expires_at)
        )

    async def use_sign_in_link(self, token_hash: bytes) -> Official | None:
        """The official behind an unused, unexpired link, which is used up by this."""
        now = self._uow.clock.now()
        used = (
            await self._uow.execute(
                update(sign_in_link)
                .where(
                    sign_in_link.c.token_hash == token_hash,
                    sign_in_link.c.used_at.is_(None),
                    sign_in_link.c.expires_at > now,
                )
                .values(used_at=now)
                .returning(sign_in_link.c.official_id)
            )
        ).first()
        return await self.get(used.official_id) if used else None

    async def take_turns(self, subjects: Sequence[str]) -> None:
        """Let units of work on the same subjects (a username, an address ...) wait for each other until the commit.

        Without it, guesses sent at the same moment would all be counted before any of them has failed. SQLite has one
        writer at a time anyway.
        """
        if self._uow.storage.database.is_sqlite:
            return
        turn = select(func.pg_advisory_xact_lock(bindparam("turn", type_=BigInteger)))
        hashed = (self._keys.index("sign_in", subject) for subject in subjects)
        for number in sorted(int.from_bytes(index[:8], "big", signed=True) for index in hashed):
            await self._uow.execute(turn, {"turn": number})

    async def failures_since(self, subject: str, since: datetime) -> int:
        """Failed sign-ins of a username or address since an instant."""
        hashed = self._keys.index("sign_in", subject)
        query = select(func.count()).where(sign_in_failure.c.subject == hashed, sign_in_failure.c.at > since)
        return int((await self._uow.read(query))[0][0])

    async def add_failure(self, subject: str) -> None:
        """Count a failed sign-in."""
        hashed = self._keys.index("sign_in", subject)
        await self._uow.execute(insert(sign_in_failure).values(subject=hashed, at=self._uow.clock.now()))


def official_of(row: Any) -> Official:
    """An official as a row of the table, also one that was joined to others."""
    enrolled = row.enrolled_at is not None
    return Official(row.id, row.username, row.display_name, Role(row.role), row.place_path, row.active, enrolled)


def _key(row: Any) -> KeyPair:
    return KeyPair(row.public_key, row.private_key_sealed, row.salt, row.ops_limit, row.mem_limit, row.recovery_sealed)


def _key_row(keys: KeyPair) -> dict[str, Any]:
    return {
        "public_key": keys.public_key,
        "private_key_sealed": keys.private_key_sealed,
        "salt": keys.salt,
        "ops_limit": keys.ops_limit,
        "mem_limit": keys.mem_limit,
        "recovery_sealed": keys.recovery_sealed,
    }
