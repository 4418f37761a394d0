"""Checking a reporter's name: opened by a custodian for a call or a visit, and known to nobody else.

Who opens a name does not see the report; who works on the report does not see the name. What a newcomer gets wrong: a
name that cannot be checked is no reason to reject anything. The report goes on as an anonymous one, with every
obligation it had.
"""

import asyncio
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final

from handlers.services import mass_reaction
from handlers.services.access import TRIES, TRIES_WITHIN
from handlers.services.case_moves import again, find, record, require
from handlers.services.errors import BadInput, NotFound, SignInRefused
from handlers.services.notices import tell_person
from knowledge.casework.access import Permission
from knowledge.casework.names import (
    HANDLERS_OUTCOMES,
    AttemptOutcome,
    ContactMethod,
    NameState,
    Purpose,
    attempts_left,
    holders,
    name_state_after,
    normal_contact,
)
from storage.errors import WrongPassword
from storage.repositories.cases import Case
from storage.repositories.identities import PEPPER_TURN, ContactAttempt, seal_for, to_check
from storage.repositories.officials import Official
from storage.tables.cases import NEVER
from storage.tables.cases import cases as case_table
from storage.unit_of_work import UnitOfWork
from storage.vault import Pepper, Unlocked

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
    """What is known of a name without opening it; `is_held`: sealed to the custodian who asks."""

    number: str
    received_at: datetime
    due_on: date | None
    state: NameState
    attempts: tuple[ContactAttempt, ...]
    is_held: bool
    only_recognise: bool

    @property
    def left(self) -> tuple[int, int]:
        """How many attempts, and how many other people, are missing before the name counts as not to be checked."""
        return attempts_left([one.attempt for one in self.attempts])


@dataclass(frozen=True, slots=True)
class OpenedName:
    """A name and a contact in clear, for one page and no longer."""

    name: str = field(repr=False)
    contact: str = field(repr=False)


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
    held = await uow.identities.holders(case.id)
    waits = await uow.cases.matching((case_table.c.id == case.id) & to_check(official.id), limit=1)
    return NameFile(
        number=case.number,
        received_at=case.received_at,
        due_on=_due_on(case),
        state=case.name_state,
        attempts=tuple(await uow.identities.attempts(case.id)),
        is_held=official.id in held,
        only_recognise=case.name_state is NameState.VERIFIED and bool(waits),
    )


async def open_name(uow: UnitOfWork, official: Official, number: str, password: str, purpose: str) -> OpenedName:
    """Open a name for one look; the opening is an event with its purpose.

    While the custodian is present, the system also learns whether the reporter is one who has reported before, and
    seals the name and the common secret to custodians who were appointed later. The caller commits in any case: a
    wrong password is counted.

    Raises:
        BadInput: No purpose was given.
        NotFound: There is no such name, or none this custodian may know of or holds.
        SignInRefused: Too many wrong passwords; it says how long to wait.
        WrongPassword: It does not open the custodian's key.
    """
    require(official, Permission.CHECK_NAMES)
    if purpose not in set(Purpose):
        raise BadInput("purpose", "unknown")
    subject = f"name/{official.id}"
    await _refuse_too_many(uow, subject)
    key = await _unlocked(uow, official, password)
    await uow.begin()
    await uow.officials.take_turns((subject,))
    await _refuse_too_many(uow, subject)  # those that were tried meanwhile count as well
    case = await _named(uow, official, number)
    if key is None:
        await uow.officials.add_failure(subject)
        await record(uow, official, "identity_not_opened", case, purpose=purpose)
        raise WrongPassword
    await mass_reaction.hold(uow, case.id)
    case = await _named(uow, official, number)
    sealed = await uow.identities.sealed_to(case.id, official.id)
    if sealed is None:
        raise NotFound("name")
    opened = OpenedName(key.read(sealed[0]), key.read(sealed[1]))
    await _share_name(uow, case, opened)
    await _recognise(uow, official, case, key, opened)
    await record(uow, official, "identity_opened", case, purpose=purpose)
    return opened


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


async def _unlocked(uow: UnitOfWork, official: Official, password: str) -> Unlocked | None:
    """The custodian's key, None for a wrong password; before the transaction and off the event loop, it takes long."""
    pair = (await uow.officials.custodians()).get(official.id)
    if pair is None:
        raise NotFound("name")
    try:
        return await asyncio.to_thread(pair.unlock, password)
    except WrongPassword:
        return None


async def _refuse_too_many(uow: UnitOfWork, subject: str) -> None:
    if await uow.officials.failures_since(subject, uow.clock.now() - TRIES_WITHIN) >= TRIES:
        raise SignInRefused(wait_seconds=int(TRIES_WITHIN.total_seconds()))


async def _share_name(uow: UnitOfWork, case: Case, opened: OpenedName) -> None:
    """Seal the name to custodians who may check it and came after it was left."""
    pairs = await uow.officials.custodians()
    places = {who.id: who.place_path for who in await uow.officials.all() if who.id in pairs}
    fitting = holders(places, await uow.recusals.from_case(case.id), case.unit_path)
    missing = fitting - await uow.identities.holders(case.id)
    uow.identities.seal(case.id, seal_for({who: pairs[who].public_key for who in missing}, opened.name, opened.contact))


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
