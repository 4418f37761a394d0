"""Whole journeys in Chromium against a running process: people who ask, report and sign, officials who work.

One deployment serves the whole file. Each journey brings its own data and its own people.
"""

import random
import re

import pytest
from playwright.async_api import Route, expect

from tests.browser.people import LAPTOP, PHONE, official, visitor

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]

NAME, PHONE_NUMBER, SHORT_NUMBER = "赵小满", "13800138000", "1380013800"


async def test_a_question_is_answered_with_its_source_judged_and_passed_to_a_person(browser, deployment):
    async with visitor(browser, deployment) as asker:
        await asker.writes("委托票一个人能带几张？")
        await asker.hears("3", "依据：村民委员会组织法", "第十八条")
        related = asker.newest.get_by_role("button").first
        label = await related.inner_text()
        await related.click()
        await expect(asker.page.locator(".msg--user")).to_have_count(2)
        await expect(asker.page.locator(".msg--user").last).to_contain_text(label)
        await asker.hears("依据：")
        said = await asker.page.locator(".msg--bot").count()
        await asker.presses("有用")
        await expect(asker.page.get_by_role("status")).to_have_text("谢谢，记下了。")
        await expect(asker.page.locator(".msg--bot")).to_have_count(said)
        await expect(asker.page.get_by_text("清风正在看")).to_be_hidden(timeout=1000)  # nothing more will come
        await asker.presses("问人")
        await asker.hears("交给值班的人了", "在这里答复您")


async def test_a_report_with_a_photo_keeps_the_name_off_the_page_and_makes_one_case(browser, deployment):
    async with visitor(browser, deployment) as reporter:
        page = reporter.page
        photo = await page.screenshot()
        await reporter.button("我要反映").click()
        await reporter.hears("①", "一共8步")
        await reporter.writes("王某晚上挨家送烟，每户两条，说选主任投他一票。")
        await reporter.hears("②")
        await reporter.presses("不知道是谁")
        await reporter.hears("③")
        await reporter.presses("向阳村")
        await reporter.hears("④")
        await reporter.presses("昨天")
        await reporter.hears("⑤")
        await reporter.writes("村口小卖部")
        await reporter.hears("⑥")
        await reporter.presses("我自己收到了")
        await reporter.hears("⑦")
        await page.locator("#files").set_input_files({"name": "烟.png", "mimeType": "image/png", "buffer": photo})
        await reporter.look()
        await reporter.button("发送").click()
        await reporter.hears("一共1个")
        shown = page.get_by_role("img", name="照片 烟.png")
        await expect(shown).to_have_js_property("complete", value=True)
        await expect(shown).to_have_js_property("naturalWidth", PHONE[0])
        await reporter.presses("发完了")
        await reporter.hears("⑧")
        await reporter.writes(f"{NAME} {SHORT_NUMBER}")
        await reporter.hears("手机号要11位，这个是10位")
        removed = page.locator(".msg--user").filter(has_text="这条已收好，不再显示")
        await expect(removed).to_have_count(1)
        await reporter.writes(PHONE_NUMBER)
        await reporter.hears("请看一遍，对不对？", "1个文件", "已加密")
        await expect(removed).to_have_count(2)
        await _nothing_holds_the_name(page)
        await page.reload()
        await expect(removed).to_have_count(2)
        await reporter.hears("请看一遍，对不对？")
        await _nothing_holds_the_name(page)
        await reporter.presses("改一项")
        await reporter.presses("地点")
        await reporter.writes("老年活动室")
        await reporter.hears("地点：老年活动室", "证据：1个文件")
        await reporter.newest.get_by_role("button", name="对，提交", exact=True).dblclick()
        number = await reporter.case_number()
        await page.reload()
        await reporter.hears(number)
        await expect(page.locator(".msg--bot").filter(has_text="✅ 收到了")).to_have_count(1)
        await reporter.presses("我的反映")
        await reporter.hears("您反映过的：", number, "已收到，等受理")
        assert (await reporter.newest.inner_text()).count("等受理") == 1
        signed = re.search(r"QFR1\.[\w.-]+", await page.inner_text("main"))
        assert signed, "the receipt is signed"
        await page.goto(f"{deployment.url}/receipt#{signed[0]}")  # its script puts it into the form and sends that
        await expect(page.get_by_role("heading", name="是真的")).to_be_visible()
        await expect(page.get_by_text("演示数据，不是真实情况")).to_be_visible()
        assert signed[0] not in page.url


