"""Officials who bring a case somewhere through the services, as the desk does: its reporter hears of it.

`factories.bring_to` does the same by rows alone, and nobody hears of anything.
"""

from dataclasses import dataclass

from handlers.services import cases, disposals, investigations, messages, outcomes
from handlers.services.recusals import declare_clear
from knowledge.casework.access import Role
from knowledge.casework.lifecycle import Disposal, Finding, MeasureKind
from knowledge.casework.names import AttemptOutcome, ContactMethod, NameState
from storage.repositories.cases import Case
from storage.repositories.officials import Official
from storage.unit_of_work import UnitOfWork
from tests import factories
from tests.channels import Site

RESULT = "走访了十二户，说法一致，已经按规定转有权的机关处理。"


@dataclass(slots=True)
class Staff:
    """Two officials of the county who work on its cases, and somebody who checks names."""

    site: Site
    handler: Official
    leader: Official

    @classmethod
    async def appointed(cls, site: Site) -> "Staff":
        """New ones."""
        handler = await site.do(lambda uow: factories.add_official(uow, Role.DISCIPLINE_OFFICIAL))
        leader = await site.do(lambda uow: factories.add_official(uow, Role.DISCIPLINE_LEADER))
        return cls(site, handler, leader)

    async def case(self, number: str) -> Case:
        """The case as it is."""
        found: Case = await self.site.do(lambda uow: factories.read_case(uow, number))
        return found

    async def accept(self, number: str) -> None:
        """Take a case up."""
        await self.site.do(lambda uow: declare_clear(uow, self.handler, number))
        await self.site.do(lambda uow: cases.accept(uow, self.handler, number))

    async def tell_result(self, number: str, finding: Finding = Finding.SUBSTANTIATED) -> None:
        """Work a received or accepted case up to its result."""

        async def work(uow: UnitOfWork) -> None:
            case = await factories.read_case(uow, number)
            if case.accepted_at is None:
                await cases.accept(uow, self.handler, number)
            await disposals.propose(uow, self.handler, number, Disposal.PRELIMINARY_VERIFICATION, "先核实一下")
            await disposals.approve(uow, self.leader, number)
            await investigations.add_evidence(uow, self.handler, number, "谈话笔录两份")
            await investigations.submit_finding(uow, self.handler, number, finding, "走访了十二户，九户说收到过烟。")
            await investigations.approve_finding(uow, self.leader, number)
            true = finding in (Finding.SUBSTANTIATED, Finding.PARTLY_SUBSTANTIATED)
            kind = MeasureKind.DISCIPLINE_ORGAN if true else MeasureKind.NONE
            await outcomes.recommend(uow, self.handler, number, kind, "县纪委", "按结论办")
            await outcomes.tell_result(uow, self.handler, number, RESULT, looked_again=True)

        await self.site.do(work)

    async def close(self, number: str) -> None:
        """Tell the result if that was not done, settle the name, close."""
        if (await self.case(number)).told_at is None:
            await self.tell_result(number)
        await self.site.do(lambda uow: self._close(uow, number))

    async def say(self, number: str, words: str, *, kind: str = "message") -> None:
        """Write to the reporter."""
        await self.site.do(lambda uow: messages.send(uow, self.handler, number, words, kind=kind, looked_again=True))

    async def read(self, number: str) -> cases.CaseFile:
        """The case as the desk shows it."""

        async def open_it(uow: UnitOfWork) -> cases.CaseFile:
            await declare_clear(uow, self.handler, number)
            return await cases.open_file(uow, self.handler, number)

        found: cases.CaseFile = await self.site.do(open_it)
        return found

    async def _close(self, uow: UnitOfWork, number: str) -> None:
        case = await factories.read_case(uow, number)
        if case.name_state is NameState.CLAIMED:
            await settle_name(uow, case)
        await outcomes.close(uow, self.handler, number)


async def settle_name(uow: UnitOfWork, case: Case) -> None:
    """A custodian has called, and it was the reporter."""
    custodian = await uow.officials.by_username("custodian")
    assert custodian is not None
    await uow.identities.add_attempt(
        case.id, official_id=custodian.id, method=ContactMethod.CALL, outcome=AttemptOutcome.CONFIRMED
    )
    await uow.identities.set_state(case.id, NameState.VERIFIED)
