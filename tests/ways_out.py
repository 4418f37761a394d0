"""Every way by which a case could come to an end, or be lost from sight, each through the product's own entry.

A way is one small function that tries all it can on `ground.case`. On a flagged case that nobody investigated it must
be refused or without effect. `control` says on what kind of case the same way does work, and `worked` how one sees it,
so that a way that does nothing at all is found out.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from importlib import import_module
from inspect import getmembers, iscoroutinefunction, signature
from pkgutil import iter_modules
from typing import Any

from sqlalchemy import text

from handlers import jobs
from handlers.services import (
    cases,
    disposals,
    flags,
    handovers,
    investigations,
    links,
    outcomes,
    oversight,
    retention,
    seats,
    transfers,
)
from handlers.services.filing import Filings
from handlers.services.intake import CODE_GROUPS, Intake
from handlers.services.places import BadRow
from handlers.services.reports import Reports
from knowledge.casework.access import Role
from knowledge.casework.categories import load_categories
from knowledge.casework.classification import Classifier
from knowledge.casework.lifecycle import CLOSED_STATES, CaseState, Finding
from knowledge.casework.replies import load_replies
from knowledge.errors import QingfengError
from storage.clamav import ClamAV
from storage.ids import readable_code
from storage.log_heads import LogHead
from storage.repositories.cases import Case
from storage.repositories.officials import Official
from storage.unit_of_work import Storage, UnitOfWork
from tests import attacks, factories
from tests.channels import open_site
from tests.desk_site import DeskSite

GUIDANCE, RESULT = "请到乡镇信访窗口反映这件事", "查过了，没有发现问题，这件事办完了。"
LONG_AGO = "2000-01-01"


@dataclass
class Ground:
    """One case as far as it has come, an earlier unflagged one beside it, and the people around them."""

    site: DeskSite
    case: Case
    earlier: Case
    handler: Official
    leader: Official
    above: Official
    below: Official
    code: str
    #: What a way wants its control to see afterwards.
    seen: dict[str, Any] = field(default_factory=dict)

    @property
    def storage(self) -> Storage:
        return self.site.storage

    @property
    def number(self) -> str:
        return self.case.number

    async def tried(self, act: Callable[[UnitOfWork], Awaitable[Any]]) -> Any:
        """Run an act in a unit of work of its own; our refusals are an answer, anything else is a fault."""
        async with self.storage.unit_of_work() as uow:
            try:
                result = await act(uow)
                await uow.commit()
            except QingfengError as refused:
                return refused
        return result

    async def present(self, case: Case | None = None) -> Case | None:
        """The case as it stands now; None when it is gone."""
        async with self.storage.unit_of_work() as uow:
            return await uow.cases.by_id((case or self.case).id)

    async def ended(self) -> bool:
        """Whether the case, or what it was merged into, has ended or is gone."""
        now = await self.present()
        if now is None or now.state in CLOSED_STATES:
            return True
        parent = await self.present(self.earlier) if now.merged_into_id == self.earlier.id else now
        return parent is None or parent.state in CLOSED_STATES


Walk = Callable[[Ground], Awaitable[None]]


async def _has_ended(ground: Ground) -> bool:
    return await ground.ended()


@dataclass(frozen=True)
class Way:
    """A way, the state and flags of the case on which it works, and how that is seen."""

    walk: Walk
    state: CaseState = CaseState.ACCEPTED
    is_flagged: bool = False
    worked: Callable[[Ground], Awaitable[bool]] = _has_ended


async def make_ground(storage: Storage, state: CaseState, categories: tuple[str, ...]) -> Ground:
    """A county, a case brought lawfully to a state, and a handler, a leader, and officials above and below."""
    async with storage.unit_of_work() as uow:
        places = await factories.add_county(uow)
        village = places[factories.VILLAGE]
        handler = await factories.add_official(uow)
        leader = await factories.add_official(uow, Role.DISCIPLINE_LEADER)
        await uow.places.add(path="cn", kind="county", name="上级")
        above = await factories.add_official(uow, Role.DISCIPLINE_LEADER, "cn")
        below = await factories.add_official(uow, Role.DISCIPLINE_LEADER, factories.TOWN)
        earlier = await factories.add_case(uow, village, flags=())
        code = readable_code("QC", groups=CODE_GROUPS)
        case = await factories.add_case(uow, village, flags=categories, receipt_code=code)
        case = await factories.bring_to(
            uow, case, state, investigator=handler, approver=leader, finding=Finding.UNFOUNDED
        )
        for one in (case, earlier):
            for who in (handler, leader, above, below):
                await uow.recusals.declare(one.id, who.id, "clear")
        await uow.commit()
    return Ground(DeskSite(storage), case, earlier, handler, leader, above, below, code)


async def by_service(ground: Ground) -> None:
    """Every use case that could bring a case nearer to its end, by whoever may call it."""
    number, handler, leader = ground.number, ground.handler, ground.leader
    for act in (
        lambda uow: outcomes.close(uow, handler, number),
        lambda uow: outcomes.tell_result(uow, handler, number, RESULT, by="code", looked_again=True),
        lambda uow: investigations.approve_finding(uow, leader, number),
        lambda uow: flags.ask_lowering(uow, leader, number, "vote_buying", "没有这回事，不必再查"),
        lambda uow: disposals.propose(uow, handler, number, "conclude", "没有查下去的必要"),
        lambda uow: disposals.approve(uow, leader, number),
        lambda uow: outcomes.recommend(uow, handler, number, "none", "", "没有要处理的"),
        lambda uow: outcomes.tell_result(uow, handler, number, RESULT, by="code", looked_again=True),
        lambda uow: outcomes.close(uow, handler, number),
        lambda uow: cases.guide_elsewhere(uow, handler, number, GUIDANCE, looked_again=True),
    ):
        await ground.tried(act)


async def by_desk(ground: Ground) -> None:
    """The forms of the case's page, sent whether the page shows them or not."""
    handler, leader = await ground.site.sign_in(ground.handler), await ground.site.sign_in(ground.leader)
    page = f"/desk/cases/{ground.number}"
    for browser, act, fields in (
        (handler, "close", {}),
        (handler, "tell-result", {"result": RESULT, "by": "code", "looked_again": "yes"}),
        (leader, "approve", {}),
        (handler, "disposal", {"disposal": "conclude", "reason": "没有查下去的必要"}),
        (leader, "approve-disposal", {}),
        (handler, "measure", {"measure": "none", "reason": "没有要处理的"}),
        (handler, "tell-result", {"result": RESULT, "by": "code", "looked_again": "yes"}),
        (handler, "close", {}),
        (handler, "guide-elsewhere", {"where": GUIDANCE, "looked_again": "yes"}),
    ):
        answer = await browser.get(page)
        if answer.status_code == 200:
            await browser.post(f"{page}/{act}", {"version": browser.version(), **fields})


