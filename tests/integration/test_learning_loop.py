"""From a question nobody could answer to an answer the chat gives: grouped, answered, put upwards, written, published.

On both databases. What staff read is masked; what was asked stays sealed as it was typed.
"""

import json
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import cache

import pytest
from sqlalchemy import select, text

from handlers.services import entries, inquiries
from handlers.services.answer_book import AnswerBook
from handlers.services.errors import BadFields, BadInput, NotAllowed, NotFound
from handlers.services.inquiries import ESCALATED
from knowledge.answering import Answerer
from knowledge.casework.access import Role
from knowledge.loader import load_knowledge
from storage.errors import RuleRefused, StaleVersion
from storage.outbox import PURPOSE
from storage.repositories.entries import EntryVersion
from storage.repositories.inquiries import REPLIED, USELESS, WAITING
from storage.repositories.officials import Official
from storage.repositories.people import Person
from storage.repositories.places import Place
from storage.tables.records import outbox
from storage.unit_of_work import Storage
from tests import factories
from tests.attacks import attempt
from tests.channels import Site, Villager, open_site, populate
from tests.fakes import FakeClock

CARS = ("选举那天村里派车接老人吗？", "投票那天村里有车接老人吗？", "选举那天村里派不派车接老人")
PHONE = "138" + "00138012"  # nobody's


def payload(storage: Storage, row) -> dict:
    """What a row that waits to leave says."""
    return json.loads(storage.keys.open_text(PURPOSE, row.payload_sealed))


@cache
def shipped() -> Answerer:
    return Answerer(load_knowledge())


@dataclass
class County:
    """A county, its officials, and the running answers."""

    storage: Storage
    clock: FakeClock
    places: dict[str, Place]
    clerk: Official
    town: Official
    other: Official
    leader: Official
    book: AnswerBook = field(default_factory=lambda: AnswerBook(load_knowledge(), shipped()))

    async def ask(self, question: str, place: str | None = factories.VILLAGE, **more: object) -> tuple[Person, int]:
        """Somebody new asks something the bot cannot answer."""
        async with self.storage.unit_of_work() as uow:
            who = await factories.add_person(uow, chat_id=uow.ids.next())
            at = self.places[place].id if place else None
            given = {"entry_id": None, "score": 0.1, "state": "waiting", "place_id": at, **more}
            inquiry = uow.inquiries.log(person_id=who.id, question=question, **given)
            await uow.commit()
        return who, inquiry

    async def notices(self) -> list[str]:
        """The codes of what waits to leave, oldest first."""
        async with self.storage.unit_of_work() as uow:
            rows = await uow.read(select(outbox).order_by(outbox.c.id))
        return [payload(self.storage, row)["notice"] for row in rows]

    def typed(self, **changed: object) -> entries.TypedEntry:
        form = dict(factories.ENTRY_FORM)
        place = form.pop("place")
        return replace(entries.TypedEntry(place_path=place, laws=(), **form), **changed)


@pytest.fixture
async def county(storage: Storage, clock: FakeClock) -> County:
    async with storage.unit_of_work() as uow:
        places = await factories.add_county(uow)
        clerk = await factories.add_official(uow, Role.VILLAGE_CLERK, factories.VILLAGE)
        town = await factories.add_official(uow, Role.TOWNSHIP_STAFF, factories.TOWN)
        other = await factories.add_official(uow, Role.TOWNSHIP_STAFF, factories.TOWN)
        leader = await factories.add_official(uow, Role.DISCIPLINE_LEADER)
        for official in (town, other, leader):
            await uow.officials.set_notice_chat(official.id, 9_000 + official.id)
        await uow.commit()
    return County(storage, clock, places, clerk, town, other, leader)


async def done(county: County, act, *arguments, **named):
    """A use case in a unit of work of its own."""
    async with county.storage.unit_of_work() as uow:
        result = await act(uow, *arguments, **named)
        await uow.commit()
    return result


async def the_groups(county: County, official: Official, state: str = WAITING) -> list[tuple[int, str]]:
    async with county.storage.unit_of_work() as uow:
        found = await inquiries.groups(uow, official, county.book.lexicon, state=state)
    return [(group.people, group.first.question) for group in found]


# Grouping and answering


