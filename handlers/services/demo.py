"""A fictional county to try everything on. Nothing in it is real; people are called 甲, 乙, 丙.

It is built through the same use cases as real work, on a clock that walks through the last six weeks, so that its
dates, flags, refusals and log are what the system itself would have written. The reports are in demo_cases.py, what
comes before an election starts in demo_preparations.py.
"""

import secrets
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from handlers.services import commitments, elections, gates
from handlers.services.access import Access
from handlers.services.demo_cases import Cast, happenings
from handlers.services.demo_preparations import Preparations
from handlers.services.intake import Intake
from knowledge.casework.access import Permission, Role, may
from knowledge.casework.classification import Classifier
from knowledge.clock import local_date
from knowledge.elections.commitments import load_packs
from knowledge.errors import QingfengError
from knowledge.model import Kind
from storage import deployment
from storage.outbox import Recipient
from storage.repositories.entries import Source, Wording
from storage.repositories.officials import Official
from storage.repositories.people import Person
from storage.repositories.places import Place
from storage.unit_of_work import Storage, UnitOfWork

COUNTY: Final = "cn/demo"
HISTORY_DAYS: Final = 42
PACK: Final = "three_commitments"

PLACES: Final = (
    ("cn", "county", "清江市"),
    (COUNTY, "county", "清溪县"),
    ("cn/demo/qinghe", "town", "青河镇"),
    ("cn/demo/qinghe/xiangyang", "village", "向阳村"),
    ("cn/demo/qinghe/hedong", "village", "河东村"),
    ("cn/demo/qinghe/shiqiao", "community", "石桥社区"),
    ("cn/demo/yunling", "town", "云岭镇"),
    ("cn/demo/yunling/songgang", "village", "松岗村"),
    ("cn/demo/yunling/bailu", "village", "白鹭村"),
    ("cn/demo/yunling/meihua", "village", "梅花村"),
)
#: Qinghe has discipline officials of its own; reports about Yunling are the county's. Above both is the city.
OFFICIALS: Final = (
    ("clerk", Role.VILLAGE_CLERK, "cn/demo/qinghe/xiangyang", "向阳村 换届联络员 丁"),
    ("town", Role.TOWNSHIP_STAFF, "cn/demo/qinghe", "青河镇 换届办 甲"),
    ("town2", Role.TOWNSHIP_STAFF, "cn/demo/yunling", "云岭镇 换届办 乙"),
    ("towndiscipline", Role.DISCIPLINE_OFFICIAL, "cn/demo/qinghe", "青河镇纪委 经办 甲"),
    ("townleader", Role.DISCIPLINE_LEADER, "cn/demo/qinghe", "青河镇纪委 负责人 乙"),
    ("discipline", Role.DISCIPLINE_OFFICIAL, COUNTY, "县纪委 经办 甲"),
    ("discipline2", Role.DISCIPLINE_OFFICIAL, COUNTY, "县纪委 经办 乙"),
    ("leader", Role.DISCIPLINE_LEADER, COUNTY, "县纪委 负责人 丙"),
    ("citydiscipline", Role.DISCIPLINE_OFFICIAL, "cn", "市纪委 经办 甲"),
    ("cityleader", Role.DISCIPLINE_LEADER, "cn", "市纪委 负责人 乙"),
    ("superior", Role.SUPERIOR, "cn", "市纪委 督办 甲"),
    ("superior2", Role.SUPERIOR, "cn", "市纪委 督办 乙"),
    ("custodian", Role.CUSTODIAN, COUNTY, "身份保管员 甲"),
    ("custodian2", Role.CUSTODIAN, COUNTY, "身份保管员 乙"),
    ("auditor", Role.AUDITOR, COUNTY, "审计员 甲"),
    ("admin", Role.ADMINISTRATOR, COUNTY, "系统管理员 甲"),
)
#: Heads of their bodies and the post a report may call them by: one that does goes to the level above.
HEADS: Final = {"townleader": "青河镇纪委书记", "leader": "县纪委书记", "cityleader": "市纪委书记"}
#: Whom officials declared: kind, relation, name, village. They never see what is reported about these.
KIN: Final = {
    "discipline2": (("relative", "妹夫", "周某", ""), ("interest", "老家", "梅花村", "cn/demo/yunling/meihua")),
}
#: Who takes what comes from eight to eight, on which weekdays (0 is Monday).
DUTY: Final = (
    (COUNTY, "discipline", (0, 2, 4, 6)),
    (COUNTY, "discipline2", (1, 3, 5)),
    ("cn/demo/qinghe", "towndiscipline", tuple(range(7))),
)
DUTY_MINUTES: Final = (8 * 60, 20 * 60)
CANDIDATES: Final = (
    ("cn/demo/qinghe/xiangyang", "王甲一", "chair", 3),
    ("cn/demo/qinghe/xiangyang", "李甲二", "chair", 2),
    ("cn/demo/qinghe/xiangyang", "赵甲三", "member", 0),
    ("cn/demo/qinghe/hedong", "陈乙一", "chair", 1),
    ("cn/demo/qinghe/hedong", "刘乙二", "member", 3),
    ("cn/demo/qinghe/shiqiao", "周丙一", "chair", -1),
    ("cn/demo/yunling/songgang", "吴丁一", "chair", 3),
    ("cn/demo/yunling/bailu", "郑戊一", "member", -1),
)
#: Days from today to election day, and to the day commitments are due.
ELECTION_DAYS: Final = {
    "cn/demo/qinghe/xiangyang": (10, 2),
    "cn/demo/qinghe/hedong": (16, 8),
    "cn/demo/qinghe/shiqiao": (24, 16),
    "cn/demo/yunling/songgang": (-4, -12),
    "cn/demo/yunling/bailu": (33, 25),
    "cn/demo/yunling/meihua": (38, 30),
}
#: What waits for a person, each asked by another one: the village, and the words. Three ask the same.
QUESTIONS: Final = (
    ("cn/demo/qinghe/xiangyang", "我在外省打工，能不能叫村里邻居帮我投？"),
    ("cn/demo/qinghe/xiangyang", "选举那天村里派车接老人吗？"),
    ("cn/demo/qinghe/hedong", "投票那天村里有车接老人吗？"),
    ("cn/demo/qinghe/xiangyang", "选举那天村里派不派车接老人"),
    ("cn/demo/qinghe/hedong", "投票那天村里管不管午饭？"),
)
#: Answered by the bot, to no use.
USELESS: Final = ("cn/demo/qinghe/shiqiao", "我户口在镇上，人住石桥社区，到底在哪边投？", "away-registration")
#: An entry that one official wrote and another has to review.
ENTRY: Final = Wording(
    place_path="cn/demo/qinghe",
    kind=Kind.BOTH,
    label="流动票箱几点来",
    questions=("流动票箱几点到我家", "上门投票大概几点", "票箱几点钟上门", "流动票箱来之前打不打电话"),
    answer="投票那天上午九点到十一点上门。来之前村里会打电话。",
    more="要上门的，投票前三天跟村选举委员会说一声。两个人一起来，票当面投进箱子。",
    sources=(Source(name="青河镇选举日工作安排（演示）", dated=date(2026, 3, 2)),),
    in_force_from=date(2026, 3, 2),
    in_force_until=None,
)


