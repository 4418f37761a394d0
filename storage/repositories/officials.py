"""Officials, their sessions at the desk, and the custodians' keys."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import BigInteger, bindparam, delete, func, insert, select, update

from knowledge.casework.access import Role
from storage.repositories.base import Repository
from storage.tables.officials import custodian_key, desk_session, official, sign_in_failure, sign_in_link
from storage.vault import Custodian

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


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a sign-in is checked against; `last_step` is the newest TOTP time step used."""

    password_hash: str
    totp_secret: str
    last_step: int


@dataclass(frozen=True, slots=True)
class DeskSession:
    """A signed-in browser."""

    official: Official
    csrf: str
    last_seen_at: datetime


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
        """A new official; `is_head` of the body at that place."""
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
                created_at=self._uow.clock.now(),
            )
            .returning(official.c.id)
        )
        return Official(result.scalar_one(), username, display_name, role, place_path, active=True)

    async def get(self, official_id: int) -> Official | None:
        """An official by id."""
        rows = await self._uow.read(select(official).where(official.c.id == official_id))
        return _official(rows[0]) if rows else None

    async def by_username(self, username: str) -> Official | None:
        """An official by username."""
        rows = await self._uow.read(select(official).where(official.c.username == username))
        return _official(rows[0]) if rows else None

    async def all(self) -> list[Official]:
        """Every official, by id."""
        return [_official(row) for row in await self._uow.read(select(official).order_by(official.c.id))]

    async def change_seat(self, official_id: int, **values: Any) -> None:
        """Change a seat: role, place_path, display_name, is_head, active.

        Raises:
            RuleRefused: The official has unfinished cases in hand, and the seat is closed or moved.
        """
        await self._uow.execute(update(official).where(official.c.id == official_id).values(**values))

    async def sign_out_everywhere(self, official_id: int) -> None:
        """End every session and every link that has not been used yet."""
        await self._uow.execute(delete(desk_session).where(desk_session.c.official_id == official_id))
        unused = (sign_in_link.c.official_id == official_id, sign_in_link.c.used_at.is_(None))
        await self._uow.execute(delete(sign_in_link).where(*unused))

    async def credentials(self, official_id: int) -> Credentials:
        """What to check a sign-in against."""
        row = (await self._uow.read(select(official).where(official.c.id == official_id)))[0]
        secret = self._keys.open_text(TOTP, row.totp_secret_sealed)
        return Credentials(row.password_hash, secret, row.totp_last_step)

    async def set_password_hash(self, official_id: int, password_hash: str) -> None:
        """Put a stronger hash of the same password in place."""
        await self._uow.execute(
            update(official).where(official.c.id == official_id).values(password_hash=password_hash)
        )

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
            (_official(row), int(self._keys.open_text(NOTICE, row.notice_chat_sealed)))
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
            _official(row)
            for row in rows
            if place_path == row.place_path or place_path.startswith(f"{row.place_path}/")
        ]

    async def add_custodian(self, official_id: int, keys: Custodian) -> None:
        """Give a custodian a key pair."""
        await self._uow.execute(
            insert(custodian_key).values(
                official_id=official_id,
                public_key=keys.public_key,
                private_key_sealed=keys.private_key_sealed,
                salt=keys.salt,
                ops_limit=keys.ops_limit,
                mem_limit=keys.mem_limit,
                created_at=self._uow.clock.now(),
            )
        )

    async def custodians(self) -> dict[int, Custodian]:
        """The key pairs of active custodians, by official."""
        rows = await self._uow.read(
            select(custodian_key)
            .join(official, official.c.id == custodian_key.c.official_id)
            .where(official.c.active)
            .order_by(custodian_key.c.official_id)
        )
        return {
            row.official_id: Custodian(row.public_key, row.private_key_sealed, row.salt, row.ops_limit, row.mem_limit)
            for row in rows
        }

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

    async def open_session(self, token_hash: bytes, official_id: int, csrf: str) -> None:
        """Remember a signed-in browser."""
        now = self._uow.clock.now()
        await self._uow.execute(
            insert(desk_session).values(
                token_hash=token_hash, official_id=official_id, csrf=csrf, created_at=now, last_seen_at=now
            )
        )

    async def session(self, token_hash: bytes) -> DeskSession | None:
        """The signed-in browser of a cookie, if its official is active."""
        rows = await self._uow.read(
            select(official, desk_session.c.csrf, desk_session.c.last_seen_at)
            .join(desk_session, desk_session.c.official_id == official.c.id)
            .where(desk_session.c.token_hash == token_hash, official.c.active)
        )
        return DeskSession(_official(rows[0]), rows[0].csrf, rows[0].last_seen_at) if rows else None

    async def touch_session(self, token_hash: bytes) -> None:
        """The browser was just used."""
        await self._uow.execute(
            update(desk_session)
            .where(desk_session.c.token_hash == token_hash)
            .values(last_seen_at=self._uow.clock.now())
        )

    async def close_session(self, token_hash: bytes) -> None:
        """Sign a browser out."""
        await self._uow.execute(delete(desk_session).where(desk_session.c.token_hash == token_hash))

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


def _official(row: Any) -> Official:
    return Official(row.id, row.username, row.display_name, Role(row.role), row.place_path, row.active)
