"""Rows for tests, with defaults for all that a test does not care about. None of them commits."""

from datetime import date, timedelta
from typing import Any

from handlers.services import commitments, gates
from handlers.services.access import Access
from handlers.services.deadlines import start as start_clock
from handlers.services.deadlines import stop_all as stop_clocks
from knowledge.casework.access import Role
from knowledge.casework.categories import Category
from knowledge.casework.clocks import ClockKind
from knowledge.casework.custody import load_custody
from knowledge.casework.lifecycle import CaseState, Disposal, Finding, MeasureKind
from knowledge.clock import local_date
from knowledge.elections.commitments import load_packs
from knowledge.elections.gates import GateState, load_gates
from knowledge.elections.plan_content import body_of
from knowledge.model import Kind
from storage.custody import KeyCost, NameKey, SealedName, Unlocked
from storage.ids import readable_code
from storage.outbox import Recipient
from storage.repositories.cases import Case, Filing
from storage.repositories.elections import NewTask
from storage.repositories.entries import EntryVersion, Source, Wording
from storage.repositories.flags import CaseFlag
from storage.repositories.officials import Official
from storage.repositories.people import Person
from storage.repositories.places import Place
from storage.unit_of_work import UnitOfWork

COUNTY = "cn/test"
TOWN = "cn/test/east"
VILLAGE = "cn/test/east/willow"
OTHER_VILLAGE = "cn/test/west/pine"


async def add_county(uow: UnitOfWork) -> dict[str, Place]:
    """A county with two towns and three villages, by path."""
    rows = (
        (COUNTY, "county", "试验县"),
        (TOWN, "town", "东镇"),
        ("cn/test/west", "town", "西镇"),
        (VILLAGE, "village", "柳树村"),
        ("cn/test/east/bridge", "community", "桥头社区"),
        (OTHER_VILLAGE, "village", "松林村"),
    )
    return {path: await uow.places.add(path=path, kind=kind, name=name) for path, kind, name in rows}


async def add_official(
    uow: UnitOfWork,
    role: Role = Role.DISCIPLINE_OFFICIAL,
    place_path: str = COUNTY,
    *,
    username: str = "",
    display_name: str = "",
    is_head: bool = False,
    declared: bool = True,
) -> Official:
    """An official who cannot sign in (no real password); see `add_seat` for one who can.

    `declared`: has said that the list of relatives and interests is complete, else no case opens.
    """
    username = username or f"{role}-{readable_code('u').lower()}"
    found = await uow.officials.add(
        username=username,
        display_name=display_name or f"官{username[-4:]}",
        role=role,
        place_path=place_path,
        password_hash="none",
        totp_secret="JBSWY3DPEHPK3PXP",
        is_head=is_head,
    )
    if declared:
        await uow.recusals.confirm_declaration(found.id)
    return found


PASSWORD = "correct horse battery"


#: What a key under a password costs here; a deployment's takes half a second.
QUICK = KeyCost(1, 8 * 1024)


def quick_access() -> Access:
    """`Access` with Argon2id turned down, as no deployment does."""
    return Access(time_cost=1, memory_kib=8)


async def add_custodian(uow: UnitOfWork, *, username: str = "custodian") -> Official:
    """A custodian with a key pair under `PASSWORD`."""
    seat = await quick_access().create_official(
        uow, username=username, display_name="保管员", role=Role.CUSTODIAN, place_path=COUNTY, password=PASSWORD
    )
    return seat.official


def sealed_name(keys: dict[int, bytes], name: str, contact: str, *, needed: int = 0) -> SealedName:
    """A name for some custodians (official -> public key); `needed` of them open it, as the content says by default."""
    empty = SealedName.begin(keys, needed or load_custody().needed(len(keys), COUNTY))
    return empty.with_part("name", name).with_part("contact", contact)


async def public_keys(uow: UnitOfWork) -> dict[int, bytes]:
    """The custodians' public keys."""
    return {who: pair.public_key for who, pair in (await uow.officials.custodians()).items()}


async def read_name(uow: UnitOfWork, case_id: int, keys: dict[int, Unlocked]) -> dict[str, str]:
    """The parts of a case's name, opened with some custodians' keys together."""
    kept = await uow.identities.of_case(case_id)
    assert kept is not None
    shares = [key.open(kept.sealed.shares[who].sealed) for who, key in keys.items() if who in kept.holders]
    name = NameKey.combine(shares, kept.sealed.public_key, kept.sealed.needed)
    return {part: name.read(sealed) for part, sealed in kept.sealed.parts.items()}