async def test_like_questions_are_one_row_and_what_most_people_ask_stands_first(county: County) -> None:
    await county.ask("投票那天管不管午饭？")
    for question in CARS:
        await county.ask(question)
    assert await the_groups(county, county.town) == [(3, CARS[0]), (1, "投票那天管不管午饭？")]


async def test_one_reply_reaches_everybody_who_asked_once_each_and_passes_over_those_answered(county: County) -> None:
    (first, one), (_, two), (_, three) = [await county.ask(question) for question in CARS]
    async with county.storage.unit_of_work() as uow:  # the same person asks once more
        again = uow.inquiries.log(
            person_id=first.id, question=CARS[0], entry_id=None, score=0, state="waiting", place_id=first.place_id
        )
        await uow.commit()
    await done(county, inquiries.reply, county.clerk, [two], "先回您：有车。")
    assert await done(county, inquiries.reply, county.town, [one, two, three, again], "有车，八点在村口。") == 2
    async with county.storage.unit_of_work() as uow:
        replies = {number: (await uow.inquiries.get(number)).reply for number in (one, two, three, again)}
    assert replies == {
        one: "有车，八点在村口。",
        two: "先回您：有车。",
        three: "有车，八点在村口。",
        again: "有车，八点在村口。",
    }
    assert await county.notices() == ["inquiry_replied"] * 3
    with pytest.raises(NotFound):
        await done(county, inquiries.reply, county.town, [one, two], "再来一遍")


async def test_a_question_of_another_village_is_neither_seen_nor_answered_with_the_rest(county: County) -> None:
    _, here = await county.ask(CARS[0])
    _, elsewhere = await county.ask(CARS[1], factories.OTHER_VILLAGE)
    assert await the_groups(county, county.town) == [(1, CARS[0])]
    assert await done(county, inquiries.reply, county.town, [here, elsewhere], "有车。") == 1
    async with county.storage.unit_of_work() as uow:
        assert (await uow.inquiries.get(elsewhere)).state == WAITING


async def test_an_answer_that_did_not_help_has_a_list_of_its_own_and_can_be_answered(county: County) -> None:
    who, inquiry = await county.ask("我到底在哪边投？", state="answered", entry_id="away-registration")
    assert await the_groups(county, county.town, USELESS) == []
    async with county.storage.unit_of_work() as uow:
        await uow.inquiries.judge(inquiry, who.id, useful=False)
        await uow.commit()
    assert await the_groups(county, county.town, USELESS) == [(1, "我到底在哪边投？")]
    assert await the_groups(county, county.town) == []
    await done(county, inquiries.reply, county.town, [inquiry], "在柳树村投。")
    assert await the_groups(county, county.town, USELESS) == []
    async with county.storage.unit_of_work() as uow:
        (one,) = await inquiries.inbox(uow, county.town, state=REPLIED)
    assert one.reply == "在柳树村投。"


async def test_an_answer_that_helped_bothers_nobody(county: County) -> None:
    _, inquiry = await county.ask("问", state="answered", entry_id="abstain")
    with pytest.raises(NotFound):
        await done(county, inquiries.reply, county.town, [inquiry], "多余的话")


async def test_staff_read_no_number_that_leads_to_the_asker_who_gets_the_question_back_as_typed(county: County) -> None:
    asked = f"我电话{PHONE}，投票那天有2200人吗"
    _, inquiry = await county.ask(asked)
    async with county.storage.unit_of_work() as uow:
        seen = [
            (await inquiries.groups(uow, county.town, county.book.lexicon))[0].first.question,
            (await inquiries.inbox(uow, county.town))[0].question,
            (await inquiries.read(uow, county.town, inquiry, county.book.lexicon)).asked.question,
            await entries.first_way(uow, county.town, inquiry),
        ]
        assert seen == ["我电话138******12，投票那天有2200人吗"] * 4
        assert (await uow.inquiries.get(inquiry)).question == asked
    await done(county, inquiries.reply, county.town, [inquiry], "有。")
    async with county.storage.unit_of_work() as uow:
        (row,) = await uow.read(select(outbox))
    assert payload(county.storage, row)["data"]["question"] == asked


