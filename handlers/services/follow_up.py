"""What a reporter sees of a case and does with it after filing, also after it has ended.

Who may: the chat a case is followed in, or whoever opened it with its receipt code (`opened`, the number that the
conversation holds for so long). What a newcomer gets wrong: a case may have been merged into another. What its
reporter writes stays with it, under its own number; the work, the clocks and the notices are the other's.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Final

from handlers.services import deadlines, floods, reading, signed_receipts
from handlers.services.case_moves import again
from handlers.services.cases import begin_round
from handlers.services.notices import tell_officials
from handlers.services.recusals import screen
from handlers.services.retention import keep_longer
from knowledge.casework.access import HANDLING_ROLES
from knowledge.casework.clocks import ClockKind
from knowledge.casework.lifecycle import CLOSED_STATES, CaseState, Finding
from storage.repositories.cases import Case
from storage.repositories.dialogue import CaseMessage
from storage.repositories.people import Person
from storage.unit_of_work import UnitOfWork

#: What has ended for its reporter: the result was told, or the right door.
ENDED: Final = CLOSED_STATES | {CaseState.TOLD}
SUPPLEMENT, MESSAGE, NEW_EVIDENCE, OBJECTION = "supplement", "message", "new_evidence", "objection"


@dataclass(frozen=True, slots=True)
class CaseView:
    """A case as its reporter may see it. `stands` is the case it was merged into, or itself: how far it has come."""

    case: Case
    stands: Case
    clocks: tuple[deadlines.Running, ...]
    messages: tuple[CaseMessage, ...]
    finding: Finding | None

    @property
    def has_ended(self) -> bool:
        """Whether it has, for its reporter."""
        return self.stands.state in ENDED


@dataclass(frozen=True, slots=True)
class Kept:
    """What became of something sent to a case.

    `answer_by`: the day an official answers by. `files_from`: the file was kept, and officials see it from this instant
    on; `kept_words` tells whether words that came with it were kept too.
    """

    case: Case
    reopened: bool = False
    answer_by: date | None = None
    files_from: datetime | None = None
    kept_words: bool = False
    is_empty: bool = False


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """What a withdrawal leads to: a case that must be investigated goes on, another is looked at by `answer_by`."""

    case: Case
    goes_on: bool
    repeated: bool = False
    answer_by: date | None = None


async def own_case(uow: UnitOfWork, who: Person, number: str, *, opened: str = "") -> Case | None:
    """A case this person may follow; None for anybody else's, as for none at all."""
    case = await uow.cases.by_number(number)
    return case if case and (case.person_id == who.id or case.number == opened) else None


async def own_cases(uow: UnitOfWork, who: Person, *, most: int) -> tuple[list[CaseView], int]:
    """A person's newest cases, without what was written in them, and how many there are beyond; an event if any."""
    found = await uow.cases.of_person(who.id)
    views = [await view_of(uow, case) for case in found[:most]]
    if views:
        await reading.of_own_list(uow, shown=len(views))
    return views, max(0, len(found) - most)


async def look(uow: UnitOfWork, who: Person, number: str, *, opened: str = "") -> CaseView | None:
    """A case with everything its reporter may read; the look is an event that names nobody."""
    case = await own_case(uow, who, number, opened=opened)
    if case is None:
        return None
    view = await view_of(uow, case, messages=tuple(await uow.dialogue.for_reporter(case.id)))
    await reading.by_reporter(uow, case, by_code=case.person_id != who.id)
    return view


async def add_words(
    uow: UnitOfWork, who: Person, number: str, words: str, *, opened: str = "", kind: str = SUPPLEMENT
) -> Kept | None:
    """Keep words with a case and call the officials; new evidence opens an ended one again."""
    await uow.begin()
    case = await own_case(uow, who, number, opened=opened)
    if case is None:
        return None
    return await _call(uow, case, await uow.dialogue.from_reporter(case.id, words, kind=kind), kind)


async def add_file(
    uow: UnitOfWork,
    who: Person,
    number: str,
    data: bytes,
    name: str,
    caption: str = "",
    *,
    opened: str = "",
    kind: str = SUPPLEMENT,
    is_first: bool = True,
    album: str | None = None,
) -> Kept | None:
    """Keep a file with a case, and its caption whatever becomes of the file.

    Args:
        uow: The unit of work.
        who: Who sends it.
        number: The case.
        data: The bytes.
        name: What the file is called.
        caption: Words sent with it.
        opened: The number a receipt code opened; then nothing says which chat the file came from.
        kind: What it is sent as.
        is_first: Whether it is the first of an album; the others make no line of their own in the dialogue.
        album: What the network calls the album.
    """
    await uow.begin()
    case = await own_case(uow, who, number, opened=opened)
    if case is None:
        return None
    files_from = await floods.file_slot(uow, case.id) if data else None
    words = caption.strip()
    if data:
        await uow.files.add(
            data,
            name=name,
            origin="reporter",
            case_id=case.id,
            chat_id=who.recipient.chat_id,
            keep_chat=case.person_id == who.id,
            album=album,
            shown_from=files_from,
        )
        await signed_receipts.issue(uow, case.id)
        words = words or (f"📎 {name}" if is_first else "")
    kept = Kept(case)
    if words:
        kept = await _call(uow, case, await uow.dialogue.from_reporter(case.id, words, kind=kind), kind)
    return replace(kept, files_from=files_from, kept_words=bool(caption.strip()), is_empty=not data)