async def add_person(uow: UnitOfWork, chat_id: int = 1001, channel: str = "web") -> Person:
    """Somebody in a chat."""
    key = uow.keys.index("person", f"test:{channel}:{chat_id}")
    who = Person(uow.ids.next(), key, Recipient(channel, chat_id))
    await uow.people.add(who)
    return who


#: A form that makes a good entry.
ENTRY_FORM = {
    "place": VILLAGE,
    "kind": "both",
    "label": "投票那天有车接吗",
    "questions": "选举日村里派车接老人吗\n投票那天有没有车接送\n去投票有车坐吗",
    "answer": "有。早上八点在村口等，走不动的打村里值班电话。",
    "more": "车一共跑三趟，末班十点半。",
    "document": "柳树村选举日工作安排",
    "document_dated": "2026-03-01",
    "in_force_from": "2026-03-01",
    "in_force_until": "",
}


async def add_entry(
    uow: UnitOfWork,
    author: Official,
    *,
    reviewer: Official | None = None,
    published: bool = False,
    entry_id: str = "",
    place_path: str = VILLAGE,
    **wording: Any,
) -> EntryVersion:
    """A version of an entry, by rows alone: waiting, approved by `reviewer`, or published by them too."""
    given = {
        "label": "投票那天有车接吗",
        "questions": ("选举日村里派车接老人吗", "投票那天有没有车接送", "去投票有车坐吗"),
        "answer": "有。早上八点在村口等。",
        "more": "",
        "kind": Kind.BOTH,
        "sources": (Source(name="柳树村选举日工作安排", dated=date(2026, 3, 1)),),
        "in_force_from": date(2026, 3, 1),
        "in_force_until": None,
        **wording,
    }
    entry_id = entry_id or await uow.entries.next_id()
    number = len(await uow.entries.versions(entry_id)) + 1
    version_id = await uow.entries.add_version(
        entry_id, number, Wording(place_path=place_path, **given), author_id=author.id, from_inquiry=None
    )
    if reviewer:
        await uow.entries.review(version_id, verdict="approved", note="", reviewer_id=reviewer.id)
        if published:
            await uow.entries.publish(entry_id, version_id, official_id=reviewer.id)
    return (await uow.entries.versions(entry_id))[-1]


async def add_case(
    uow: UnitOfWork,
    place: Place,
    *,
    flags: tuple[Category, ...] = (Category.VOTE_BUYING,),
    person: Person | None = None,
    what: str = "有人挨家送烟，让大家投他。",
    unit_path: str = COUNTY,
    named: bool = False,
    receipt_code: str = "",
    **answers: Any,
) -> Case:
    """A received case with flags, that the county answers for."""
    await uow.begin()
    number = readable_code("QF")
    unit = await uow.places.by_path(unit_path)
    assert unit is not None
    case_id = uow.ids.next()
    due_on = start_clock(uow, case_id, ClockKind.ACCEPTANCE)
    uow.cases.open_case(
        Filing(
            case_id=case_id,
            number=number,
            receipt_code=receipt_code,
            place_id=place.id,
            unit_id=unit.id,
            person_id=person.id if person else None,
            narrative={"what": what, "who": "李某", "when": "3月8日", "where": "村口", "how_known": "看见", **answers},
            reported_person=answers.get("who", "李某"),
            rule_version="test",
            answer_due_on=due_on,
            flagged=bool(flags),
            has_identity=named,
        )
    )
    for category in flags:
        uow.flags.raise_flag(case_id, CaseFlag(category, ("写明了给钱给物换选票",), "test"), {})
    return await read_case(uow, number)


async def read_case(uow: UnitOfWork, number: str) -> Case:
    case = await uow.cases.by_number(number)
    assert case is not None
    return case


ROAD = (
    CaseState.REGISTERED,
    CaseState.ACCEPTED,
    CaseState.DISPOSAL_PROPOSED,
    CaseState.INVESTIGATING,
    CaseState.AWAITING_APPROVAL,
    CaseState.APPROVED,
    CaseState.TOLD,
    CaseState.CLOSED,
)


