"""N2: every flag is kept with its rule's version and inputs, so that it can be judged again as it was judged then."""

import random

import pytest
from sqlalchemy import text

from bot import app
from bot.front import StartRefused
from handlers.services import rule_sets
from handlers.services.errors import NotFound, RulesChanged
from handlers.services.intake import Intake, NewReport
from knowledge.casework.categories import CategorySet, categories_from, category_files, load_categories
from knowledge.casework.classification import Classifier
from storage.errors import RuleRefused
from storage.repositories.flags import CaseFlag
from storage.tables.records import rule_set
from storage.unit_of_work import Storage
from tests import factories
from tests.named_cases import add_named, verify

FILES = category_files()
RULES = load_categories()
WHO = ("李大勇", "村主任王某", "赵二强和他弟弟", "", "有人", "村委会")
WHAT = (
    "{who}晚上带人挨家送烟，每户{n}条，说选主任的时候投他一票。",
    "{who}在微信群里发红包，一个晚上发了{n}个，每个50元，让大家选他。",
    "{who}请四十多人在饭店吃饭，吃完说换届多帮忙。",
    "听说{who}可能要给大家发钱，还没有发。",
    "{who}把老人的委托书收走，自己填了名字，一共收了{n}张，还占了二组{n}亩地，账也不公布。",
    "选民名单贴出来没有我家三口人，问了也没人管。",
    "邻居盖房占了我家的地，村里不给解决。",
    "{who}没有送过东西，他是好人。",
    "路灯坏了三个月没人修。",
)
WHEN = ("", "3月8日晚上", "前天", "2026年2月28日上午")
WHERE = ("", "村口", "镇上饭店", "二组晒谷场")


def another_version(version: str, **changed: str) -> dict[str, bytes]:
    """The content under another version, with words replaced in categories.yaml."""
    main = FILES["categories.yaml"].decode()
    for old, new in {f'version: "{RULES.version}"': f'version: "{version}"', **changed}.items():
        assert old in main
        main = main.replace(old, new)
    return {**FILES, "categories.yaml": main.encode()}


async def file_reports(storage: Storage, rules: CategorySet, count: int, seed: int) -> list[str]:
    """Reports of all kinds, through the one way in; returns the numbers of those with a flag."""
    intake = Intake(Classifier(rules))
    chosen = random.Random(seed)  # noqa: S311 - the same reports every time
    numbers = []
    async with storage.unit_of_work() as uow:
        place = await uow.places.by_path(factories.VILLAGE)
        assert place is not None
        keys = {who: pair.public_key for who, pair in (await uow.officials.custodians()).items()}
        for turn in range(count):
            who, n = chosen.choice(WHO), chosen.randint(2, 40)
            narrative = {
                "what": chosen.choice(WHAT).format(who=who or "有人", n=n),
                "who": who,
                "when": chosen.choice(WHEN),
                "where": chosen.choice(WHERE),
                "how_known": chosen.choice(("", "亲眼看到", "听别人说的")),
            }
            named = chosen.random() < 0.4
            report = NewReport(
                place=place,
                narrative=narrative,
                reported_person=who,
                evidence_count=chosen.randint(0, 3),
                name=factories.sealed_name(keys, "王小明", f"138{turn:08}") if named else None,
            )
            filed = await intake.file(uow, report)
            numbers += [filed.number] if filed.flags else []
        await uow.commit()
    return numbers


async def differences(storage: Storage, numbers: list[str]) -> list[rule_sets.Difference]:
    found: list[rule_sets.Difference] = []
    async with storage.unit_of_work() as uow:
        for number in numbers:
            found += await rule_sets.replay(uow, await factories.read_case(uow, number))
    return found


@pytest.fixture
async def county(storage: Storage) -> Storage:
    async with storage.unit_of_work() as uow:
        await factories.add_county(uow)
        await factories.add_custodian(uow)
        await rule_sets.keep(uow, FILES)
        await uow.commit()
    return storage


@pytest.mark.slow
async def test_two_hundred_reports_judged_again_get_the_same_flags_and_reasons_also_after_a_new_version(county):
    """N2: 100 % of past cases."""
    old = await file_reports(county, RULES, 200, seed=1)
    assert len(old) > 100
    assert await differences(county, old) == []
    buying = RULES.raised_by("vote_buying")
    assert buying is not None
    changed = {f"threshold: {RULES.threshold}": "threshold: 3", buying.texts["reason"]: "又一种说法：{kinds}。"}
    files = another_version("2099.1", **changed)
    stricter = categories_from(files)
    async with county.unit_of_work() as uow:
        await rule_sets.keep(uow, files)
        await uow.commit()
    new = await file_reports(county, stricter, 50, seed=2)
    assert await differences(county, [*old, *new]) == []
    async with county.unit_of_work() as uow:  # judged by today's words instead, many would differ
        versions = {flag.rule_version for number in new for flag in (await factories.read_case(uow, number)).flags}
        kept = [await uow.flags.kept((await factories.read_case(uow, number)).id) for number in old[:50]]
    assert versions == {"2099.1"}
    judged = [
        {flag.category: flag.reasons for flag in rule_sets._judged(Classifier(stricter), flags[0][1])} for flags in kept
    ]
    assert judged != [{flag.category: flag.reasons for flag, _ in flags} for flags in kept]


