"""A name released to somebody who works on the report: N custodians agree, for a time; nobody else learns (N10, P8).

The rules are tried twice: through the use cases, and with raw SQL as the application's role.
"""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select, text, update

from handlers.jobs.releases import forget_released_names
from handlers.services import key_pairs, recusals, releases
from handlers.services.errors import BadInput, NotAllowed, NotFound, SignInRefused
from knowledge.casework.access import Permission, Role, may
from knowledge.casework.names import LONGEST_RELEASE
from knowledge.casework.recusal import Ground
from storage.errors import RuleRefused, WrongPassword
from storage.outbox import PURPOSE
from storage.repositories.officials import Official
from storage.tables.custody import identity_release, release_vote
from storage.tables.records import event, outbox
from storage.tables.routing import recusal
from storage.unit_of_work import Storage, UnitOfWork
from tests import factories
from tests.named_cases import NAME, acts
from tests.release_scene import ASKERS_PASSWORD, WHY, ReleaseSite


@pytest.fixture
async def scene(storage: Storage) -> ReleaseSite:
    made = ReleaseSite(storage)
    await made.prepare()
    return made


async def test_two_of_three_custodians_open_a_name_to_its_asker_for_72_hours_every_time_on_record(scene):
    request = await scene.ask()
    (waits, _) = [await scene.do(lambda uow, w=who: releases.waiting(uow, w)) for who in (scene.custodian, scene.third)]
    assert [(one.release.number, one.release.words, one.can_grant) for one in waits] == [
        (scene.named.number, WHY, True)
    ]
    await scene.grant(request)
    with pytest.raises(BadInput, match="not_released"):
        await scene.open()
    await scene.grant(request, scene.second)
    opened = [await scene.open() for _ in range(2)]
    assert [(one.name, one.contact) for one in opened] == [(NAME, "13900139000")] * 2
    assert NAME not in repr(opened[0])
    assert await scene.do(lambda uow: releases.waiting(uow, scene.third)) == []
    release = await scene.release(request)
    assert release.expires_at - release.decided_at == LONGEST_RELEASE == timedelta(hours=72)
    scene.storage.clock.advance(timedelta(hours=71, minutes=59))
    assert (await scene.open()).name == NAME
    scene.storage.clock.advance(timedelta(minutes=1))
    with pytest.raises(BadInput, match="not_released"):  # the clock refuses at once, before any job has run
        await scene.open()
    assert await forget_released_names(scene.storage) == 1
    assert await forget_released_names(scene.storage) == 0
    assert [vote.share for vote in (await scene.release(request)).votes] == [None, None]
    told = [act for act in await acts(scene.storage) if act.startswith(("release", "identity"))]
    assert [act for act in told if act != "release_looked"] == [
        *("release_asked", "release_vote", "release_vote", "release_granted"),
        *("identity_opened", "identity_opened", "identity_opened", "release_forgotten"),
    ]
    rows = await scene.do(lambda uow: uow.read(select(event).where(event.c.act == "identity_opened")))
    assert {(row.actor, row.subject, row.detail["purpose"]) for row in rows} == {
        (f"official/{scene.asker.id}", f"case/{scene.named.number}", "talk")
    }


async def test_it_opens_to_the_askers_password_only_and_wrong_ones_are_counted(scene):
    request = await scene.ask()
    await scene.grant(request)
    await scene.grant(request, scene.second)
    for _ in range(5):
        with pytest.raises(WrongPassword):
            await scene.open("not the password")
    with pytest.raises(SignInRefused):
        await scene.open()
    scene.storage.clock.advance(timedelta(seconds=61))
    assert (await scene.open()).name == NAME
    assert (await acts(scene.storage)).count("identity_not_opened") == 5
    other = await scene.do(lambda uow: scene.seated(uow, "another"))
    await scene.do(lambda uow: recusals.declare_clear(uow, other, scene.named.number))
    with pytest.raises(BadInput, match="not_released"):
        await scene.do(lambda uow: releases.open_released(uow, other, scene.named.number, ASKERS_PASSWORD))


async def test_a_custodians_wrong_password_gives_nothing(scene):
    request = await scene.ask()
    with pytest.raises(WrongPassword):
        await scene.grant(request, scene.custodian, "not the password")
    assert (await scene.release(request)).votes == ()
    assert (await acts(scene.storage)).count("release_not_granted") == 1


