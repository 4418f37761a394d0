"""What officials say to a reporter: held against what must not leave, then kept and sent.

A message is a `case_message`, a note is a `case_note`: two tables, two services, two purposes of sealing. Nothing here
writes a note, and `cases.write_note` writes no message. What a newcomer gets wrong: a case has more than one reporter
when others were merged into it. Each reads the words under the number of their own report, and in their own case.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final

from handlers.services import deadlines
from handlers.services.case_moves import find, record
from handlers.services.deadlines import Running
from handlers.services.errors import BadInput, WordsInDoubt
from handlers.services.notices import tell_person
from handlers.services.place_names import ELECTING
from handlers.services.retention import keep_longer
from knowledge.casework.access import Permission
from knowledge.casework.clocks import ClockKind
from knowledge.casework.replies import LONGEST, Doubt, ReplyKind, doubts, load_replies, renumbered
from knowledge.clock import local_date
from storage.repositories.cases import Case
from storage.repositories.dialogue import CaseMessage
from storage.repositories.officials import Official
from storage.tables.cases import cases as case_table
from storage.unit_of_work import UnitOfWork

#: What the composer sends; a result is told with its own act, which moves the case.
SENT: Final = (ReplyKind.MESSAGE, ReplyKind.EXPLANATION)
#: What a reporter wrote that an explanation answers.
OBJECTIONS: Final = ("objection", "new_evidence")
#: Dates a reporter was promised.
_PROMISES: Final = (ClockKind.ACCEPTANCE, ClockKind.RESULT, ClockKind.REVIEW)
#: The same words again within so long are the same press of the button.
_REPEATED_WITHIN: Final = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Known:
    """What a canned answer can be filled with; `due_on` is the nearest date the reporter was promised, if one runs."""

    number: str
    place: str
    unit: str
    received_on: date
    today: date
    due_on: date | None


@dataclass(frozen=True, slots=True)
class Draft:
    """A message before it leaves: as it would be read, with what wants a second look.

    `reaches`: how many reporters have a chat it goes to; the others read it behind their receipt codes.
    """

    case: Case
    text: str
    kind: ReplyKind
    doubts: tuple[Doubt, ...]
    readers: int
    reaches: int


def known_of(case: Case, clocks: Iterable[Running], today: date) -> Known:
    """What is known of a case and may be said to its reporter."""
    promised = [one.deadline.due_on for one in clocks if one.clock.is_running and one.clock.kind in _PROMISES]
    return Known(
        number=case.number,
        place=case.place_name,
        unit=case.unit_name,
        received_on=local_date(case.received_at),
        today=today,
        due_on=min(promised, default=None),
    )


async def compose(
    uow: UnitOfWork, official: Official, number: str, text: str, *, kind: str = "message", template: str = ""
) -> Draft:
    """Look a message over; nothing is sent yet.

    Raises:
        BadInput: It has no words or too many, or its kind does not fit the case.
    """
    case = await find(uow, official, number, Permission.HANDLE_CASES)
    sent_as = await _fitting(uow, case, kind, template)
    text = worded_for_reporter("message", text)
    family = await readers(uow, case)
    found = await look_over(uow, case, text)
    return Draft(case, text, sent_as, found, len(family), sum(one.person_id is not None for one in family))


async def send(
    uow: UnitOfWork,
    official: Official,
    number: str,
    text: str,
    *,
    kind: str = "message",
    template: str = "",
    looked_again: bool = False,
) -> Case:
    """Send a message to the case's reporter, and to those whose reports were merged into it.

    Raises:
        BadInput: It has no words or too many, or its kind does not fit the case.
        WordsInDoubt: Something in it must not leave; or should not, and nobody has looked again.
    """
    draft = await compose(uow, official, number, text, kind=kind, template=template)
    _refuse("message", draft.doubts, looked_again=looked_again)
    case = draft.case
    await uow.officials.take_turns((f"message/{case.id}",))
    if await _was_sent(uow, official, draft):
        return case
    await keep(uow, official, case, draft.text, kind=draft.kind, template=template or None, tell=True)
    stopped = (ClockKind.REPLY, ClockKind.REVIEW) if draft.kind is ReplyKind.EXPLANATION else (ClockKind.REPLY,)
    for one in await readers(uow, case):
        await deadlines.stop(uow, one.id, *stopped)
        await deadlines.settle(uow, one.id)
    await _stop_in_parent(uow, case, stopped)
    await record(uow, official, "message_sent", case, kind=draft.kind)
    return case


async def keep(
    uow: UnitOfWork,
    official: Official,
    case: Case,
    text: str,
    *,
    kind: str,
    template: str | None = None,
    tell: bool = False,
) -> None:
    """Write what reporters are told into the case of each, under each one's own number.

    Args:
        uow: The unit of work.
        official: Who says it.
        case: Whose reporter is spoken to.
        text: The words; they were looked over.
        kind: What they are, of `MESSAGE_KINDS`.
        template: The canned answer they came from.
        tell: Also send them; an act that sends words of its own leaves that to `notices.tell_reporter`.
    """
    for one in await readers(uow, case):
        words = text if one.id == case.id else renumbered(text, case.number, one.number)
        message_id = await uow.dialogue.to_reporter(one.id, words, author_id=official.id, kind=kind, template=template)
        await keep_longer(uow, one)
        if tell and one.person_id is not None:
            await tell_person(
                uow,
                one.person_id,
                "case_message",
                kind="status",
                cause=f"case_message/{message_id}",
                number=one.number,
                place=one.place_name,
                text=words,
            )


async def dialogue(uow: UnitOfWork, case: Case) -> tuple[CaseMessage, ...]:
    """What officials read beside a case: both sides, and what reporters wrote whose reports were merged into it."""
    said = await uow.dialogue.of_case(case.id)
    for one in (await readers(uow, case))[1:]:
        theirs = await uow.dialogue.of_case(one.id)
        said += [replace(message, report=one.number) for message in theirs if message.from_reporter]
    return tuple(sorted(said, key=lambda message: (message.written_at, message.id)))


async def readers(uow: UnitOfWork, case: Case) -> list[Case]:
    """The case and those that were merged into it: each has a reporter."""
    return [case, *await uow.cases.matching(case_table.c.merged_into_id == case.id)]


async def look_over(uow: UnitOfWork, case: Case, text: str) -> tuple[Doubt, ...]:
    """What in a text for this case's reporter wants a second look."""
    places = {one.name for one in await uow.places.all_of(*ELECTING)}
    return doubts(text, load_replies(), number=case.number, place=case.place_name, places=places)


