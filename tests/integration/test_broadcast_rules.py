"""Broadcasts (N15): what the database itself refuses, and who gets what, on both databases."""

from typing import Any

import pytest
from sqlalchemy import insert, select, update

from bot.delivery import Deliveries
from handlers.chat.transaction import ChatLocks
from handlers.jobs.broadcasts import feed_broadcasts
from handlers.services import broadcasts
from handlers.services.broadcasts import TypedBroadcast
from handlers.services.errors import BadFields, BadInput
from knowledge.casework.access import BROADCASTING_ROLES, Role
from storage import outbox
from storage.errors import RuleRefused, StaleVersion
from storage.repositories.officials import Official
from storage.tables.elections import candidate as candidate_table
from storage.tables.records import event
from storage.tables.reminders import broadcast as broadcast_table
from storage.tables.reminders import broadcast_recipient
from storage.unit_of_work import Storage, UnitOfWork
from tests import factories

TEXT = "不拉票，不送东西，看见了可以反映。"


class Scene:
    """A town with two of its staff, and so many subscribers of the village."""

    def __init__(self, storage: Storage) -> None:
        self.storage = storage
        self.writer: Official
        self.colleague: Official
        self.village = 0

    async def settle(self, people: int = 3) -> "Scene":
        async with self.storage.unit_of_work() as uow:
            places = await factories.add_county(uow)
            self.village = places[factories.VILLAGE].id
            self.writer = await factories.add_official(uow, Role.TOWNSHIP_STAFF, factories.TOWN)
            self.colleague = await factories.add_official(uow, Role.DISCIPLINE_OFFICIAL)
            await uow.begin()
            for chat in range(1, people + 1):
                who = await factories.add_person(uow, chat)
                await uow.begin()
                await uow.subscriptions.add(who.id, self.village)
            await uow.commit()
        return self

    async def do(self, act: Any) -> Any:
        async with self.storage.unit_of_work() as uow:
            result = await act(uow)
            await uow.commit()
        return result

    async def draft(self, *, second_above: int | None = None) -> int:
        typed = TypedBroadcast(factories.TOWN, "discipline", TEXT)

        async def act(uow: UnitOfWork) -> int:
            if second_above is None:
                return await broadcasts.write(uow, self.writer, typed)
            place = await uow.places.by_path(factories.TOWN)
            assert place is not None
            values = {"kind": "discipline", "body": TEXT, "second_above": second_above}
            return await uow.broadcasts.add(place_id=place.id, author_id=self.writer.id, **values)

        return int(await self.do(act))

    async def approved(self) -> int:
        made = await self.draft()
        assert await self.do(lambda uow: broadcasts.approve(uow, self.colleague, made, 1)) > 0
        return made

    async def states(self, broadcast_id: int) -> dict[str, int]:
        async with self.storage.unit_of_work() as uow:
            return await uow.broadcasts.progress(broadcast_id)

    async def refused(self, rule: str, *statements: Any) -> None:
        for statement in statements:
            async with self.storage.unit_of_work() as uow:
                with pytest.raises(RuleRefused, match=rule):
                    await uow.execute(statement)


@pytest.fixture
async def scene(storage: Storage) -> Scene:
    return await Scene(storage).settle()


async def test_n15_above_the_size_the_author_is_not_enough_whoever_writes_the_row(scene: Scene) -> None:
    made = await scene.draft(second_above=2)
    with pytest.raises(BadInput) as wrong:
        await scene.do(lambda uow: broadcasts.approve(uow, scene.writer, made, 1))
    assert (wrong.value.field, wrong.value.fault) == ("approval", "own")
    with pytest.raises(RuleRefused, match="broadcast_approval"):
        await scene.do(lambda uow: _approve_by_rows(uow, made, scene.writer.id))
    assert await scene.do(lambda uow: broadcasts.approve(uow, scene.colleague, made, 1)) == 3
    row = broadcast_table.c.id == made
    await scene.refused("broadcast_fixed", update(broadcast_table).where(row).values(second_above=1, version=3))


async def _approve_by_rows(uow: UnitOfWork, broadcast_id: int, official_id: int) -> None:
    one = await uow.broadcasts.get(broadcast_id)
    assert one is not None
    await uow.broadcasts.approve(one, 1, official_id)


async def test_n15_nothing_changes_after_the_approval_and_nobody_gets_a_second_row(scene: Scene) -> None:
    made = await scene.approved()
    row = update(broadcast_table).where(broadcast_table.c.id == made)
    await scene.refused(
        "broadcast_fixed",
        row.values(body="另外的话", version=3),
        row.values(place_id=scene.village, version=3),
        row.values(state="draft", version=3),
        row.values(approved_by=scene.writer.id, version=3),
        row.values(author_id=scene.colleague.id, version=3),
    )
    async with scene.storage.unit_of_work() as uow:
        mine = select(broadcast_recipient.c.person_id).where(broadcast_recipient.c.broadcast_id == made)
        person_id = (await uow.read(mine))[0][0]
    again = {"broadcast_id": made, "person_id": person_id, "place_id": scene.village, "state": "waiting"}
    everybody = update(broadcast_recipient)
    await scene.refused(
        "broadcast_recipient",
        insert(broadcast_recipient).values(**again),
        everybody.values(state="sent"),
        everybody.values(person_id=person_id),
    )
    await scene.refused("append_only", broadcast_recipient.delete(), broadcast_table.delete())


