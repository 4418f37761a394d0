"""A fictional county to try everything on. Nothing in it is real; people are called 甲, 乙, 丙.

It is built through the same use cases as real work, on a clock that walks through the last six weeks, so that its
dates, flags, refusals and log are what the system itself would have written.
"""

import secrets
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from handlers.services import cases, commitments, elections
from handlers.services.access import Access
from handlers.services.reports import ANSWER_WORKING_DAYS
from knowledge.calendar import load_calendar
from knowledge.casework.access import Role
from knowledge.casework.classification import Classifier, ReportFacts
from knowledge.casework.lifecycle import CaseState, Finding
from knowledge.clock import local_date
from knowledge.elections.commitments import load_packs
from knowledge.errors import QingfengError
from knowledge.model import Kind
from storage import deployment
from storage.ids import readable_code
from storage.outbox import Recipient
from storage.repositories.cases import CaseFlag, seal_for
from storage.repositories.entries import Source, Wording
from storage.repositories.officials import Official
from storage.repositories.people import Person
from storage.repositories.places import Place
from storage.unit_of_work import Storage, UnitOfWork

COUNTY: Final = "cn/demo"
HISTORY_DAYS: Final = 42
PACK: Final = "three_commitments"

PLACES: Final = (
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
OFFICIALS: Final = (
    ("clerk", Role.VILLAGE_CLERK, "cn/demo/qinghe/xiangyang", "向阳村 换届联络员 丁"),
    ("town", Role.TOWNSHIP_STAFF, "cn/demo/qinghe", "青河镇 换届办 甲"),
    ("town2", Role.TOWNSHIP_STAFF, "cn/demo/yunling", "云岭镇 换届办 乙"),
    ("discipline", Role.DISCIPLINE_OFFICIAL, COUNTY, "县纪委 经办 甲"),
    ("discipline2", Role.DISCIPLINE_OFFICIAL, COUNTY, "县纪委 经办 乙"),
    ("leader", Role.DISCIPLINE_LEADER, COUNTY, "县纪委 负责人 丙"),
    ("superior", Role.SUPERIOR, "cn", "市纪委 督办 甲"),
    ("custodian", Role.CUSTODIAN, COUNTY, "身份保管员 甲"),
    ("auditor", Role.AUDITOR, COUNTY, "审计员 甲"),
    ("admin", Role.ADMINISTRATOR, COUNTY, "系统管理员 甲"),
)
#: What happened, who, when, where, how known. Each is told of another village and another person below.
STORIES: Final = (
    ("{who}晚上带人挨家送烟，每户两条，说选主任的时候投他一票。", "前天晚上", "村东头", "亲眼看到"),
    ("{who}在微信群里发红包，一个晚上发了30个，每个50元，让大家选他。", "上周六晚上", "村微信群", "我自己收到了"),
    ("{who}请四十多人在饭店吃饭，吃完说换届多帮忙。", "本月初三中午", "镇上饭店", "亲眼看到"),
    ("{who}给外出打工的人报销来回车票，条件是回来投他。", "上个月底", "", "听别人说的"),
    ("{who}把老人的委托书收走，自己填了名字，一共收了二十几张。", "前天上午", "老年活动室", "亲眼看到"),
    ("{who}许诺当选后给每户装一个净水器，已经让人登记了。", "这几天", "村口小卖部", "我自己收到了"),
    ("选民名单贴出来没有我家三口人，问了也没人管。", "大前天", "村务公开栏", "亲眼看到"),
    ("{who}的离任审计一直没有公布，账目不清就要开始选。", "", "村委会", "听别人说的"),
    ("邻居盖房占了我家的地，村里不给解决。", "去年", "", "亲眼看到"),
    ("路灯坏了三个月没人修。", "", "村西头", "亲眼看到"),
)
SURNAMES: Final = "张王李赵陈刘周吴郑孙"
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
        places = {path: await uow.places.add(path=path, kind=kind, name=name) for path, kind, name in PLACES}
        seats = {seat.official.username: seat for seat in [await _seat(uow, access, row) for row in OFFICIALS]}
        await uow.commit()
    await _tell_stories(past, clock, today, places, seats, classifier)
    clock.walk_to(today - timedelta(days=1))
    await _hold_elections(past, places, seats, local_date(today))
    await _ask_questions(past, places)
    await _write_entry(past, seats["town"].official)
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
    if path == "cn" and await uow.places.by_path(path) is None:
        await uow.places.add(path=path, kind="county", name="上级")
    seat = await access.create_official(
        uow, username=username, display_name=name, role=role, place_path=path, password=password
    )
    return DemoSeat(seat.official, password, seat.totp_secret)


async def _tell_stories(
    past: Storage,
    clock: WalkingClock,
    today: datetime,
    places: dict[str, Place],
    seats: dict[str, DemoSeat],
    classifier: Classifier,
) -> None:
    villages = [place for path, place in sorted(places.items()) if place.kind in ("village", "community")]
    ends = (
        CaseState.CLOSED,
        CaseState.AWAITING_APPROVAL,
        CaseState.INVESTIGATING,
        CaseState.ACCEPTED,
        CaseState.RECEIVED,
    )
    for number in range(30):
        clock.walk_to(today - timedelta(days=HISTORY_DAYS - number * 1.3))
        place, story = villages[number % len(villages)], STORIES[number % len(STORIES)]
        case = await _report(past, place, story, number, classifier)
        await _work(past, case, ends[(number * 3 + number // 10) % len(ends)], number, seats)


async def _report(
    past: Storage, place: Place, story: tuple[str, str, str, str], number: int, classifier: Classifier
) -> str:
    who = f"{SURNAMES[number % len(SURNAMES)]}某"
    what, when, where, how_known = story
    what = what.format(who=who)
    named = number % 3 != 1
    facts = ReportFacts(
        what=what,
        who=who if who in what else "",
        place=place.name,
        when=when,
        where=where,
        how_known=how_known,
        has_name=named,
        has_contact=named,
        distinct_reporters=6 if number == 21 else 1,  # noqa: PLR2004 - one village is in uproar
    )
    async with past.unit_of_work() as uow:
        case_number = readable_code("QF")
        due_on = load_calendar().add_working_days(local_date(uow.clock.now()), ANSWER_WORKING_DAYS)
        case_id = await uow.cases.open_case(
            number=case_number,
            place_id=place.id,
            narrative={"what": what, "who": facts.who, "when": when, "where": where, "how_known": how_known},
            reported_person=facts.who,
            rule_version=classifier.rule_version,
            answer_due_on=due_on,
        )
        for flag in classifier.judge(facts):
            kept = CaseFlag(flag.category, flag.reasons, classifier.rule_version)
            await uow.cases.add_flag(case_id, kept, {"demo": number})
        if named:
            keys = {custodian: pair.public_key for custodian, pair in (await uow.officials.custodians()).items()}
            await uow.cases.seal_identity(case_id, seal_for(keys, f"演示人{number}", f"演示号码{number}"))
        await uow.log.record(actor="reporter", act="report_submitted", subject=f"case/{case_number}")
        await uow.commit()
    return case_number


async def _work(past: Storage, number: str, end: CaseState, turn: int, seats: dict[str, DemoSeat]) -> None:
    """Bring a case as far as the story wants, by the desk's own use cases."""
    official = seats["discipline" if turn % 2 else "discipline2"].official
    leader = seats["leader"].official
    async with past.unit_of_work() as uow:
        case = await uow.cases.by_number(number)
        if case is None or end is CaseState.RECEIVED:
            return
        if not case.flags:
            where = "这件事不归换届监督管。请到镇里的信访窗口反映，带上身份证明和有关材料。"
            await cases.guide_elsewhere(uow, official, number, where)
            await uow.commit()
            return
        await cases.accept(uow, official, number)
        if end is not CaseState.ACCEPTED:
            await _investigate(uow, official, number, turn, submit=end is not CaseState.INVESTIGATING)
        if end is CaseState.CLOSED:
            await cases.approve_finding(uow, leader, number)
        await uow.commit()


async def _investigate(uow: UnitOfWork, official: Official, number: str, turn: int, *, submit: bool) -> None:
    await cases.start_investigation(uow, official, number)
    await cases.add_evidence(uow, official, number, f"走访记录：走访{8 + turn % 5}户，谈话{3 + turn % 3}人")
    if submit:
        finding = list(Finding)[turn % len(Finding)]
        await cases.submit_finding(uow, official, number, finding, "走访和谈话已完成，各方说法写入笔录，结论见附件。")


async def _hold_elections(past: Storage, places: dict[str, Place], seats: dict[str, DemoSeat], today: date) -> None:
    pack = load_packs()[PACK]
    ids: dict[str, int] = {}
    async with past.unit_of_work() as uow:
        for path, (days, due) in ELECTION_DAYS.items():
            day = today + timedelta(days=days)
            ids[path] = await uow.elections.add(
                place_id=places[path].id,
                state="finished" if days < -10 else "running",  # noqa: PLR2004 - handover is over then
                election_day=day,
                commitments_due_on=today + timedelta(days=due),
                pack=pack.pack,
                pack_version=pack.version,
            )
            await elections.open_timetable(uow, ids[path], day)
            town = seats["town" if "/qinghe/" in path else "town2"].official
            for task in await uow.elections.tasks(ids[path]):
                late_one = path.endswith("hedong") and task.code == "roll_published"
                if task.due_on <= today and not late_one:
                    await elections.finish_task(uow, town, ids[path], task.id)
        await uow.commit()
    for turn, (path, name, office, signed) in enumerate(CANDIDATES):
        town = seats["town" if "/qinghe/" in path else "town2"].official
        await _candidate(past, ids[path], name, office, signed, turn, town)


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
