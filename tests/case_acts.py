"""Everything a person can do to a case, as one table: name -> act. For the state machine.

An act gets a `Hand`: who does it, to which case, with which second case and second person, and a number to choose by.
It need not be allowed; the use case says so.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, TypeVar

from sqlalchemy import text

from handlers.services import (
    cases,
    deadlines,
    disposals,
    flags,
    follow_up,
    handovers,
    investigations,
    links,
    messages,
    names,
    outcomes,
    oversight,
    recusals,
    retention,
    transfers,
)
from knowledge.casework.categories import Category
from knowledge.casework.lifecycle import CaseState, Disposal, Finding, MeasureKind, StepKind
from knowledge.casework.names import AttemptOutcome, ContactMethod
from storage.repositories.cases import Case
from storage.repositories.flags import CaseFlag
from storage.repositories.officials import Official
from storage.repositories.people import Person
from storage.unit_of_work import UnitOfWork
from tests import factories

T = TypeVar("T")
SUMMARY, REASON = "走访了十二户，说法一致，另有转账截图。", "情况有变，要这么办"
RESULT = "您反映的事查过了，结果告诉您。"
UNITS = (factories.COUNTY, factories.TOWN, "cn/test/west", "cn")


@dataclass(frozen=True)
class Hand:
    """Who does something to which case, and with what."""

    uow: UnitOfWork
    by: Official
    case: Case
    other: Case
    to: Official
    reporter: Person
    pick: int

    @property
    def who(self) -> tuple[UnitOfWork, Official, str]:
        return self.uow, self.by, self.case.number

    def one_of(self, choices: Sequence[T]) -> T:
        return choices[self.pick % len(choices)]

    def later(self) -> date:
        return deadlines.today(self.uow) + timedelta(days=30)


Act = Callable[[Hand], Awaitable[Any]]


async def _propose(hand: Hand) -> Any:
    kind = hand.one_of(list(Disposal))
    return await disposals.propose(*hand.who, kind, REASON, review_on=hand.later())


async def _step(hand: Hand) -> Any:
    return await investigations.add_step(*hand.who, hand.one_of(list(StepKind)), deadlines.today(hand.uow), REASON)


async def _finding(hand: Hand) -> Any:
    return await investigations.submit_finding(*hand.who, hand.one_of(list(Finding)), SUMMARY)


async def _measure(hand: Hand) -> Any:
    return await outcomes.recommend(*hand.who, hand.one_of(list(MeasureKind)), "镇党委", REASON)


async def _decided(hand: Hand) -> Any:
    found = [one.id for one in await hand.uow.investigations.measures(hand.case)]
    today = deadlines.today(hand.uow)
    return await outcomes.record_decision(
        *hand.who, hand.one_of(found or [0]), taken=bool(hand.pick % 2), decided_on=today, document="会议纪要"
    )


async def _flag(hand: Hand) -> Any:
    return await flags.add_flag(*hand.who, CaseFlag(hand.one_of(list(Category)), ("手工标记",), "test"))


async def _ask_lowering(hand: Hand) -> Any:
    raised = [flag.category for flag in hand.case.flags]
    return await flags.ask_lowering(*hand.who, hand.one_of(raised or ["vote_buying"]), REASON)


async def _lower(hand: Hand) -> Any:
    asked = [one.id for one in await hand.uow.flags.removals(hand.case.id)]
    return await flags.decide_lowering(*hand.who, hand.one_of(asked or [0]), agrees=hand.pick % 4 != 0)


async def _answer_offer(hand: Hand) -> Any:
    waiting = await transfers.unanswered(hand.uow)
    if hand.pick % 4 == 0:
        return await transfers.decline(hand.uow, hand.by, hand.one_of(waiting or (0,)), REASON)
    return await transfers.accept(hand.uow, hand.by, hand.one_of(waiting or (0,)))


async def _merge(hand: Hand) -> Any:
    case, into = sorted((hand.case, hand.other), key=lambda one: (one.received_at, one.id), reverse=True)
    for one in (case, into):
        await hand.uow.recusals.declare(one.id, hand.by.id, "clear")
    return await links.merge(hand.uow, hand.by, case.number, into.number, REASON)


async def _call(hand: Hand) -> Any:
    method, outcome = hand.one_of(list(ContactMethod)), hand.one_of(list(AttemptOutcome))
    return await names.record_attempt(*hand.who, method, outcome)


async def _take_over(hand: Hand) -> Any:
    await hand.uow.recusals.declare(hand.case.id, hand.by.id, "clear")
    return await oversight.take_over(*hand.who, REASON)


async def _reporter_adds(hand: Hand) -> Any:
    kind = hand.one_of([follow_up.SUPPLEMENT, follow_up.MESSAGE, follow_up.NEW_EVIDENCE, follow_up.OBJECTION])
    return await follow_up.add_words(
        hand.uow, hand.reporter, hand.case.number, "又看见一次。", opened=hand.case.number, kind=kind
    )


async def _erase(hand: Hand) -> Any:
    await hand.uow.execute(text("UPDATE cases SET retain_until = '2000-01-01'"))
    return await retention.erase_expired(hand.uow)


async def _offer(hand: Hand) -> Any:
    return await transfers.offer(*hand.who, hand.one_of(UNITS), REASON)


async def _assign_down(hand: Hand) -> Any:
    return await transfers.assign_down(*hand.who, hand.one_of(UNITS), REASON)


ACTS: dict[str, Act] = {
    "register": lambda hand: cases.register(*hand.who),
    "accept": lambda hand: cases.accept(*hand.who),
    "guide elsewhere": lambda hand: cases.guide_elsewhere(*hand.who, "请到信访窗口反映", looked_again=True),
    "refer": lambda hand: cases.refer(*hand.who, "县公安局"),
    "take back": lambda hand: cases.take_back(*hand.who, "那边不受理"),
    "take up": lambda hand: cases.take_up(*hand.who),
    "propose": _propose,
    "approve an opinion": lambda hand: disposals.approve(*hand.who),
    "send an opinion back": lambda hand: disposals.send_back(*hand.who, REASON),
    "add a step": _step,
    "add evidence": lambda hand: investigations.add_evidence(*hand.who, "谈话笔录"),
    "submit a finding": _finding,
    "return a finding": lambda hand: investigations.return_finding(*hand.who, REASON),
    "approve a finding": lambda hand: investigations.approve_finding(*hand.who),
    "recommend": _measure,
    "record a decision": _decided,
    "tell the result": lambda hand: outcomes.tell_result(*hand.who, RESULT, by="phone", looked_again=True),
    "close": lambda hand: outcomes.close(*hand.who),
    "reopen": lambda hand: cases.reopen(*hand.who, "有了新的证据"),
    "assign": lambda hand: cases.assign(*hand.who, hand.to.id),
    "note": lambda hand: cases.write_note(*hand.who, "先问问会计"),
    "raise a flag": _flag,
    "ask to lower": _ask_lowering,
    "decide about lowering": _lower,
    "declare clear": lambda hand: recusals.declare_clear(*hand.who),
    "offer": _offer,
    "answer an offer": _answer_offer,
    "withdraw an offer": lambda hand: transfers.withdraw(*hand.who),
    "assign down": _assign_down,
    "take over": _take_over,
    "merge": _merge,
    "unmerge": lambda hand: links.unmerge(*hand.who),
    "link": lambda hand: links.link(*hand.who, hand.other.number, "related"),
    "hold": lambda hand: retention.hold(*hand.who, REASON),
    "lift the hold": lambda hand: retention.lift_hold(*hand.who, REASON),
    "erase": _erase,
    "call the reporter": _call,
    "say that the reporter came": lambda hand: names.record_contact(*hand.who, "visit", "confirmed"),
    "write to the reporter": lambda hand: messages.send(*hand.who, "我们在查，有进展告诉您。", looked_again=True),
    "reporter adds": _reporter_adds,
    "reporter withdraws": lambda hand: follow_up.withdraw(
        hand.uow, hand.reporter, hand.case.number, opened=hand.case.number
    ),
    "hand over": lambda hand: handovers.arrange(hand.uow, hand.by, hand.to.id, None),
    "hand the investigation over": lambda hand: handovers.hand_investigation(*hand.who, hand.to.id),
}

#: The acts that lead somewhere from a state.
BY_STATE: dict[CaseState, list[str]] = {
    CaseState.RECEIVED: ["register", "accept", "guide elsewhere", "merge", "offer"],
    CaseState.REGISTERED: ["accept", "guide elsewhere", "merge", "assign down"],
    CaseState.ACCEPTED: ["propose", "propose", "propose", "refer", "guide elsewhere", "merge", "assign"],
    CaseState.REFERRED: ["take back"],
    CaseState.DISPOSAL_PROPOSED: ["approve an opinion", "approve an opinion", "send an opinion back"],
    CaseState.HELD: ["take up"],
    CaseState.INVESTIGATING: ["add a step", "add evidence", "submit a finding", "hand the investigation over"],
    CaseState.AWAITING_APPROVAL: ["approve a finding", "approve a finding", "return a finding"],
    CaseState.APPROVED: ["recommend", "recommend", "tell the result", "reopen"],
    CaseState.TOLD: ["close", "say that the reporter came", "reporter adds", "reopen"],
    CaseState.CLOSED: ["reopen", "record a decision", "erase", "reporter adds"],
    CaseState.GUIDED_ELSEWHERE: ["reopen", "erase", "reporter adds"],
}
