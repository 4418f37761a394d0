"""Names are checked by people who see no reports, on both databases; nobody else ever learns one (N3, N10, N11)."""

import asyncio
import hashlib
from datetime import timedelta
from itertools import product

import pytest
from nacl.exceptions import CryptoError
from sqlalchemy import select, text

from handlers.services import names, releases
from handlers.services.errors import BadInput, NotAllowed, NotFound, SignInRefused
from handlers.services.intake import Intake, NewReport
from knowledge.casework.access import Permission, Role, may
from knowledge.casework.categories import load_categories
from knowledge.casework.classification import Classifier
from knowledge.casework.lifecycle import CaseState
from knowledge.casework.names import NameState, normal_contact
from storage.custody import Pepper
from storage.errors import WrongPassword
from storage.outbox import PURPOSE
from storage.tables.cases import cases, contact_attempt
from storage.tables.custody import custodian_pepper, identity, identity_release, identity_share
from storage.tables.records import event, outbox
from storage.unit_of_work import Storage
from storage.vault import KeyRing, _derive
from tests import factories
from tests.channels import file_report, open_site, populate
from tests.named_cases import CONTACT, NAME, OTHER_PASSWORD, NamesSite, acts, attempt, open_name, verify

FULL_WIDTH = {ord(digit): ord(digit) + 0xFEE0 for digit in "0123456789"}


@pytest.fixture
async def scene(storage: Storage) -> NamesSite:
    made = NamesSite(storage)
    await made.prepare()
    return made


async def test_a_custodian_opens_a_name_with_the_password_and_the_opening_is_an_event_with_its_purpose(scene):
    """N7, N10: the event tells who, what for and which case, and no name."""
    opened = await open_name(scene.storage, scene.custodian, scene.case.number, purpose="visit")
    assert (opened.name, opened.contact) == (NAME, CONTACT)
    assert NAME not in repr(opened)
    rows = await scene.do(lambda uow: uow.read(select(event).where(event.c.act == "identity_opened")))
    assert [(row.actor, row.subject, row.detail) for row in rows] == [
        (f"official/{scene.custodian.id}", f"case/{scene.case.number}", {"purpose": "visit"})
    ]


@pytest.mark.parametrize("role", [role for role in Role if not may(role, Permission.CHECK_NAMES)])
async def test_nobody_but_a_custodian_opens_or_lists_names(scene, role):
    official = await scene.do(lambda uow: factories.add_official(uow, role))
    with pytest.raises(NotAllowed):
        await open_name(scene.storage, official, scene.case.number)
    with pytest.raises(NotAllowed):
        await scene.do(lambda uow: names.waiting(uow, official))
    with pytest.raises(NotAllowed):
        await attempt(scene.storage, official, scene.case.number, "confirmed")


async def test_a_wrong_password_opens_nothing_and_five_of_them_make_the_custodian_wait_for_a_minute(scene):
    async def wrong() -> None:
        async with scene.storage.unit_of_work() as uow:
            try:
                await names.open_name(uow, scene.custodian, scene.case.number, "not the password", "call")
            finally:
                await uow.commit()

    for _ in range(5):
        with pytest.raises(WrongPassword):
            await wrong()
    with pytest.raises(SignInRefused) as refused:
        await wrong()
    assert refused.value.wait_seconds == 60
    with pytest.raises(SignInRefused):
        await open_name(scene.storage, scene.custodian, scene.case.number)
    scene.storage.clock.advance(timedelta(seconds=61))
    assert (await open_name(scene.storage, scene.custodian, scene.case.number)).name == NAME
    assert (await acts(scene.storage)).count("identity_not_opened") == 5


