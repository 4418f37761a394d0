"""A reporter's name for somebody who works on the report: asked for, decided by custodians, open for a time.

The asker learns nothing before the decision, not even whether there is a name: a report without one is asked for, and
waits, in the same way. Custodians see who asks for what number, and why; never the report. What a newcomer gets wrong:
to write "no name was left" anywhere the asker looks while it is undecided.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from nacl.exceptions import CryptoError

from handlers.services import custody, key_pairs, reading
from handlers.services.case_moves import record, worded
from handlers.services.cases import require_declared
from handlers.services.errors import BadInput, NotAllowed, NotFound
from handlers.services.notices import tell_some
from knowledge.casework.access import Permission, may
from knowledge.casework.names import LONGEST_RELEASE, Purpose, RefusalReason, ReleasePurpose
from storage.custody import NameKey, Unlocked
from storage.errors import SharesDoNotFit
from storage.repositories.cases import Case
from storage.repositories.identities import KeptName
from storage.repositories.officials import Official
from storage.repositories.releases import Release
from storage.unit_of_work import UnitOfWork

LONGEST_WORDS: Final = 300
SHORTEST_WORDS: Final = 4


@dataclass(frozen=True, slots=True)
class OpenedName:
    """A name and how to reach its owner in clear, for one page and no longer."""

    name: str = field(repr=False)
    contact: str = field(repr=False)
    address: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class AskersView:
    """What an asker sees of one case: nothing that depends on a name until a request is decided."""

    number: str
    asked: tuple[Release, ...]
    has_key: bool
    now: datetime

    @property
    def undecided(self) -> Release | None:
        """The request that waits."""
        return next((one for one in self.asked if one.decision is None), None)

    @property
    def open(self) -> Release | None:
        """The request under which the name can be opened now."""
        return next((one for one in reversed(self.asked) if one.open_at(self.now)), None)


@dataclass(frozen=True, slots=True)
class CustodiansView:
    """A request as a custodian sees it: `can_grant` keeps a share of the name; `is_nameless`: none was left."""

    release: Release
    can_grant: bool
    is_nameless: bool


async def look(uow: UnitOfWork, official: Official, number: str) -> AskersView:
    """What somebody has asked for, and got, of a case they work on.

    Raises:
        NotAllowed, NotFound: The role does not carry it; there is no such case, or none this official may know of.
        DeclarationNeeded: Something has to be declared before the case opens.
    """
    case = await _askers_case(uow, official, number)
    await reading.of_case(uow, official, "release_looked", case.number)
    asked = tuple(await uow.releases.of_asker(official.id, case.id))
    has_key = await uow.officials.key_of(official.id) is not None
    return AskersView(case.number, asked, has_key, uow.clock.now())


async def ask(uow: UnitOfWork, official: Official, number: str, purpose: str, words: str) -> None:
    """Ask the custodians of a case for its reporter's name.

    Raises:
        BadInput: No purpose, no words, asked already, no key pair yet, or nobody is there to decide.
        NotAllowed, NotFound, DeclarationNeeded: As in `look`.
    """
    case = await _askers_case(uow, official, number)
    if purpose not in set(ReleasePurpose):
        raise BadInput("purpose", "unknown")
    await _ask(uow, official, case, purpose, worded("asked_why", words, shortest=SHORTEST_WORDS, longest=LONGEST_WORDS))


async def ask_colleagues(uow: UnitOfWork, custodian: Official, case: Case, purpose: str) -> None:
    """The same for a custodian who checks a name that opens to several only.

    Raises:
        BadInput: No purpose, asked already, or nobody is there to decide.
    """
    if purpose not in set(Purpose):
        raise BadInput("purpose", "unknown")
    await _ask(uow, custodian, case, purpose, "")


async def waiting(uow: UnitOfWork, custodian: Official) -> list[CustodiansView]:
    """The requests a custodian has not answered yet, oldest first."""
    if not may(custodian.role, Permission.CHECK_NAMES):
        raise NotAllowed
    found = []
    for release in await uow.releases.undecided():
        view = await _custodians_view(uow, custodian, release)
        if view is not None and custodian.id not in {vote.custodian_id for vote in release.votes}:
            found.append(view)
    return found


async def show(uow: UnitOfWork, custodian: Official, release_id: int) -> CustodiansView:
    """One request that a custodian may decide on.

    Raises:
        NotAllowed, NotFound: The role does not carry it; it is not there, or not this custodian's.
    """
    if not may(custodian.role, Permission.CHECK_NAMES):
        raise NotAllowed
    release = await uow.releases.get(release_id)
    view = await _custodians_view(uow, custodian, release) if release else None
    if view is None:
        raise NotFound("release")
    return view


async def grant(uow: UnitOfWork, custodian: Official, release_id: int, password: str) -> None:
    """Give one's share of a name to its asker; the last that is needed opens it, for a time.

    The caller commits in any case: a wrong password is counted.

    Raises:
        BadInput: It is decided, one has voted, or there is nothing to give.
        NotFound: It is not this custodian's.
        WrongPassword, SignInRefused: As in `key_pairs.unlock`.
    """
    view = await show(uow, custodian, release_id)
    about = f"case/{view.release.number}"
    _, key = await key_pairs.unlock(uow, custodian, password, failed="release_not_granted", about=about)
    release, case = await _held(uow, custodian, release_id)
    kept = await uow.identities.of_case(case.id) or await custody.out_of_whole(uow, custodian, case.id, key)
    if kept is None or custodian.id not in kept.holders:
        raise BadInput("vote", "no_share")
    asker = await uow.officials.key_of(release.asker_id)
    if asker is None:
        raise BadInput("vote", "no_key")
    share = key.reseal(kept.sealed.shares[custodian.id].sealed, asker.public_key)
    await uow.releases.vote(release.id, custodian.id, share=share)
    await record(uow, custodian, "release_vote", case, vote="granted")
    given = {vote.custodian_id for vote in release.votes if vote.granted and vote.share} | {custodian.id}
    given -= await uow.recusals.from_case(case.id)
    if len(given) >= votes_needed(kept, release.asker_id):
        await uow.releases.decide(release.id, "granted", uow.clock.now() + LONGEST_RELEASE)
        await record(uow, custodian, "release_granted", case, to=release.asker_id, purpose=release.purpose)
        await tell_some(uow, case, (release.asker_id,), cause=f"release/{release.id}/decided")


async def refuse(uow: UnitOfWork, custodian: Official, release_id: int, reason: str, words: str) -> None:
    """Say no, with a reason; when too few are left who could agree, it is decided.

    Raises:
        BadInput: No reason, one that does not fit, it is decided, or one has voted.
        NotFound: It is not this custodian's.
    """
    view = await show(uow, custodian, release_id)
    chosen = [one for one in RefusalReason if (one is RefusalReason.NONE_LEFT) is view.is_nameless]
    if reason not in chosen:
        raise BadInput("reason", "unknown")
    shortest = SHORTEST_WORDS if reason == RefusalReason.OTHER else 0
    words = worded("words", words, shortest=shortest, longest=LONGEST_WORDS)
    await uow.begin()
    release, case = await _held(uow, custodian, release_id)
    await uow.releases.vote(release.id, custodian.id, reason=reason, words=words)
    await record(uow, custodian, "release_vote", case, vote="refused")
    said_no = {vote.custodian_id for vote in release.votes if not vote.granted} | {custodian.id}
    kept = await uow.identities.of_case(case.id)
    able = await _able(uow, case, release.asker_id)
    needed = votes_needed(kept, release.asker_id) if kept else 1
    if view.is_nameless or len(able - said_no) < needed:
        await uow.releases.decide(release.id, "refused")
        await uow.releases.forget((release.id,))
        await record(uow, custodian, "release_refused", case, to=release.asker_id, reason=reason)
        await tell_some(uow, case, (release.asker_id,), cause=f"release/{release.id}/decided")


async def open_released(uow: UnitOfWork, official: Official, number: str, password: str) -> OpenedName:
    """Open a name that was released to oneself; every time is an event. The caller commits in any case.

    Raises:
        BadInput: Nothing is open (any more).
        NotAllowed, NotFound, DeclarationNeeded: As in `look`.
        WrongPassword, SignInRefused: As in `key_pairs.unlock`.
    """
    view = await look(uow, official, number)
    if view.open is None:
        raise BadInput("password", "not_released")
    about, purpose = f"case/{view.number}", view.open.purpose
    _, key = await key_pairs.unlock(uow, official, password, failed="identity_not_opened", about=about, purpose=purpose)
    case = await _askers_case(uow, official, number)
    release = await uow.releases.get(view.open.id, hold=True)
    kept = await uow.identities.of_case(case.id)
    if release is None or kept is None or not release.open_at(uow.clock.now()):
        raise BadInput("password", "not_released")
    name = assembled(kept, key, official, (release,))
    if name is None:
        raise BadInput("password", "not_released")
    await record(uow, official, "identity_opened", case, purpose=purpose, release=release.id)
    return opened(kept, name)


async def forget_over(uow: UnitOfWork) -> int:
    """Let go the shares of releases whose time is over; returns of how many. The clock refuses them at once anyway."""
    over = await uow.releases.over(uow.clock.now())
    if over:
        await uow.releases.forget([one.id for one in over])
        for one in over:
            await uow.log.record(actor="system", act="release_forgotten", subject=f"case/{one.number}")
    return len(over)


def votes_needed(kept: KeptName, asker_id: int) -> int:
    """How many must agree: as many as the name needs, without the asker's own share, and never nobody."""
    return max(1, kept.sealed.needed - (asker_id in kept.holders))