async def test_a_report_without_a_name_leaves_one_line_and_its_code_opens_it_elsewhere(browser, deployment):
    async with visitor(browser, deployment) as reporter:
        page = reporter.page
        await reporter.button("我要反映").click()
        await reporter.hears("①")
        told = (("②", "挨家送烟"), ("③", "王某"), ("④", "向阳村"), ("⑤", "昨天晚上"), ("⑥", "村口小卖部"))
        for circled, said in told:
            await reporter.writes(said)
            await reporter.hears(circled)
        for label, heard in (("亲眼看到", "⑦"), ("没有，下一步", "⑧"), ("不留名", "凭它查")):
            await reporter.presses(label)
            await reporter.hears(heard)
        await reporter.presses("对，提交")
        await reporter.hears("✅ 收到了", "查询码：", "记好了就点下面")
        code = (await reporter.newest.inner_text()).partition("查询码：")[2][:27]
        await expect(page.get_by_text("这条已收好，不再显示").filter(visible=True)).to_have_count(1)
        await expect(page.get_by_text("村口小卖部")).to_have_count(0)
        await reporter.presses("记下了")
        await reporter.hears("好，收走了")
        await expect(page.get_by_text(code)).to_have_count(0)
        await page.reload()
        await reporter.hears("好，收走了")
        await expect(page.get_by_text(code)).to_have_count(0)
    async with visitor(browser, deployment) as other:
        await other.writes(code.lower())
        await other.hears("（向阳村）", "已收到，等受理", "30分钟不动")
        await other.presses("收起来")
        await other.hears("这里不留记录")
        await expect(other.page.get_by_text("已收到，等受理")).to_have_count(0)


async def _nothing_holds_the_name(page):
    kept = await page.content() + await page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}])")
    assert [secret for secret in (NAME, SHORT_NUMBER, PHONE_NUMBER) if secret in kept] == []


async def test_a_case_goes_from_the_queue_to_its_result_in_the_reporters_open_chat(browser, deployment):
    seats = deployment.seats
    async with (
        visitor(browser, deployment) as reporter,
        official(browser, seats["discipline"], PHONE) as handler,
        official(browser, seats["leader"], LAPTOP, f"{deployment.desk}/sign-in") as leader,
    ):
        number = await reporter.reports("选主任那天晚上，王某给每户发了200元，让大家投他。")
        await handler.opens(f"{deployment.desk}/cases?state=to-accept", number)
        await _cannot_close_yet(handler)
        await handler.clicks("受理")
        await handler.reads("已受理。反映人会收到通知。")
        await reporter.hears(number, "已经受理")
        await _proposes(handler)
        await leader.opens(f"{deployment.desk}/cases?state=to-decide", number)
        await leader.clicks("同意，就这么办")
        await leader.reads("意见已定。")
        await reporter.hears(number, "正在调查")
        await _investigates(handler)
        await leader.goes(leader.page.url)
        await leader.reads("走访6户，3户说收到过钱。")
        await leader.clicks("审核通过")
        await leader.reads("结论已定，待告知")
        await _concludes(handler)
        await reporter.hears(f"您反映的 {number} 有结果了", "部分属实", "查完了，情况已经报给镇里。")
        await handler.clicks("办结")
        await handler.reads("已办结")


async def _cannot_close_yet(handler):
    handler.expected.append("status of 409")
    await handler.unfolds("办结")
    await handler.clicks("办结")
    refusal = handler.page.get_by_role("alert")
    await expect(refusal).to_contain_text("还不能办结。")
    for missing in ("调查结论", "至少一份证据", "第二人审核"):
        await expect(refusal).to_contain_text(missing)
    await handler.look()


async def _proposes(handler):
    await handler.page.get_by_role("radio", name="初步核实").check()
    await handler.fills("理由", "时间、地点、人都说了，先核实。")
    await handler.clicks("交处置意见")
    await handler.reads("不能自己定自己的")


