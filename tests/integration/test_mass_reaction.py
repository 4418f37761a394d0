"""N3: five verified people on the same person, village and matter are a strong reaction, exactly once.

On both databases. FMS#358, e-petitions: nobody counts people instead of reports, and nobody tells the level above.
"""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from handlers.services import cases, flags, links, names, recusals
from handlers.services import mass_reaction as recounting
from handlers.services.intake import Intake, NewReport
from knowledge.casework.access import Role
from knowledge.casework.categories import load_categories
from knowledge.casework.classification import Classifier
from knowledge.casework.lifecycle import CaseState
from storage.outbox import PURPOSE
from storage.repositories.cases import Case, QueueFilter
from storage.tables.cases import case_link, mass_reaction
from storage.tables.records import outbox
from storage.unit_of_work import Storage
from tests import factories
from tests.desk_site import DeskSite
from tests.named_cases import NAME, acts, add_named, attempt, flag_of, open_name, verify, with_mass

RULES = load_categories()


class Scene(DeskSite):
    """A county with a custodian, and somebody above who hears of what waits."""

    async def prepare(self) -> None:
        self.places = await self.do(factories.add_county)
        self.custodian = await self.do(factories.add_custodian)
        self.superior = await self.do(lambda uow: self.above(uow, "superior", 900))

    async def above(self, uow, username, chat_id, place_path="cn"):
        who = await factories.add_official(uow, Role.SUPERIOR, place_path, username=username)
        await uow.officials.set_notice_chat(who.id, chat_id)
        return who

    async def report(self, number: int, *, village=factories.VILLAGE, **more) -> Case:
        """A report of the person with this number."""
        contact = f"138{number:08}"
        return await self.do(lambda uow: add_named(uow, self.places[village], contact, **more))

    async def verified(self, *numbers: int, **more) -> list[Case]:
        made = [await self.report(number, **more) for number in numbers]
        for one in made:
            await verify(self.storage, self.custodian, one.number)
        return made

    async def flagged(self, *some: Case) -> list[bool]:
        return [await flag_of(self.storage, one.number) is not None for one in some]

    async def upgrades(self) -> tuple[int, int]:
        """How many subjects were reached, and how many events tell of it."""
        rows = await self.do(lambda uow: uow.read(select(func.count()).select_from(mass_reaction)))
        return int(rows[0][0]), (await acts(self.storage)).count("mass_reaction_reached")

    async def notices(self) -> list[tuple[str, str]]:
        """Notices to officials about strong reactions: the chat, and what it says."""
        keys = self.storage.keys
        rows = await self.do(lambda uow: uow.read(select(outbox).where(outbox.c.dedupe_key.startswith("notice/mass/"))))
        return [
            (keys.open_text(PURPOSE, row.recipient_sealed), keys.open_text(PURPOSE, row.payload_sealed)) for row in rows
        ]

    async def tied(self) -> int:
        query = select(func.count()).where(case_link.c.kind == "mass")
        return int((await self.do(lambda uow: uow.read(query)))[0][0])


@pytest.fixture
async def scene(storage: Storage) -> Scene:
    made = Scene(storage)
    await made.prepare()
    return made


async def test_four_people_are_none_and_the_fifth_makes_one(scene):
    four = await scene.verified(1, 2, 3, 4)
    assert await scene.upgrades() == (0, 0)
    assert await scene.flagged(*four) == [False] * 4
    fifth = await scene.verified(5)
    assert await scene.upgrades() == (1, 1)
    assert await scene.flagged(*four, *fifth) == [True] * 5
    assert await scene.tied() == 4
    flag = await flag_of(scene.storage, fifth[0].number)
    assert flag.reasons == Classifier(RULES).mass_reaction(5).reasons
    assert flag.rule_version == RULES.version


async def test_the_level_above_is_told_once_and_nothing_of_the_content(scene):
    await scene.verified(1, 2, 3, 4, 5, 6, 7)
    told = await scene.notices()
    assert len(told) == 1
    assert "900" in told[0][0]
    assert told[0][1] == '{"notice": "desk_item_waiting", "data": {}}'