async def by_bulk(ground: Ground) -> None:
    """The queue's boxes, all ticked."""
    browser = await ground.site.sign_in(ground.handler)
    await browser.get("/desk/cases")
    ticked = {f"case-{one.number}": str(one.version) for one in (ground.earlier, ground.case)}
    for act in ("close", "assign", "guide-elsewhere", "tell-result", "register"):
        await browser.post("/desk/cases/bulk", {"act": act, "handler": str(ground.handler.id), **ticked})


async def by_template(ground: Ground) -> None:
    """Every canned answer, those for results too, sent as what it is and as something else."""
    browser = await ground.site.sign_in(ground.handler)
    await browser.get(f"/desk/cases/{ground.number}")
    page = f"/desk/cases/{ground.number}/message"
    for kind in ("result", "explanation", "message"):
        fields = {"reply_kind": kind, "message": RESULT, "looked_again": "yes"}
        await browser.post(page, fields)
        await browser.post(f"{page}/send", fields)
    for canned in load_replies().replies:
        fields = {"template": canned.id, "reply_kind": canned.kind, "message": RESULT, "looked_again": "yes"}
        await browser.post(f"{page}/send", fields)
    async with ground.storage.unit_of_work() as uow:
        ground.seen["said"] = [one.body for one in await uow.dialogue.of_case(ground.case.id)]


