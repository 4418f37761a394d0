"""The reports of the demo county, from those that came in today to those that ended weeks ago.

Each is told in steps, by the use cases the desk and the chat use, at the hour at which it happened; the steps of all
reports are mixed as they would be. A new kind of thing to show is one more step, in `ROAD` or in `SIDEWAYS`.
"""

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from handlers.services import cases, disposals, flags, investigations, outcomes, recusals
from handlers.services.errors import NotFound
from handlers.services.intake import Intake, NewReport, begin_name
from knowledge.casework.access import Permission, Role, covers, may
from knowledge.casework.categories import Category
from knowledge.casework.lifecycle import Disposal, Finding, MeasureKind, StepKind
from knowledge.casework.names import AttemptOutcome, ContactMethod, NameState
from knowledge.clock import SHANGHAI, local_date
from storage.repositories.cases import Case
from storage.repositories.flags import CaseFlag
from storage.repositories.officials import Official
from storage.repositories.places import Place
from storage.unit_of_work import UnitOfWork

QINGHE: Final = "cn/demo/qinghe"
YUNLING: Final = "cn/demo/yunling"
#: What happened, when, where, how known.
ACCOUNTS: Final = {
    "cigarettes": ("{who}晚上带人挨家送烟，每户两条，说选主任的时候投他一票。", "前天晚上", "村东头", "亲眼看到"),
    "packets": (
        "{who}在微信群里发红包，一个晚上发了30个，每个50元，让大家选他。",
        "上周六晚上",
        "村微信群",
        "我自己收到了",
    ),
    "dinner": ("{who}请四十多人在饭店吃饭，吃完说换届多帮忙。", "本月初三中午", "镇上饭店", "亲眼看到"),
    "tickets": ("{who}给外出打工的人报销来回车票，条件是回来投他。", "上个月底", "", "听别人说的"),
    "proxies": ("{who}把老人的委托书收走，自己填了名字，一共收了二十几张。", "前天上午", "老年活动室", "亲眼看到"),
    "filters": ("{who}许诺当选后给每户装一个净水器，已经让人登记了。", "这几天", "村口小卖部", "我自己收到了"),
    "roll": ("选民名单贴出来没有我家三口人，问了也没人管。", "大前天", "村务公开栏", "亲眼看到"),
    "accounts": ("{who}的离任审计一直没有公布，账目不清就要开始选。", "", "村委会", "听别人说的"),
    "pressure": ("{who}打招呼，让村里照顾他的亲戚当选。", "上周", "村委会", "听别人说的"),
    "land": ("邻居盖房占了我家的地，村里不给解决。", "去年", "", "亲眼看到"),
    "lamps": ("路灯坏了三个月没人修。", "", "村西头", "亲眼看到"),
    "nothing": ("听说这次选举不太公道，别的说不上来。", "", "", "听别人说的"),
}


@dataclass(slots=True)
class Tale:
    """One report: how many days ago it came, about which village and whom, and where it stands today."""

    age: float
    village: str
    account: str
    who: str
    end: str
    named: bool = False
    via: str = "chat"
    finding: Finding = Finding.SUBSTANTIATED
    number: str = ""


_F: Final = Finding