async def test_guesses_sent_at_the_same_moment_are_all_counted(scene):
    async def guess(password: str) -> str:
        async with scene.storage.unit_of_work() as uow:
            try:
                await names.open_name(uow, scene.custodian, scene.case.number, password, "call")
            except (WrongPassword, SignInRefused) as refused:
                await uow.commit()
                return refused.code
            return "opened"

    told = await asyncio.gather(*(guess(f"guess number {turn}") for turn in range(12)), guess(factories.PASSWORD))
    assert told.count("wrong_password") <= 5
    assert told.count("sign_in_refused") >= 7


async def test_a_custodian_of_another_place_or_who_stands_back_finds_nothing_and_cannot_tell_why(scene):
    elsewhere = await scene.do(lambda uow: scene.another_custodian(uow, "custodian3", "cn/test/west"))
    recused = await scene.report(recused=[scene.second.id], what=f"{scene.second.display_name}也去了")
    for who, number in ((elsewhere, scene.case.number), (scene.second, recused.number), (scene.custodian, "QF-NO-NO")):
        refusals = []
        for act in (
            lambda uow, who=who, number=number: names.look(uow, who, number),
            lambda uow, who=who, number=number: names.open_name(uow, who, number, OTHER_PASSWORD, "call"),
            lambda uow, who=who, number=number: names.record_attempt(uow, who, number, "call", "confirmed"),
        ):
            with pytest.raises((NotFound, WrongPassword)) as refused:
                await scene.do(act)
            refusals.append(str(refused.value))
        assert number not in "".join(refusals)
    seen = {one.number for one in await scene.do(lambda uow: names.waiting(uow, scene.second))}
    assert seen == {scene.case.number}


async def test_a_call_that_is_confirmed_verifies_the_name_for_good(scene):
    await verify(scene.storage, scene.custodian, scene.case.number)
    assert await scene.state() is NameState.VERIFIED
    with pytest.raises(BadInput, match="settled"):
        await attempt(scene.storage, scene.custodian, scene.case.number, "not_reached")


async def test_three_attempts_by_two_people_make_it_an_anonymous_report_that_goes_on_with_its_flags(scene):
    """Rules of 2020, article 30: never rejected; the reporter hears of it once, kindly."""
    who = await scene.do(factories.add_person)
    case = await scene.report(person=who)
    for official, outcome in (
        (scene.custodian, "not_reached"),
        (scene.custodian, "wrong_number"),
        (scene.custodian, "not_reached"),
        (scene.second, "denied"),
        (scene.second, "not_reached"),
    ):
        assert (await attempt(scene.storage, official, case.number, outcome)).state is CaseState.RECEIVED
    after = await scene.do(lambda uow: factories.read_case(uow, case.number))
    assert after.name_state is NameState.UNVERIFIABLE
    assert after.flags == case.flags
    assert len(await scene.do(lambda uow: uow.identities.attempts(case.id))) == 5
    told = await scene.do(lambda uow: uow.read(select(outbox.c.dedupe_key).where(outbox.c.kind == "status")))
    assert [row.dedupe_key for row in told] == [f"name_unverifiable/{case.number}/{who.id}"]


async def test_three_attempts_by_one_person_are_not_enough(scene):
    for _ in range(3):
        await attempt(scene.storage, scene.custodian, scene.case.number, "not_reached")
    assert await scene.state() is NameState.CLAIMED


async def test_two_custodians_who_give_up_at_the_same_moment_are_both_counted(scene):
    """The third attempt must not be lost between two that do not see each other."""
    await attempt(scene.storage, scene.custodian, scene.case.number, "not_reached")
    await asyncio.gather(
        attempt(scene.storage, scene.custodian, scene.case.number, "not_reached"),
        attempt(scene.storage, scene.second, scene.case.number, "not_reached"),
    )
    assert await scene.state() is NameState.UNVERIFIABLE


async def test_a_reporter_who_turns_up_later_is_verified_after_all(scene):
    for official in (scene.custodian, scene.custodian, scene.second):
        await attempt(scene.storage, official, scene.case.number, "not_reached")
    await attempt(scene.storage, scene.second, scene.case.number, "confirmed", "visit")
    assert await scene.state() is NameState.VERIFIED