async def by_chat(ground: Ground) -> None:
    """The reporter opens the case by its receipt code, says that it is settled, and would rather not go on."""
    async with open_site("web", ground.storage) as chat:
        who = await chat.meet()
        await who.say(ground.code)
        await who.press("补充或提问")
        await who.say("这件事已经解决了，不用查了，请结案。")
        await who.press("说完了")
        await who.say(ground.code)
        await who.press("不想反映了")
        await who.press("不想反映了")


async def by_ticks(ground: Ground) -> None:
    """Every job there is, ten years later, twice."""
    await _let_expire(ground)
    ground.storage.clock.advance(timedelta(days=3_650))
    reports = Reports(Intake(Classifier(load_categories())))
    given: dict[str, Any] = {"storage": ground.storage, "reports": reports, "state": "Flow:case"}
    given |= {"is_over": lambda *_: True, "send": _heard, "scanner": ClamAV("tcp:127.0.0.1:1")}
    for _ in range(2):
        for job in every_job():
            wanted = [name for name, one in signature(job).parameters.items() if one.default is one.empty]
            await job(**{name: given[name] for name in wanted})


async def _heard(_head: LogHead) -> None:
    """A second party that keeps the heads of the log."""


async def by_retention(ground: Ground) -> None:
    """Erasing what has expired, after every date was put into the past."""
    await _let_expire(ground)
    await ground.tried(retention.erase_expired)


async def by_merging(ground: Ground) -> None:
    """Merged into an earlier case without flags, which is then guided elsewhere; taken apart again, and once more."""
    handler, number, into = ground.handler, ground.number, ground.earlier.number
    merged = await ground.tried(lambda uow: links.merge(uow, handler, number, into, "说的是同一件事"))
    assert isinstance(merged, Case), merged
    for one in (into, number):
        await ground.tried(lambda uow, one=one: cases.guide_elsewhere(uow, handler, one, GUIDANCE, looked_again=True))
    if await ground.ended():
        return
    await ground.tried(lambda uow: links.unmerge(uow, handler, number))
    for one in (into, number):
        await ground.tried(lambda uow, one=one: cases.guide_elsewhere(uow, handler, one, GUIDANCE, looked_again=True))


async def by_transfer(ground: Ground) -> None:
    """Offered to a unit below, accepted there, ended there."""
    handler, below, number = ground.handler, ground.below, ground.number
    offered = await ground.tried(lambda uow: transfers.offer(uow, handler, number, factories.TOWN, "就近去查"))
    assert isinstance(offered, Case), offered
    async with ground.storage.unit_of_work() as uow:
        (waits,) = await transfers.to_answer(uow, below)
    taken = await ground.tried(lambda uow: transfers.accept(uow, below, waits.transfer.id))
    assert isinstance(taken, Case), taken
    for act in (
        lambda uow: outcomes.close(uow, below, number),
        lambda uow: cases.guide_elsewhere(uow, below, number, GUIDANCE, looked_again=True),
        lambda uow: flags.ask_lowering(uow, ground.leader, number, "vote_buying", "没有这回事，不必再查"),
    ):
        await ground.tried(act)


