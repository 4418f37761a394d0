"""No signature, no candidacy: the database itself holds to it, whoever asks, on both kinds."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from handlers.services import commitments
from handlers.services.commitments import INVITATION_LIFE, Signed, SigningView
from handlers.services.errors import BadInput, LinkSpent, NotAllowed, NotFound
from knowledge.casework.access import Role
from knowledge.elections.commitments import load_packs
from storage.repositories.officials import Official
from storage.repositories.people import Person
from storage.unit_of_work import Storage
from tests import factories
from tests.fakes import FakeClock

NAME = "王小明"
PAPERS = load_packs()["three_commitments"].commitments
SIGN = (
    "INSERT INTO commitment_signature (candidate_id, pack, version, kind, text_hash, signed_name, signed_at, channel, "
    "receipt) SELECT :id, t.pack, {version}, t.kind, {hash}, 'x', i.expires_at, 'web', 'R-' || t.kind "
    "FROM commitment_text t, invitation i WHERE i.candidate_id = :id"
)


@dataclass(frozen=True)
class Scene:
    storage: Storage
    town: Official
    candidate_id: int
    token: str
    who: Person


@pytest.fixture
async def scene(storage: Storage) -> Scene:
    async with storage.unit_of_work() as uow:
        places = await factories.add_county(uow)
        election_id = await factories.add_election(uow, places[factories.VILLAGE])
        town = await factories.add_official(uow, Role.TOWNSHIP_STAFF, factories.TOWN)
        candidate = await commitments.create_candidate(uow, town, election_id=election_id, name=NAME, office="chair")
        token = await commitments.invite(uow, town, candidate.id)
        who = await factories.add_person(uow)
        await uow.commit()
    return Scene(storage, town, candidate.id, token, who)


async def open_link(scene: Scene, who: Person | None = None) -> SigningView:
    async with scene.storage.unit_of_work() as uow:
        view = await commitments.open_invitation(uow, who or scene.who, scene.token)
        await uow.commit()
        return view


async def sign(scene: Scene, kind: str, name: str = NAME) -> Signed | SigningView:
    async with scene.storage.unit_of_work() as uow:
        given = await commitments.sign(
            uow, scene.who, candidate_id=scene.candidate_id, kind=kind, typed_name=name, channel="web"
        )
        await uow.commit()
        return given


async def state(scene: Scene) -> str:
    async with scene.storage.unit_of_work() as uow:
        found = await uow.elections.candidate(scene.candidate_id)
        assert found is not None
        return found.state


async def raw(scene: Scene, statement: str) -> str | None:
    """The rule that refused a statement; None when it went through."""
    async with scene.storage.database.writing() as connection:
        try:
            await connection.execute(text(statement), {"id": scene.candidate_id} if ":id" in statement else {})
            await connection.commit()
        except DBAPIError as error:
            await connection.rollback()
            return str(error.orig)
    return None


STAND = "UPDATE candidate SET state = 'may_stand' WHERE id = :id"


async def test_a_candidate_stands_only_when_all_three_are_signed_even_for_raw_sql(scene: Scene) -> None:
    await open_link(scene)
    for signed, paper in enumerate(PAPERS):
        refusal = await raw(scene, STAND)
        assert refusal is not None, signed
        assert "unsigned_commitments" in refusal
        assert await state(scene) == "signing"
        given = await sign(scene, paper.kind)
        assert isinstance(given, Signed)
        assert given.signature.text_hash == paper.text_hash
    assert await state(scene) == "may_stand"
    assert await raw(scene, STAND) is None


async def test_nobody_is_born_standing_and_nobody_stands_in_by_upsert(scene: Scene) -> None:
    born = (
        "INSERT INTO candidate (election_id, name, office, state, created_by, created_at) "
        "SELECT election_id, 'x', office, 'may_stand', created_by, created_at FROM candidate WHERE id = :id"
    )
    upsert = (
        "INSERT INTO candidate (id, election_id, name, office, state, created_by, created_at) SELECT id, election_id, "
        "name, office, 'invited', created_by, created_at FROM candidate WHERE id = :id "
        "ON CONFLICT (id) DO UPDATE SET state = 'may_stand'"
    )
    assert "candidate_birth" in str(await raw(scene, born))
    assert "unsigned_commitments" in str(await raw(scene, upsert))
    assert await state(scene) == "invited"


async def test_a_signature_of_words_that_were_never_published_is_refused(scene: Scene) -> None:
    for version, digest in (("t.version", "'" + "0" * 64 + "'"), ("'2020.1'", "t.text_hash")):
        refusal = await raw(scene, SIGN.format(version=version, hash=digest))
        assert "unknown_text" in str(refusal)
    assert await raw(scene, SIGN.format(version="t.version", hash="t.text_hash")) is None


async def test_what_was_signed_and_what_was_published_never_changes(scene: Scene) -> None:
    await open_link(scene)
    await sign(scene, PAPERS[0].kind)
    for statement in (
        "UPDATE commitment_signature SET signed_name = 'x'",
        "UPDATE commitment_signature SET signed_at = signed_at",
        "DELETE FROM commitment_signature",
        "UPDATE commitment_text SET text_hash = 'x'",
        "DELETE FROM commitment_text",
    ):
        assert "append_only" in str(await raw(scene, statement)), statement
    async with scene.storage.unit_of_work() as uow:
        found = await uow.elections.candidate(scene.candidate_id)
        assert found is not None
        (kept,) = await uow.elections.signatures(found)
    assert (kept.signed_name, kept.text_hash, kept.channel) == (NAME, PAPERS[0].text_hash, "web")


async def test_another_pack_is_refused_once_somebody_stands_and_before_that_asks_for_new_signatures(
    scene: Scene,
) -> None:
    change = "UPDATE election SET pack_version = '2099.1'"
    await open_link(scene)
    for paper in PAPERS[:-1]:
        await sign(scene, paper.kind)
    assert await raw(scene, change) is None
    assert "unsigned_commitments" in str(await raw(scene, STAND))
    assert await raw(scene, f"UPDATE election SET pack_version = '{load_packs()['three_commitments'].version}'") is None
    await sign(scene, PAPERS[-1].kind)
    assert await state(scene) == "may_stand"
    assert "pack_fixed" in str(await raw(scene, change))
    assert "pack_fixed" in str(await raw(scene, "UPDATE election SET pack = 'none'"))


async def test_an_invitation_ties_one_chat_though_eight_open_it_at_once(scene: Scene) -> None:
    async with scene.storage.unit_of_work() as uow:
        people = [await factories.add_person(uow, 2000 + number) for number in range(8)]
        await uow.commit()
    results = await asyncio.gather(*(open_link(scene, who) for who in people), return_exceptions=True)
    tied = [who.id for who, result in zip(people, results, strict=True) if isinstance(result, SigningView)]
    assert len(tied) == 1
    assert sum(isinstance(result, LinkSpent) for result in results) == 7
    async with scene.storage.unit_of_work() as uow:
        found = await uow.elections.candidate(scene.candidate_id)
    assert found is not None
    assert found.person_id == tied[0]
    assert "token_used" in str(await raw(scene, "UPDATE invitation SET used_at = NULL"))


async def test_ones_own_link_opens_again_where_one_was_and_expires_for_others(scene: Scene, clock: FakeClock) -> None:
    await open_link(scene)
    await sign(scene, PAPERS[0].kind)
    clock.advance(INVITATION_LIFE + timedelta(seconds=1))
    assert (await open_link(scene)).number == 2
    async with scene.storage.unit_of_work() as uow:
        fresh = await commitments.invite(uow, scene.town, scene.candidate_id)
        await uow.commit()
    clock.advance(INVITATION_LIFE)
    async with scene.storage.unit_of_work() as uow:
        with pytest.raises(LinkSpent):
            await commitments.open_invitation(uow, scene.who, fresh)
        with pytest.raises(LinkSpent):
            await commitments.open_invitation(uow, scene.who, "unknown")


async def signatures(scene: Scene) -> list[str]:
    """The receipts that are really stored."""
    async with scene.storage.unit_of_work() as uow:
        return [row.receipt for row in await uow.read(text("SELECT receipt FROM commitment_signature"))]


async def test_signing_again_gives_the_same_receipt(scene: Scene) -> None:
    await open_link(scene)
    first, again = await sign(scene, PAPERS[0].kind), await sign(scene, PAPERS[0].kind)
    assert isinstance(first, Signed)
    assert isinstance(again, Signed)
    assert (first.repeated, again.repeated) == (False, True)
    assert await signatures(scene) == [first.signature.receipt] == [again.signature.receipt]


async def test_signing_four_times_at_the_same_moment_stores_one_signature(scene: Scene) -> None:
    await open_link(scene)
    await asyncio.gather(*(sign(scene, PAPERS[0].kind) for _ in range(4)))
    assert len(await signatures(scene)) == 1


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_a_receipt_given_while_another_process_signs_the_same_paper_is_a_stored_one(scene: Scene) -> None:
    await open_link(scene)
    async with scene.storage.unit_of_work() as uow:
        await commitments.sign(
            uow, scene.who, candidate_id=scene.candidate_id, kind=PAPERS[0].kind, typed_name=NAME, channel="web"
        )
        second = asyncio.create_task(sign(scene, PAPERS[0].kind))
        async with asyncio.timeout(10):
            while not await waits_for_a_lock(scene.storage):  # noqa: ASYNC110 - another session's lock has no event
                await asyncio.sleep(0)
        await uow.commit()
    given = await second
    assert isinstance(given, Signed)
    assert [given.signature.receipt] == await signatures(scene)


async def waits_for_a_lock(storage: Storage) -> bool:
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    async with storage.database.reading() as connection:
        return bool((await connection.execute(text(waiting))).scalar_one())


async def test_only_the_tied_chat_signs_and_only_by_the_registered_name(scene: Scene) -> None:
    with pytest.raises(NotAllowed):
        await sign(scene, PAPERS[0].kind)
    await open_link(scene)
    for typed in ("王小", "王小明明", "李四", "", "同意"):
        view = await sign(scene, PAPERS[0].kind, typed)
        assert isinstance(view, SigningView)
        assert (view.problem, view.number) == ("name_differs", 1)
    with pytest.raises(NotFound):
        await sign(scene, "no_such_paper")
    assert isinstance(await sign(scene, PAPERS[0].kind, " 王 小\u3000明 "), Signed)


async def test_candidates_are_entered_by_their_own_town_once_and_with_a_name_and_an_office(scene: Scene) -> None:
    async with scene.storage.unit_of_work() as uow:
        stranger = await factories.add_official(uow, Role.TOWNSHIP_STAFF, "cn/test/west")
        reader = await factories.add_official(uow, Role.DISCIPLINE_OFFICIAL)
        found = await uow.elections.candidate(scene.candidate_id)
        assert found is not None
        election = found.election.id
        for official, name, office, error in (
            (stranger, "李四", "chair", NotAllowed),
            (reader, "李四", "chair", NotAllowed),
            (scene.town, " ", "chair", BadInput),
            (scene.town, "李" * 21, "chair", BadInput),
            (scene.town, "李四", "emperor", BadInput),
            (scene.town, "王 小明", "member", BadInput),
        ):
            with pytest.raises(error):
                await commitments.create_candidate(uow, official, election_id=election, name=name, office=office)
        with pytest.raises(NotFound):
            await commitments.read(uow, stranger, scene.candidate_id)
