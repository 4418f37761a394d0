"""Keeping names through changes among those who keep them: who comes, who leaves, who needs another key.

A name is split anew whenever its key is together anyway (a custodian opens it), and otherwise by a ceremony: colleagues
hand their shares to one custodian, whose session puts the key together, splits it for everybody who is to keep it now,
and forgets it. The old shares are deleted in the same transaction. What a newcomer gets wrong: to split a name for
whom a report names; they keep no share, whoever they are.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from nacl.exceptions import CryptoError

from handlers.services import key_pairs
from handlers.services.case_moves import require
from handlers.services.errors import BadInput
from knowledge.casework.access import Permission, Role
from knowledge.casework.custody import load_custody
from knowledge.casework.names import holders
from storage.custody import NameKey, SealedName, Unlocked, new_recovery_key
from storage.errors import SharesDoNotFit
from storage.repositories.cases import Case
from storage.repositories.identities import KeptName
from storage.repositories.officials import Official
from storage.tables.cases import cases as case_table
from storage.unit_of_work import UnitOfWork

AT_ONCE: Final = 500
TURN: Final = "custodians/shares"


@dataclass(frozen=True, slots=True)
class CustodyView:
    """What a custodian's page of keys shows: counts, never numbers of reports.

    `uneven`: names whose keepers are not those who should keep them; `ready`: those of them this custodian can split
    anew now; `mine`: those of them this custodian can hand a share of.
    """

    has_recovery: bool
    held: int
    uneven: int
    ready: int
    mine: int
    colleagues: tuple[Official, ...]


async def look(uow: UnitOfWork, official: Official) -> CustodyView:
    """How a custodian's keys and names stand."""
    require(official, Permission.CHECK_NAMES)
    pair = await uow.officials.key_of(official.id)
    uneven = await _uneven(uow)
    handed = await uow.identities.contributed_to(official.id)
    concerned = [(kept, wanted) for kept, wanted in uneven if official.id in kept.holders | wanted]
    ready = [kept for kept, _ in concerned if _gathered(kept, official, handed) >= kept.sealed.needed]
    custodians = await uow.officials.custodians()
    return CustodyView(
        has_recovery=pair is not None and pair.recovery_sealed is not None,
        held=len(await uow.identities.held_by(official.id)),
        uneven=len(concerned),
        ready=len(ready),
        mine=sum(official.id in kept.holders for kept, _ in concerned),
        colleagues=tuple(one for one in await uow.officials.all() if one.id in custodians and one.id != official.id),
    )


async def contribute(uow: UnitOfWork, official: Official, to_id: int, password: str) -> int:
    """Hand one's shares of names that are to be split anew to a colleague; returns how many.

    The caller commits in any case: a wrong password is counted.

    Raises:
        BadInput: There is no such colleague.
        WrongPassword, SignInRefused: As in `key_pairs.unlock`.
    """
    require(official, Permission.CHECK_NAMES)
    pairs = await uow.officials.custodians()
    if to_id not in pairs or to_id == official.id:
        raise BadInput("colleague", "unknown")
    _, key = await key_pairs.unlock(uow, official, password)
    await uow.officials.take_turns((TURN,))
    given = 0
    for kept, wanted in await _uneven(uow):
        if official.id in kept.holders and to_id in wanted:
            sealed = key.reseal(kept.sealed.shares[official.id].sealed, pairs[to_id].public_key)
            await uow.identities.contribute(kept, from_id=official.id, to_id=to_id, sealed=sealed)
            given += 1
    await _record(uow, official, "shares_contributed", to=to_id, names=given)
    return given


async def split_anew(uow: UnitOfWork, official: Official, password: str) -> tuple[int, int]:
    """Split every name anew that one's own share and those handed over open; returns how many, and how many wait.

    The caller commits in any case: a wrong password is counted.

    Raises:
        WrongPassword, SignInRefused: As in `key_pairs.unlock`.
    """
    require(official, Permission.CHECK_NAMES)
    _, key = await key_pairs.unlock(uow, official, password)
    await uow.officials.take_turns((TURN,))
    handed = await uow.identities.contributed_to(official.id)
    done = left = 0
    for kept, wanted in await _uneven(uow):
        if official.id not in kept.holders | wanted:
            continue
        mine = {official.id: kept.sealed.shares[official.id].sealed} if official.id in kept.holders else {}
        name = _together(kept, key, {**handed.get(kept.case_id, {}), **mine}.values())
        if name is None:
            left += 1
            continue
        case = await uow.cases.by_id(kept.case_id)
        if case is not None:
            await _split(uow, case, kept, name, wanted)
            done += 1
    await _record(uow, official, "names_split_anew", names=done, left=left)
    return done, left