async def _investigates(handler):
    await handler.goes(handler.page.url)
    await handler.unfolds("记一步：谈话、发函、走访……")
    await handler.page.get_by_label("做了什么").select_option("走访")
    await handler.fills("经过", "走访6户。")
    await handler.clicks("记下这一步")
    await handler.reads("走访：走访6户。")
    await handler.unfolds("加一份证据")
    await handler.fills("这份证据是什么、怎么来的", "走访6户，3户说收到过钱。")
    await handler.clicks("存证据")
    await handler.reads("走访6户，3户说收到过钱。")
    await handler.unfolds("查完了，交结论")
    await handler.page.get_by_role("radio", name="部分属实").check()
    await handler.fills("查了什么、查到什么", "走访和谈话都做了，三户的说法对得上。")
    await handler.clicks("交给第二人审核")
    await handler.reads("不能自己审自己的")


async def _concludes(handler):
    await handler.goes(handler.page.url)
    await handler.page.get_by_role("radio", name="批评教育、责令改正").check()
    await handler.fills("交给哪个单位（可不填）", "青河镇党委")
    await handler.fills("理由", "按调查结论提出。")
    await handler.clicks("记下建议")
    await handler.reads("处理建议已记下。")
    await handler.fills("结果", "查完了，情况已经报给镇里。")
    await handler.clicks("告知结果")
    await handler.reads("结果已经告诉反映人。")


async def test_words_that_are_refused_are_still_in_the_form_and_in_no_other(browser, deployment):
    async with official(browser, deployment.seats["cityleader"], PHONE) as handler:
        await handler.opens(f"{deployment.desk}/cases?state=accepted", "QF-")
        handler.expected.append("status of 422")
        await handler.page.get_by_role("radio", name="暂存待查").check()
        await handler.fills("理由", "人在外地打工，过年回来再问。")
        await handler.clicks("交处置意见")
        await handler.reads("请选以后的一个日子，到时候再看。")
        await expect(handler.page.get_by_role("radio", name="暂存待查")).to_be_checked()
        own = handler.page.locator("#disposal").get_by_label("理由", exact=True)
        await expect(own).to_have_value("人在外地打工，过年回来再问。")
        filled = await handler.page.locator("textarea").evaluate_all("all => all.filter((one) => one.value).length")
        assert filled == 1
        await handler.page.get_by_role("link", name="请选以后的一个日子，到时候再看。").click()
        await expect(handler.page.get_by_label("暂存的，哪天再看（可不填）")).to_be_in_viewport()


async def test_an_official_declares_a_relative_and_no_longer_sees_what_is_about_them(browser, deployment):
    async with (
        visitor(browser, deployment) as reporter,
        official(browser, deployment.seats["discipline2"], PHONE) as reader,
    ):
        number = await reporter.reports("邹某给每户发了200元，让大家投他。", who="邹某")
        await reader.opens(f"{deployment.desk}/cases?q={number}", number)
        await reader.goes(f"{deployment.desk}/declaration")
        await reader.page.get_by_role("radio", name="亲属").check()
        await reader.fills("是什么关系", "表弟")
        await reader.fills("名字（可不填）", "邹某")
        await reader.clicks("加上")
        await reader.reads("表弟：邹某")
        await reader.goes(f"{deployment.desk}/cases?q={number}")
        await reader.reads("没找到这个编号")


async def test_a_candidate_signs_every_commitment_and_may_stand(browser, deployment):
    name = "孟" + "".join(random.sample("春夏秋冬山川江河松柏", 2))
    async with official(browser, deployment.seats["town"], LAPTOP) as staff:
        await staff.goes(f"{deployment.desk}/candidates/new")
        villages = staff.page.get_by_label("哪个村")
        option = villages.locator("option", has_text="向阳村")
        await villages.select_option(await option.get_attribute("value"))
        await staff.page.get_by_label("姓名").fill(name)
        await staff.page.get_by_role("radio", name="主任", exact=True).check()
        await staff.clicks("登记")
        await staff.reads("还不能参选")
        await staff.clicks("做邀请链接")
        await staff.reads("链接只显示这一次")
        link = await staff.page.locator(".qr__link").first.inner_text()
        await _sign_all(browser, deployment, link.removeprefix(deployment.url), name)
        await staff.goes(f"{deployment.desk}/candidates")
        await staff.page.get_by_role("link", name=name).click()
        await staff.reads("可以参选")
        await staff.reads("签了 3 份，共 3 份")