def tales() -> list[Tale]:
    """The whole story, oldest first."""
    return [
        Tale(41.4, f"{QINGHE}/xiangyang", "cigarettes", "王某", "closed", named=True),
        Tale(40.6, f"{YUNLING}/songgang", "dinner", "张某", "closed", named=True, finding=_F.UNFOUNDED),
        Tale(39.9, f"{QINGHE}/hedong", "packets", "李某", "closed", finding=_F.PARTLY_SUBSTANTIATED),
        Tale(39.3, f"{YUNLING}/bailu", "lamps", "", "guided"),
        Tale(38.5, f"{YUNLING}/bailu", "tickets", "赵某", "closed", finding=_F.CANNOT_BE_VERIFIED),
        Tale(37.7, f"{QINGHE}/shiqiao", "land", "", "guided", via="walk_in"),
        Tale(36.4, f"{YUNLING}/meihua", "accounts", "周某", "reopened", named=True, finding=_F.UNFOUNDED),
        Tale(35.6, f"{QINGHE}/shiqiao", "nothing", "", "concluded"),
        Tale(34.5, f"{QINGHE}/hedong", "proxies", "陈某", "told", named=True),
        Tale(33.4, f"{YUNLING}/songgang", "filters", "刘某", "told", finding=_F.UNFOUNDED),
        Tale(32.6, f"{YUNLING}/meihua", "lamps", "", "guided", via="phone"),
        Tale(31.5, f"{QINGHE}/xiangyang", "roll", "", "closed", named=True, finding=_F.PARTLY_SUBSTANTIATED),
        Tale(29.7, f"{YUNLING}/bailu", "cigarettes", "吴某", "held"),
        Tale(28.4, f"{QINGHE}/shiqiao", "packets", "郑某", "approved", named=True),
        Tale(27.5, f"{YUNLING}/songgang", "tickets", "孙某", "approved", finding=_F.CANNOT_BE_VERIFIED),
        Tale(26.6, f"{YUNLING}/meihua", "dinner", "王某", "referred"),
        Tale(24.5, f"{QINGHE}/hedong", "filters", "李某", "submitted", named=True),
        Tale(23.7, f"{YUNLING}/bailu", "proxies", "张某", "submitted", finding=_F.UNFOUNDED),
        Tale(21.4, f"{YUNLING}/songgang", "pressure", "陈某", "investigating", named=True, via="letter"),
        Tale(19.6, f"{QINGHE}/xiangyang", "dinner", "赵某", "crowded"),
        Tale(17.5, f"{YUNLING}/meihua", "packets", "刘某", "investigating", named=True),
        Tale(15.7, f"{QINGHE}/xiangyang", "pressure", "青河镇纪委书记", "investigating"),
        Tale(14.4, f"{QINGHE}/shiqiao", "accounts", "周某", "proposed", named=True),
        Tale(12.6, f"{YUNLING}/songgang", "cigarettes", "吴某", "proposed"),
        Tale(10.5, f"{QINGHE}/hedong", "tickets", "郑某", "accepted", named=True, via="phone"),
        Tale(8.5, f"{YUNLING}/bailu", "roll", "", "accepted"),
        Tale(6.4, f"{QINGHE}/xiangyang", "proxies", "孙某", "accepted", named=True),
        Tale(4.6, f"{YUNLING}/meihua", "filters", "陈某", "registered"),
        Tale(3.5, f"{QINGHE}/hedong", "cigarettes", "王某", "registered", named=True, via="walk_in"),
        Tale(2.4, f"{YUNLING}/songgang", "packets", "李某", "received", named=True),
        Tale(1.6, f"{QINGHE}/shiqiao", "dinner", "张某", "received"),
        Tale(0.9, f"{YUNLING}/bailu", "filters", "赵某", "received", named=True),
        Tale(0.5, f"{QINGHE}/xiangyang", "packets", "刘某", "received", named=True),
        Tale(0.2, f"{QINGHE}/xiangyang", "lamps", "", "received"),
    ]


@dataclass(frozen=True, slots=True)
class Cast:
    """Who acts in the story, and the way in."""

    seats: dict[str, Official]
    places: dict[str, Place]
    intake: Intake

    async def at_work(self, uow: UnitOfWork, case: Case) -> Official:
        """Who works on a case: its handler, or somebody of its unit who does not stand back."""
        free = await cases.colleagues(uow, case)
        known = [one for one in free if one.id == case.handler_id]
        return (known or [one for one in free if one.place_path == case.unit_path])[0]

    async def second(self, uow: UnitOfWork, case: Case) -> Official:
        """Who decides about it: the nearest who may approve, does not work on it, and does not stand back."""
        recused = await uow.recusals.from_case(case.id)
        fit = [
            one
            for one in self.seats.values()
            if may(one.role, Permission.APPROVE_FINDINGS)
            and covers(one.place_path, case.unit_path)
            and one.id not in recused | {case.handler_id}
        ]
        return max(fit, key=lambda one: (len(one.place_path), one.role is Role.DISCIPLINE_LEADER))


Act = Callable[[UnitOfWork, Tale, Cast], Awaitable[None]]


def happenings(now: datetime) -> list[tuple[datetime, Tale, Act]]:
    """Everything that happens, in order of time, the last of it before `now`."""
    told = [one for tale in tales() for one in _of(tale, now)]
    return sorted(told, key=lambda one: one[0])


def _of(tale: Tale, now: datetime) -> Iterator[tuple[datetime, Tale, Act]]:
    """A report's own steps, in office hours, squeezed together where it is too young for them."""
    steps = [*ROAD[: ROAD_ENDS[tale.end]], *SIDEWAYS.get(tale.end, ())]
    squeezed = min(1.0, 0.9 * tale.age / max((days for days, _ in steps), default=1.0))
    at = now - timedelta(days=tale.age)
    yield at, tale, _file
    for days, act in steps:
        at = max(at + timedelta(minutes=5), _in_office(now - timedelta(days=tale.age - days * squeezed), now))
        yield at, tale, act