async def test_names_that_were_only_claimed_count_for_nothing(scene):
    for number in range(8):
        one = await scene.report(number)
        await open_name(scene.storage, scene.custodian, one.number)
    assert await scene.upgrades() == (0, 0)


async def test_a_verified_person_nobody_has_recognised_yet_counts_from_the_opening_on(scene):
    """The reporter came in person: an official says so, and the custodian opens the name later."""
    handler = await scene.do(factories.add_official)
    made = await scene.verified(1, 2, 3, 4)
    last = await scene.report(5)
    await scene.do(lambda uow: names.record_contact(uow, handler, last.number, "visit", "confirmed"))
    assert await scene.upgrades() == (0, 0)
    await open_name(scene.storage, scene.custodian, last.number, purpose="recognise")
    assert await scene.upgrades() == (1, 1)
    assert await scene.flagged(*made, last) == [True] * 5


async def test_one_persons_fifty_reports_over_three_channels_make_none(scene):
    """The Sybil test: one person x 50 reports, typed in every way, is one person."""
    intake = Intake(Classifier(RULES))
    clerk = await scene.do(lambda uow: factories.add_official(uow, Role.TOWNSHIP_STAFF, factories.TOWN))
    people = [await scene.do(lambda uow, c=c: factories.add_person(uow, 500 + len(c), c)) for c in ("web", "telegram")]
    typed = ("13800138000", "138 0013 8000", "+86138-0013-8000", "微信：13800138000", "小王 13800138000")

    async def file(uow, turn: int):
        keys = {who: pair.public_key for who, pair in (await uow.officials.custodians()).items()}
        walk_in = turn % 3 == 2
        return await intake.file(
            uow,
            NewReport(
                place=scene.places[factories.VILLAGE],
                narrative={
                    "what": f"李大勇挨家送烟，每户{turn % 4 + 1}条，让大家选主任的时候投他一票。",
                    "who": "李大勇",
                },
                reported_person="李大勇",
                name=factories.sealed_name(keys, NAME, typed[turn % len(typed)]),
                person_id=None if walk_in else people[turn % 2].id,
                filed_via="walk_in" if walk_in else "chat",
                filed_by=clerk.id if walk_in else None,
            ),
        )

    for turn in range(50):
        filed = await scene.do(lambda uow, turn=turn: file(uow, turn))
        await verify(scene.storage, scene.custodian, filed.number)
    assert await scene.upgrades() == (0, 0)
    assert await scene.tied() == 0
    await scene.verified(1, 2, 3, 4)  # four more people, and it is one
    assert (await scene.upgrades())[0] == 1


async def test_twenty_confirmations_at_once_make_one_upgrade(scene):
    made = [await scene.report(number) for number in range(20)]
    for one in made:
        await open_name(scene.storage, scene.custodian, one.number)
    await asyncio.gather(*(attempt(scene.storage, scene.custodian, one.number, "confirmed") for one in made))
    assert await scene.upgrades() == (1, 1)
    assert await scene.flagged(*made) == [True] * 20
    assert await scene.tied() == 19
    assert len(await scene.notices()) == 1


async def test_confirmations_and_other_work_at_once_do_not_block_each_other(scene):
    """Officials accept the same cases while their names are confirmed: nobody waits for ever, nothing is lost."""
    official = await scene.do(factories.add_official)
    made = [await scene.report(number) for number in range(8)]
    for one in made:
        await open_name(scene.storage, scene.custodian, one.number)

    async def accept(number: str) -> None:
        async with scene.storage.unit_of_work() as uow:
            await cases.accept(uow, official, number)
            await uow.commit()

    await asyncio.gather(
        *(attempt(scene.storage, scene.custodian, one.number, "confirmed") for one in made),
        *(accept(one.number) for one in reversed(made)),
    )
    assert await scene.upgrades() == (1, 1)
    after = [await scene.do(lambda uow, n=one.number: factories.read_case(uow, n)) for one in made]
    assert {one.handler_id for one in after} == {official.id}
    assert await scene.flagged(*made) == [True] * 8


