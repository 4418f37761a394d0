"""Where somebody is at home, the dates of that village, and the law's own words: by every channel."""

import re
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, text, update

from handlers.services import elections
from handlers.services.laws import import_laws
from knowledge.clock import local_date
from knowledge.elections.plan_files import load_plan_content
from knowledge.loader import load_knowledge
from storage.tables.conversations import person
from storage.tables.elections import election, election_task
from tests import factories
from tests.channels import Site, Villager
from tests.statutes import law_file, made_up

pytestmark = pytest.mark.pages

KNOWLEDGE = load_knowledge()
POLLING = "我们村哪天投票？"


async def labels(who: Villager) -> list[str]:
    return [label for label, _ in (await who.last()).buttons]


async def row(site: Site, who: Villager) -> Any:
    person_id = await who.person_id()
    rows = await site.do(lambda uow: uow.read(select(person).where(person.c.id == person_id)))
    return rows[0]


async def open_election(site: Site, *, days_ahead: int = 18, state: str = "running") -> int:
    async def act(uow: Any) -> int:
        place = await uow.places.by_path(factories.VILLAGE)
        started = state != "preparing"
        election_id = await factories.add_election(uow, place, days_ahead=days_ahead, due_in=8, started=started)
        day = local_date(uow.clock.now()) + timedelta(days=days_ahead)
        await elections.open_timetable(uow, election_id, day)
        if state == "finished":
            await uow.execute(update(election).where(election.c.id == election_id).values(state=state))
        return int(election_id)

    return int(await site.do(act))


# Where somebody is at home


async def test_a_named_village_is_remembered_and_can_be_changed_and_forgotten(site: Site) -> None:
    who = await site.meet()
    heard = await who.say("我的村")
    assert "您是哪个村" in heard[-1]
    assert {"柳树村", "桥头社区", "不在这里", "不说了"} <= set(await labels(who))
    assert "记住了：柳树村" in (await who.say("柳树村"))[-1]
    assert (await row(site, who)).place_id is not None
    assert "记着的是：柳树村" in (await who.say("我的村（社区）"))[-1]
    await who.press("换一个")
    assert "记住了：桥头社区" in (await who.press("桥头社区"))[-1]
    await who.say("我的村")
    assert "忘掉了" in (await who.press("忘掉它"))[-1]
    assert (await row(site, who)).place_id is None


@pytest.mark.parametrize(
    ("words", "remembered"),
    [
        ("我是柳树村的", "柳树村"),
        ("俺是松林村的人", "松林村"),
        ("我在桥头社区", "桥头社区"),
        ("我们是柳树村村民", "柳树村"),
        ("我是浙江的", "浙江"),
        ("我是四川人", "四川"),
        ("我是村里的", "村里的"),
        ("我是社区的", "社区的"),
    ],
)
async def test_a_place_mentioned_in_passing_is_remembered(web_site: Site, words: str, remembered: str) -> None:
    who = await web_site.meet()
    assert f"记住了：{remembered}。" in (await who.say(words))[-1]
    assert remembered in (await who.say("我的村"))[-1]


@pytest.mark.parametrize("words", ["我是外嫁到外村的", "我是候选人", "我是在外地打工的", "我是不是选民的"])
async def test_what_only_sounds_like_a_place_is_a_question(web_site: Site, words: str) -> None:
    who = await web_site.meet()
    heard = (await who.say(words))[-1]
    assert "记住了" not in heard
    assert "名单里没有找到" not in heard


async def test_a_village_that_is_not_ours_leads_to_the_provinces(site: Site) -> None:
    who = await site.meet()
    assert "名单里没有找到“杨家村”" in (await who.say("我是杨家村的"))[-1]
    await who.press("不在这里")
    assert "浙江" in await labels(who)
    assert "记住了：浙江。" in (await who.press("浙江"))[-1]
    assert (await row(site, who)).jurisdiction == "cn/zhejiang"


async def test_a_doubtful_name_is_asked_back(web_site: Site) -> None:
    who = await web_site.meet()
    await who.say("换村")
    assert "点一个" in (await who.say("树村"))[-1]
    assert "柳树村" in await labels(who)
    assert (await row(web_site, who)).place_id is None


async def test_a_question_in_place_of_a_name_is_answered(site: Site) -> None:
    who = await site.meet()
    await who.say("换村")
    heard = await who.say("委托票一个人能带几张？")
    assert "依据：" in heard[-1]
    assert "名单里没有" not in heard[-1]


async def test_nobody_has_to_say(site: Site) -> None:
    who = await site.meet()
    await who.say("换村")
    assert "不说也行" in (await who.press("不说了"))[-1]


async def test_a_photo_in_place_of_a_name_is_kept_as_evidence(web_site: Site) -> None:
    who = await web_site.meet()
    await who.say("换村")
    await who.send_photo()
    assert await who.draft() is not None


