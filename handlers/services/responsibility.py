"""Who answers for each place at each level, holidays with deputies, difficulty, plans, and accountability records.

A grade and an order of elections are proposed; people decide. An accountability record says what an organ decided, by
which document; nothing here decides about anybody.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from handlers.services import reading
from handlers.services.case_moves import worded
from handlers.services.deputies import stand_ins
from handlers.services.errors import BadInput, NotAllowed, NotFound
from knowledge.casework.access import Permission, covers, may
from knowledge.clock import local_date
from knowledge.elections.difficulty import Grade, load_difficulty
from storage.errors import StaleVersion
from storage.repositories.elections import Election
from storage.repositories.officials import Official
from storage.repositories.places import Place
from storage.repositories.responsibilities import Absence, Account, Answers, Judged, Measure, VillagePlan
from storage.tables.responsibility import ABSENCE_KINDS, ACCOUNTABILITY_GROUNDS, ACCOUNTABILITY_MEASURES, LEVELS
from storage.unit_of_work import UnitOfWork

MOST_MEASURES: Final = 8
LONGEST: Final = 200
LONGEST_NAME: Final = 20
LONGEST_POST: Final = 40
_ELECTION_WORK: Final = (Permission.PREPARE_ELECTIONS, Permission.RUN_ELECTIONS, Permission.REVIEW_GATES)


@dataclass(frozen=True, slots=True)
class PlaceView:
    """A village or community: who answers, who stands in today, how difficult it is, its plan, its election."""

    place: Place
    answering: tuple[Answers, ...]
    standing_in: dict[int, str]  # official who is away -> the deputy's name
    judged: Judged | None
    plan: VillagePlan | None
    election: Election | None

    def at(self, level: str) -> Answers | None:
        """Who answers at a level."""
        return next((one for one in self.answering if one.level == level), None)

    @property
    def grade(self) -> Grade | None:
        """The grade it was given."""
        return load_difficulty().grade(self.judged.grade) if self.judged else None

    @property
    def lacks_plan(self) -> bool:
        """Whether its grade asks for a plan and there is none."""
        return self.grade is not None and self.grade.needs_plan and self.plan is None


@dataclass(frozen=True, slots=True)
class PlaceFile:
    """One place with its history; `accounts` is empty for who may not see them."""

    view: PlaceView
    history: tuple[Answers, ...]
    accounts: tuple[Account, ...]
    people: tuple[Official, ...]


@dataclass(frozen=True, slots=True)
class AbsencePage:
    """Who is away or will be, whom this official stands in for today, and who may be named."""

    absences: tuple[Absence, ...]
    mine: tuple[Absence, ...]
    people: tuple[Official, ...]


async def overview(uow: UnitOfWork, official: Official) -> list[PlaceView]:
    """Every village and community of the official's place, easiest first; the look is an event."""
    _require(official, Permission.SEE_ELECTIONS)
    places = await uow.places.within(official.place_path, kinds=("village", "community"))
    found = easy_first(await _views(uow, places))
    await reading.of_list(uow, official, "responsibility", shown=len(found))
    return found


def easy_first(views: Sequence[PlaceView]) -> list[PlaceView]:
    """The order proposed for elections (先易后难): by grade, then by the day they have, then by name."""
    rules = load_difficulty()
    return sorted(
        views,
        key=lambda one: (
            rules.rank(one.judged.grade if one.judged else None),
            one.election.election_day if one.election else date.max,
            one.place.path,
        ),
    )


def out_of_order(views: Sequence[PlaceView]) -> frozenset[int]:
    """Places that vote before one that is easier, of those whose election has not begun."""
    rules = load_difficulty()
    waiting = [one for one in views if one.election is not None and one.election.state == "preparing" and one.judged]
    ranked = [
        (rules.rank(one.judged.grade), one.election.election_day, one.place.id)
        for one in waiting
        if one.judged and one.election
    ]
    return frozenset(
        place_id for rank, day, place_id in ranked if any(other < rank and later > day for other, later, _ in ranked)
    )