async def file_arrived(uow: UnitOfWork, case: Case, words: str, kind: str) -> Kept:
    """What follows when an announced file has come: a line in the dialogue, and officials hear that there is news."""
    return await _call(uow, case, await uow.dialogue.from_reporter(case.id, words, kind=kind), kind)


async def own_receipt(uow: UnitOfWork, who: Person, number: str, *, opened: str = "") -> str | None:
    """The signed receipt this person was given last; None when the case is not theirs, or has none."""
    case = await own_case(uow, who, number, opened=opened)
    return await uow.receipts.newest(case.id) if case else None


async def withdraw(uow: UnitOfWork, who: Person, number: str, *, opened: str = "") -> Withdrawn | None:
    """Write down that a reporter would rather not go on; what must be investigated goes on all the same."""
    await uow.begin()
    case = await own_case(uow, who, number, opened=opened)
    if case is None:
        return None
    case, stands = await _held(uow, case), await _standing(uow, case)
    goes_on = bool(case.flags or stands.flags)
    if case.withdrawn_at is not None:
        return Withdrawn(case, goes_on, repeated=True)
    await uow.cases.change(case, withdrawn_at=uow.clock.now())
    message_id = await uow.dialogue.from_reporter(case.id, "", kind="withdrawal")
    await uow.log.record(actor="reporter", act="withdrawn", subject=f"case/{case.number}")
    answer_by = None if goes_on else await _start_once(uow, stands, ClockKind.REPLY, message_id)
    await tell_officials(uow, stands, HANDLING_ROLES, cause=f"withdrawn/{case.number}")
    return Withdrawn(case, goes_on, answer_by=answer_by)


async def corrected(uow: UnitOfWork, who: Person, said_at: datetime, words: str) -> Kept | None:
    """Keep the new version of a message that was changed after it was sent, where it belongs to a case of this chat.

    The message belongs to the case whose report was being written when it was sent, or in which it was kept then.
    """
    for case in await uow.cases.of_person(who.id):
        if await _was_said_in(uow, case, said_at):
            return await add_words(uow, who, case.number, words)
    return None


_SAME_MOMENT: Final = 120  # seconds between a message's own time and ours


async def _was_said_in(uow: UnitOfWork, case: Case, said_at: datetime) -> bool:
    for message in await uow.dialogue.of_case(case.id):
        if message.from_reporter and abs((message.written_at - said_at).total_seconds()) <= _SAME_MOMENT:
            return True
    begun_at = await uow.drafts.begun_at(case.id)
    if begun_at is None:
        return False
    after, before = (said_at - begun_at).total_seconds(), (case.received_at - said_at).total_seconds()
    return after >= -_SAME_MOMENT and before >= -_SAME_MOMENT


async def _call(uow: UnitOfWork, case: Case, message_id: int, kind: str) -> Kept:
    """What follows from a message: an ended case opens again, or a clock starts; officials hear that there is news."""
    await screen(uow, case, case.unit_path)  # whom the new words name stands back before anybody is told of them
    stands = await _held(uow, await _standing(uow, await again(uow, case)))
    await uow.log.record(actor="reporter", act="material_added", subject=f"case/{case.number}", kind=kind)
    answer_by = None
    reopens = kind == NEW_EVIDENCE and stands.state in ENDED
    if reopens:
        stands = await begin_round(uow, stands, actor="reporter")
        cause = f"reopened/{stands.number}/{stands.round}"
    else:
        answers = ClockKind.REVIEW if kind == OBJECTION else ClockKind.REPLY
        answer_by = await _start_once(uow, stands, answers, message_id)
        await keep_longer(uow, stands)
        cause = f"added/{case.number}/{uow.clock.now():%Y-%m-%dT%H}"
    await tell_officials(uow, stands, HANDLING_ROLES, cause=cause)
    return Kept(case, reopened=reopens, answer_by=answer_by)


async def _start_once(uow: UnitOfWork, case: Case, kind: ClockKind, message_id: int) -> date:
    """Start a clock about a message, unless one of its kind is running; returns the day that one is due.

    The first question waits longest: one more does not put its answer off.
    """
    for one in await deadlines.of_case(uow, case.id):
        if one.clock.is_running and one.clock.kind == kind:
            return one.deadline.due_on
    due_on = deadlines.start(uow, case.id, kind, round_number=case.round, about=message_id)
    await deadlines.settle(uow, case.id)
    return due_on


async def _held(uow: UnitOfWork, case: Case) -> Case:
    await uow.cases.hold(case.id)
    return await again(uow, case)


async def _standing(uow: UnitOfWork, case: Case) -> Case:
    while case.merged_into_id is not None:
        found = await uow.cases.by_id(case.merged_into_id)
        if found is None:
            break
        case = found
    return case


async def view_of(uow: UnitOfWork, case: Case, *, messages: tuple[CaseMessage, ...] = ()) -> CaseView:
    """How a case stands for its reporter; whoever calls has seen to it that the asker may know."""
    stands = await _standing(uow, case)
    clocks = await deadlines.of_case(uow, case.id)
    if stands.id != case.id:
        clocks += await deadlines.of_case(uow, stands.id)
    found = await uow.investigations.of_case(stands) if stands.state in (CaseState.TOLD, CaseState.CLOSED) else None
    return CaseView(case, stands, clocks, messages, found.finding if found else None)
