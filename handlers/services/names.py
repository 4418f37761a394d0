"""Checking a reporter's name: opened by a custodian for a call or a visit, and known to nobody else.

Who opens a name does not see the report; who works on the report does not see the name. Where a name opens to several
custodians only, a colleague agrees first (releases.py). What a newcomer gets wrong: a name that cannot be checked is no
reason to reject anything. The report goes on as an anonymous one, with every obligation it had.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from handlers.services import custody, key_pairs, mass_reaction, releases
from handlers.services.case_moves import again, find, record, require
from handlers.services.errors import BadInput, NotFound
from handlers.services.notices import tell_person
from handlers.services.releases import OpenedName
from knowledge.casework.access import Permission
from knowledge.casework.names import (
    HANDLERS_OUTCOMES,
    AttemptOutcome,
    ContactMethod,
    NameState,
    Purpose,
    attempts_left,
    name_state_after,
    normal_contact,
)
from storage.custody import Pepper, Unlocked
from storage.repositories.cases import Case
from storage.repositories.identities import PEPPER_TURN, ContactAttempt, KeptName, to_check
from storage.repositories.officials import Official
from storage.tables.cases import NEVER
from storage.tables.cases import cases as case_table
from storage.unit_of_work import UnitOfWork

MOST: Final = 500
#: Names that can still be checked.
UNSETTLED: Final = (NameState.CLAIMED, NameState.UNVERIFIABLE)


@dataclass(frozen=True, slots=True)
class NameToCheck:
    """A line of a custodian's list: nothing of the report but its number and its days.

    `due_on` is the nearest date that anything is due by, None when nothing is; `only_recognise`: the name is checked,
    and is to be opened once more, so that the person is counted once.
    """

    number: str
    received_at: datetime
    due_on: date | None
    attempts: int
    only_recognise: bool


@dataclass(frozen=True, slots=True)
class NameFile:
    """What is known of a name without opening it.

    `opens_alone`: the custodian who asks can open it; `released`: colleagues have agreed that this custodian opens it;
    `asked`: they have not answered yet; `needed` custodians open it together.
    """

    number: str
    received_at: datetime
    due_on: date | None
    state: NameState
    attempts: tuple[ContactAttempt, ...]
    opens_alone: bool
    released: bool
    asked: bool
    needed: int
    only_recognise: bool

    @property
    def left(self) -> tuple[int, int]:
        """How many attempts, and how many other people, are missing before the name counts as not to be checked."""
        return attempts_left([one.attempt for one in self.attempts])


async def waiting(uow: UnitOfWork, official: Official) -> list[NameToCheck]:
    """The names a custodian has to check, nearest date first."""
    require(official, Permission.CHECK_NAMES)
    found = await uow.cases.matching(to_check(official.id), visible_to=official, limit=MOST)
    attempts = await uow.identities.counts([case.id for case in found])
    found.sort(key=lambda case: (_due_on(case) or NEVER, case.id))
    return [
        NameToCheck(
            case.number,
            case.received_at,
            _due_on(case),
            attempts.get(case.id, 0),
            only_recognise=case.name_state is NameState.VERIFIED,
        )
        for case in found
    ]


async def look(uow: UnitOfWork, official: Official, number: str) -> NameFile:
    """A name without opening it.

    Raises:
        NotFound: There is no such name, or none this custodian may know of.
    """
    case = await _named(uow, official, number)
    kept = await uow.identities.of_case(case.id)
    asked = await uow.releases.of_asker(official.id, case.id)
    waits = await uow.cases.matching((case_table.c.id == case.id) & to_check(official.id), limit=1)
    return NameFile(
        number=case.number,
        received_at=case.received_at,
        due_on=_due_on(case),
        state=case.name_state,
        attempts=tuple(await uow.identities.attempts(case.id)),
        opens_alone=await _opens_alone(uow, official, case, kept),
        released=any(one.open_at(uow.clock.now()) for one in asked),
        asked=any(one.decision is None for one in asked),
        needed=kept.sealed.needed if kept else 1,
        only_recognise=case.name_state is NameState.VERIFIED and bool(waits),
    )


async def ask_colleagues(uow: UnitOfWork, official: Official, number: str, purpose: str) -> None:
    """Ask the other custodians to agree that one opens a name, where one cannot alone.

    Raises:
        BadInput: No purpose, asked already, no need to ask, or nobody is there to decide.
        NotFound: There is no such name, or none this custodian may know of.
    """
    case = await _named(uow, official, number)
    if await _opens_alone(uow, official, case, await uow.identities.of_case(case.id)):
        raise BadInput("purpose", "opens_alone")
    await releases.ask_colleagues(uow, official, case, purpose)


async def open_name(uow: UnitOfWork, official: Official, number: str, password: str, purpose: str) -> OpenedName:
    """Open a name for one look; the opening is an event with its purpose.

    While the name's key is together, it is split anew if other custodians are to keep it, and the system learns whether
    the reporter is one who has reported before. The caller commits in any case: a wrong password is counted.

    Raises:
        BadInput: No purpose was given, or colleagues have to agree first.
        NotFound: There is no such name, or none this custodian may know of.
        SignInRefused: Too many wrong passwords; it says how long to wait.
        WrongPassword: It does not open the custodian's key.
    """
    require(official, Permission.CHECK_NAMES)
    if purpose not in set(Purpose):
        raise BadInput("purpose", "unknown")
    case = await _named(uow, official, number)
    about = f"case/{case.number}"
    _, key = await key_pairs.unlock(uow, official, password, failed="identity_not_opened", about=about, purpose=purpose)
    case = await _named(uow, official, number)
    await mass_reaction.hold(uow, case.id)
    await uow.officials.take_turns((custody.TURN,))
    case = await _named(uow, official, number)
    kept, opened = await _opened(uow, official, case, key)
    if kept is None or opened is None:
        raise BadInput("password", "colleague_first")
    await _recognise(uow, official, case, key, opened)
    await record(uow, official, "identity_opened", case, purpose=purpose)
    return opened


async def _opened(
    uow: UnitOfWork, official: Official, case: Case, key: Unlocked
) -> tuple[KeptName | None, OpenedName | None]:
    """A name by what this custodian keeps and was given; one of the time before shares becomes shares by it."""
    whole = (await uow.identities.whole(case.id)).get(official.id)
    if whole is not None:
        kept = await custody.out_of_whole(uow, official, case.id, key)
        return kept, OpenedName(key.read(whole[0]), key.read(whole[1]))
    kept = await uow.identities.of_case(case.id)
    if kept is None:
        return None, None
    now = uow.clock.now()
    given = [one for one in await uow.releases.of_asker(official.id, case.id) if one.open_at(now)]
    name = releases.assembled(kept, key, official, given)
    if name is None:
        return kept, None
    opened = releases.opened(kept, name)
    await custody.even_out(uow, case, kept, name)
    return kept, opened


async def _opens_alone(uow: UnitOfWork, official: Official, case: Case, kept: KeptName | None) -> bool:
    if kept is None:
        return official.id in await uow.identities.whole(case.id)
    return official.id in kept.holders and kept.sealed.needed == 1


async def record_attempt(uow: UnitOfWork, official: Official, number: str, method: str, outcome: str) -> Case:
    """Write down what came of a custodian's call or visit."""
    method_, outcome_ = _chosen(method, outcome, tuple(AttemptOutcome))
    return await _attempted(uow, official, await _named(uow, official, number), method_, outcome_)