class NotEmpty(QingfengError):
    """The database holds data; a demo would mix with it."""

    code = "not_empty"


@dataclass(frozen=True, slots=True)
class DemoSeat:
    """A demo official and how to sign in. The password is random and told once."""

    official: Official
    password: str
    totp_secret: str


class WalkingClock:
    """A clock that stands where the story is told."""

    def __init__(self, start: datetime) -> None:
        self._now = start

    def now(self) -> datetime:
        """The story's present."""
        return self._now

    def walk_to(self, instant: datetime) -> None:
        """Forward only."""
        self._now = max(self._now, instant)


async def build_demo(storage: Storage, access: Access, classifier: Classifier) -> list[DemoSeat]:
    """Fill an empty database.

    Raises:
        NotEmpty: Somebody has put something in.
    """
    if not await deployment.is_empty(storage):
        raise NotEmpty
    today = storage.clock.now()
    clock = WalkingClock(today - timedelta(days=HISTORY_DAYS))
    past = Storage(storage.database, storage.keys, storage.files, clock)
    async with past.unit_of_work() as uow:
        await commitments.publish_packs(uow)
        await gates.publish(uow)
        places = {path: await uow.places.add(path=path, kind=kind, name=name) for path, kind, name in PLACES}
        seats = {seat.official.username: seat for seat in [await _seat(uow, access, row) for row in OFFICIALS]}
        officials = {name: seat.official for name, seat in seats.items()}
        await _declare(uow, officials, places)
        await _put_on_duty(uow, officials, places)
        held = await _call_elections(uow, places, local_date(today))
        preparations = Preparations(held, officials, places)
        await preparations.prepare(uow)
        await uow.commit()
    await _tell_stories(past, clock, today, Cast(officials, places, Intake(classifier)))
    clock.walk_to(today - timedelta(days=1))
    await _hold_elections(past, held, officials, local_date(today))
    async with past.unit_of_work() as uow:
        await preparations.look_back(uow)
        await uow.commit()
    await _ask_questions(past, places)
    await _write_entry(past, officials["town"])
    await deployment.put(storage, deployment.DEMO, "1")
    return list(seats.values())