async def test_a_refusal_has_a_reason_and_is_final_when_too_few_are_left_to_agree(scene):
    request = await scene.ask()
    for reason, words in (("", ""), ("no such reason", ""), ("none_left", ""), ("other", "短")):
        with pytest.raises(BadInput):
            await scene.refuse(request, scene.custodian, reason, words)
    await scene.grant(request)
    await scene.refuse(request, scene.second, "ask_in_chat")
    assert (await scene.release(request)).decision is None
    await scene.refuse(request, scene.third, "other", "他不愿意见人")
    release = await scene.release(request)
    assert release.decision == "refused"
    assert [vote.share for vote in release.votes] == [None] * 3
    assert (release.votes[-1].reason, release.votes[-1].words) == ("other", "他不愿意见人")
    with pytest.raises(BadInput, match="not_released"):
        await scene.open()
    assert await scene.ask() != request


async def test_a_report_without_a_name_waits_like_any_other_and_is_answered_so(scene):
    request = await scene.ask(scene.nameless)
    for who in (scene.custodian, scene.second, scene.third):
        (waits,) = await scene.do(lambda uow, w=who: releases.waiting(uow, w))
        assert (waits.can_grant, waits.is_nameless) == (False, True)
    with pytest.raises(BadInput, match="no_share"):
        await scene.grant(request)
    with pytest.raises(BadInput, match="reason"):
        await scene.refuse(request, scene.custodian, "not_needed")
    await scene.refuse(request, scene.custodian, "none_left")
    assert (await scene.release(request)).decision == "refused"


async def test_before_the_decision_the_asker_sees_the_same_with_and_without_a_name(scene):
    for case in (scene.named, scene.nameless):
        await scene.ask(case)
    await scene.grant((await scene.do(lambda uow: uow.releases.undecided()))[0].id)
    views = [
        await scene.do(lambda uow, n=case.number: releases.look(uow, scene.asker, n))
        for case in (scene.named, scene.nameless)
    ]
    plain = [(one.has_key, one.open, one.undecided.purpose, one.undecided.words, len(one.asked)) for one in views]
    assert plain[0] == plain[1]


async def test_nobody_votes_twice_on_what_is_decided_or_on_their_own_request(scene):
    request = await scene.ask()
    await scene.grant(request)
    with pytest.raises(BadInput, match="voted"):
        await scene.grant(request)
    with pytest.raises(BadInput, match="voted"):
        await scene.refuse(request, scene.custodian)
    await scene.grant(request, scene.second)
    with pytest.raises(BadInput, match="decided"):
        await scene.grant(request, scene.third)
    own = await scene.do(lambda uow: releases.ask_colleagues(uow, scene.second, scene.named, "call"))
    assert own is None
    mine = (await scene.do(lambda uow: uow.releases.of_asker(scene.second.id)))[0].id
    with pytest.raises(NotFound):
        await scene.grant(mine, scene.second)
    await scene.grant(mine, scene.third)  # two are needed, and who asks keeps one share
    assert (await scene.release(mine)).decision == "granted"


async def test_two_votes_at_the_same_moment_decide_once(scene):
    request = await scene.ask()
    done = await asyncio.gather(
        *(scene.grant(request, who) for who in (scene.custodian, scene.second, scene.third)), return_exceptions=True
    )
    assert [str(one) for one in done if one is not None] in ([], ["bad_input: field='vote', fault='decided'"])
    release = await scene.release(request)
    assert release.decision == "granted"
    assert (await acts(scene.storage)).count("release_granted") == 1
    assert (await scene.open()).name == NAME


async def test_who_stands_back_neither_asks_nor_votes_nor_opens(scene):
    request = await scene.ask()
    await scene.grant(request)

    async def stand_back(uow: UnitOfWork, who: Official) -> None:
        await recusals.recuse(
            uow, await factories.read_case(uow, scene.named.number), {who.id: Ground.ASKED}, actor="x"
        )

    await scene.do(lambda uow: stand_back(uow, scene.second))
    assert await scene.do(lambda uow: releases.waiting(uow, scene.second)) == []
    with pytest.raises(NotFound):
        await scene.grant(request, scene.second)
    await scene.grant(request, scene.third)
    assert (await scene.open()).name == NAME
    await scene.do(lambda uow: stand_back(uow, scene.asker))
    with pytest.raises(NotFound):
        await scene.open()
    with pytest.raises(NotFound):
        await scene.ask()


@pytest.mark.parametrize("role", [one for one in Role if not may(one, Permission.ASK_NAMES)])
async def test_only_who_works_on_reports_asks(scene, role):
    """P8."""
    who = await scene.do(lambda uow: scene.seated(uow, "somebody", role))
    with pytest.raises(NotAllowed):
        await scene.ask(who=who)
    if not may(role, Permission.CHECK_NAMES):
        with pytest.raises(NotAllowed):
            await scene.do(lambda uow: releases.waiting(uow, who))
        with pytest.raises(NotAllowed):
            await scene.do(lambda uow: releases.show(uow, who, 1))