async def place_file(uow: UnitOfWork, official: Official, place_id: int) -> PlaceFile:
    """One place; the look is an event."""
    _require(official, Permission.SEE_ELECTIONS)
    place = await _place(uow, official, place_id)
    (view,) = await _views(uow, [place])
    accounts = await uow.responsibilities.accounts(place_id) if may_see_accounts(official) else []
    people = await _people_over(uow, place.path)
    await uow.log.record(actor=f"official/{official.id}", act="responsibility_read", subject=f"place/{place_id}")
    history = tuple(await uow.responsibilities.history(place_id))
    return PlaceFile(view, history, tuple(accounts), people)


def may_see_accounts(official: Official) -> bool:
    """Whether accountability records are this official's to see."""
    return may(official.role, Permission.RUN_ELECTIONS) or may(official.role, Permission.LEAD_UNIT)


async def assign(
    uow: UnitOfWork,
    official: Official,
    place_id: int,
    *,
    level: str,
    name: str,
    post: str,
    seat: int | None,
    from_on: date | None,
) -> None:
    """Let somebody answer for a place at a level, from a day on; whoever did is history from then on.

    Raises:
        BadInput: The level is unknown, a name, post or day is missing, or the seat is of another place.
        StaleVersion: Somebody was entered for it at the same moment.
    """
    _require(official, Permission.RUN_ELECTIONS)
    await uow.begin()
    place = await _place(uow, official, place_id)
    if level not in LEVELS:
        raise BadInput("level", "unknown")
    name = worded("answers_name", name, shortest=2, longest=LONGEST_NAME)
    post = worded("answers_post", post, shortest=2, longest=LONGEST_POST)
    if from_on is None:
        raise BadInput("answers_from", "no_date")
    if seat is not None and seat not in {one.id for one in await _people_over(uow, place.path)}:
        raise BadInput("answers_seat", "unknown")
    await uow.responsibilities.assign(
        place_id, level, name=name, post=post, official_id=seat, from_on=from_on, by=official.id
    )
    await _record(uow, official, "responsibility_assigned", place_id, level=level)


async def judge(
    uow: UnitOfWork, official: Official, place_id: int, *, factors: Sequence[str], grade: str, note: str
) -> None:
    """Say how difficult a place is; the content only proposes.

    Raises:
        BadInput: No such factor or grade, or the note is too long; another grade than proposed asks for a word why.
    """
    _require(official, Permission.RUN_ELECTIONS)
    await uow.begin()
    await _place(uow, official, place_id)
    rules = load_difficulty()
    if any(rules.factor(code) is None for code in factors):
        raise BadInput("factors", "unknown")
    if rules.grade(grade) is None:
        raise BadInput("grade", "unknown")
    needs_word = grade != rules.proposed(factors).code
    note = worded("difficulty_note", note, shortest=2 if needs_word else 0, longest=LONGEST)
    await uow.responsibilities.judge(
        place_id, grade=grade, factors=factors, note=note, rules_version=rules.version, by=official.id
    )
    await _record(uow, official, "difficulty_judged", place_id, grade=grade)


async def write_plan(
    uow: UnitOfWork,
    official: Official,
    place_id: int,
    *,
    leader: str,
    lines: Sequence[tuple[str, str, date | None]],
    from_on: date | None,
    until_on: date | None,
    seen: int,
) -> None:
    """A new version of a village's plan (一村一策): measures with who and by when, a leader, a span of days.

    Raises:
        BadInput: A leader, a day, or every measure is missing, or one of them is half filled in.
        StaleVersion: Somebody wrote a version since the form was drawn.
    """
    _require(official, Permission.RUN_ELECTIONS)
    await uow.begin()
    await _place(uow, official, place_id)
    leader = worded("plan_leader", leader, shortest=2, longest=LONGEST_NAME)
    if from_on is None:
        raise BadInput("plan_from", "no_date")
    if until_on is None:
        raise BadInput("plan_until", "no_date")
    if until_on < from_on:
        raise BadInput("plan_until", "before_it_begins")
    measures = _measures(lines)
    known = (await uow.responsibilities.plans([place_id])).get(place_id)
    if (known.version if known else 0) != seen:
        raise StaleVersion(f"place/{place_id}")
    plan = VillagePlan(place_id, seen + 1, leader, measures, from_on, until_on, uow.clock.now())
    await uow.responsibilities.write_plan(plan, by=official.id)
    await _record(uow, official, "village_plan_written", place_id, version=plan.version)