def _in_office(instant: datetime, now: datetime) -> datetime:
    """The same day between half past eight and half past five; today as it is."""
    local, today = instant.astimezone(SHANGHAI), now.astimezone(SHANGHAI).date()
    if local.date() == today:
        return instant
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    return (midnight + timedelta(hours=8.5) + (local - midnight) * 9 / 24).astimezone(UTC)


async def _file(uow: UnitOfWork, tale: Tale, cast: Cast) -> None:
    what, when, where, how_known = ACCOUNTS[tale.account]
    turn = uow.ids.next() % 1000
    clerk = cast.seats["town" if tale.village.startswith(QINGHE) else "town2"]
    place = cast.places[tale.village]
    narrative = {
        "what": what.format(who=tale.who),
        "who": tale.who,
        "when": when,
        "where": where,
        "how_known": how_known,
    }
    name = await begin_name(uow, place, narrative) if tale.named else None
    if name is not None:
        name = name.with_part("name", f"演示人{turn}").with_part("contact", f"演示号码{turn}")
    filed = await cast.intake.file(
        uow,
        NewReport(
            place=place,
            narrative=narrative,
            reported_person=tale.who,
            name=name,
            filed_via=tale.via,
            filed_by=None if tale.via == "chat" else clerk.id,
        ),
    )
    tale.number = filed.number


async def _register(uow: UnitOfWork, tale: Tale, cast: Cast) -> None:
    case = await _case(uow, tale)
    official = await cast.at_work(uow, case)
    await recusals.declare_clear(uow, official, tale.number)
    await cases.register(uow, official, tale.number)


async def _accept(uow: UnitOfWork, tale: Tale, cast: Cast) -> None:
    await cases.accept(uow, await cast.at_work(uow, await _case(uow, tale)), tale.number)


async def _check_name(uow: UnitOfWork, tale: Tale, cast: Cast) -> None:
    """A custodian calls; the reporter of a case that is told but cannot be closed yet was not reached."""
    case = await _case(uow, tale)
    if case.name_state is not NameState.CLAIMED:
        return
    outcome = AttemptOutcome.NOT_REACHED if tale.end == "told" else AttemptOutcome.CONFIRMED
    custodian = cast.seats["custodian"]
    await uow.identities.add_attempt(case.id, official_id=custodian.id, method=ContactMethod.CALL, outcome=outcome)
    if outcome is AttemptOutcome.CONFIRMED:
        await uow.cases.change(case, name_state=NameState.VERIFIED)


async def _propose(uow: UnitOfWork, tale: Tale, cast: Cast) -> None:
    kind, reason = OPINIONS.get(tale.end, (Disposal.PRELIMINARY_VERIFICATION, "时间、地点、经手人都说了，先核实。"))
    review_on = local_date(uow.clock.now()) + timedelta(days=40) if kind is Disposal.HOLD else None
    official = await cast.at_work(uow, await _case(uow, tale))
    await disposals.propose(uow, official, tale.number, kind, reason, review_on=review_on)


async def _decide(uow: UnitOfWork, tale: Tale, cast: Cast) -> None:
    leader = await cast.second(uow, await _case(uow, tale))
    await recusals.declare_clear(uow, leader, tale.number)
    await disposals.approve(uow, leader, tale.number)


async def _look_into_it(uow: UnitOfWork, tale: Tale, cast: Cast) -> None:
    official, day = await cast.at_work(uow, await _case(uow, tale)), local_date(uow.clock.now())
    await investigations.add_step(uow, official, tale.number, StepKind.VISIT, day, "走访八户，问了当天的情况。")
    await investigations.add_evidence(uow, official, tale.number, "走访记录一份，八户签字")
    if tale.account in ("accounts", "roll"):
        step = "调来村务公开栏的照片和会议记录。"
        await investigations.add_step(uow, official, tale.number, StepKind.DOCUMENTS, day, step)


async def _submit(uow: UnitOfWork, tale: Tale, cast: Cast) -> None:
    official = await cast.at_work(uow, await _case(uow, tale))
    await investigations.submit_finding(uow, official, tale.number, tale.finding, SUMMARIES[tale.finding])


async def _sign(uow: UnitOfWork, tale: Tale, cast: Cast) -> None:
    await investigations.approve_finding(uow, await cast.second(uow, await _case(uow, tale)), tale.number)


async def _recommend(uow: UnitOfWork, tale: Tale, cast: Cast) -> None:
    official = await cast.at_work(uow, await _case(uow, tale))
    kind, body, reason = MEASURES[tale.finding]
    if tale.end == "concluded":
        kind, body, reason = MeasureKind.NONE, "", "没有可以查的线索。"
    await outcomes.recommend(uow, official, tale.number, kind, body, reason)