async def test_what_is_missing_is_said_and_a_request_that_waits_is_not_doubled(scene):
    for wrong in ({"purpose": ""}, {"purpose": "call"}, {"why": " 短 "}, {"why": "长" * 301}):
        with pytest.raises(BadInput):
            await scene.ask(**wrong)
    await scene.ask()
    with pytest.raises(BadInput, match="asked_already"):
        await scene.ask()
    keyless = scene.handler  # there since before there were key pairs
    await scene.do(lambda uow: recusals.declare_clear(uow, keyless, scene.named.number))
    with pytest.raises(BadInput, match="no_key"):
        await scene.ask(who=keyless)


async def test_notices_about_it_hold_nothing(scene):
    for turn, who in enumerate((scene.custodian, scene.second, scene.third, scene.asker)):
        await scene.do(lambda uow, t=turn, o=who: uow.officials.set_notice_chat(o.id, 900 + t))
    for case in (scene.named, scene.nameless):
        await scene.ask(case)
    request = (await scene.do(lambda uow: uow.releases.undecided()))[0].id
    await scene.grant(request)
    await scene.grant(request, scene.second)
    queued = await scene.do(lambda uow: uow.read(select(outbox).where(outbox.c.kind == "notice")))
    assert len(queued) == 7
    said = {scene.storage.keys.open_text(PURPOSE, row.payload_sealed) for row in queued}
    assert said == {'{"notice": "desk_item_waiting", "data": {}}'}
    assert not [row for row in queued if scene.named.number in row.dedupe_key]


async def test_when_the_asker_loses_the_password_what_was_released_is_let_go(scene):
    request = await scene.ask()
    await scene.grant(request)
    await scene.grant(request, scene.second)
    await scene.do(lambda uow: key_pairs.rewrap(uow, scene.asker, old=ASKERS_PASSWORD, new="a new long password"))
    with pytest.raises(WrongPassword):
        await scene.open()
    assert (await scene.open("a new long password")).name == NAME
    await scene.do(lambda uow: key_pairs.rewrap(uow, scene.asker, new="yet another password"))
    with pytest.raises(BadInput, match="not_released"):
        await scene.open("yet another password")


# What the database itself refuses


async def refused(scene: ReleaseSite, *statements: Any) -> str:
    """The rule that refuses raw statements, run in one transaction by the application's role."""

    async def act(uow: UnitOfWork) -> None:
        for statement in statements:
            await uow.execute(statement)

    with pytest.raises(RuleRefused) as error:
        await scene.do(act)
    return error.value.rule


def vote(scene: ReleaseSite, request: int, who: Official, kind: str = "granted", **more: Any) -> Any:
    given = {"share_sealed": b"share"} if kind == "granted" else {"reason": "other"}
    values = {"release_id": request, "custodian_id": who.id, "vote": kind, **given, **more}
    return insert(release_vote).values(voted_at=scene.storage.clock.now(), **values)


def decide(scene: ReleaseSite, request: int, hours: float = 72, decision: str = "granted") -> Any:
    now = scene.storage.clock.now()
    until = now + timedelta(hours=hours) if decision == "granted" else None
    changed = update(identity_release).where(identity_release.c.id == request)
    return changed.values(decision=decision, decided_at=now, expires_at=until)


async def test_the_database_counts_the_votes_and_the_hours(scene):
    request = await scene.ask()
    one, two = vote(scene, request, scene.custodian), vote(scene, request, scene.second)
    assert await refused(scene, decide(scene, request)) == "release_votes"
    assert await refused(scene, one, decide(scene, request)) == "release_votes"
    assert await refused(scene, decide(scene, request, decision="refused")) == "release_votes"
    for hours in (72.1, 24 * 365, 0, -1):
        assert await refused(scene, one, two, decide(scene, request, hours)) == "release_too_long"
    nameless = await scene.ask(scene.nameless)
    assert await refused(scene, vote(scene, nameless, scene.custodian)) == "release_vote"
    assert await refused(scene, decide(scene, nameless)) == "release_votes"
    await scene.do(lambda uow: run(uow, one, two, decide(scene, request)))
    for change in (
        decide(scene, request, 71),
        update(identity_release).where(identity_release.c.id == request).values(asker_id=scene.handler.id),
        update(identity_release).where(identity_release.c.id == request).values(purpose="other"),
        vote(scene, request, scene.third),
    ):
        assert await refused(scene, change) == "release_decided"


