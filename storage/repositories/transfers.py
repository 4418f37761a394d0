"""Transfers of cases between units: offered, answered, or out of time. Reasons are sealed.

What a newcomer gets wrong: an offer moves nothing. Until it is accepted the giving unit answers for the case.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Select, and_, false, func, insert, or_, select, true, update

from knowledge.casework.access import HANDLING_ROLES
from knowledge.casework.lifecycle import CLOSED_STATES, CaseState
from knowledge.casework.transfers import TransferKind, TransferState
from storage.repositories.base import Repository
from storage.repositories.cases import within
from storage.repositories.officials import Official
from storage.repositories.places import Place
from storage.tables.cases import cases
from storage.tables.officials import official, place
from storage.tables.routing import recusal, transfer

REASON: Final = "case.transfer"

giver, taker = place.alias("giver"), place.alias("taker")
offerer, answerer = official.alias("offerer"), official.alias("answerer")


@dataclass(frozen=True, slots=True)
class Transfer:
    """One offer or assignment; `answered_by` is None while nobody has answered, and when time ran out."""

    id: int
    case_id: int
    kind: TransferKind
    state: TransferState
    from_path: str
    from_name: str
    to_id: int
    to_path: str
    to_name: str
    reason: str
    files_released: bool
    offered_by: int
    offerer_name: str
    offered_at: datetime
    answerer_name: str | None
    answered_at: datetime | None
    answer: str | None

    @property
    def is_open(self) -> bool:
        """Whether it waits for an answer."""
        return self.state is TransferState.OFFERED


class Transfers(Repository):
    """Writes and finds transfers."""

    async def add(
        self,
        case_id: int,
        *,
        kind: TransferKind,
        from_unit_id: int,
        to_unit_id: int,
        reason: str,
        files_released: bool,
        by: int,
    ) -> int:
        """Offer a case; returns the transfer's id.

        Raises:
            RuleRefused: The case has ended, was merged, or belongs to another unit; or this official stands back.
        """
        result = await self._uow.execute(
            insert(transfer)
            .values(
                case_id=case_id,
                from_unit_id=from_unit_id,
                to_unit_id=to_unit_id,
                kind=kind,
                reason_sealed=self._keys.seal_text(REASON, reason),
                files_released=files_released,
                offered_by=by,
                offered_at=self._uow.clock.now(),
                state=TransferState.OFFERED,
            )
            .returning(transfer.c.id)
        )
        return int(result.scalar_one())

    async def answer(self, transfer_id: int, state: TransferState, *, by: int | None, words: str = "") -> bool:
        """End an offer; False when it was ended before. `by` None: nobody did.

        Raises:
            RuleRefused: This official may not accept it.
        """
        result = await self._uow.execute(
            update(transfer)
            .where(transfer.c.id == transfer_id, transfer.c.state == TransferState.OFFERED)
            .values(
                state=state,
                answered_by=by,
                answered_at=self._uow.clock.now(),
                answer_sealed=self._keys.seal_text(REASON, words) if words else None,
            )
        )
        return bool(result.rowcount)

    async def release_files(self, transfer_id: int) -> None:
        """Let the files follow the case."""
        await self._uow.execute(update(transfer).where(transfer.c.id == transfer_id).values(files_released=True))

    async def get(self, transfer_id: int) -> Transfer | None:
        """A transfer by id."""
        found = await self._list(transfer.c.id == transfer_id)
        return found[0] if found else None

    async def known(self, transfer_id: int, who: Official) -> Transfer | None:
        """A transfer that an official's unit gave or was offered, or one below it gave."""
        theirs = or_(taker.c.path == who.place_path, within(giver, who.place_path))
        found = await self._list(and_(transfer.c.id == transfer_id, theirs, _known_to(who)))
        return found[0] if found else None

    async def of_case(self, case_id: int) -> list[Transfer]:
        """All transfers of a case, oldest first."""
        return await self._list(transfer.c.case_id == case_id)

    async def open_of(self, case_id: int) -> Transfer | None:
        """The offer of a case that waits for an answer."""
        found = await self._list(and_(transfer.c.case_id == case_id, transfer.c.state == TransferState.OFFERED))
        return found[0] if found else None

    async def unanswered(self) -> list[Transfer]:
        """Every offer that waits, oldest first."""
        return await self._list(transfer.c.state == TransferState.OFFERED)

    async def to_answer(self, who: Official) -> list[Transfer]:
        """Offers of open cases that wait for an official's own unit, oldest first."""
        return await self._list(self._waits_for(who))

    async def count_to_answer(self, who: Official) -> int:
        """How many."""
        query = select(func.count()).select_from(_joined()).where(self._waits_for(who))
        return int((await self._uow.read(query))[0][0])

    async def of_units(self, who: Official, *, limit: int, before: int | None = None) -> list[Transfer]:
        """What an official's unit took or sent back, and what it and those below it gave; newest first."""
        took = and_(taker.c.path == who.place_path, transfer.c.state != TransferState.OFFERED)
        condition = and_(or_(took, within(giver, who.place_path)), _known_to(who))
        if before is not None:
            condition = and_(condition, transfer.c.id < before)
        return await self._list(condition, order=transfer.c.id.desc(), limit=limit)

    async def units(self) -> list[Place]:
        """Places with somebody to work on cases, by path."""
        seated = select(official.c.place_path).where(official.c.active, official.c.role.in_(HANDLING_ROLES))
        rows = await self._uow.read(select(place).where(place.c.path.in_(seated)).order_by(place.c.path))
        return [Place(*row) for row in rows]

    def passed_by(self, place_path: str) -> Select[int]:
        """The ids of cases that a place, or one below it, was offered or gave, whoever answers for them now."""
        return (
            select(transfer.c.case_id)
            .select_from(_joined())
            .where(or_(within(giver, place_path), within(taker, place_path)))
        )

    def _waits_for(self, who: Official) -> Any:
        return and_(
            transfer.c.state == TransferState.OFFERED,
            taker.c.path == who.place_path,
            _case_is_open(),
            _known_to(who),
        )

    async def _list(self, condition: Any, *, order: Any = transfer.c.id, limit: int | None = None) -> list[Transfer]:
        query = (
            select(
                transfer,
                giver.c.path.label("from_path"),
                giver.c.name.label("from_name"),
                taker.c.path.label("to_path"),
                taker.c.name.label("to_name"),
                offerer.c.display_name.label("offerer_name"),
                answerer.c.display_name.label("answerer_name"),
            )
            .select_from(_joined())
            .where(condition)
            .order_by(order)
            .limit(limit)
        )
        return [self._transfer(row) for row in await self._uow.read(query)]

    def _transfer(self, row: Any) -> Transfer:
        return Transfer(
            id=row.id,
            case_id=row.case_id,
            kind=TransferKind(row.kind),
            state=TransferState(row.state),
            from_path=row.from_path,
            from_name=row.from_name,
            to_id=row.to_unit_id,
            to_path=row.to_path,
            to_name=row.to_name,
            reason=self._keys.open_text(REASON, row.reason_sealed),
            files_released=row.files_released,
            offered_by=row.offered_by,
            offerer_name=row.offerer_name,
            offered_at=row.offered_at,
            answerer_name=row.answerer_name,
            answered_at=row.answered_at,
            answer=self._keys.open_text(REASON, row.answer_sealed) if row.answer_sealed else None,
        )


def _joined() -> Any:
    return (
        transfer.join(cases, cases.c.id == transfer.c.case_id)
        .join(giver, giver.c.id == transfer.c.from_unit_id)
        .join(taker, taker.c.id == transfer.c.to_unit_id)
        .join(offerer, offerer.c.id == transfer.c.offered_by)
        .outerjoin(answerer, answerer.c.id == transfer.c.answered_by)
    )


def _case_is_open() -> Any:
    ended = sorted(CLOSED_STATES, key=list(CaseState).index)
    return and_(cases.c.state.not_in(ended), cases.c.merged_into_id.is_(None))


def _known_to(who: Official) -> Any:
    """Transfers of cases from which neither the official nor the head of the official's own body stands back."""
    head = official.alias("head")
    stands_back = (
        select(recusal.c.case_id)
        .join(head, head.c.id == recusal.c.official_id)
        .where(or_(head.c.id == who.id, and_(head.c.is_head, head.c.active, head.c.place_path == who.place_path)))
    )
    return and_(true() if who.active else false(), transfer.c.case_id.not_in(stands_back))
