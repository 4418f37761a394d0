"""Villagers subscribe to their village's election reminders in chat, and end it with one tap under any message."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select

from handlers.chat.reminder_texts import SUBSCRIBE, UNSUBSCRIBE
from handlers.jobs.broadcasts import feed_broadcasts
from handlers.jobs.reminders import remind
from handlers.services import broadcasts, elections
from handlers.services.broadcasts import TypedBroadcast
from knowledge.casework.access import Role
from knowledge.clock import SHANGHAI, local_date
from storage.tables.conversations import person
from storage.tables.reminders import subscription
from storage.unit_of_work import UnitOfWork
from tests import factories
from tests.channels import Site, Villager
from tests.fakes import FakeClock


async def _with_election(uow: UnitOfWork) -> None:
    place = await uow.places.by_path(factories.VILLAGE)
    assert place is not None
    election = await factories.add_election(uow, place, days_ahead=1, due_in=1)
    await elections.open_timetable(uow, election, local_date(uow.clock.now()) + timedelta(days=1))


async def _subscribed(site: Site) -> int:
    async with site.storage.unit_of_work() as uow:
        return int((await uow.read(select(func.count()).select_from(subscription)))[0][0])


async def _at_home(site: Site) -> Villager:
    who = await site.meet()
    await who.say("我是柳树村的")
    return who


async def test_a_subscriber_is_reminded_and_one_tap_under_the_message_ends_it(site: Site, clock: FakeClock) -> None:
    await site.do(_with_election)
    who = await _at_home(site)
    assert "会在这里提醒您" in (await who.press(SUBSCRIBE))[-1]
    assert "已经订过了" in (await who.say("订阅提醒"))[-1]
    assert await _subscribed(site) == 1
    await remind(site.storage)
    await site.deliver()
    told = await who.last()
    assert "柳树村3月12日（星期四）投票" in told.text
    assert told.data(UNSUBSCRIBE)
    clock.set(datetime(2026, 3, 12, 6, 0, tzinfo=SHANGHAI))
    await remind(site.storage)  # the vote's own reminder is planned, and waits for eight
    assert "不再提醒您柳树村" in (await who.press(UNSUBSCRIBE))[-1]
    assert await _subscribed(site) == 0
    clock.set(datetime(2026, 3, 12, 8, 0, tzinfo=SHANGHAI))
    await remind(site.storage)
    await site.deliver()
    assert "到写票的地方" not in await who.read()


async def test_the_button_stands_under_the_dates_of_ones_own_village(web_site: Site) -> None:
    await web_site.do(_with_election)
    who = await _at_home(web_site)
    await who.say("哪天投票")
    assert (await who.last()).data(SUBSCRIBE)
    await who.press(SUBSCRIBE)
    assert "您没有订提醒" not in (await who.say("不再提醒"))[-1]
    assert "您没有订提醒" in (await who.say("退订"))[-1]


async def test_without_a_village_it_is_asked_first_and_then_offered(web_site: Site) -> None:
    who = await web_site.meet()
    assert "哪个村" in (await who.say("订阅提醒"))[-1]
    await who.press("柳树村")
    assert (await who.last()).data(SUBSCRIBE)
    assert await _subscribed(web_site) == 0


async def test_a_broadcast_arrives_with_the_way_out_and_marks_its_person(site: Site) -> None:
    who = await _at_home(site)
    await who.say("订阅提醒")

    async def send(uow: UnitOfWork) -> int:
        writer = await factories.add_official(uow, Role.TOWNSHIP_STAFF)
        made = await broadcasts.write(
            uow, writer, TypedBroadcast(factories.COUNTY, "publicity", "名单贴出来了，请去看。")
        )
        assert await broadcasts.approve(uow, writer, made, 1) == 1
        return made

    made = await site.do(send)
    assert await feed_broadcasts(site.storage) == 1
    await site.deliver()
    told = await who.last()
    assert told.text == "【试验县选举通知】\n名单贴出来了，请去看。"
    assert told.data(UNSUBSCRIBE)
    assert await site.do(lambda uow: uow.broadcasts.progress(made)) == {"sent": 1}


async def test_what_is_kept_of_a_subscription_holds_no_way_to_write_to_anybody(web_site: Site) -> None:
    """The handle stands sealed with the person; whoever erases their data is subscribed to nothing."""
    who = await _at_home(web_site)
    await who.say("订阅提醒")
    assert set(subscription.c.keys()) == {"person_id", "place_id", "since_at"}
    async with web_site.storage.unit_of_work() as uow:
        (row,) = await uow.read(select(person.c.handle_sealed))
    assert str(who.chat_id).encode() not in row.handle_sealed
    assert "订了选举提醒：柳树村" in (await who.say("我的数据"))[-1]
    await who.press("删掉聊天和草稿")
    await who.press("删掉")
    assert await _subscribed(web_site) == 0


@pytest.mark.parametrize("made_up", ["n:on:999999", "n:off:1", "n:on:0"])
async def test_a_made_up_button_subscribes_to_nothing(web_site: Site, made_up: str) -> None:
    who = await _at_home(web_site)
    last = await who.last()
    assert await who.press_data(made_up, last.id)
    assert await _subscribed(web_site) == 0
