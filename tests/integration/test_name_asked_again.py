"""A name is kept for the custodians there are when it is typed; when too few are left, it is asked for again (N10).

Nothing typed is lost by it, and the report can go on without a name.
"""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import select, text

from handlers.services import custody
from knowledge.casework.access import Role
from knowledge.casework.names import NameState
from storage.tables.cases import cases
from storage.tables.custody import identity, identity_share
from storage.unit_of_work import Storage, UnitOfWork
from tests import factories
from tests.channels import REPORT, Site, Villager, answer, number_in, open_site

NAME, PHONE = "欧阳建国", "13912345678"
IDENTITY = f"我叫{NAME}，电话 {PHONE}"
REPORT_FIELDS = ("what", "who", "when", "where", "how_known", "place")


@pytest.fixture
async def site(sqlite_storage: Storage) -> AsyncIterator[Site]:
    async with sqlite_storage.unit_of_work() as uow:
        await factories.add_county(uow)
        for turn in range(3):
            await keeper(uow, turn)
        await uow.commit()
    async with open_site("web", sqlite_storage) as opened:
        yield opened


async def keeper(uow: UnitOfWork, turn: int) -> None:
    await factories.quick_access().create_official(
        uow,
        username=f"keeper{turn}",
        display_name=f"保管员{'甲乙丙丁'[turn]}",
        role=Role.CUSTODIAN,
        place_path=factories.COUNTY,
        password=factories.PASSWORD,
    )


async def written(site: Site, lines: tuple[str, ...] = (*REPORT[:7], IDENTITY)) -> Villager:
    who = await site.meet()
    await who.say("我要反映")
    for line in lines:
        await answer(who, line)
    return who


async def leave(site: Site, *turns: int) -> None:
    for turn in turns:
        gone = text("UPDATE official SET active = false WHERE username = :name").bindparams(name=f"keeper{turn}")
        await site.do(lambda uow, one=gone: uow.execute(one))


async def opened(site: Site, number: str) -> dict[str, str]:
    async def read(uow: UnitOfWork) -> dict[str, str]:
        case = await factories.read_case(uow, number)
        keys = {who: pair.unlock(factories.PASSWORD) for who, pair in (await uow.officials.custodians()).items()}
        return await factories.read_name(uow, case.id, keys)

    found = await site.do(read)
    assert isinstance(found, dict)
    return found


async def names(site: Site) -> list[tuple[int, int]]:
    """(needed, shares) of every kept name."""
    return [(row.needed, row.shares) for row in await site.do(lambda uow: uow.read(select(identity)))]


async def test_one_custodian_fewer_than_typed_for_is_no_reason_to_ask_again(site):
    who = await written(site)
    await leave(site, 2)
    number = number_in((await who.press("对，提交"))[-1])
    assert await names(site) == [(2, 2)]
    assert await opened(site, number) == {"name": NAME, "contact": PHONE}


async def test_when_too_few_are_left_the_name_is_asked_for_again_and_everything_else_is_kept(site):
    who = await written(site)
    before = (await who.draft()).answers
    await leave(site, 1, 2)
    said = "".join(await who.press("对，提交"))
    assert "名字打不开了" in said
    assert await site.do(lambda uow: uow.read(select(cases.c.id))) == []
    after = (await who.draft()).answers
    assert {name: after[name] for name in REPORT_FIELDS} == {name: before[name] for name in REPORT_FIELDS}
    assert "identity" not in after
    await answer(who, IDENTITY)
    number = number_in((await who.press("对，提交"))[-1])
    assert await names(site) == [(1, 1)]
    assert await opened(site, number) == {"name": NAME, "contact": PHONE}


async def test_or_the_report_goes_on_without_one(site):
    who = await written(site)
    await leave(site, 0, 1, 2)
    assert "名字打不开了" in "".join(await who.press("对，提交"))
    await who.press("不留名")
    assert number_in("".join(await who.press("对，提交")))
    assert await names(site) == []


async def test_a_custodian_whom_the_account_names_later_keeps_no_share(site):
    who = await written(site)
    draft = await who.draft()
    draft.answers["what"] += "保管员乙也去了。"
    await site.do(lambda uow: uow.drafts.save(draft))
    number = number_in((await who.press("对，提交"))[-1])
    assert await names(site) == [(2, 2)]
    holders = await site.do(lambda uow: holding(uow, number))
    assert holders == {"keeper0", "keeper2"}


async def holding(uow: UnitOfWork, number: str) -> set[str]:
    case = await factories.read_case(uow, number)
    assert await custody.keepers(uow, case) >= (await uow.identities.of_case(case.id)).holders
    rows = await uow.read(select(identity_share.c.custodian_id).where(identity_share.c.case_id == case.id))
    found = [await uow.officials.get(row.custodian_id) for row in rows]
    return {one.username for one in found if one}


async def test_a_draft_of_the_release_before_with_a_name_sealed_whole_is_asked_for_it_again(site):
    who = await written(site)
    draft = await who.draft()
    shown = {"name_shown": "欧***", "contact_shown": "139****5678", "shown": "欧*** 139****5678"}
    draft.answers["identity"] = {"sealed": {"1": ["a", "b"]}, **shown}
    await site.do(lambda uow: uow.drafts.save(draft))
    assert "名字打不开了" in "".join(await who.press("对，提交"))
    await answer(who, IDENTITY)
    number = number_in((await who.press("对，提交"))[-1])
    assert await opened(site, number) == {"name": NAME, "contact": PHONE}


async def test_a_report_that_waits_its_turn_goes_on_without_the_name_and_its_reporter_hears_of_it(site):
    who = await written(site)
    draft = await who.draft()
    now = site.storage.clock.now()
    await site.do(lambda uow: uow.drafts.queue(draft, now))
    await leave(site, 1, 2)
    await site.application.remind()
    await site.deliver()
    assert "您留的名字没有存" in await who.read()
    (row,) = await site.do(lambda uow: uow.read(select(cases.c.name_state, cases.c.person_id)))
    assert row.name_state == NameState.NONE
    assert row.person_id is not None
    assert await names(site) == []