async def by_import(ground: Ground) -> None:
    """An old register that calls the case ended, with the columns for it and without."""
    filings = Filings(Intake(Classifier(load_categories())))
    row = {"path": factories.VILLAGE, "received_on": "2026-03-01", "via": "letter", "who": "李某"}
    row |= {
        "what": "村里账目两年没有公布，问过几次都说再等等。",
        "when": "今年",
        "where": "村里",
        "how_known": "自己看到",
    }
    for more in ({"state": "closed"}, {"number": ground.number, "closed_at": "2026-03-02"}, {"flags": ""}, {}):
        try:
            async with ground.storage.unit_of_work() as uow:
                new, _ = await filings.enter(uow, ground.handler, [row | more])
                await uow.commit()
        except BadRow:
            continue
        assert not more, more
        ground.seen["new"] = new


async def by_leaving(ground: Ground) -> None:
    """Everybody who has it in hand hands over and leaves."""
    handler, leader, number = ground.handler, ground.leader, ground.number
    await ground.tried(lambda uow: handovers.arrange(uow, leader, handler.id, None))
    for one in (handler, leader):
        await ground.tried(lambda uow, one=one: seats.close_seat(uow, one.username))
    await ground.tried(lambda uow: outcomes.close(uow, handler, number))


async def by_order_from_above(ground: Ground) -> None:
    """Taken over by the level above, and ended there."""
    above, number = ground.above, ground.number
    taken = await ground.tried(lambda uow: oversight.take_over(uow, above, number, "由上级来办"))
    assert isinstance(taken, Case), taken
    for act in (
        lambda uow: outcomes.close(uow, above, number),
        lambda uow: flags.ask_lowering(uow, above, number, "vote_buying", "没有这回事，不必再查"),
        lambda uow: cases.guide_elsewhere(uow, above, number, GUIDANCE, looked_again=True),
    ):
        await ground.tried(act)


async def by_raw_sql(ground: Ground) -> None:
    """Every statement of tests/attacks.py, as the application's role."""
    values = {"id": ground.case.id, "other": ground.earlier.id, "official": ground.handler.id}
    values["leader"] = ground.leader.id
    for statements in {**attacks.RAW_ATTACKS, **attacks.on_this_database(ground.storage)}.values():
        await attacks.attempt(ground.storage, statements, values)


def every_job() -> list[Callable[..., Awaitable[Any]]]:
    """Every tick of handlers/jobs, found by looking."""
    found = []
    for module in iter_modules(jobs.__path__):
        loaded = import_module(f"{jobs.__name__}.{module.name}")
        for name, job in getmembers(loaded, iscoroutinefunction):
            if job.__module__ == loaded.__name__ and not name.startswith("_"):
                found.append(job)
    return found


async def _let_expire(ground: Ground) -> None:
    await ground.tried(lambda uow: uow.execute(text("UPDATE cases SET retain_until = :day"), {"day": _day(LONG_AGO)}))


def _day(written: str) -> Any:
    return date.fromisoformat(written)


async def _is_gone(ground: Ground) -> bool:
    return await ground.present() is None


async def _was_said(ground: Ground) -> bool:
    return RESULT in ground.seen["said"]


async def _was_withdrawn(ground: Ground) -> bool:
    now = await ground.present()
    return now is not None and now.withdrawn_at is not None


async def _is_new(ground: Ground) -> bool:
    return bool(ground.seen["new"] == 1)


async def _has_climbed(ground: Ground) -> bool:
    now = await ground.present()
    return now is not None and now.unit_path == "cn" and now.handler_id is None


WAYS = {
    "service": Way(by_service),
    "desk": Way(by_desk),
    "bulk": Way(by_bulk, CaseState.TOLD, is_flagged=True),
    "template": Way(by_template, worked=_was_said),
    "chat": Way(by_chat, worked=_was_withdrawn),
    "scheduler": Way(by_ticks, CaseState.CLOSED, worked=_is_gone),
    "retention": Way(by_retention, CaseState.CLOSED, worked=_is_gone),
    "merge": Way(by_merging),
    "transfer": Way(by_transfer),
    "import": Way(by_import, worked=_is_new),
    "leaving": Way(by_leaving, worked=_has_climbed),
    "order from above": Way(by_order_from_above),
    "raw SQL": Way(by_raw_sql),
}