async def test_what_was_asked_and_replied_cannot_be_changed_by_raw_sql(county: County) -> None:
    _, replied = await county.ask("问一")
    _, waits = await county.ask("问二")
    await done(county, inquiries.reply, county.town, [replied], "答")
    values = {"id": replied, "waits": waits, "other": county.other.id}
    attacks = {
        "write another reply": "UPDATE inquiry SET reply_sealed = question_sealed WHERE id = :id",
        "let it wait again": "UPDATE inquiry SET state = 'waiting' WHERE id = :id",
        "say that somebody else replied": "UPDATE inquiry SET replied_by = :other WHERE id = :id",
        "put another question there": "UPDATE inquiry SET question_sealed = (SELECT question_sealed FROM inquiry i "
        "WHERE i.id = :waits) WHERE id = :id",
        "make it look answered": "UPDATE inquiry SET state = 'answered' WHERE id = :waits",
        "lose it": "DELETE FROM inquiry WHERE id = :waits",
    }
    for way, statement in attacks.items():
        assert not await attempt(county.storage, (statement,), values), way
    assert await attempt(county.storage, ("UPDATE inquiry SET useful = true WHERE id = :id",), values)


# The level above


async def test_what_nobody_knows_goes_to_the_level_above_with_a_day_and_the_asker_is_told(county: County) -> None:
    _, inquiry = await county.ask(CARS[0])
    due_on = await done(county, inquiries.escalate, county.clerk, inquiry, "村里没定，镇上定了吗")
    assert due_on == date(2026, 3, 13)  # two working days after Wednesday
    assert sorted(await county.notices()) == ["desk_item_waiting", "desk_item_waiting", "inquiry_escalated"]
    async with county.storage.unit_of_work() as uow:
        (one,) = await inquiries.escalated(uow, county.town)
        assert (one.due_on, one.escalations[0].note) == (due_on, "村里没定，镇上定了吗")
        assert await inquiries.escalated(uow, county.leader) == []
        assert (await inquiries.counts(uow, county.town))[ESCALATED] == 1
        assert (await inquiries.read(uow, county.clerk, inquiry, county.book.lexicon)).asked.due_on == due_on
    await done(county, inquiries.escalate, county.town, inquiry, "镇上也没定")
    async with county.storage.unit_of_work() as uow:
        assert [one.id for one in await inquiries.escalated(uow, county.leader)] == [inquiry]
        (row,) = (await uow.inquiries.escalations(factories.VILLAGE)).values()
    assert [one.to_path for one in row] == [factories.TOWN, factories.COUNTY]


async def test_the_same_level_is_asked_once_and_at_the_top_there_is_nobody_to_ask(county: County) -> None:
    _, inquiry = await county.ask(CARS[0])
    await done(county, inquiries.escalate, county.clerk, inquiry, "不知道")
    with pytest.raises(StaleVersion):
        await done(county, inquiries.escalate, county.clerk, inquiry, "不知道")
    with pytest.raises(BadInput) as nobody:
        await done(county, inquiries.escalate, county.leader, inquiry, "不知道")
    assert (nobody.value.field, nobody.value.fault) == ("note", "nobody_above")


@pytest.mark.parametrize(("note", "fault"), [("  ", "too_short"), ("长" * 501, "too_long")])
async def test_the_level_above_is_told_what_is_not_clear(county: County, note: str, fault: str) -> None:
    _, inquiry = await county.ask(CARS[0])
    with pytest.raises(BadInput) as wrong:
        await done(county, inquiries.escalate, county.clerk, inquiry, note)
    assert wrong.value.fault == fault


async def test_what_is_answered_goes_nowhere_any_more(county: County) -> None:
    _, inquiry = await county.ask(CARS[0])
    await done(county, inquiries.reply, county.town, [inquiry], "有车")
    with pytest.raises(NotFound):
        await done(county, inquiries.escalate, county.clerk, inquiry, "不知道")