async def test_an_earlier_report_whose_name_is_checked_last_is_tied_to_the_others_too(scene):
    made = [await scene.report(number) for number in range(6)]
    for one in reversed(made):
        await verify(scene.storage, scene.custodian, one.number)
    assert await scene.flagged(*made) == [True] * 6
    assert await scene.tied() == 5
    ties = await scene.do(lambda uow: links.ties(uow, scene.superior, made[0]))
    assert {tied.case.number for tied in ties.links} == {one.number for one in made[1:]}


async def test_who_comes_later_is_flagged_and_tied_without_another_upgrade(scene):
    await scene.verified(1, 2, 3, 4, 5)
    scene.storage.clock.advance(timedelta(days=20))
    late = await scene.verified(6)
    assert await scene.flagged(*late) == [True]
    assert await scene.tied() == 5
    assert await scene.upgrades() == (1, 1)
    assert len(await scene.notices()) == 1


@pytest.mark.parametrize(
    "other",
    [{"village": factories.OTHER_VILLAGE}, {"who": "赵二强"}, {"matters": ("land",)}, {"matters": ()}, {"who": ""}],
    ids=["village", "person", "matter", "no matter", "nobody"],
)
async def test_another_village_person_or_matter_does_not_count(scene, other):
    made = await scene.verified(1, 2, 3, 4)
    apart = await scene.verified(5, **other)
    assert await scene.upgrades() == (0, 0)
    assert await scene.flagged(*made, *apart) == [False] * 5


async def test_what_was_received_before_the_window_does_not_count(scene):
    old = await scene.verified(1, 2)
    scene.storage.clock.advance(timedelta(days=31))
    new = await scene.verified(3, 4, 5)
    assert await scene.upgrades() == (0, 0)
    assert await scene.flagged(*old, *new) == [False] * 5


async def test_one_shared_matter_among_several_is_enough(scene):
    made = await scene.verified(1, 2, matters=("vote_buying", "land"))
    made += await scene.verified(3, 4, 5, matters=("vote_buying",))
    assert await scene.flagged(*made) == [True] * 5


async def test_a_report_somebody_stands_back_from_is_never_felt_in_those_that_person_sees(scene):
    """N4: four visible people and a hidden fifth are four people to whoever may not know of the fifth."""
    official = await scene.do(factories.add_official)
    four = await scene.verified(1, 2, 3, 4)
    before = await scene.do(lambda uow: uow.cases.queue(official, QueueFilter()))
    hidden = await scene.verified(5, recused=[official.id, scene.superior.id])
    assert await scene.flagged(*four) == [False] * 4
    assert await scene.flagged(*hidden) == [True]
    assert await scene.do(lambda uow: uow.cases.queue(official, QueueFilter())) == before
    for one in four:
        ties = await scene.do(lambda uow, one=one: links.ties(uow, official, one))
        assert hidden[0].number not in {tied.case.number for tied in ties.links}
    assert await scene.notices() == []  # the only one above stands back from it too
    # A fifth that everybody may know of makes the others a strong reaction of their own.
    fifth = await scene.verified(6)
    assert await scene.flagged(*four, *fifth) == [True] * 5
    assert await scene.upgrades() == (2, 2)
    assert len(await scene.notices()) == 1


async def test_what_was_reached_below_is_not_reached_again_by_a_report_that_hides_from_somebody(scene):
    official = await scene.do(factories.add_official)
    await scene.verified(1, 2, 3, 4, 5)
    hidden = await scene.verified(6, recused=[official.id])
    assert await scene.flagged(*hidden) == [True]
    assert await scene.upgrades() == (1, 1)


async def test_when_somebody_stands_back_from_all_of_them_later_the_next_voice_is_no_new_upgrade(scene):
    official = await scene.do(factories.add_official)
    made = await scene.verified(1, 2, 3, 4, 5)
    for one in made:
        await scene.do(lambda uow, n=one.number: recusals.stand_back(uow, official, n))
    late = await scene.verified(6, recused=[official.id])
    assert await scene.flagged(*made, *late) == [True] * 6
    assert await scene.upgrades() == (1, 1)