async def record_contact(uow: UnitOfWork, official: Official, number: str, method: str, outcome: str) -> Case:
    """An official who works on the case, and does not know the name, says that the reporter came or called.

    Or that they were asked to, in the dialogue, and did not.
    """
    method_, outcome_ = _chosen(method, outcome, HANDLERS_OUTCOMES)
    case = await find(uow, official, number, Permission.HANDLE_CASES)
    return await _attempted(uow, official, case, method_, outcome_)


def _chosen(method: str, outcome: str, known: tuple[str, ...]) -> tuple[ContactMethod, AttemptOutcome]:
    if method not in set(ContactMethod):
        raise BadInput("method", "unknown")
    if outcome not in known:
        raise BadInput("outcome", "unknown")
    return ContactMethod(method), AttemptOutcome(outcome)


async def _attempted(
    uow: UnitOfWork, official: Official, case: Case, method: ContactMethod, outcome: AttemptOutcome
) -> Case:
    if outcome is AttemptOutcome.CONFIRMED:
        await mass_reaction.hold(uow, case.id)
    else:
        await uow.cases.hold(case.id)
    case = await again(uow, case)
    if case.name_state not in UNSETTLED:
        raise BadInput("outcome", "settled")
    await uow.identities.add_attempt(case.id, official_id=official.id, method=method, outcome=outcome)
    attempts = await uow.identities.attempts(case.id)
    state = name_state_after(case.name_state, [one.attempt for one in attempts])
    if state is not case.name_state:
        await uow.identities.set_state(case.id, state)
    if state is NameState.VERIFIED:
        await mass_reaction.recount(uow, case.id)
    await record(uow, official, "contact_attempted", case, method=method, outcome=outcome, name=state)
    if state is NameState.UNVERIFIABLE and case.name_state is not state:
        await _tell_kindly(uow, case)
    return await again(uow, case)


async def _tell_kindly(uow: UnitOfWork, case: Case) -> None:
    """The report goes on all the same; said once, to its own reporter only."""
    if case.person_id is not None:
        cause = f"name_unverifiable/{case.number}"
        await tell_person(uow, case.person_id, "name_unverifiable", kind="status", cause=cause, number=case.number)


async def _named(uow: UnitOfWork, official: Official, number: str) -> Case:
    require(official, Permission.CHECK_NAMES)
    case = await uow.cases.by_number(number, visible_to=official)
    if case is None or case.name_state is NameState.NONE:
        raise NotFound("name")
    return case


def _due_on(case: Case) -> date | None:
    """Until it is accepted, the day its reporter was promised to hear; then the nearest date of its clocks."""
    due_on = case.answer_due_on if case.accepted_at is None else case.next_due_on
    return due_on if due_on != NEVER else None


async def _recognise(uow: UnitOfWork, official: Official, case: Case, key: Unlocked, opened: OpenedName) -> None:
    """Keep who the reporter is, comparable with others, and hand the common secret on."""
    pepper = await _pepper(uow, official, key)
    if pepper is None:
        return
    is_news = await uow.identities.set_token(case.id, pepper.token(normal_contact(opened.contact)))
    if is_news and case.name_state is NameState.VERIFIED:
        await mass_reaction.recount(uow, case.id)


async def _pepper(uow: UnitOfWork, official: Official, key: Unlocked) -> Pepper | None:
    """The common secret, given to every custodian who lacks it; None while only colleagues hold it.

    Where it was lost with its last holder, there is a new one.
    """
    await uow.officials.take_turns((PEPPER_TURN,))
    held = await uow.identities.peppers()
    if official.id not in held and held:
        return None
    pepper = Pepper.opened(key, held[official.id]) if held else Pepper.create()
    pairs = await uow.officials.custodians()
    await uow.identities.give_pepper(pepper, {who: pair.public_key for who, pair in pairs.items() if who not in held})
    return pepper