async def test_an_official_who_does_not_know_the_name_says_that_the_reporter_came_and_counts_as_second_person(scene):
    async def contact(outcome: str):
        return await scene.do(lambda uow: names.record_contact(uow, scene.handler, scene.case.number, "visit", outcome))

    for outcome in ("wrong_number", "denied", "anything"):
        with pytest.raises(BadInput):
            await contact(outcome)
    for _ in range(2):
        await attempt(scene.storage, scene.custodian, scene.case.number, "not_reached")
    assert (await contact("not_reached")).name_state is NameState.UNVERIFIABLE
    assert (await contact("confirmed")).name_state is NameState.VERIFIED


async def test_who_else_reports_is_known_by_the_token_however_the_number_is_typed(scene):
    """N3: one person in three channels is one person."""
    others = [await scene.report(typed) for typed in ("+86 138-0013-8000", f"微信：{CONTACT.translate(FULL_WIDTH)}")]
    stranger = await scene.report("13900139000")
    for one in (scene.case, *others, stranger):
        await open_name(scene.storage, scene.custodian, one.number)
    tokens = [await scene.token(one.number) for one in (scene.case, *others, stranger)]
    assert len(set(tokens)) == 2
    assert tokens[0] == tokens[1] == tokens[2] != tokens[3]


async def test_a_custodian_who_came_later_gets_the_secret_from_the_first_opening_and_makes_the_same_token(scene):
    await open_name(scene.storage, scene.custodian, scene.case.number)
    same = await scene.report("138 0013 8000")
    assert (await open_name(scene.storage, scene.second, same.number, password=OTHER_PASSWORD)).name == NAME
    assert await scene.token(same.number) == await scene.token()


async def test_while_only_a_colleague_holds_the_secret_no_token_is_made_and_the_name_opens_all_the_same(scene):
    assert (await open_name(scene.storage, scene.second, scene.case.number, password=OTHER_PASSWORD)).contact == CONTACT
    assert await scene.token() is None
    await attempt(scene.storage, scene.second, scene.case.number, "confirmed")
    waits = await scene.do(lambda uow: names.waiting(uow, scene.custodian))
    assert [(one.number, one.only_recognise) for one in waits] == [(scene.case.number, True)]
    await open_name(scene.storage, scene.custodian, scene.case.number, purpose="recognise")
    assert await scene.token() is not None
    assert await scene.do(lambda uow: names.waiting(uow, scene.custodian)) == []


async def test_a_secret_lost_with_its_last_holder_is_made_anew_and_its_tokens_are_told_apart(scene):
    await open_name(scene.storage, scene.custodian, scene.case.number)
    again = await scene.report()
    await scene.do(lambda uow: uow.execute(text(f"UPDATE official SET active = false WHERE id = {scene.custodian.id}")))
    await scene.do(
        lambda uow: uow.execute(custodian_pepper.delete().where(custodian_pepper.c.custodian_id == scene.second.id))
    )
    await open_name(scene.storage, scene.second, again.number, password=OTHER_PASSWORD)
    old, new = await scene.token(), await scene.token(again.number)
    assert old[:4] != new[:4]
    assert old != new


async def test_a_name_left_before_a_custodian_came_is_split_anew_when_a_colleague_opens_it(scene):
    third = await scene.do(lambda uow: scene.another_custodian(uow, "custodian3"))
    far = await scene.do(lambda uow: scene.another_custodian(uow, "custodian4", "cn/test/west"))
    with pytest.raises(BadInput, match="colleague_first"):
        await open_name(scene.storage, third, scene.case.number, password=OTHER_PASSWORD)
    await open_name(scene.storage, scene.custodian, scene.case.number)
    kept = await scene.do(lambda uow: uow.identities.of_case(scene.case.id))
    assert kept.holders == {scene.custodian.id, scene.second.id, third.id}
    assert far.id not in kept.holders
    assert (kept.sealed.needed, kept.generation) == (2, 2)
    rows = await scene.do(lambda uow: uow.read(select(identity_share)))
    assert {row.generation for row in rows} == {2}