async def test_a_strong_reaction_is_counted_again_from_what_was_counted(county):
    async with county.unit_of_work() as uow:
        custodian = await uow.officials.by_username("custodian")
        place = await uow.places.by_path(factories.VILLAGE)
        made = [await add_named(uow, place, f"138{turn:08}", flags=()) for turn in range(6)]
        await uow.commit()
    for one in made:
        await verify(county, custodian, one.number)
    async with county.unit_of_work() as uow:
        kept = [await uow.flags.kept(one.id) for one in made]
    assert [flag.category for flags in kept for flag, _ in flags] == ["mass_reaction"] * 6
    assert "138" not in str([inputs for flags in kept for _, inputs in flags])
    assert await differences(county, [one.number for one in made]) == []


async def a_case(storage: Storage) -> tuple[str, int]:
    async with storage.unit_of_work() as uow:
        place = await uow.places.by_path(factories.VILLAGE)
        assert place is not None
        case = await factories.add_case(uow, place, flags=())
        await uow.commit()
    return case.number, case.id


async def raise_flag(storage: Storage, case_id: int, flag: CaseFlag, inputs: dict[str, object]) -> None:
    async with storage.unit_of_work() as uow:
        await uow.begin()
        uow.flags.raise_flag(case_id, flag, inputs)
        await uow.commit()


async def test_a_flag_that_the_rules_do_not_raise_is_found(county):
    number, case_id = await a_case(county)
    facts = {"what": "路灯坏了三个月没人修。"}
    await raise_flag(county, case_id, CaseFlag("vote_buying", ("编的",), RULES.version), {"facts": facts})
    assert await differences(county, [number]) == [rule_sets.Difference("vote_buying", ("编的",), None)]


async def test_a_flag_that_was_left_out_is_found(county):
    number, case_id = await a_case(county)
    facts = {"what": WHAT[0].format(who="李大勇", n=2), "who": "李大勇", "has_name": True, "has_contact": True}
    right = next(flag for flag in Classifier(RULES).judge(rule_sets.ReportFacts.from_data(facts)))
    await raise_flag(county, case_id, CaseFlag(right.category, right.reasons, RULES.version), {"facts": facts})
    found = await differences(county, [number])
    assert found
    assert all(one.kept is None and one.again for one in found)


async def test_what_an_official_raised_or_a_merge_carried_is_no_rules_doing(county):
    number, case_id = await a_case(county)
    await raise_flag(county, case_id, CaseFlag("vote_buying", ("手工标记",), "by_hand"), {"by": 7})
    await raise_flag(county, case_id, CaseFlag("real_name", ("带来的",), "2020.1"), {"merged_from": "QF-AAAA-BBBB"})
    assert await differences(county, [number]) == []


async def test_a_version_that_was_never_in_force_is_said_to_be_unknown(county):
    number, case_id = await a_case(county)
    await raise_flag(county, case_id, CaseFlag("vote_buying", ("x",), "1999.9"), {"facts": {"what": "x"}})
    with pytest.raises(NotFound, match=r"rules/1999\.9"):
        await differences(county, [number])


async def test_the_content_of_a_version_is_kept_whole_and_once(county):
    async with county.unit_of_work() as uow:
        await rule_sets.keep(uow, FILES)
        await uow.commit()
    async with county.unit_of_work() as uow:
        kept = await uow.rule_sets.get(RULES.version)
        rows = await uow.read(rule_set.select())
    assert kept is not None
    assert dict(kept.files) == FILES
    assert kept.fingerprint == RULES.fingerprint
    assert len(rows) == 1


@pytest.mark.parametrize("change", ["UPDATE rule_set SET sha256 = 'x'", "DELETE FROM rule_set"])
async def test_no_version_is_ever_changed(county, change):
    async with county.unit_of_work() as uow:
        with pytest.raises(RuleRefused, match="append_only"):
            await uow.execute(text(change))


async def test_the_same_version_with_another_content_is_refused_and_says_what_to_do(county):
    files = {**FILES, "cues.yaml": FILES["cues.yaml"] + b"\n# another word\n"}
    async with county.unit_of_work() as uow:
        with pytest.raises(RulesChanged) as refused:
            await rule_sets.keep(uow, files)
    assert RULES.version in str(refused.value)
    assert "Raise `version`" in str(refused.value)


async def test_a_start_with_changed_content_is_refused_in_one_line(county, monkeypatch):
    files = {**FILES, "cues.yaml": FILES["cues.yaml"] + b"\n# another word\n"}
    monkeypatch.setattr(app, "category_files", lambda: files)

    async with county.unit_of_work() as uow:
        with pytest.raises(StartRefused, match="Raise `version`"):
            await app._keep_rules(uow)
