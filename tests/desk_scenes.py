"""Cases at a point of their road, with the people who work on them sitting in front of browsers."""

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from handlers.services import cases, disposals
from knowledge.casework.access import Role
from knowledge.casework.lifecycle import CaseState, Disposal
from knowledge.clock import local_date
from storage.repositories.cases import Case
from storage.repositories.officials import Official
from storage.unit_of_work import UnitOfWork
from tests import factories
from tests.desk_site import Browser, DeskSite

LINK = re.compile(r'class="missing__link" href="([^"]+)"')


@dataclass(slots=True)
class Scene:
    """A case, whoever works on it, and whoever decides about it; both browsers are open at it."""

    site: DeskSite
    number: str
    worker: Official
    decider: Official
    works: Browser
    decides: Browser

    @property
    def page(self) -> str:
        return f"/desk/cases/{self.number}"

    async def case(self) -> Case:
        found: Case = await self.site.do(lambda uow: factories.read_case(uow, self.number))
        return found

    async def tries(self, browser: Browser, act: str, fields: dict[str, str] | None = None, **more: Any) -> None:
        """Send a form of the page as it stands now; the answer is the browser's page."""
        await browser.get(self.page)
        await browser.post(f"{self.page}/{act}", {"version": browser.version(), **(fields or {})}, **more)

    async def does(self, browser: Browser, act: str, fields: dict[str, str] | None = None, **more: Any) -> None:
        """The same, and it works: the case's page comes back."""
        await self.tries(browser, act, fields, then=self.page, **more)


async def scene_at(site: DeskSite, state: CaseState, **more: Any) -> Scene:
    """A scene with a new case brought to a state; `more` goes to the case."""
    worker = await site.do(lambda uow: factories.add_official(uow, Role.DISCIPLINE_OFFICIAL))
    decider = await site.do(lambda uow: factories.add_official(uow, Role.DISCIPLINE_LEADER))
    case = await site.do(lambda uow: _brought(uow, state, worker, decider, more))
    works, decides = await site.sign_in(worker), await site.sign_in(decider)
    await works.open_case(case.number)
    await decides.open_case(case.number)
    return Scene(site, case.number, worker, decider, works, decides)


async def _brought(
    uow: UnitOfWork, state: CaseState, worker: Official, decider: Official, more: dict[str, Any]
) -> Case:
    place = await uow.places.by_path(factories.VILLAGE)
    assert place is not None
    case = await factories.add_case(uow, place, **more)
    if state in factories.ROAD:
        return await factories.bring_to(uow, case, state, investigator=worker, approver=decider)
    if state is CaseState.GUIDED_ELSEWHERE:
        return await cases.guide_elsewhere(uow, worker, case.number, "请到县民政局二楼。")
    if state in (CaseState.REFERRED, CaseState.HELD):
        await cases.accept(uow, worker, case.number)
    if state is CaseState.REFERRED:
        await cases.refer(uow, worker, case.number, "县公安局")
    if state is CaseState.HELD:
        review_on = local_date(uow.clock.now()) + timedelta(days=40)
        await disposals.propose(uow, worker, case.number, Disposal.HOLD, "人在外地，回来再问", review_on=review_on)
        await disposals.approve(uow, decider, case.number)
    return await factories.read_case(uow, case.number)


def links_of(browser: Browser) -> list[str]:
    """Where the page says that what is missing is done."""
    return LINK.findall(browser.source)


def ids_of(browser: Browser) -> list[str]:
    """Every id of the page."""
    return re.findall(r'\sid="([^"]+)"', browser.source)