async def hold_to_account(
    uow: UnitOfWork,
    official: Official,
    place_id: int,
    *,
    level: str,
    ground: str,
    measure: str,
    decided_on: date | None,
    who: str,
    organ: str,
    document: str,
    what: str,
) -> None:
    """Record that an organ held somebody to account; the row is never changed.

    Raises:
        BadInput: Something is missing, unknown, or the day is to come.
    """
    _require(official, Permission.LEAD_UNIT)
    await uow.begin()
    await _place(uow, official, place_id)
    for field, value, known in (
        ("account_level", level, LEVELS),
        ("account_ground", ground, ACCOUNTABILITY_GROUNDS),
        ("account_measure", measure, ACCOUNTABILITY_MEASURES),
    ):
        if value not in known:
            raise BadInput(field, "unknown")
    if decided_on is None or decided_on > local_date(uow.clock.now()):
        raise BadInput("decided_on", "no_date")
    words = (
        worded("account_who", who, shortest=2, longest=LONGEST_NAME),
        worded("account_organ", organ, shortest=2, longest=LONGEST_POST),
        worded("account_document", document, shortest=2, longest=LONGEST),
        worded("account_what", what, shortest=4, longest=LONGEST),
    )
    await uow.responsibilities.hold_to_account(
        place_id, level=level, ground=ground, measure=measure, decided_on=decided_on, words=words, by=official.id
    )
    await _record(uow, official, "accountability_recorded", place_id, level=level)


async def absences(uow: UnitOfWork, official: Official) -> AbsencePage:
    """Who is away at the official's place and below; the look is an event."""
    _require(official, Permission.SEE_ELECTIONS)
    today = local_date(uow.clock.now())
    found = await uow.responsibilities.absences(official.place_path, from_on=today)
    mine = [one for one in await uow.responsibilities.absences(from_on=today) if one.deputy_id == official.id]
    now = tuple(one for one in mine if one.from_on <= today)
    await reading.of_list(uow, official, "absences", shown=len(found))
    return AbsencePage(tuple(found), now, await _election_people(uow, official))


async def be_away(
    uow: UnitOfWork,
    official: Official,
    *,
    who: int | None,
    kind: str,
    from_on: date | None,
    until_on: date | None,
    deputy: int | None,
) -> None:
    """Enter an absence with a deputy, who gets what the absent one would get.

    Raises:
        BadInput: Somebody or a day is missing; the deputy is the absent one, may do less, or is away then too.
    """
    _require(official, Permission.SEE_ELECTIONS)
    await uow.begin()
    people = {one.id: one for one in await _election_people(uow, official)}
    if who not in people or (who != official.id and not may(official.role, Permission.RUN_ELECTIONS)):
        raise BadInput("absent", "unknown")
    if kind not in ABSENCE_KINDS:
        raise BadInput("absence_kind", "unknown")
    first, last = _span(from_on, until_on, local_date(uow.clock.now()))
    if deputy == who:
        raise BadInput("deputy", "same")
    stand_in = await uow.officials.get(deputy) if deputy is not None else None
    if stand_in is None or not _may_stand_in(stand_in, people[who]):
        raise BadInput("deputy", "unfit")
    meanwhile = [one for one in await uow.responsibilities.absences(from_on=first) if one.from_on <= last]
    away = {one.official_id for one in meanwhile}
    if who in away:
        raise BadInput("absent", "away_already")
    if stand_in.id in away:
        raise BadInput("deputy", "away")
    absence_id = await uow.responsibilities.add_absence(
        who, kind=kind, from_on=first, until_on=last, deputy_id=stand_in.id, by=official.id
    )
    await uow.log.record(
        actor=f"official/{official.id}", act="absence_entered", subject=f"official/{who}", absence=absence_id
    )