def assembled(kept: KeptName, key: Unlocked, official: Official, given: Iterable[Release]) -> NameKey | None:
    """A name's key from one's own share and what was released to one; None while there is too little."""
    sealed = [vote.share for release in given for vote in release.votes if vote.share is not None]
    if official.id in kept.holders:
        sealed.append(kept.sealed.shares[official.id].sealed)
    try:
        return NameKey.combine([key.open(one) for one in sealed], kept.sealed.public_key, kept.sealed.needed)
    except (SharesDoNotFit, CryptoError):
        return None


def opened(kept: KeptName, name: NameKey) -> OpenedName:
    """A name's parts in clear."""
    return OpenedName(**{part: name.read(sealed) for part, sealed in kept.sealed.parts.items()})


async def _ask(uow: UnitOfWork, official: Official, case: Case, purpose: str, words: str) -> None:
    await uow.begin()
    if await uow.officials.key_of(official.id) is None:
        raise BadInput("purpose", "no_key")
    await uow.officials.take_turns((f"release/{case.id}/{official.id}",))
    if any(one.decision is None for one in await uow.releases.of_asker(official.id, case.id)):
        raise BadInput("purpose", "asked_already")
    keepers = await custody.keepers(uow, case) - {official.id}  # of any name, so that nothing is told of this one
    if not keepers:
        raise BadInput("purpose", "no_custodian")
    release_id = await uow.releases.ask(case.id, asker_id=official.id, purpose=purpose, words=words)
    await record(uow, official, "release_asked", case, purpose=purpose)
    await tell_some(uow, case, keepers | await _able(uow, case, official.id), cause=f"release/{release_id}")