async def test_a_late_answer_is_noticed_once_by_day_and_not_at_night(county: County) -> None:
    _, inquiry = await county.ask(CARS[0])
    _, answered = await county.ask("投票那天管饭吗")
    await done(county, inquiries.escalate, county.clerk, inquiry, "不知道")
    await done(county, inquiries.escalate, county.clerk, answered, "不知道")
    await done(county, inquiries.reply, county.town, [answered], "不管")
    before = len(await county.notices())
    assert await done(county, inquiries.tell_overdue) == 0
    county.clock.advance(timedelta(days=3, hours=12))  # a day after the day it was due, late in the evening
    assert await done(county, inquiries.tell_overdue) == 0
    county.clock.advance(timedelta(hours=12))
    assert await done(county, inquiries.tell_overdue) == 2  # both officials of the town
    assert await done(county, inquiries.tell_overdue) == 0
    assert (await county.notices())[before:] == ["desk_item_waiting"] * 2


async def test_the_record_of_asking_the_level_above_cannot_be_changed(county: County) -> None:
    _, inquiry = await county.ask(CARS[0])
    await done(county, inquiries.escalate, county.clerk, inquiry, "不知道")
    values = {"id": inquiry, "path": factories.COUNTY}
    for statement in (
        "UPDATE inquiry_escalation SET due_on = '2027-01-01' WHERE inquiry_id = :id",
        "UPDATE inquiry_escalation SET to_path = :path WHERE inquiry_id = :id",
        "DELETE FROM inquiry_escalation WHERE inquiry_id = :id",
    ):
        assert not await attempt(county.storage, (statement,), values), statement


# Entries: the road from a draft to the chat


async def asked_in(county: County, place: str, question: str = "投票那天村里有没有车接老人") -> str | None:
    answerer = await county.book.at(place)
    return answerer.answer(question, as_of=date(2026, 3, 11)).entry_id


async def test_an_entry_is_written_reviewed_published_changed_withdrawn_and_an_older_version_comes_back(
    county: County,
) -> None:
    town, other, book = county.town, county.other, county.book
    _, inquiry = await county.ask(CARS[0])
    entry_id = await done(county, entries.write, town, county.typed(), book, from_inquiry=inquiry)
    assert entry_id == "desk-1"
    assert await asked_in(county, factories.VILLAGE) != entry_id

    async def version(number: int) -> EntryVersion:
        async with county.storage.unit_of_work() as uow:
            return (await entries.read(uow, town, entry_id)).versions[number - 1]

    first = await version(1)
    assert first.from_inquiry == inquiry
    with pytest.raises(BadInput, match="own"):
        await done(county, entries.review, town, entry_id, first.id, verdict="approved", note="")
    with pytest.raises(BadInput, match="not_approved"):
        await done(county, entries.publish, town, entry_id, first.id, book)
    with pytest.raises(BadInput, match="no_reason"):
        await done(county, entries.review, other, entry_id, first.id, verdict="returned", note=" ")
    await done(county, entries.review, other, entry_id, first.id, verdict="approved", note="")
    with pytest.raises(StaleVersion):
        await done(county, entries.review, county.leader, entry_id, first.id, verdict="returned", note="慢了")
    await done(county, entries.publish, town, entry_id, first.id, book)
    assert await book.refresh(county.storage)
    assert not await book.refresh(county.storage)
    assert await asked_in(county, factories.VILLAGE) == entry_id
    assert await asked_in(county, factories.OTHER_VILLAGE) != entry_id
    assert await asked_in(county, "") != entry_id

    await done(county, entries.write, other, county.typed(answer="有，八点半。"), book, entry_id=entry_id)
    second = await version(2)
    await done(county, entries.review, town, entry_id, second.id, verdict="approved", note="")
    await done(county, entries.publish, county.leader, entry_id, second.id, book)
    await book.refresh(county.storage)
    answerer = await book.at(factories.VILLAGE)
    assert answerer.answer_entry(entry_id, as_of=date(2026, 3, 11)).text == "有，八点半。"

    await done(county, entries.withdraw, town, entry_id)
    with pytest.raises(StaleVersion):
        await done(county, entries.withdraw, town, entry_id)
    await book.refresh(county.storage)
    assert await asked_in(county, factories.VILLAGE) != entry_id
    await done(county, entries.publish, town, entry_id, first.id, book)
    await book.refresh(county.storage)
    answerer = await book.at(factories.VILLAGE)
    assert answerer.answer_entry(entry_id, as_of=date(2026, 3, 11)).text == factories.ENTRY_FORM["answer"]
    async with county.storage.unit_of_work() as uow:
        view = await entries.read(uow, town, entry_id)
    assert [one.version_id for one in view.publications] == [first.id, second.id, None, first.id]
    assert [one.number for one in view.versions] == [1, 2]