async def _sign_all(browser, deployment, path, name):
    async with visitor(browser, deployment, path) as candidate:
        await candidate.hears(f"{name}，您好", "第1份，共3份")
        assert "start=" not in candidate.page.url
        await candidate.writes(name[:2])
        await candidate.hears("名字和登记的不一样", "第1份，共3份")
        for signed in (2, 3):
            await candidate.writes(name)
            await candidate.hears("✅ 签好了。", f"第{signed}份，共3份")
        await candidate.writes(name)
        await candidate.hears("全部签好", "回执")


async def test_an_official_reads_every_page_of_the_menu(browser, deployment):
    async with official(browser, deployment.seats["superior"], LAPTOP) as reader:
        links = await reader.page.locator(".nav__link").evaluate_all("all => all.map((one) => one.href)")
        assert len(links) >= 3
        for address in (*links, f"{deployment.desk}/notices"):
            await reader.goes(address)
            await expect(reader.page.locator("h1")).to_be_visible()


async def test_somebody_with_little_to_do_at_the_desk_is_told_so(browser, deployment):
    async with official(browser, deployment.seats["admin"], PHONE) as reader:
        await reader.reads("这里没有要您办的事")


async def test_a_question_answered_at_the_desk_arrives_in_the_open_chat(browser, deployment):
    reply = "投票那天八点到十七点都开门，带上身份证就行。"
    async with (
        visitor(browser, deployment) as asker,
        official(browser, deployment.seats["clerk"], PHONE, f"{deployment.desk}/sign-in") as staff,
    ):
        await asker.writes("选举那天石桥社区几点开门投票？")
        await asker.hears("依据：")
        await asker.presses("问人")
        await asker.hears("交给值班的人了")
        await staff.goes(f"{deployment.desk}/questions")
        await staff.page.get_by_role("link", name="选举那天石桥社区几点开门投票？").click()
        await staff.reads("您的回复")
        await staff.page.get_by_label("回复", exact=True).fill(reply)
        await staff.clicks("发给提问的人")
        await staff.reads("村民的提问")
        await asker.hears("您问过：选举那天石桥社区几点开门投票？", reply)


async def test_words_sent_without_a_line_arrive_once_when_it_is_back(browser, deployment):
    async with visitor(browser, deployment) as asker:
        asker.expected += ["ERR_INTERNET_DISCONNECTED"]
        await asker.page.context.set_offline(True)
        await asker.writes("外出打工怎么投票？")
        await expect(asker.page.get_by_role("status")).to_have_text("网断了，您写的还在，连上就发")
        await asker.page.context.set_offline(False)
        await asker.hears("依据：")
        await expect(asker.page.get_by_role("status")).to_be_hidden()
        await expect(asker.page.locator(".msg--user:visible")).to_have_count(1)
        await asker.page.reload()
        await asker.hears("依据：")
        await expect(asker.page.locator(".msg--user")).to_have_count(1)
        await expect(asker.page.locator(".msg--bot")).to_have_count(1)


async def test_words_whose_answer_was_lost_on_the_way_are_sent_again_and_arrive_once(browser, deployment):
    lost = []

    async def lose_first(route: Route) -> None:
        if lost or route.request.method != "POST":
            await route.fallback()
            return
        lost.append((await route.fetch()).status)
        await route.abort("connectionreset")

    async with visitor(browser, deployment) as asker:
        asker.expected.append("ERR_CONNECTION_RESET")
        await asker.page.route("**/api/chat/messages", lose_first)
        async with asker.page.expect_response(lambda one: one.request.method == "POST" and one.ok):
            await asker.writes("外出打工怎么投票？")
        assert lost == [200]
        await asker.page.reload()
        await asker.hears("依据：")
        await expect(asker.page.locator(".msg--user")).to_have_count(1)
        await expect(asker.page.locator(".msg--bot")).to_have_count(1)
