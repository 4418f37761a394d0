"""Names released to somebody: asked for, voted on by custodians, open for a time, then forgotten.

What the words say why, and a refusal's words, are sealed with the server's key; shares to the asker's public key.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import insert, or_, select, update

from storage.repositories.base import Repository
from storage.tables.cases import cases
from storage.tables.custody import identity_release, release_vote
from storage.tables.officials import official

WORDS: Final = "release.words"


@dataclass(frozen=True, slots=True)
class Vote:
    """What one custodian said; `share` is sealed to the asker, None when refused or forgotten."""

    custodian_id: int
    granted: bool
    reason: str
    words: str
    share: bytes | None
    voted_at: datetime


@dataclass(frozen=True, slots=True)
class Release:
    """One request for one name by one official."""

    id: int
    case_id: int
    number: str
    asker_id: int
    asker_name: str
    asker_role: str
    purpose: str
    words: str
    asked_at: datetime
    decision: str | None
    decided_at: datetime | None
    expires_at: datetime | None
    votes: tuple[Vote, ...]

    def open_at(self, now: datetime) -> bool:
        """Whether the asker may open the name now: granted, its time not over, nothing forgotten yet."""
        given = any(one.share is not None for one in self.votes)
        return self.expires_at is not None and now < self.expires_at and given


class Releases(Repository):
    """Finds and keeps requests and votes."""

    async def ask(self, case_id: int, *, asker_id: int, purpose: str, words: str) -> int:
        """A new request.

        Raises:
            RuleRefused: The asker stands back from the case, or may not ask.
        """
        result = await self._uow.execute(
            insert(identity_release)
            .values(
                case_id=case_id,
                asker_id=asker_id,
                purpose=purpose,
                words_sealed=self._keys.seal_text(WORDS, words),
                asked_at=self._uow.clock.now(),
            )
            .returning(identity_release.c.id)
        )
        return int(result.scalar_one())

    async def vote(
        self,
        release_id: int,
        custodian_id: int,
        *,
        share: bytes | None = None,
        reason: str | None = None,
        words: str = "",
    ) -> None:
        """A custodian's word: a share for yes, a reason for no.

        Raises:
            RuleRefused: It is decided, it is one's own, or one stands back.
        """
        await self._uow.execute(
            insert(release_vote).values(
                release_id=release_id,
                custodian_id=custodian_id,
                vote="refused" if share is None else "granted",
                reason=reason,
                reason_sealed=self._keys.seal_text(WORDS, words) if words else None,
                share_sealed=share,
                voted_at=self._uow.clock.now(),
            )
        )

    async def decide(self, release_id: int, decision: str, expires_at: datetime | None = None) -> None:
        """Write the decision down.

        Raises:
            RuleRefused: There are not enough votes for it, it is decided, or its time is too long.
        """
        values = {"decision": decision, "decided_at": self._uow.clock.now(), "expires_at": expires_at}
        await self._uow.execute(update(identity_release).where(identity_release.c.id == release_id).values(**values))

    async def forget(self, ids: Collection[int]) -> None:
        """Let go the shares that some requests were given."""
        given = (release_vote.c.release_id.in_(ids), release_vote.c.share_sealed.is_not(None))
        await self._uow.execute(update(release_vote).where(*given).values(share_sealed=None))

    async def over(self, now: datetime) -> list[Release]:
        """Requests whose shares are to be forgotten: their time is over."""
        given = select(release_vote.c.release_id).where(release_vote.c.share_sealed.is_not(None))
        return await self._list(identity_release.c.id.in_(given), identity_release.c.expires_at <= now)

    async def get(self, release_id: int, *, hold: bool = False) -> Release | None:
        """One request; `hold` lets everybody else who votes wait until the commit."""
        if hold and not self._uow.storage.database.is_sqlite:
            held = select(identity_release.c.id).where(identity_release.c.id == release_id).with_for_update()
            await self._uow.execute(held)
        return next(iter(await self._list(identity_release.c.id == release_id)), None)

    async def undecided(self) -> list[Release]:
        """Everything that waits for custodians, oldest first."""
        return await self._list(identity_release.c.decision.is_(None))

    async def of_case(self, case_id: int) -> list[Release]:
        """Every request about a case, oldest first."""
        return await self._list(identity_release.c.case_id == case_id)

    async def of_asker(self, asker_id: int, case_id: int | None = None) -> list[Release]:
        """What somebody asked for, oldest first; of one case, or everywhere."""
        more = [] if case_id is None else [identity_release.c.case_id == case_id]
        return await self._list(identity_release.c.asker_id == asker_id, *more)

    async def given_to(self, asker_id: int) -> list[Release]:
        """What somebody holds shares of, by granted or half-granted requests."""
        given = select(release_vote.c.release_id).where(release_vote.c.share_sealed.is_not(None))
        return await self._list(identity_release.c.asker_id == asker_id, identity_release.c.id.in_(given))

    async def under_way(self, ids: Collection[int]) -> frozenset[int]:
        """Those of some cases whose shares are being given to somebody, or can still be used by somebody."""
        given = select(release_vote.c.release_id).where(release_vote.c.share_sealed.is_not(None))
        query = select(identity_release.c.case_id).where(
            identity_release.c.case_id.in_(ids),
            or_(identity_release.c.decision.is_(None), identity_release.c.expires_at > self._uow.clock.now()),
            identity_release.c.id.in_(given),
        )
        return frozenset(row.case_id for row in await self._uow.read(query))

    async def _list(self, *conditions: Any) -> list[Release]:
        rows = await self._uow.read(
            select(identity_release, cases.c.number, official.c.display_name, official.c.role)
            .join(cases, cases.c.id == identity_release.c.case_id)
            .join(official, official.c.id == identity_release.c.asker_id)
            .where(*conditions)
            .order_by(identity_release.c.id)
        )
        votes = await self._votes([row.id for row in rows])
        return [
            Release(
                row.id,
                row.case_id,
                row.number,
                row.asker_id,
                row.display_name,
                row.role,
                row.purpose,
                self._keys.open_text(WORDS, row.words_sealed),
                row.asked_at,
                row.decision,
                row.decided_at,
                row.expires_at,
                tuple(votes.get(row.id, ())),
            )
            for row in rows
        ]

    async def _votes(self, ids: list[int]) -> dict[int, list[Vote]]:
        if not ids:
            return {}
        found: dict[int, list[Vote]] = {}
        query = select(release_vote).where(release_vote.c.release_id.in_(ids)).order_by(release_vote.c.voted_at)
        for row in await self._uow.read(query):
            words = self._keys.open_text(WORDS, row.reason_sealed) if row.reason_sealed else ""
            vote = Vote(
                row.custodian_id, row.vote == "granted", row.reason or "", words, row.share_sealed, row.voted_at
            )
            found.setdefault(row.release_id, []).append(vote)
        return found