async def test_another_process_finds_what_this_one_published(county: County) -> None:
    async with county.storage.unit_of_work() as uow:
        await factories.add_entry(uow, county.town, reviewer=county.other, published=True)
        await uow.commit()
    elsewhere = AnswerBook(load_knowledge(), shipped())
    assert await elsewhere.refresh(county.storage)
    assert {one.entry.id for one in elsewhere.additions} == {"desk-1"}


async def test_an_entry_whose_window_is_over_is_not_said(county: County) -> None:
    async with county.storage.unit_of_work() as uow:
        last = date(2026, 3, 10)
        await factories.add_entry(uow, county.town, reviewer=county.other, published=True, in_force_until=last)
        await uow.commit()
    await county.book.refresh(county.storage)
    assert await asked_in(county, factories.VILLAGE) is None or await asked_in(county, factories.VILLAGE) != "desk-1"


@pytest.mark.parametrize(
    ("changed", "faults"),
    [
        ({"label": ""}, {("label", "empty")}),
        ({"label": "长" * 17}, {("label", "too_long")}),
        ({"label": f"打{PHONE}"}, {("label", "personal")}),
        ({"questions": "有车吗\n有没有车"}, {("questions", "too_few")}),
        ({"questions": "有车吗？\n有车吗\n有车吗!"}, {("questions", "too_few")}),
        ({"questions": f"有车吗\n有没有车\n打{PHONE}有车吗"}, {("questions", "personal")}),
        ({"questions": "有车吗\n有没有车\n打138******12有车吗"}, {("questions", "personal")}),
        ({"questions": "\n".join(f"有{n}路车吗" for n in range(51))}, {("questions", "too_many")}),
        ({"questions": "有车吗\n有没有车\n" + "长" * 61}, {("questions", "too_long")}),
        ({"answer": " "}, {("answer", "empty")}),
        ({"answer": "长" * 121}, {("answer", "too_long")}),
        ({"answer": "{{turnout}}"}, {("answer", "figure")}),
        ({"more": "长" * 1001}, {("more", "too_long")}),
        ({"document": "", "document_dated": ""}, {("sources", "none")}),
        ({"document": ""}, {("document", "empty")}),
        ({"document_dated": ""}, {("document_dated", "no_date")}),
        ({"document_dated": "2027-01-01"}, {("document_dated", "no_date")}),
        ({"laws": (("village", "999"),)}, {("sources", "no_such_article")}),
        ({"laws": (("village", ""),)}, {("sources", "no_such_article")}),
        ({"laws": (("", "18"),)}, {("sources", "no_such_article")}),
        ({"in_force_from": ""}, {("in_force_from", "no_date")}),
        ({"in_force_until": "3月8日"}, {("in_force_until", "no_date")}),
        ({"in_force_until": "2026-02-01"}, {("in_force_until", "before_it_begins")}),
        ({"in_force_until": "2026-03-05"}, {("in_force_until", "over")}),
        ({"kind": "city"}, {("kind", "unknown")}),
        ({"place_path": factories.OTHER_VILLAGE}, {("place", "unknown")}),
        ({"place_path": "cn/nowhere"}, {("place", "unknown")}),
        ({"label": "", "answer": "", "kind": ""}, {("label", "empty"), ("answer", "empty"), ("kind", "unknown")}),
    ],
)
async def test_a_form_that_does_not_fit_is_told_everything_at_once(county: County, changed, faults) -> None:
    with pytest.raises(BadFields) as wrong:
        await done(county, entries.write, county.town, county.typed(**changed), county.book)
    assert {(one.field, one.fault) for one in wrong.value.faults} == faults