async def run(uow: UnitOfWork, *statements: Any) -> None:
    for statement in statements:
        await uow.execute(statement)


async def test_the_database_knows_who_may_vote_and_who_may_ask(scene):
    request = await scene.ask()
    far = await scene.do(lambda uow: scene.another_custodian(uow, "far", "cn/test/west"))
    closed = text("UPDATE official SET active = false WHERE id = :who")

    def stands_back(who: Official) -> Any:
        now = scene.storage.clock.now()
        return insert(recusal).values(case_id=scene.named.id, official_id=who.id, ground="asked", declared_at=now)

    for statements in (
        (vote(scene, request, far),),
        (vote(scene, request, far, "refused"),),
        (stands_back(scene.second), vote(scene, request, scene.second)),
        (closed.bindparams(who=scene.second.id), vote(scene, request, scene.second)),
        (vote(scene, request, scene.second, share_sealed=None),),
    ):
        assert await refused(scene, *statements) == "release_vote", statements
    await scene.do(lambda uow: releases.ask_colleagues(uow, scene.second, scene.named, "call"))
    own = (await scene.do(lambda uow: uow.releases.of_asker(scene.second.id)))[0].id
    assert await refused(scene, vote(scene, own, scene.second)) == "release_vote"

    def asks(who: Official, **more: Any) -> Any:
        at = scene.storage.clock.now()
        values = {"case_id": scene.nameless.id, "asker_id": who.id, "purpose": "talk", "words_sealed": b"x", **more}
        return insert(identity_release).values(asked_at=at, **values)

    clerk = await scene.do(lambda uow: factories.add_official(uow, Role.TOWNSHIP_STAFF))
    stranger = await scene.do(lambda uow: factories.add_official(uow, Role.DISCIPLINE_OFFICIAL, "cn/test/west"))
    for statements in (
        (asks(clerk),),
        (asks(stranger),),
        (stands_back(scene.handler), asks(scene.handler, case_id=scene.named.id)),
        (closed.bindparams(who=scene.handler.id), asks(scene.handler)),
    ):
        assert await refused(scene, *statements) == "release_unfit", statements


async def test_the_database_keeps_votes_and_lets_a_share_only_be_forgotten(scene):
    request = await scene.ask()
    await scene.grant(request)
    for change, rule in (
        (update(release_vote).values(share_sealed=b"another"), "release_vote"),
        (update(release_vote).values(vote="refused", share_sealed=None), "release_vote"),
        (update(release_vote).values(custodian_id=scene.third.id, share_sealed=None), "release_vote"),
        (text("DELETE FROM release_vote"), "append_only"),
        (text("DELETE FROM identity_release"), "append_only"),
    ):
        assert await refused(scene, change) == rule
    await scene.do(lambda uow: uow.execute(update(release_vote).values(share_sealed=None)))
    # A vote whose share is forgotten counts for nothing.
    assert await refused(scene, vote(scene, request, scene.second), decide(scene, request)) == "release_votes"


async def test_the_database_keeps_every_share_until_a_whole_newer_split_is_there(scene):
    later = text("UPDATE identity SET generation = generation + 1 WHERE case_id = :id").bindparams(id=scene.named.id)
    gone = text("DELETE FROM identity_share WHERE case_id = :id AND generation = 1").bindparams(id=scene.named.id)
    copied = (
        "INSERT INTO identity_share (case_id, generation, custodian_id, position, share_sealed) SELECT case_id, 2, "
        f"custodian_id, position, share_sealed FROM identity_share WHERE case_id = {scene.named.id} AND generation = 1"
    )
    some = text(f"{copied} AND custodian_id <> {scene.third.id}")
    assert await refused(scene, gone) == "share_kept"
    assert await refused(scene, later, gone) == "share_kept"
    assert await refused(scene, later, some, gone) == "share_kept"
    assert await refused(scene, text(copied)) == "share_unfit"
    for change in (
        "UPDATE identity SET generation = generation + 1, name_sealed = contact_sealed",
        "UPDATE identity SET generation = generation + 1, public_key = name_sealed",
        "UPDATE identity SET needed = 1",
        "UPDATE identity_share SET custodian_id = custodian_id + 1000, position = 9",
        "DELETE FROM official_key",
    ):
        assert await refused(scene, text(change)) == "append_only", change
    await scene.do(lambda uow: run(uow, later, text(copied), gone))