async def test_an_answer_that_differs_by_kind_offers_both_and_remembers(web_site: Site) -> None:
    who = await web_site.meet()
    entry = KNOWLEDGE.entries["term-reelection"]
    assert entry.counterpart
    await who.say("主任最多能连着当几届")
    assert {"我是村里的", "我是社区的"} <= set(await labels(who))
    before = len(await _inquiries(web_site))
    heard = (await who.press("我是社区的"))[-1]
    assert heard.startswith("好，记住了：社区的。")
    assert "城市居民委员会组织法" in heard
    assert not {"我是村里的", "我是社区的"} & set(await labels(who))
    assert len(await _inquiries(web_site)) == before
    assert "城市居民委员会组织法" in (await who.say("主任最多能连着当几届"))[-1]


async def test_an_answer_that_differs_by_province_asks_once(site: Site) -> None:
    who = await site.meet()
    await who.say("没选够人，几天内再选一次")
    await who.press("说一下我是哪儿的")
    await who.press("不在这里")
    heard = (await who.press("四川"))[-1]
    assert heard.startswith("好，记住了：四川。")
    assert "四川" in heard.partition("。")[2]
    await who.say("没选够人，几天内再选一次")
    assert "说一下我是哪儿的" not in await labels(who)


async def test_another_province_is_not_asked_again(web_site: Site) -> None:
    who = await web_site.meet()
    await who.say("没选够人，几天内再选一次")
    await who.press("说一下我是哪儿的")
    await who.press("不在这里")
    assert "全国的法律" in (await who.press("别的省"))[-1]
    await who.say("没选够人，几天内再选一次")
    assert "说一下我是哪儿的" not in await labels(who)


async def test_the_village_decides_before_what_was_said(web_site: Site) -> None:
    async def act(uow: Any) -> None:
        await uow.places.add(path="cn/sichuan", kind="county", name="试县")
        await uow.places.add(path="cn/sichuan/oak", kind="village", name="橡树村")

    await web_site.do(act)
    who = await web_site.meet()
    await who.say("我是浙江的")
    assert "橡树村（四川）" in (await who.say("我是橡树村的"))[-1]


async def test_a_button_that_was_never_there_changes_nothing(web_site: Site) -> None:
    who = await web_site.meet()
    await who.say("换村")
    message = await who.last()
    for data in ("h:place:999999:0", "h:place:x:0", "h:province:cn/nowhere:0", "h:fly::0", f"h:place:{'9' * 30}:0"):
        await who.press_data(data, message.id)
    stored = await row(web_site, who)
    assert (stored.place_id, stored.jurisdiction, stored.kind) == (None, None, None)


async def test_nobody_gets_the_answer_to_somebody_else_s_question(web_site: Site) -> None:
    asker, other = await web_site.meet(), await web_site.meet()
    await asker.say("委托票一个人能带几张？")
    inquiry_id = (await _inquiries(web_site))[0]
    await other.say("换村")
    heard = await other.press_data(f"h:village::{inquiry_id}", (await other.last()).id)
    assert "依据" not in heard[-1]


async def _inquiries(site: Site) -> list[int]:
    rows = await site.do(lambda uow: uow.read(text("SELECT id FROM inquiry ORDER BY id")))
    return [found[0] for found in rows]


# A village's own dates


async def test_somebody_of_a_village_with_an_election_gets_its_date_first(site: Site) -> None:
    await open_election(site)
    who = await site.meet()
    await who.say("我是柳树村的")
    heard = (await who.say(POLLING))[-1]
    own, _, general = heard.partition("下面是一般的规定：")
    assert own.startswith("来自您村的选举日程（柳树村）：")
    assert "3月29日（星期日），还剩18天" in own
    assert "依据：" in general


async def test_the_commitments_date_is_the_election_s_own(web_site: Site) -> None:
    await open_election(web_site)
    who = await web_site.meet()
    await who.say("我是柳树村的")
    assert "最晚3月19日" in (await who.say("承诺书什么时候截止"))[-1]


async def test_a_community_hears_of_its_own_timetable(web_site: Site) -> None:
    who = await web_site.meet()
    await who.say("我在桥头社区")
    assert "来自您社区的选举日程（桥头社区）" in (await who.say("社区投票是哪一天"))[-1]


async def test_only_a_question_that_asks_when_gets_a_date(web_site: Site) -> None:
    await open_election(web_site)
    who = await web_site.meet()
    await who.say("我是柳树村的")
    assert "选举日程" not in (await who.say("承诺书要签哪几份"))[-1]
    assert "选举日程" not in (await who.say("委托票一个人能带几张？"))[-1]


async def test_somebody_of_nowhere_gets_the_general_answer(web_site: Site) -> None:
    await open_election(web_site)
    who = await web_site.meet()
    assert "选举日程" not in (await who.say(POLLING))[-1]


async def test_a_village_without_a_date_is_told_so(web_site: Site) -> None:
    who = await web_site.meet()
    await who.say("我是柳树村的")
    heard = (await who.say(POLLING))[-1]
    assert "还没有录进来" in heard
    assert "依据：" in heard