async def test_where_two_are_needed_a_colleague_agrees_before_a_custodian_opens_the_name(scene):
    """N10: one custodian's password opens nothing; two steps, both on record."""
    await scene.do(lambda uow: scene.another_custodian(uow, "custodian3"))
    case = await scene.report("13900139000")
    for who, password in ((scene.custodian, factories.PASSWORD), (scene.second, OTHER_PASSWORD)):
        with pytest.raises(BadInput, match="colleague_first"):
            await open_name(scene.storage, who, case.number, password=password)
    assert await scene.token(case.number) is None
    await scene.do(lambda uow: names.ask_colleagues(uow, scene.custodian, case.number, "call"))
    with pytest.raises(BadInput, match="asked_already"):
        await scene.do(lambda uow: names.ask_colleagues(uow, scene.custodian, case.number, "call"))
    assert await scene.do(lambda uow: releases.waiting(uow, scene.custodian)) == []
    (request,) = await scene.do(lambda uow: releases.waiting(uow, scene.second))
    await scene.do(lambda uow: releases.grant(uow, scene.second, request.release.id, OTHER_PASSWORD))
    opened = await open_name(scene.storage, scene.custodian, case.number)
    assert (opened.name, opened.contact) == (NAME, "13900139000")
    assert await scene.token(case.number) is not None
    with pytest.raises(BadInput, match="colleague_first"):
        await open_name(scene.storage, scene.second, case.number, password=OTHER_PASSWORD)
    scene.storage.clock.advance(timedelta(hours=72))
    with pytest.raises(BadInput, match="colleague_first"):
        await open_name(scene.storage, scene.custodian, case.number)
    assert [act for act in await acts(scene.storage) if act.startswith(("release", "identity"))] == [
        *("release_asked", "release_vote", "release_granted", "identity_opened")
    ]


async def everything_stored(storage: Storage) -> list[bytes]:
    """Every value in every table, as bytes."""
    tables = (
        "SELECT name FROM sqlite_master WHERE type = 'table'"
        if storage.database.is_sqlite
        else "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
    )
    found: list[bytes] = []
    async with storage.database.reading() as connection:
        for (table,) in (await connection.execute(text(tables))).all():
            for row in (await connection.execute(text(f"SELECT * FROM {table}"))).all():
                found += [one if isinstance(one, bytes) else str(one).encode() for one in row]
    return found


def opens(keys: KeyRing, purpose: str, sealed: bytes) -> bytes | None:
    try:
        return keys.open(purpose, sealed)
    except (CryptoError, ValueError, TypeError):
        return None


async def test_the_database_the_key_file_and_everybody_elses_password_give_no_token_for_a_known_number(scene):
    """N10: whoever has a dump, the key file and the village's phone list cannot tell who reported."""
    handler = await scene.do(
        lambda uow: factories.quick_access().create_official(
            uow,
            username="handler",
            display_name="办案人",
            role=Role.DISCIPLINE_OFFICIAL,
            place_path=factories.COUNTY,
            password="a handlers password",
        )
    )
    assert handler.official.id
    await open_name(scene.storage, scene.custodian, scene.case.number)
    token = await scene.token()
    stored = await everything_stored(scene.storage)
    pairs = await scene.do(lambda uow: uow.officials.custodians())
    for pair, password in product(pairs.values(), ("a handlers password", "", CONTACT, NAME)):
        with pytest.raises(WrongPassword):
            pair.unlock(password)
    # Keys an attacker holds: every stored value, the key file, and everything derived from it under a known purpose.
    keys = scene.storage.keys
    purposes = ("identity", "person", "mass_reaction", "reported_person", "receipt_code", "sign_in", "custodian_pepper")
    secret = keys._index_secret
    derived = [secret, *(_derive(secret, f"{kind}/{name}") for kind in ("index", "seal") for name in purposes)]
    guesses = {
        hashlib.blake2b(CONTACT.encode(), key=key[:64], digest_size=size, person=person).digest()
        for key in (*stored, *derived, b"")
        for size, person in ((16, b""), (16, b"qf:person"), (20, b""))
    }
    guesses |= {Pepper(key).token(CONTACT) for key in (*stored, *derived) if len(key) in (16, 32, 64)}
    assert not {token, token[4:]} & guesses
    assert not [one for one in stored for purpose in purposes if opens(keys, purpose, one) == CONTACT.encode()]
    # The same attack with the one thing it lacks succeeds.
    rows = await scene.do(lambda uow: uow.identities.peppers())
    opened = Pepper.opened(pairs[scene.custodian.id].unlock(factories.PASSWORD), rows[scene.custodian.id])
    assert opened.token(normal_contact("138 0013 8000")) == token