async def change_key(uow: UnitOfWork, official: Official, password: str) -> str:
    """Give a custodian another key pair under the same password; returns its recovery key, told once.

    Own shares, the common secret and whole names of old move to the new key; names released to the old one have to be
    asked for again. The caller commits in any case: a wrong password is counted.

    Raises:
        WrongPassword, SignInRefused: As in `key_pairs.unlock`.
    """
    require(official, Permission.CHECK_NAMES)
    pair, old = await key_pairs.unlock(uow, official, password)
    fresh, recovery = key_pairs.fresh_key(), new_recovery_key()
    stored = await key_pairs.in_thread(
        lambda: fresh.under_password(password, pair.cost, fresh.under_recovery(recovery))
    )
    await uow.officials.take_turns((TURN,))
    for case_id in await uow.identities.held_by(official.id):
        kept = await uow.identities.of_case(case_id) or await out_of_whole(uow, official, case_id, old)
        if kept is not None and official.id in kept.holders:
            sealed = old.reseal(kept.sealed.shares[official.id].sealed, fresh.public_key)
            await uow.identities.reseal_share(case_id, official.id, sealed)
    peppers = await uow.identities.peppers()
    if official.id in peppers:
        await uow.identities.reseal_pepper(official.id, old.reseal(peppers[official.id], fresh.public_key))
    await uow.releases.forget([one.id for one in await uow.releases.given_to(official.id)])
    await uow.identities.forget_contributions(official.id)
    await uow.officials.set_key(official.id, stored)
    await _record(uow, official, "key_changed")
    return recovery


async def out_of_whole(uow: UnitOfWork, official: Official, case_id: int, key: Unlocked) -> KeptName | None:
    """Make shares of a name of the time before them, in the session of a custodian who can open it."""
    whole = (await uow.identities.whole(case_id)).get(official.id)
    case = await uow.cases.by_id(case_id)
    if whole is None or case is None:
        return None
    wanted = await keepers(uow, case) or frozenset({official.id})
    pairs = await uow.officials.custodians()
    keys = {who: pairs[who].public_key for who in wanted}
    name = SealedName.begin(keys, load_custody().needed(len(keys), case.unit_path))
    for part, sealed in zip(("name", "contact"), whole, strict=True):
        name = name.with_part(part, key.read(sealed))
    await uow.identities.out_of_whole(case_id, name)
    return await uow.identities.of_case(case_id)


async def even_out(uow: UnitOfWork, case: Case, kept: KeptName, name: NameKey) -> None:
    """Split a name anew, now that its key is together, if others should keep it than do."""
    wanted = await keepers(uow, case)
    if wanted and _is_uneven(kept, wanted, case) and not await uow.releases.under_way((case.id,)):
        await _split(uow, case, kept, name, wanted)


async def keepers(uow: UnitOfWork, case: Case) -> frozenset[int]:
    """The custodians who are to keep a case's name now."""
    pairs = await uow.officials.custodians()
    places = {who.id: who.place_path for who in await uow.officials.all() if who.id in pairs}
    return holders(places, await uow.recusals.from_case(case.id), case.unit_path)


async def refuse_if_last(uow: UnitOfWork, official: Official) -> None:
    """Let no custodian leave without whom a name would open to nobody any more.

    Raises:
        BadInput: Names would be lost; they are to be split anew first.
    """
    if official.role is not Role.CUSTODIAN:
        return
    active = set(await uow.officials.custodians()) - {official.id}
    for case_id in await uow.identities.held_by(official.id):
        kept = await uow.identities.of_case(case_id)
        left = (kept.holders if kept else await uow.identities.holders(case_id)) & active
        left -= await uow.recusals.from_case(case_id)
        if len(left) < (kept.sealed.needed if kept else 1):
            raise BadInput("username", "keeps_names")


def _together(kept: KeptName, key: Unlocked, sealed: Iterable[bytes]) -> NameKey | None:
    """A name's key from shares sealed to one custodian; None while there are too few."""
    shares = []
    for share in sealed:
        try:
            shares.append(key.open(share))
        except CryptoError:
            continue  # handed to a key that has been changed since
    try:
        return NameKey.combine(shares, kept.sealed.public_key, kept.sealed.needed)
    except SharesDoNotFit:
        return None


def _gathered(kept: KeptName, official: Official, handed: dict[int, dict[int, bytes]]) -> int:
    return len(set(handed.get(kept.case_id, {})) | ({official.id} & kept.holders))


async def _uneven(uow: UnitOfWork) -> list[tuple[KeptName, frozenset[int]]]:
    """Names whose keepers are not those who should keep them, with those who should.

    One that is being released waits: its shares are under way.
    """
    pairs = await uow.officials.custodians()
    places = {who.id: who.place_path for who in await uow.officials.all() if who.id in pairs}
    found = []
    everything = await uow.identities.all_kept()
    for ids in (everything[at : at + AT_ONCE] for at in range(0, len(everything), AT_ONCE)):
        names, busy = await uow.identities.of_cases(ids), await uow.releases.under_way(ids)
        recused = await uow.ladder.recused(ids)
        for case in await uow.cases.matching(case_table.c.id.in_(ids), limit=AT_ONCE):
            kept, wanted = names[case.id], holders(places, recused.get(case.id, ()), case.unit_path)
            if case.id not in busy and wanted and _is_uneven(kept, wanted, case):
                found.append((kept, wanted))
    return found


def _is_uneven(kept: KeptName, wanted: frozenset[int], case: Case) -> bool:
    return kept.holders != wanted or kept.sealed.needed != load_custody().needed(len(wanted), case.unit_path)


async def _split(uow: UnitOfWork, case: Case, kept: KeptName, name: NameKey, wanted: frozenset[int]) -> None:
    pairs = await uow.officials.custodians()
    needed = load_custody().needed(len(wanted), case.unit_path)
    shares = name.split({who: pairs[who].public_key for who in wanted}, needed)
    await uow.identities.split_anew(kept, shares, needed)


async def _record(uow: UnitOfWork, official: Official, act: str, **detail: object) -> None:
    await uow.log.record(actor=f"official/{official.id}", act=act, subject=f"official/{official.id}", **detail)