async def test_a_way_of_asking_that_is_answered_already_is_named_with_what_answers_it(county: County) -> None:
    entry = next(iter(load_knowledge().entries.values()))
    ways = f"有车吗\n{entry.questions[-1]}？\n有没有车"
    with pytest.raises(BadFields) as wrong:
        await done(county, entries.write, county.town, county.typed(questions=ways), county.book)
    assert wrong.value.taken == ((f"{entry.questions[-1]}？", entry.label),)
    async with county.storage.unit_of_work() as uow:
        await factories.add_entry(uow, county.town, reviewer=county.other, published=True)
        await uow.commit()
    with pytest.raises(BadFields) as wrong:
        await done(county, entries.write, county.leader, county.typed(place_path=factories.COUNTY), county.book)
    assert {owner for _, owner in wrong.value.taken} == {factories.ENTRY_FORM["label"]}
    elsewhere = county.typed(place_path=factories.OTHER_VILLAGE)
    assert await done(county, entries.write, county.leader, elsewhere, county.book) == "desk-2"


async def test_two_entries_with_the_same_ways_are_not_both_published(county: County) -> None:
    ids = [await done(county, entries.write, county.town, county.typed(), county.book) for _ in range(2)]
    for entry_id in ids:
        async with county.storage.unit_of_work() as uow:
            latest = (await entries.read(uow, county.town, entry_id)).latest
        await done(county, entries.review, county.other, entry_id, latest.id, verdict="approved", note="")
        if entry_id == ids[0]:
            await done(county, entries.publish, county.town, entry_id, latest.id, county.book)
            continue
        with pytest.raises(BadInput, match="taken"):
            await done(county, entries.publish, county.town, entry_id, latest.id, county.book)


async def test_who_may_not_write_or_lives_elsewhere_gets_nowhere(county: County) -> None:
    entry_id = await done(county, entries.write, county.leader, county.typed(), county.book)
    with pytest.raises(NotAllowed):
        await done(county, entries.write, county.clerk, county.typed(), county.book)
    async with county.storage.unit_of_work() as uow:
        stranger = await factories.add_official(uow, Role.TOWNSHIP_STAFF, factories.OTHER_VILLAGE)
        await uow.commit()
    for act, arguments in (
        (entries.read, (entry_id,)),
        (entries.withdraw, (entry_id,)),
        (entries.publish, (entry_id, 1, county.book)),
    ):
        with pytest.raises(NotFound):
            await done(county, act, stranger, *arguments)


# What the database refuses, whoever asks


@dataclass(frozen=True)
class Papers:
    """One version that waits, one approved, one returned; all by the same author."""

    waits: EntryVersion
    approved: EntryVersion
    returned: EntryVersion
    values: dict[str, int]


@pytest.fixture
async def papers(county: County) -> Papers:
    async with county.storage.unit_of_work() as uow:
        waits = await factories.add_entry(uow, county.town)
        approved = await factories.add_entry(uow, county.town, reviewer=county.other, published=True)
        returned = await factories.add_entry(uow, county.town)
        await uow.entries.review(returned.id, verdict="returned", note="没有依据", reviewer_id=county.other.id)
        gone = await factories.add_official(uow, Role.TOWNSHIP_STAFF, factories.TOWN)
        await uow.execute(text(f"UPDATE official SET active = false WHERE id = {gone.id}"))
        await uow.commit()
    values = {
        "waits": waits.id,
        "approved": approved.id,
        "returned": returned.id,
        "author": county.town.id,
        "other": county.other.id,
        "clerk": county.clerk.id,
        "gone": gone.id,
    }
    return Papers(waits, approved, returned, values)