async def test_another_matter_of_the_same_people_is_another_subject(scene):
    await scene.verified(1, 2, 3, 4, 5, matters=("vote_buying", "land"))
    assert await scene.upgrades() == (1, 1)  # counted under one of the two
    await scene.verified(6, 7, 8, 9, 10, matters=("vote_buying",))
    await scene.verified(11, 12, 13, 14, 15, matters=("land",))
    assert await scene.upgrades() == (2, 2)


async def test_a_report_the_level_above_answers_for_is_not_felt_below(scene):
    below = await scene.verified(1, 2, 3, 4, unit_path=factories.TOWN)
    above = await scene.verified(5, unit_path=factories.COUNTY)
    assert await scene.flagged(*below) == [False] * 4
    assert await scene.flagged(*above) == [True]


async def test_a_flag_two_leaders_lowered_is_not_put_back_by_one_more_voice(scene):
    made = await scene.verified(1, 2, 3, 4, 5)
    second = await scene.do(lambda uow: scene.above(uow, "superior2", 901))
    number = made[0].number
    await scene.do(lambda uow: flags.ask_lowering(uow, scene.superior, number, "mass_reaction", "查过，是同一家人"))
    removal = (await scene.do(lambda uow: uow.flags.removals(made[0].id)))[0]
    await scene.do(lambda uow: flags.decide_lowering(uow, second, number, removal.id, agrees=True))
    assert await scene.flagged(*made) == [False, True, True, True, True]
    late = await scene.verified(6)
    assert await scene.flagged(*made, *late) == [False, True, True, True, True, True]


async def test_closed_reports_count_and_are_left_alone(scene):
    """A flag needs an open case; a person who was right two weeks ago is a person all the same."""
    official = await scene.do(factories.add_official)
    leader = await scene.do(lambda uow: factories.add_official(uow, Role.DISCIPLINE_LEADER))
    closed = await scene.verified(1)
    await scene.do(
        lambda uow: factories.bring_to(uow, closed[0], CaseState.CLOSED, investigator=official, approver=leader)
    )
    made = await scene.verified(2, 3, 4, 5)
    assert await scene.flagged(*closed, *made) == [False, True, True, True, True]


async def test_a_place_may_count_reports_without_a_name_and_counts_a_chat_once(scene):
    rules = with_mass(RULES, count_anonymous=True, mass_people=3)
    intake = Intake(Classifier(rules))
    people = [await scene.do(lambda uow, n=n: factories.add_person(uow, 700 + n)) for n in range(2)]

    async def file(person=None):
        def act(uow):
            return intake.file(
                uow,
                NewReport(
                    place=scene.places[factories.VILLAGE],
                    narrative={"what": "李大勇挨家送烟，让大家选主任的时候投他一票。", "who": "李大勇"},
                    reported_person="李大勇",
                    person_id=person.id if person else None,
                ),
            )

        return await scene.do(act)

    first = [await file(people[0]), await file(people[0]), await file(people[1])]
    assert await scene.upgrades() == (0, 0)
    last = await file()
    assert await scene.upgrades() == (1, 1)
    assert [await flag_of(scene.storage, one.number) is not None for one in (*first, last)] == [True] * 4


async def test_a_place_without_the_category_counts_nothing(scene):
    rules = replace(RULES, categories=tuple(one for one in RULES.categories if one.detector != "mass_reaction"))
    made = [await scene.report(number) for number in range(5)]
    for one in made[:4]:
        await verify(scene.storage, scene.custodian, one.number)
    await scene.do(lambda uow: recounting.hold(uow, made[0].id, rules))
    await scene.do(lambda uow: recounting.recount(uow, made[0].id, rules))
    assert await scene.upgrades() == (0, 0)


async def test_the_page_of_one_report_shows_the_others_of_the_crowd(scene):
    made = await scene.verified(1, 2, 3, 4, 5)
    browser, _ = await scene.signed_in()
    await browser.open_case(made[3].number)
    assert "多人反映同一件事" in browser.text
    for one in (made[0], made[1], made[2], made[4]):
        assert one.number in browser.text
    assert "30天内已有5个人反映" in browser.text