async def require_looked_over(uow: UnitOfWork, case: Case, field: str, text: str, *, looked_again: bool) -> None:
    """Refuse a text for a reporter that must not leave; or should not, unless somebody has looked again.

    Raises:
        WordsInDoubt: It says what, and where it was typed.
    """
    _refuse(field, await look_over(uow, case, text), looked_again=looked_again)


def worded_for_reporter(field: str, text: str) -> str:
    """A text as it is kept; no channel cuts it.

    Raises:
        BadInput: It is empty or too long.
    """
    text = text.strip()
    if not text:
        raise BadInput(field, "empty")
    if len(text) > LONGEST:
        raise BadInput(field, "too_long")
    return text


async def may_explain(uow: UnitOfWork, case: Case) -> bool:
    """Whether a reporter of this case has objected, or brought new evidence: only that is explained."""
    return any(said.from_reporter and said.kind in OBJECTIONS for said in await dialogue(uow, case))


async def _stop_in_parent(uow: UnitOfWork, case: Case, kinds: tuple[ClockKind, ...]) -> None:
    """A merged report's questions are answered: their clocks run with the case it was merged into."""
    if case.merged_into_id is None:
        return
    asked = {said.id for said in await uow.dialogue.of_case(case.id) if said.from_reporter}
    for clock in await uow.clocks.of_case(case.merged_into_id):
        if clock.is_running and clock.kind in kinds and clock.about in asked:
            await deadlines.stop(uow, case.merged_into_id, ClockKind(clock.kind), about=clock.about)
    await deadlines.settle(uow, case.merged_into_id)


def _refuse(field: str, found: tuple[Doubt, ...], *, looked_again: bool) -> None:
    if any(doubt.blocks for doubt in found) or (found and not looked_again):
        raise WordsInDoubt(field, found)


async def _fitting(uow: UnitOfWork, case: Case, kind: str, template: str) -> ReplyKind:
    if kind not in SENT:
        raise BadInput("reply_kind", "unknown")
    sent_as = ReplyKind(kind)
    if template:
        canned = load_replies().get(template)
        if canned is None or canned.kind not in SENT or not canned.fits(case.state):
            raise BadInput("canned", "unfit")
        sent_as = canned.kind if canned.kind is ReplyKind.EXPLANATION else sent_as
    if sent_as is ReplyKind.EXPLANATION and not await may_explain(uow, case):
        raise BadInput("reply_kind", "nothing_to_explain")
    return sent_as


async def _was_sent(uow: UnitOfWork, official: Official, draft: Draft) -> bool:
    """Whether these very words left a moment ago: the button was pressed twice."""
    said = await uow.dialogue.of_case(draft.case.id)
    last = said[-1] if said else None
    return (
        last is not None
        and not last.from_reporter
        and (last.author, last.kind, last.body) == (official.display_name, draft.kind, draft.text)
        and uow.clock.now() - last.written_at < _REPEATED_WITHIN
    )