_PUBLISH = "INSERT INTO entry_publication (entry_id, version_id, official_id, at) "
_REVIEW = "INSERT INTO entry_review (version_id, verdict, note, reviewer_id, at) "
_WRITE = (
    "INSERT INTO entry_version (entry_id, number, place_path, kind, label, questions, answer, more, sources, "
    "in_force_from, author_id, created_at) SELECT {}, v.kind, v.label, v.questions, {}, v.more, v.sources, "
    "v.in_force_from, v.author_id, v.created_at FROM entry_version v WHERE v.id = :waits"
)
ATTACKS = {
    "change a version": ("UPDATE entry_version SET answer = '没有' WHERE id = :approved",),
    "change nothing of a version": ("UPDATE entry_version SET answer = answer WHERE id = :approved",),
    "lose a version": ("DELETE FROM entry_version WHERE id = :waits",),
    "move an entry to another place": (_WRITE.format("v.entry_id, 2, 'cn'", "v.answer"),),
    "leave out a version": (_WRITE.format("v.entry_id, 3, v.place_path", "v.answer"),),
    "write a version twice": (_WRITE.format("v.entry_id, 1, v.place_path", "v.answer"),),
    "say nothing": (_WRITE.format("'desk-99', 1, v.place_path", "''"),),
    "review one's own": (
        _REVIEW + "SELECT :waits, 'approved', '', :author, created_at FROM official WHERE id = :other",
    ),
    "review without the post": (
        _REVIEW + "SELECT :waits, 'approved', '', :clerk, created_at FROM official WHERE id = :other",
    ),
    "review after leaving": (
        _REVIEW + "SELECT :waits, 'approved', '', :gone, created_at FROM official WHERE id = :other",
    ),
    "review a second time": (
        _REVIEW + "SELECT :returned, 'approved', '', :other, created_at FROM official WHERE id = :other",
    ),
    "return without a reason": (
        _REVIEW + "SELECT :waits, 'returned', '', :other, created_at FROM official WHERE id = :other",
    ),
    "turn a return into an approval": ("UPDATE entry_review SET verdict = 'approved' WHERE version_id = :returned",),
    "lose a review": ("DELETE FROM entry_review WHERE version_id = :returned",),
    "publish what nobody reviewed": (
        _PUBLISH + "SELECT v.entry_id, v.id, :other, v.created_at FROM entry_version v WHERE v.id = :waits",
    ),
    "publish what was returned": (
        _PUBLISH + "SELECT v.entry_id, v.id, :other, v.created_at FROM entry_version v WHERE v.id = :returned",
    ),
    "publish one entry's version as another's": (
        _PUBLISH + "SELECT w.entry_id, v.id, :other, v.created_at FROM entry_version v, entry_version w "
        "WHERE v.id = :approved AND w.id = :waits",
    ),
    "publish without the post": (
        _PUBLISH + "SELECT v.entry_id, v.id, :clerk, v.created_at FROM entry_version v WHERE v.id = :approved",
    ),
    "publish after leaving": (
        _PUBLISH + "SELECT v.entry_id, v.id, :gone, v.created_at FROM entry_version v WHERE v.id = :approved",
    ),
    "publish before all others": (
        (
            "INSERT INTO entry_publication (id, entry_id, version_id, official_id, at) "
            "SELECT -5, v.entry_id, v.id, :other, v.created_at FROM entry_version v WHERE v.id = :approved"
        ),
    ),
    "withdraw what is not published": (
        _PUBLISH + "SELECT v.entry_id, NULL, :other, v.created_at FROM entry_version v WHERE v.id = :waits",
    ),
    "change a publication": ("UPDATE entry_publication SET version_id = :waits WHERE version_id = :approved",),
    "lose a publication": ("DELETE FROM entry_publication WHERE version_id = :approved",),
}
SQLITE_ATTACKS = {
    "replace a version": ("REPLACE INTO entry_version SELECT * FROM entry_version WHERE id = :waits",),
    "replace a review": ("REPLACE INTO entry_review SELECT * FROM entry_review WHERE version_id = :returned",),
    "replace a publication": (
        "INSERT OR REPLACE INTO entry_publication SELECT * FROM entry_publication WHERE version_id = :approved",
    ),
}
POSTGRESQL_ATTACKS = {
    "truncate": ("TRUNCATE entry_publication",),
    "drop a trigger": ("DROP TRIGGER entry_publication_insert ON entry_publication",),
    "replace the function": (
        (
            "CREATE OR REPLACE FUNCTION qf_entry_publication_rules() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RETURN NEW; END $$"
        ),
    ),
}


async def test_raw_sql_cannot_walk_round_the_second_person(county: County, papers: Papers) -> None:
    more = SQLITE_ATTACKS if county.storage.database.is_sqlite else POSTGRESQL_ATTACKS
    async with county.storage.unit_of_work() as uow:
        before = await uow.entries.within("cn"), await uow.entries.published()
    for way, statements in {**ATTACKS, **more}.items():
        assert not await attempt(county.storage, statements, papers.values), way
    async with county.storage.unit_of_work() as uow:
        assert (await uow.entries.within("cn"), await uow.entries.published()) == before