async def demo_links(storage: Storage, base_url: str) -> list[tuple[str, str, str]]:
    """Fresh one-time sign-in links for a demo county: (role, name, link); nothing elsewhere."""
    if await deployment.get(storage, deployment.DEMO) is None:
        return []
    access = Access(time_cost=1, memory_kib=8)  # makes links only, hashes no password
    async with storage.unit_of_work() as uow:
        links = [
            (str(one.role), one.display_name, f"{base_url}/desk/link/{await access.make_link(uow, one)}")
            for one in await uow.officials.all()
            if one.active
        ]
        await uow.commit()
    return links


async def _seat(uow: UnitOfWork, access: Access, row: tuple[str, Role, str, str]) -> DemoSeat:
    username, role, path, name = row
    password = secrets.token_urlsafe(12)
    seat = await access.create_official(
        uow,
        username=username,
        display_name=name,
        role=role,
        place_path=path,
        password=password,
        is_head=username in HEADS,
    )
    return DemoSeat(seat.official, password, seat.totp_secret)


async def _declare(uow: UnitOfWork, officials: dict[str, Official], places: dict[str, Place]) -> None:
    """Posts, relatives and interests; everybody who reads reports says that the list is complete."""
    for username, post in HEADS.items():
        await uow.recusals.set_aliases(officials[username].id, (), (post,))
    for username, declared in KIN.items():
        for kind, relation, name, path in declared:
            place_id = places[path].id if path else None
            await uow.recusals.add_kin(
                officials[username].id, kind=kind, relation=relation, name=name, place_id=place_id
            )
    for official in officials.values():
        if may(official.role, Permission.READ_CASES):
            await uow.recusals.confirm_declaration(official.id)


async def _put_on_duty(uow: UnitOfWork, officials: dict[str, Official], places: dict[str, Place]) -> None:
    begins, ends = DUTY_MINUTES
    for path, username, weekdays in DUTY:
        for weekday in weekdays:
            await uow.roster.add(
                places[path].id, officials[username].id, weekday=weekday, from_minute=begins, to_minute=ends
            )


async def _tell_stories(past: Storage, clock: WalkingClock, today: datetime, cast: Cast) -> None:
    for instant, tale, act in happenings(today):
        clock.walk_to(instant)
        async with past.unit_of_work() as uow:
            await act(uow, tale, cast)
            await uow.commit()