async def test_a_custodian_whom_the_report_names_gets_neither_the_name_nor_a_notice(scene):
    for turn, official in enumerate((scene.custodian, scene.second)):
        await scene.do(lambda uow, t=turn, o=official: uow.officials.set_notice_chat(o.id, 800 + t))

    async def file(uow):
        keys = {who: pair.public_key for who, pair in (await uow.officials.custodians()).items()}
        return await Intake(Classifier(load_categories())).file(
            uow,
            NewReport(
                place=scene.places[factories.VILLAGE],
                narrative={"what": f"李大勇和{scene.second.display_name}挨家送烟，让大家投他一票。"},
                reported_person="李大勇",
                name=factories.sealed_name(keys, NAME, CONTACT),
            ),
        )

    filed = await scene.do(file)
    query = select(identity_share.c.custodian_id).where(identity_share.c.case_id == filed.case_id)
    assert [row.custodian_id for row in await scene.do(lambda uow: uow.read(query))] == [scene.custodian.id]
    queued = await scene.do(lambda uow: uow.read(select(outbox).where(outbox.c.dedupe_key.startswith("notice/name/"))))
    assert [row.dedupe_key for row in queued] == [f"notice/name/{filed.number}/{scene.custodian.id}"]
    said = scene.storage.keys.open_text(PURPOSE, queued[0].payload_sealed)
    assert said == '{"notice": "desk_item_waiting", "data": {}}'


@pytest.mark.slow
async def test_a_thousand_new_profiles_in_the_chat_change_nothing_about_a_verified_name(sqlite_storage):
    """N11, ZAM#4908: what a chat calls itself is never a name."""
    await populate(sqlite_storage)
    async with open_site("test", sqlite_storage) as site:
        who = await site.meet()
        number = await file_report(who)
        async with sqlite_storage.unit_of_work() as uow:
            custodian = await uow.officials.by_username("custodian")
        await verify(sqlite_storage, custodian, number)
        before = await what_is_known_of_the_name(sqlite_storage)
        assert len(before) == 4  # the case, the name, its one share, the call
        for turn in range(1_000):
            message = who.message(text=f"第 {turn} 次说话")
            profile = {"first_name": f"新名字{turn}", "last_name": "县长", "username": f"name_{turn}"}
            await who.feed("message", {**message, "from": {**message["from"], **profile}})
        assert await what_is_known_of_the_name(sqlite_storage) == before
        opened = await open_name(sqlite_storage, custodian, number)
        assert (opened.name, opened.contact) == (NAME, "13812345678")


async def what_is_known_of_the_name(storage: Storage) -> list[tuple[object, ...]]:
    async with storage.unit_of_work() as uow:
        rows = await uow.read(select(cases.c.name_state, cases.c.person_token))
        for table in (identity, identity_share, contact_attempt, identity_release):
            rows += await uow.read(select(table))
    return [tuple(row) for row in rows]