async def _askers_case(uow: UnitOfWork, official: Official, number: str) -> Case:
    if not may(official.role, Permission.ASK_NAMES):
        raise NotAllowed
    return await require_declared(uow, official, number)


async def _held(uow: UnitOfWork, custodian: Official, release_id: int) -> tuple[Release, Case]:
    """A request and its case while nobody else decides on it."""
    release = await uow.releases.get(release_id, hold=True)
    case = await uow.cases.by_id(release.case_id) if release else None
    if release is None or case is None:
        raise NotFound("release")
    if release.decision is not None:
        raise BadInput("vote", "decided")
    if custodian.id in {vote.custodian_id for vote in release.votes}:
        raise BadInput("vote", "voted")
    return release, case


async def _custodians_view(uow: UnitOfWork, custodian: Official, release: Release) -> CustodiansView | None:
    case = await uow.cases.by_id(release.case_id)
    if case is None or custodian.id not in await _able(uow, case, release.asker_id):
        return None
    held = await uow.identities.holders(case.id)
    return CustodiansView(release, can_grant=custodian.id in held, is_nameless=not held)


async def _able(uow: UnitOfWork, case: Case, asker_id: int) -> frozenset[int]:
    """Who may vote: those who keep the name, or would keep it if there were one; never the asker."""
    active = set(await uow.officials.custodians())
    held = await uow.identities.holders(case.id)
    may_vote = (held & active) if held else await custody.keepers(uow, case)
    return frozenset(may_vote - await uow.recusals.from_case(case.id) - {asker_id})