async def bring_to(
    uow: UnitOfWork,
    case: Case,
    state: CaseState,
    *,
    investigator: Official,
    approver: Official,
    finding: Finding = Finding.SUBSTANTIATED,
) -> Case:
    """Walk a fresh case lawfully to a state on the main road, by rows alone."""
    now = uow.clock.now()

    async def present() -> Case:
        return await read_case(uow, case.number)

    async def step(target: CaseState, **values: Any) -> None:
        await uow.cases.move(await present(), target, **values)

    work = uow.investigations
    for target in ROAD[: ROAD.index(state) + 1] if state in ROAD else ():
        found = await work.of_case(await present())
        if target is CaseState.ACCEPTED:
            await step(target, accepted_at=now, handler_id=investigator.id)
        elif target is CaseState.DISPOSAL_PROPOSED:
            await work.propose(await present(), Disposal.PRELIMINARY_VERIFICATION, "先核实", by=investigator.id)
            await step(target)
        elif target is CaseState.INVESTIGATING:
            opinion = await work.opinion_of(await present())
            assert opinion is not None
            await work.decide(opinion.id, "approved", by=approver.id)
            await work.start(await present(), investigator.id)
            await step(target)
        elif target is CaseState.AWAITING_APPROVAL:
            assert found is not None
            await work.add_evidence(found.id, description="谈话笔录一份", official_id=investigator.id)
            await work.submit_finding(found.id, finding, "走访了十二户，说法一致。")
            await step(target)
        elif target is CaseState.APPROVED:
            assert found is not None
            await work.approve(found.id, approver.id)
            await step(target, concluded_at=now)
        elif target is CaseState.TOLD:
            true = finding in (Finding.SUBSTANTIATED, Finding.PARTLY_SUBSTANTIATED)
            kind = MeasureKind.CRITICISM if true else MeasureKind.NONE
            await work.recommend(await present(), kind, "镇党委", "按结论", by=investigator.id)
            await step(target, told_at=now, told_by="code")
        elif target is CaseState.CLOSED:
            await step(target, closed_at=now)
            await stop_clocks(uow, case.id)
        else:
            await step(target)
    return await present()


async def add_election(
    uow: UnitOfWork, place: Place, *, days_ahead: int = 20, due_in: int = 10, started: bool = True
) -> int:
    """An election with the three commitments and the gates published; returns its id.

    `started`: every required gate was passed, and it is running.
    """
    await commitments.publish_packs(uow)
    await gates.publish(uow)
    today: date = local_date(uow.clock.now())
    pack = load_packs()["three_commitments"]
    election_id = await uow.elections.add(
        place_id=place.id,
        election_day=today + timedelta(days=days_ahead),
        commitments_due_on=today + timedelta(days=due_in),
        pack=pack.pack,
        pack_version=pack.version,
    )
    if started:
        for gate in load_gates().required(place.path, body_of(place.kind)):
            for seat in await pass_gate(uow, place, election_id, gate.code):
                await uow.officials.change_seat(seat.id, active=False)  # who was there for the gates alone
        assert await uow.elections.start(election_id)
    return election_id


async def add_task(uow: UnitOfWork, election_id: int, code: str, due_on: date) -> None:
    """A line of a plan that asks for no proof."""
    line = NewTask(code, due_on, lawful_until=None, needs_proof=False, stage="preparation")
    await uow.elections.add_tasks(election_id, [line])


async def move_day(uow: UnitOfWork, election_id: int, day: date, official_id: int) -> None:
    """Another election day, with its record; lines keep theirs."""
    election = await uow.elections.get(election_id)
    assert election is not None
    assert await uow.elections.move_day(
        election, day, commitments_due_on=day, reason="台风", moved_tasks=0, official_id=official_id
    )


async def pass_gate(uow: UnitOfWork, place: Place, election_id: int, code: str) -> tuple[Official, Official]:
    """Everything needed for a gate handed in and approved by rows alone; returns by whom."""
    giver = await _seat_at(uow, Role.VILLAGE_CLERK, place.path)
    reviewer = await _seat_at(uow, Role.TOWNSHIP_STAFF, place.path)
    row = await uow.gates.open(election_id, code)
    needed = [kind.kind for kind in load_gates().gates[code].takes if kind.needed]
    proof = [await uow.gates.hand_in(row, kind=kind, words="都在这里", file_id=None, by=giver.id) for kind in needed]
    row = await uow.gates.move(row, GateState.WAITING)
    election = await uow.elections.get(election_id)
    assert election is not None
    await uow.gates.review(
        row,
        through_id=proof[-1],
        decision="approved",
        reason="",
        by=reviewer.id,
        after_start=election.state != "preparing",
    )
    await uow.gates.move(row, GateState.CLOSED)
    return giver, reviewer


async def _seat_at(uow: UnitOfWork, role: Role, path: str) -> Official:
    """An official of a place who is there for rows that need one; the same one each time."""
    username = f"{role}-of-{path.replace('/', '-')}"
    known = await uow.officials.by_username(username)
    if known is None:
        return await add_official(uow, role, path, username=username, declared=False)
    await uow.officials.change_seat(known.id, active=True)
    return known