async def test_a_broadcast_is_born_a_draft_of_somebody_who_may(scene: Scene) -> None:
    custodian = await scene.do(factories.add_custodian)
    values = {"place_id": scene.village, "kind": "publicity", "body": TEXT, "version": 1, "second_above": 200}
    row = {**values, "created_at": scene.storage.clock.now(), "author_id": scene.writer.id, "state": "draft"}
    signed = {"approved_by": scene.colleague.id, "approved_at": scene.storage.clock.now(), "size": 0}
    await scene.refused(
        "broadcast_birth",
        insert(broadcast_table).values(**row | {"author_id": custodian.id}),
        insert(broadcast_table).values(**row | {"state": "approved"} | signed),
    )


async def test_recipients_are_those_subscribed_at_the_approval_once_each(scene: Scene) -> None:
    """Somebody of two villages of the town gets one; who comes later none; who has left by then is left out."""

    async def both(uow: UnitOfWork) -> None:
        who = await factories.add_person(uow, 77)
        await uow.begin()
        bridge = await uow.places.by_path("cn/test/east/bridge")
        assert bridge is not None
        await uow.subscriptions.add(who.id, bridge.id)
        await uow.subscriptions.add(who.id, scene.village)

    await scene.do(both)
    made = await scene.approved()
    assert await scene.states(made) == {"waiting": 4}

    async def later(uow: UnitOfWork) -> None:
        who = await factories.add_person(uow, 78)
        await uow.begin()
        await uow.subscriptions.add(who.id, scene.village)
        first = select(broadcast_recipient.c.person_id).order_by(broadcast_recipient.c.id)
        await uow.subscriptions.end((await uow.read(first))[0][0])

    await scene.do(later)
    assert await feed_broadcasts(scene.storage) == 3
    assert await feed_broadcasts(scene.storage) == 0
    assert await scene.states(made) == {"left": 1, "queued": 3}


async def test_a_cancelled_broadcast_stops_where_it_is(scene: Scene) -> None:
    made = await scene.approved()
    assert await feed_broadcasts(scene.storage) == 3
    (taken,) = await outbox.claim(scene.storage, worker="w", limit=1, bulk=True)
    assert await scene.do(lambda uow: broadcasts.cancel(uow, scene.writer, made, 2)) == 2
    deliveries = Deliveries(scene.storage, {}, ChatLocks(), None)
    await deliveries(taken)  # a worker had it in hand, and looks before it sends
    assert await scene.states(made) == {"cancelled": 3}
    assert await outbox.claim(scene.storage, worker="w", limit=9) == []
    with pytest.raises(StaleVersion):
        await scene.do(lambda uow: broadcasts.cancel(uow, scene.writer, made, 3))


async def test_whoever_was_not_reached_is_counted_by_village_and_only_candidates_are_named(scene: Scene) -> None:
    """For delivery on paper, without the name of anybody whose name we do not know."""

    async def stands(uow: UnitOfWork) -> None:
        place = await uow.places.get(scene.village)
        assert place is not None
        election = await factories.add_election(uow, place)
        first = select(broadcast_recipient.c.person_id).order_by(broadcast_recipient.c.id)
        one = await uow.elections.add_candidate(
            election_id=election, name="王秀兰", office="chair", official_id=scene.writer.id
        )
        who = (await uow.read(first))[0][0]
        row = update(candidate_table).where(candidate_table.c.id == one)
        await uow.execute(row.values(person_id=who, state="signing"))

    made = await scene.approved()
    await scene.do(stands)
    await feed_broadcasts(scene.storage)
    first, second, _ = await outbox.claim(scene.storage, worker="w", limit=9)
    for one in (first, second):
        await outbox.mark_failed(scene.storage, one.id, reason="TelegramForbiddenError", of_broadcast=True)
    _, found = await scene.do(lambda uow: broadcasts.unreachable(uow, scene.writer, made))
    assert [(one.place_name, one.people, one.candidates) for one in found] == [("柳树村", 2, ("王秀兰",))]
    async with scene.storage.unit_of_work() as uow:
        mine = select(event.c.act).where(event.c.subject == f"broadcast/{made}").order_by(event.c.id)
        acts = [row.act for row in await uow.read(mine)]
    assert acts == ["broadcast_written", "broadcast_approved", "broadcast_unreachable_read"]


async def test_a_draft_that_changed_since_it_was_seen_is_not_approved(scene: Scene) -> None:
    made = await scene.draft()
    typed = TypedBroadcast(factories.VILLAGE, "publicity", "名单贴出来了，请去看。")
    await scene.do(lambda uow: broadcasts.rewrite(uow, scene.writer, made, 1, typed))
    for act in (broadcasts.approve, broadcasts.cancel):
        with pytest.raises(StaleVersion):
            await scene.do(lambda uow, act=act: act(uow, scene.colleague, made, 1))
    with pytest.raises(BadFields) as others:
        await scene.do(lambda uow: broadcasts.rewrite(uow, scene.colleague, made, 2, typed))
    assert others.value.faults[0].fault == "not_yours"
    bad = TypedBroadcast("cn/test/west", "gossip", "他就是村霸，{phone}")
    with pytest.raises(BadFields) as wrong:
        await scene.do(lambda uow: broadcasts.rewrite(uow, scene.writer, made, 2, bad))
    assert [(one.field, one.fault) for one in wrong.value.faults] == [
        ("place", "unknown"),
        ("notice_kind", "unknown"),
        ("notice_text", "blank"),
        ("notice_text", "label"),
    ]


def test_the_database_knows_the_same_roles() -> None:
    assert set(BROADCASTING_ROLES) == {Role.TOWNSHIP_STAFF, Role.DISCIPLINE_OFFICIAL, Role.DISCIPLINE_LEADER}