async def come_back(uow: UnitOfWork, official: Official, absence_id: int) -> None:
    """Somebody is back: today is the last day away, or the first that was entered if that is later.

    Raises:
        NotFound: There is no such absence, or it is not theirs to end.
    """
    _require(official, Permission.SEE_ELECTIONS)
    await uow.begin()
    today = local_date(uow.clock.now())
    found = await uow.responsibilities.absences(official.place_path, from_on=today)
    one = next((one for one in found if one.id == absence_id), None)
    if one is None or (one.official_id != official.id and not may(official.role, Permission.RUN_ELECTIONS)):
        raise NotFound("absence")
    await uow.responsibilities.end_absence(absence_id, max(one.from_on, today))
    await uow.log.record(
        actor=f"official/{official.id}", act="absence_ended", subject=f"official/{one.official_id}", absence=absence_id
    )


def _span(from_on: date | None, until_on: date | None, today: date) -> tuple[date, date]:
    if from_on is None:
        raise BadInput("away_from", "no_date")
    if until_on is None:
        raise BadInput("away_until", "no_date")
    if until_on < from_on:
        raise BadInput("away_until", "before_it_begins")
    if until_on < today:
        raise BadInput("away_until", "past")
    return from_on, until_on


def _may_stand_in(deputy: Official, absent: Official) -> bool:
    """Whether a deputy sees what the absent one would see, and may do what they do for elections."""
    needed = [one for one in _ELECTION_WORK if may(absent.role, one)]
    return (
        deputy.active and covers(deputy.place_path, absent.place_path) and all(may(deputy.role, one) for one in needed)
    )


def _measures(lines: Sequence[tuple[str, str, date | None]]) -> tuple[Measure, ...]:
    measures = []
    for what, who, due_on in lines[:MOST_MEASURES]:
        if not what.strip() and not who.strip() and due_on is None:
            continue
        if not what.strip() or not who.strip() or due_on is None:
            raise BadInput("measures", "half")
        if len(what) > LONGEST or len(who) > LONGEST_NAME:
            raise BadInput("measures", "too_long")
        measures.append(Measure(what.strip(), who.strip(), due_on))
    if not measures:
        raise BadInput("measures", "none")
    return tuple(measures)


async def _views(uow: UnitOfWork, places: Sequence[Place]) -> list[PlaceView]:
    ids = [one.id for one in places]
    if not ids:
        return []
    answering = await uow.responsibilities.answering(ids)
    judged, plans = await uow.responsibilities.judged(ids), await uow.responsibilities.plans(ids)
    away = await stand_ins(uow)
    names = {one.id: one.display_name for one in await uow.officials.all()} if away else {}
    elections: dict[int, Election] = {}
    for one in await uow.elections.of_places(ids):
        elections[one.place_id] = one
    standing_in = {absent: names[deputy] for absent, deputy in away.items()}
    return [
        PlaceView(
            place,
            tuple(one for one in answering if one.place_id == place.id),
            standing_in,
            judged.get(place.id),
            plans.get(place.id),
            elections.get(place.id),
        )
        for place in places
    ]


async def _place(uow: UnitOfWork, official: Official, place_id: int) -> Place:
    place = await uow.places.get(place_id)
    if place is None or place.kind not in ("village", "community") or not covers(official.place_path, place.path):
        raise NotFound("place")
    return place


async def _people_over(uow: UnitOfWork, place_path: str) -> tuple[Official, ...]:
    """Officials with a hand in elections who answer for a place."""
    everybody = await uow.officials.all()
    return tuple(
        one
        for one in everybody
        if one.active and may(one.role, Permission.SEE_ELECTIONS) and covers(one.place_path, place_path)
    )


async def _election_people(uow: UnitOfWork, official: Official) -> tuple[Official, ...]:
    """Officials with election work at the official's place, below it, or above it."""
    everybody = await uow.officials.all()
    return tuple(
        one
        for one in everybody
        if one.active
        and may(one.role, Permission.SEE_ELECTIONS)
        and (covers(official.place_path, one.place_path) or covers(one.place_path, official.place_path))
    )


def _require(official: Official, permission: Permission) -> None:
    if not (official.active and may(official.role, permission)):
        raise NotAllowed


async def _record(uow: UnitOfWork, official: Official, act: str, place_id: int, **detail: object) -> None:
    await uow.log.record(actor=f"official/{official.id}", act=act, subject=f"place/{place_id}", **detail)