async def test_the_same_statements_go_through_where_they_keep_the_rules(county: County, papers: Papers) -> None:
    lawful = (
        _REVIEW + "SELECT :waits, 'approved', '', :other, created_at FROM official WHERE id = :other",
        _PUBLISH + "SELECT v.entry_id, v.id, :other, v.created_at FROM entry_version v WHERE v.id = :waits",
        _PUBLISH + "SELECT v.entry_id, NULL, :other, v.created_at FROM entry_version v WHERE v.id = :waits",
        _WRITE.format("v.entry_id, 2, v.place_path", "v.answer"),
    )
    assert await attempt(county.storage, lawful, papers.values)


async def test_the_repository_names_the_rule_that_refused(county: County, papers: Papers) -> None:
    async with county.storage.unit_of_work() as uow:
        with pytest.raises(RuleRefused, match="entry_not_reviewed"):
            await uow.entries.publish(papers.waits.entry_id, papers.waits.id, official_id=county.other.id)
    async with county.storage.unit_of_work() as uow:
        with pytest.raises(RuleRefused, match="entry_reviewer"):
            await uow.entries.review(papers.waits.id, verdict="approved", note="", reviewer_id=county.town.id)


async def test_an_imported_law_only_grows_and_only_to_its_own_size(storage: Storage) -> None:
    made = (
        (
            "INSERT INTO law_import (law_id, version, sha256, file_name, articles, imported_at) "
            "VALUES ('village', '2025', 'x', 'a.docx', 1, '2026-03-11 02:00:00+00')"
        ),
        "INSERT INTO law_article (import_id, article, text) SELECT max(id), '1', '第一条' FROM law_import",
    )
    assert await attempt(storage, made, {})
    for statement in (
        "INSERT INTO law_article (import_id, article, text) SELECT max(id), '2', '第二条' FROM law_import",
        "UPDATE law_article SET text = '改了'",
        "DELETE FROM law_article",
        "UPDATE law_import SET sha256 = 'y'",
        "DELETE FROM law_import",
    ):
        assert not await attempt(storage, (statement,), {}), statement


# The whole loop, through the chat


async def test_what_the_chat_did_not_know_it_knows_after_publication_and_only_there(storage: Storage) -> None:
    await populate(storage)
    async with open_site("web", storage) as site:
        book = site.application.book
        asker, stranger = await site.meet(), await site.meet()
        for who, path in ((asker, factories.VILLAGE), (stranger, factories.OTHER_VILLAGE)):
            await who.say("你好")
            await live_at(site, who, path)
        question = "投票那天村里有没有车接老人"
        if "拿不准" not in (await asker.say(question))[-1]:
            await asker.press("没用")  # a near answer is no answer
        town = await site.do(lambda uow: factories.add_official(uow, Role.TOWNSHIP_STAFF, factories.TOWN))
        other = await site.do(lambda uow: factories.add_official(uow, Role.TOWNSHIP_STAFF, factories.TOWN))
        lists = [
            await site.do(lambda uow, one=one: inquiries.inbox(uow, town, state=one)) for one in (WAITING, USELESS)
        ]
        waits = next(one for some in lists for one in some if one.question == question)
        form = dict(factories.ENTRY_FORM)
        typed = entries.TypedEntry(place_path=form.pop("place"), laws=(), **form)
        await site.do(lambda uow: entries.write(uow, town, typed, book, from_inquiry=waits.id))
        view = await site.do(lambda uow: entries.read(uow, town, "desk-1"))
        version = view.latest.id
        await site.do(lambda uow: entries.review(uow, other, "desk-1", version, verdict="approved", note=""))
        await site.do(lambda uow: entries.publish(uow, other, "desk-1", version, book))
        await site.application.refresh()
        heard = "\n".join(await asker.say(question))
        assert factories.ENTRY_FORM["answer"] in heard
        assert "依据：柳树村选举日工作安排（2026年3月1日）" in heard
        assert factories.ENTRY_FORM["answer"] not in "\n".join(await stranger.say(question))


async def live_at(site: Site, who: Villager, path: str) -> None:
    person_id = await who.person_id()

    async def remember(uow) -> None:
        uow.people.set_place(person_id, (await uow.places.by_path(path)).id)

    await site.do(remember)