async def _call_elections(uow: UnitOfWork, places: dict[str, Place], today: date) -> dict[str, int]:
    """Elections are called before anybody reports anything: a report shortly before one is urgent."""
    pack = load_packs()[PACK]
    held: dict[str, int] = {}
    for path, (days, due) in ELECTION_DAYS.items():
        day = today + timedelta(days=days)
        held[path] = await uow.elections.add(
            place_id=places[path].id,
            election_day=day,
            commitments_due_on=today + timedelta(days=due),
            pack=pack.pack,
            pack_version=pack.version,
        )
        await elections.open_timetable(uow, held[path], day)
    return held


async def _hold_elections(past: Storage, held: dict[str, int], officials: dict[str, Official], today: date) -> None:
    async with past.unit_of_work() as uow:
        for path, election_id in held.items():
            town = officials["town" if "/qinghe/" in path else "town2"]
            for task in await uow.elections.tasks(election_id):
                late_one = path.endswith("hedong") and task.code == "roll_published"
                if task.due_on <= today and not late_one:
                    proof = "照片和记录存在乡镇（演示）" if task.needs_proof else ""
                    done_on = min(task.due_on, local_date(uow.clock.now()))
                    await elections.finish_task(uow, town, election_id, task.id, proof=proof, done_on=done_on)
        await uow.commit()
    for turn, (path, name, office, signed) in enumerate(CANDIDATES):
        town = officials["town" if "/qinghe/" in path else "town2"]
        await _candidate(past, held[path], name, office, signed, turn, town)


async def _candidate(
    past: Storage, election_id: int, name: str, office: str, signed: int, turn: int, town: Official
) -> None:
    """A candidate who signed so many papers; -1: has not opened the invitation."""
    async with past.unit_of_work() as uow:
        candidate = await commitments.create_candidate(uow, town, election_id=election_id, name=name, office=office)
        token = await commitments.invite(uow, town, candidate.id)
        if signed >= 0:
            key = uow.keys.index("person", f"demo/candidate/{turn}")
            who = Person(uow.ids.next(), key, Recipient("web", uow.ids.next()), is_new=True)
            await uow.people.add(who)
            await commitments.open_invitation(uow, who, token)
            for paper in load_packs()[PACK].commitments[:signed]:
                await commitments.sign(
                    uow, who, candidate_id=candidate.id, kind=paper.kind, typed_name=name, channel="web"
                )
        await uow.commit()


async def _ask_questions(past: Storage, places: dict[str, Place]) -> None:
    async with past.unit_of_work() as uow:
        for path, question in QUESTIONS:
            who = await _asker(uow, places[path])
            uow.inquiries.log(
                person_id=who.id, question=question, entry_id=None, score=0.0, state="waiting", place_id=who.place_id
            )
        path, question, entry_id = USELESS
        who = await _asker(uow, places[path])
        asked = uow.inquiries.log(
            person_id=who.id, question=question, entry_id=entry_id, score=0.7, state="answered", place_id=who.place_id
        )
        await uow.inquiries.judge(asked, who.id, useful=False)
        await uow.commit()


async def _asker(uow: UnitOfWork, place: Place) -> Person:
    chat = uow.ids.next()
    key = uow.keys.index("person", f"demo/asker/{chat}")
    who = Person(uow.ids.next(), key, Recipient("web", chat), place_id=place.id, is_new=True)
    await uow.people.add(who)
    return who


async def _write_entry(past: Storage, official: Official) -> None:
    async with past.unit_of_work() as uow:
        entry_id = await uow.entries.next_id()
        await uow.entries.add_version(entry_id, 1, ENTRY, author_id=official.id, from_inquiry=None)
        await uow.log.record(
            actor=f"official/{official.id}", act="entry_written", subject=f"entry/{entry_id}", version=1
        )
        await uow.commit()
