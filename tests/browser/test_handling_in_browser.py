"""How officials share the work, as a phone and a laptop show it: who else is there, giving, taking, leaving, duty."""

import pytest
from playwright.async_api import expect

from tests.browser.people import LAPTOP, PHONE, official, visitor

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]

FIVE_SECONDS = 5_000
WHAT = "选主任那天晚上，王某给每户发了200元，让大家投他。"


async def test_who_opens_a_case_second_is_seen_within_five_seconds_and_so_is_what_they_did(browser, deployment):
    """P15, USH#535."""
    seats = deployment.seats
    async with (
        visitor(browser, deployment) as reporter,
        official(browser, seats["towndiscipline"], PHONE) as first,
        official(browser, seats["townleader"], LAPTOP) as second,
    ):
        number = await reporter.reports(WHAT)
        queue = f"{deployment.desk}/cases?q={number}"
        await first.opens(queue, number)
        await second.opens(queue, number)
        await second.reads(f"{seats['towndiscipline'].name}也在看这件。")
        line = first.page.locator("#presence")
        await expect(line).to_contain_text(f"{seats['townleader'].name}也在看这件。", timeout=FIVE_SECONDS)
        await second.clicks("受理")
        await expect(line).to_contain_text("刚刚有人办过，刷新看看最新的。", timeout=FIVE_SECONDS)
        await first.look()


async def test_a_case_is_offered_to_another_unit_and_taken_there(browser, deployment):
    """P16."""
    seats = deployment.seats
    async with (
        visitor(browser, deployment) as reporter,
        official(browser, seats["discipline"], PHONE) as giver,
        official(browser, seats["citydiscipline"], PHONE) as taker,
    ):
        number = await reporter.reports(WHAT)
        await giver.opens(f"{deployment.desk}/cases?q={number}", number)
        await giver.unfolds("移交给别的单位")
        await giver.page.get_by_label("移交给谁").select_option(label="清江市")
        await giver.fills("为什么", "县里查不动，请上级接。")
        await giver.look()
        await giver.clicks("提出移交")
        await giver.reads("已提出移交给清江市")
        await taker.goes(f"{deployment.desk}/transfers")
        await taker.page.locator("#waiting").get_by_role("link", name=number).click()
        await taker.reads("县里查不动，请上级接。")
        await taker.unfolds("不接，退回去")
        await taker.look()
        await taker.clicks("接下")
        await taker.reads("看之前先问一句")
        await taker.clicks("没有关系，打开看")
        await taker.reads("现在归清江市。")
        giver.expected.append("status of 404")
        await giver.goes(f"{deployment.desk}/cases/{number}")
        await giver.reads("没有找到这一页")


async def test_a_leader_looks_at_duty_hands_work_over_and_gives_several_cases_at_once(browser, deployment):
    """P14, and the roster."""
    seats = deployment.seats
    async with official(browser, seats["leader"], PHONE) as leader:
        await leader.goes(f"{deployment.desk}/duty")
        await leader.page.get_by_label("星期几").select_option(label="星期日")
        await leader.fills("从几点", "22:00")
        await leader.fills("到几点", "06:00")
        await leader.page.get_by_label("谁值班", exact=True).select_option(
            label=f"{seats['discipline'].name}（纪检办案人）"
        )
        await leader.clicks("排上")
        await leader.reads("22:00 到 24:00")
        await leader.goes(f"{deployment.desk}/cases?state=to-accept")
        boxes = leader.page.get_by_role("checkbox", name="选这件")
        await boxes.first.check()
        await leader.unfolds("勾选的一起办")
        await leader.page.get_by_label("转给谁（可不填）").select_option(label=seats["discipline2"].name)
        await leader.look()
        await leader.clicks("转给这位同事")
        await leader.reads("一起转给同事")
        await leader.goes(f"{deployment.desk}/handovers")
        await leader.page.get_by_label("谁要走").select_option(label=f"{seats['discipline2'].name}（纪检办案人）")
        await leader.page.get_by_label("交给谁（可不填）").select_option(
            label=f"{seats['discipline'].name}（纪检办案人）"
        )
        await leader.clicks("先看看有哪些")
        await leader.reads("手上没办完的")
        await leader.clicks("确定交接")
        await leader.reads("交接清单")