async def _tell(uow: UnitOfWork, tale: Tale, cast: Cast) -> None:
    official = await cast.at_work(uow, await _case(uow, tale))
    await outcomes.tell_result(uow, official, tale.number, "查完了，情况已经报给有权处理的单位。谢谢您反映。")


async def _close(uow: UnitOfWork, tale: Tale, cast: Cast) -> None:
    await outcomes.close(uow, await cast.at_work(uow, await _case(uow, tale)), tale.number)


async def _guide(uow: UnitOfWork, tale: Tale, cast: Cast) -> None:
    official = await cast.at_work(uow, await _case(uow, tale))
    where = "这件事不归换届监督管。请到镇里的信访窗口反映，带上有关材料。"
    await cases.guide_elsewhere(uow, official, tale.number, where)


async def _refer(uow: UnitOfWork, tale: Tale, cast: Cast) -> None:
    await cases.refer(
        uow, await cast.at_work(uow, await _case(uow, tale)), tale.number, "清溪县公安局", noted="转给外单位：{}"
    )


async def _reopen(uow: UnitOfWork, tale: Tale, cast: Cast) -> None:
    official = await cast.at_work(uow, await _case(uow, tale))
    await cases.reopen(uow, official, tale.number, "反映人交来了新的账页照片。", noted="重新办理：{}")


async def _crowd(uow: UnitOfWork, tale: Tale, cast: Cast) -> None:
    """People came in numbers; an official says so."""
    official = await cast.at_work(uow, await _case(uow, tale))
    flag = CaseFlag(Category.MASS_REACTION, ("一天有九个人来说同一件事",), "by_hand")
    await flags.add_flag(uow, official, tale.number, flag)


async def _case(uow: UnitOfWork, tale: Tale) -> Case:
    case = await uow.cases.by_number(tale.number)
    if case is None:
        raise NotFound("case")
    return case


#: The main road: days after the report came, and what happens then.
ROAD: Final[tuple[tuple[float, Act], ...]] = (
    (0.4, _register),
    (0.8, _accept),
    (2.0, _check_name),
    (3.0, _propose),
    (4.0, _decide),
    (5.5, _look_into_it),
    (8.0, _submit),
    (9.0, _sign),
    (10.0, _recommend),
    (10.5, _tell),
    (12.0, _close),
)
#: How far along it a report gets, by where it stands today.
ROAD_ENDS: Final = {
    "received": 0,
    "guided": 1,
    "registered": 1,
    "accepted": 2,
    "referred": 3,
    "proposed": 4,
    "held": 5,
    "concluded": 5,
    "investigating": 6,
    "crowded": 6,
    "submitted": 7,
    "approved": 8,
    "told": 10,
    "closed": 11,
    "reopened": 11,
}
#: What happens to some beside the main road, or after it.
SIDEWAYS: Final[dict[str, tuple[tuple[float, Act], ...]]] = {
    "guided": ((1.2, _guide),),
    "referred": ((2.5, _refer),),
    "concluded": ((6.0, _recommend), (6.5, _tell), (7.0, _close)),
    "crowded": ((7.0, _crowd),),
    "reopened": ((20.0, _reopen), (21.0, _propose), (22.0, _decide), (24.0, _look_into_it)),
}
OPINIONS: Final = {
    "held": (Disposal.HOLD, "关键的人外出打工，过一阵回来再问。"),
    "concluded": (Disposal.CONCLUDE, "没说时间、地点和人，问不出更多。"),
}
SUMMARIES: Final = {
    Finding.SUBSTANTIATED: "走访八户，六户的说法对得上，和材料也对得上。",
    Finding.PARTLY_SUBSTANTIATED: "走访八户，有三户的说法对得上，另外几件没查到。",
    Finding.UNFOUNDED: "走访八户，当天在场的人都说没有这回事，材料也对不上。",
    Finding.CANNOT_BE_VERIFIED: "能找的人都找了，说法不一样，没有别的材料可以对。",
}
MEASURES: Final = {
    Finding.SUBSTANTIATED: (MeasureKind.CANCEL_CANDIDACY, "村选举委员会", "按调查结论提出，请依法决定。"),
    Finding.PARTLY_SUBSTANTIATED: (MeasureKind.CRITICISM, "镇党委", "按调查结论提出。"),
    Finding.UNFOUNDED: (MeasureKind.CLEAR_NAMES, "所在村党组织", "反映不实，经批准后在村里说明。"),
    Finding.CANNOT_BE_VERIFIED: (MeasureKind.NONE, "", "证据不够，不作处理；有新线索再查。"),
}
