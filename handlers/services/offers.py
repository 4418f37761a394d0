"""Ending an offer, whoever ends it: answered, taken back, out of time, or overtaken by what happened to the case."""

from handlers.services import deadlines
from knowledge.casework.clocks import ClockKind
from knowledge.casework.transfers import TransferState
from storage.errors import StaleVersion
from storage.repositories.cases import Case
from storage.repositories.officials import Official
from storage.repositories.transfers import Transfer
from storage.unit_of_work import UnitOfWork


async def end_offer(
    uow: UnitOfWork, case: Case, offer: Transfer, state: TransferState, *, by: Official | None = None, words: str = ""
) -> None:
    """End an offer that waits, its clock, and write down who did; `by` None: the clock, or what happened to the case.

    Raises:
        StaleVersion: Somebody ended it a moment ago.
        RuleRefused: This official may not accept it.
    """
    if not await uow.transfers.answer(offer.id, state, by=by.id if by else None, words=words):
        raise StaleVersion(case.number)
    await deadlines.stop(uow, case.id, ClockKind.TRANSFER, about=offer.id)
    await deadlines.settle(uow, case.id)
    await uow.log.record(
        actor=f"official/{by.id}" if by else "system",
        act=f"transfer_{state}",
        subject=f"case/{case.number}",
        transfer=offer.id,
    )


async def void_offer(uow: UnitOfWork, case: Case) -> None:
    """Let an offer lapse because the case itself has moved on; nothing happens when there is none."""
    offer = await uow.transfers.open_of(case.id)
    if offer is not None:
        await end_offer(uow, case, offer, TransferState.EXPIRED)