@pytest.mark.parametrize(
    ("days_ahead", "state", "said"),
    [(-3, "running", "已经过了，还没登记办完。可能改了日子"), (30, "preparing", "暂时的安排")],
)
async def test_a_date_that_is_over_or_unsettled_is_said_to_be(
    web_site: Site, days_ahead: int, state: str, said: str
) -> None:
    election_id = await open_election(web_site, days_ahead=30, state=state)
    day = local_date(web_site.storage.clock.now()) + timedelta(days=days_ahead)
    task = election_task.c.election_id == election_id, election_task.c.code == "election_day"
    await web_site.do(lambda uow: uow.execute(update(election_task).where(*task).values(due_on=day)))
    who = await web_site.meet()
    await who.say("我是柳树村的")
    assert said in (await who.say(POLLING))[-1]


async def test_a_finished_election_has_no_dates_any_more(web_site: Site) -> None:
    await open_election(web_site, state="finished")
    who = await web_site.meet()
    await who.say("我是柳树村的")
    assert "还没有录进来" in (await who.say(POLLING))[-1]


# The law's own words


async def _import(site: Site, words: str) -> None:
    file = law_file("法.txt", made_up(KNOWLEDGE.laws["village"], _18=words))
    await site.do(lambda uow: import_laws(uow, KNOWLEDGE, [file]))


async def test_without_an_imported_text_there_is_no_button_for_it(web_site: Site) -> None:
    who = await web_site.meet()
    await who.say("委托票一个人能带几张？")
    assert "看条文" not in await labels(who)


async def test_the_official_text_stands_behind_a_button(site: Site) -> None:
    words = _article_18()
    await _import(site, words)
    who = await site.meet()
    await who.say("委托票一个人能带几张？")
    heard = await who.press("看条文")
    assert any("《村民委员会组织法》（2025年修正）第十八条" in message and words[:20] in message for message in heard)


async def test_a_long_article_comes_in_pieces_none_of_them_too_long(web_site: Site) -> None:
    words = _article_18() + "。".join(f"第{number}句样板话说得很长很长" for number in range(600))
    await _import(web_site, words)
    who = await web_site.meet()
    await who.say("委托票一个人能带几张？")
    heard = await who.press("看条文")
    assert len(heard) >= 2
    assert all(len(message) <= 3_500 for message in heard)
    assert "".join(heard).count("样板话说得很长很长") == 600
    assert any("第十八条（接上）" in message for message in heard)


def _article_18() -> str:
    """Our own words with the figures the content finds in article 18."""
    lines = made_up(KNOWLEDGE.laws["village"]).splitlines()
    return next(line for line in lines if line.startswith("第十八条　")).removeprefix("第十八条　").rstrip("。")


# The own village's schedule (S25)


async def test_s25_own_schedule_says_the_stage_the_rights_and_what_comes_next(site: Site) -> None:
    await open_election(site)
    who = await site.meet()
    assert "您是哪个村" in (await who.say("我村日程"))[-1]
    await who.say("柳树村")
    told = (await who.press("我村日程"))[-1]
    assert told == (await who.say("我村日程"))[-1]
    assert "柳树村的选举日程，今天是3月11日（星期三）" in told
    assert "3月29日（星期日），还剩18天" in told
    assert "现在这一段：" in told
    assert "您的权利：" in told
    assert told.count("· ") == 4
    assert "以村里贴的公告为准" in told
    shown = await labels(who)
    assert "提醒我选举的日子" in shown
    assert "依据：" in (await who.press(shown[0]))[-1], "a tap tells more of this stage"


async def test_s25_the_stage_moves_on_with_what_is_done_and_past_days_are_not_announced(web_site: Site) -> None:
    election_id = await open_election(web_site)
    who = await web_site.meet()
    await who.say("我是柳树村的")

    async def finish(uow: Any) -> None:
        by = (await factories.add_official(uow, factories.Role.TOWNSHIP_STAFF, factories.TOWN)).id
        today = local_date(uow.clock.now())
        stage = {code: task.stage for code, task in load_plan_content().tasks.items()}
        for task in await uow.elections.tasks(election_id):
            if stage[task.code] not in ("voting_preparation", "voting", "handover"):
                await uow.elections.finish_task(task.id, by, done_on=today, proof="贴在村口")

    await web_site.do(finish)
    told = (await who.say("村里日程"))[-1]
    assert "现在这一段：投票准备" in told
    web_site.storage.clock.advance(timedelta(days=10))
    dates = re.findall(r"(\d+)月(\d+)日", (await who.say("日程"))[-1].partition("接下来：")[2])
    assert dates
    assert all((int(month), int(day)) >= (3, 21) for month, day in dates)


async def test_s25_a_line_that_nobody_ticked_does_not_hold_the_village_back(web_site: Site) -> None:
    await open_election(web_site, days_ahead=18)
    who = await web_site.meet()
    await who.say("我是柳树村的")
    told = []
    for _ in range(3):
        told.append((await who.say("日程"))[-1].partition("现在这一段：")[2].partition("。")[0])
        web_site.storage.clock.advance(timedelta(days=8))
    assert told == ["提名和确定候选人", "提名和确定候选人", "投票准备"]


async def test_s25_without_an_election_it_says_so(web_site: Site) -> None:
    who = await web_site.meet()
    await who.say("我是柳树村的")
    assert "没有在办的选举，或者日程还没录进来" in (await who.say("我村日程"))[-1]
