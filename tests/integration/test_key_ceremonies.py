"""Changes among those who keep names: a new key, somebody who comes, somebody who leaves, a lost password (N10).

After each of them every name opens, and whoever is not to open it any more cannot.
"""

from dataclasses import replace

import pytest
from nacl.exceptions import CryptoError
from sqlalchemy import insert, select, text

from handlers.services import custody, key_pairs, names, releases, seats
from handlers.services.errors import BadInput
from knowledge.casework.access import Role
from storage.custody import KeyPair, new_recovery_key, seal_to
from storage.errors import SharesDoNotFit, WrongPassword
from storage.repositories.officials import Official
from storage.tables.custody import identity_share, identity_whole, official_key, share_contribution
from storage.unit_of_work import Storage, UnitOfWork
from tests import factories
from tests.named_cases import CONTACT, NAME, OTHER_PASSWORD, NamesSite, acts, open_name

NEW_PASSWORD = "a third long password"


class Keepers(NamesSite):
    """A county with custodians and two reports with names."""

    def password(self, who: Official) -> str:
        return factories.PASSWORD if who.id == self.custodian.id else OTHER_PASSWORD

    async def key(self, who: Official, password: str = ""):
        pair = await self.do(lambda uow: uow.officials.key_of(who.id))
        return pair.unlock(password or self.password(who))

    async def opened(self, *who: Official, number: str = "") -> dict[str, str]:
        """The name as some custodians open it together, by keys and shares alone."""
        keys = {one.id: await self.key(one) for one in who}

        async def read(uow: UnitOfWork) -> dict[str, str]:
            case = await factories.read_case(uow, number or self.case.number)
            return await factories.read_name(uow, case.id, keys)

        return await self.do(read)

    async def kept(self, number: str = ""):
        async def read(uow: UnitOfWork):
            case = await factories.read_case(uow, number or self.case.number)
            return await uow.identities.of_case(case.id)

        return await self.do(read)

    async def contribute(self, who: Official, to: Official) -> int:
        return await self.do(lambda uow: custody.contribute(uow, who, to.id, self.password(who)))

    async def split(self, who: Official) -> tuple[int, int]:
        return await self.do(lambda uow: custody.split_anew(uow, who, self.password(who)))


@pytest.fixture
async def scene(storage: Storage) -> Keepers:
    made = Keepers(storage)
    await made.prepare()
    return made


@pytest.fixture
async def three(scene: Keepers) -> Keepers:
    """Three custodians, of whom two are needed."""
    scene.third = await scene.do(lambda uow: scene.another_custodian(uow, "custodian3"))
    await scene.split(scene.custodian)
    assert (await scene.kept()).sealed.needed == 2
    return scene


KNOWN = {"name": NAME, "contact": CONTACT}


# Who comes


async def test_a_newcomer_gets_shares_by_the_hands_of_as_many_colleagues_as_a_name_needs(three):
    """One hand is not enough where two are needed; after the split the newcomer alone opens nothing."""
    fourth = await three.do(lambda uow: three.another_custodian(uow, "custodian4"))
    before = await three.kept()
    view = await three.do(lambda uow: custody.look(uow, fourth))
    assert (view.held, view.uneven, view.ready, view.mine) == (0, 1, 0, 0)
    assert await three.contribute(three.custodian, fourth) == 1
    assert await three.split(fourth) == (0, 1)
    assert (await three.kept()) == before
    assert await three.contribute(three.second, fourth) == 1
    assert (await three.do(lambda uow: custody.look(uow, fourth))).ready == 1
    assert await three.split(fourth) == (1, 0)
    after = await three.kept()
    assert after.holders == {three.custodian.id, three.second.id, three.third.id, fourth.id}
    assert after.sealed.parts == before.sealed.parts
    assert await three.opened(fourth, three.third) == KNOWN
    with pytest.raises(SharesDoNotFit):
        await three.opened(fourth)
    assert await three.do(lambda uow: uow.read(select(share_contribution))) == []
    assert (await acts(three.storage))[-4:] == [
        *("shares_contributed", "names_split_anew", "shares_contributed", "names_split_anew")
    ]


async def test_where_one_is_enough_a_custodian_splits_alone_and_the_third_to_come_makes_it_two(scene):
    assert (await scene.kept()).sealed.needed == 1
    scene.third = await scene.do(lambda uow: scene.another_custodian(uow, "custodian3"))
    assert await scene.split(scene.second) == (1, 0)
    assert (await scene.kept()).sealed.needed == 2
    assert await scene.opened(scene.custodian, scene.third) == KNOWN
    with pytest.raises(SharesDoNotFit):
        await scene.opened(scene.second)


async def test_a_share_goes_to_a_colleague_who_is_to_keep_the_name_and_to_nobody_else(three):
    far = await three.do(lambda uow: three.another_custodian(uow, "far", "cn/test/west"))
    fourth = await three.do(lambda uow: three.another_custodian(uow, "custodian4"))
    for to_id in (three.handler.id, three.custodian.id, 0):
        with pytest.raises(BadInput, match="colleague"):
            await three.do(lambda uow, to=to_id: custody.contribute(uow, three.custodian, to, factories.PASSWORD))
    assert await three.contribute(three.custodian, far) == 0
    with pytest.raises(WrongPassword):
        await three.do(lambda uow: custody.contribute(uow, three.custodian, fourth.id, "not the password"))
    recused = await three.report("13700137000", recused=[three.third.id])
    fifth = await three.do(lambda uow: three.another_custodian(uow, "custodian5"))
    assert await three.contribute(three.custodian, three.third) == 1  # without the one that names the third
    await three.do(lambda uow: uow.execute(text(f"UPDATE official SET active = false WHERE id = {fifth.id}")))
    assert three.third.id not in (await three.kept(recused.number)).holders


async def test_a_name_that_is_being_released_waits_with_its_new_split(three):
    asker = three.second
    await three.do(lambda uow: names.ask_colleagues(uow, asker, three.case.number, "call"))
    (request,) = await three.do(lambda uow: releases.waiting(uow, three.custodian))
    await three.do(lambda uow: releases.grant(uow, three.custodian, request.release.id, factories.PASSWORD))
    fourth = await three.do(lambda uow: three.another_custodian(uow, "custodian4"))
    assert (await three.do(lambda uow: custody.look(uow, fourth))).uneven == 0
    opened = await open_name(three.storage, asker, three.case.number, password=OTHER_PASSWORD)
    assert opened.name == NAME
    assert (await three.kept()).generation == 2  # not under somebody's hands
    three.storage.clock.set(three.storage.clock.now().replace(year=2027))
    assert (await three.do(lambda uow: custody.look(uow, fourth))).uneven == 1


# Who leaves


async def test_whoever_leaves_is_left_out_of_the_new_split_and_an_old_share_opens_nothing(three):
    old = await three.kept()
    own = (await three.key(three.third)).open(old.sealed.shares[three.third.id].sealed)
    await three.do(lambda uow: seats.close_seat(uow, "custodian3"))
    assert await three.opened(three.custodian, three.second) == KNOWN
    assert await three.contribute(three.custodian, three.second) == 1
    assert await three.split(three.second) == (1, 0)
    new = await three.kept()
    assert new.holders == {three.custodian.id, three.second.id}
    rows = await three.do(lambda uow: uow.read(select(identity_share)))
    assert {(row.generation, row.custodian_id) for row in rows} == {(3, who) for who in new.holders}
    assert new.sealed.needed == 1
    assert await three.opened(three.custodian) == await three.opened(three.second) == KNOWN
    kept_aside = (await three.key(three.custodian)).open(new.sealed.shares[three.custodian.id].sealed)
    assert own[9:] != kept_aside[9:]


async def test_nobody_leaves_without_whom_a_name_would_be_lost(three):
    await three.do(lambda uow: seats.close_seat(uow, "custodian3"))
    with pytest.raises(BadInput, match="keeps_names"):  # two of the old split are needed, and two are left
        await three.do(lambda uow: seats.close_seat(uow, "custodian2"))
    await three.contribute(three.custodian, three.second)
    await three.split(three.second)
    await three.do(lambda uow: seats.close_seat(uow, "custodian2"))
    with pytest.raises(BadInput, match="keeps_names"):
        await three.do(lambda uow: seats.close_seat(uow, "custodian"))
    assert (await open_name(three.storage, three.custodian, three.case.number)).name == NAME


# Another key, another password


async def test_another_key_pair_takes_over_shares_secret_and_whole_names_and_the_old_one_opens_nothing(three):
    old = await three.key(three.custodian)
    recovery = await three.do(lambda uow: custody.change_key(uow, three.custodian, factories.PASSWORD))
    assert await three.opened(three.custodian, three.second) == KNOWN
    kept = await three.kept()
    with pytest.raises(CryptoError):
        old.open(kept.sealed.shares[three.custodian.id].sealed)
    held = await three.do(lambda uow: uow.identities.peppers())
    assert (await three.key(three.custodian)).read(held[three.custodian.id])
    pair = await three.do(lambda uow: uow.officials.key_of(three.custodian.id))
    assert pair.recover(recovery).public_key == pair.public_key != old.public_key
    assert "key_changed" in await acts(three.storage)


async def test_a_new_password_leaves_everything_readable_and_the_old_one_opens_nothing(three):
    await three.do(lambda uow: key_pairs.rewrap(uow, three.second, old=OTHER_PASSWORD, new=NEW_PASSWORD))
    key = await three.key(three.second, NEW_PASSWORD)
    with pytest.raises(WrongPassword):
        await three.key(three.second)
    keys = {three.second.id: key, three.custodian.id: await three.key(three.custodian)}
    assert await three.do(lambda uow: factories.read_name(uow, three.case.id, keys)) == KNOWN
    with pytest.raises(WrongPassword):
        await three.do(lambda uow: key_pairs.rewrap(uow, three.second, old=OTHER_PASSWORD, new="whatever it is"))


async def test_a_lost_password_is_replaced_with_the_recovery_key_and_no_name_is_lost(three):
    recovery = await three.do(lambda uow: key_pairs.print_recovery(uow, three.custodian, factories.PASSWORD))
    before = (await three.do(lambda uow: uow.officials.key_of(three.custodian.id))).public_key
    stored = [bytes(str(tuple(row)), "utf-8") for row in await three.do(lambda uow: uow.read(select(official_key)))]
    assert not [one for one in stored if recovery.encode() in one or recovery.replace("-", "").encode() in one]
    for wrong, error in ((recovery[:-1] + "2", BadInput), ("", BadInput), (new_recovery_key(), WrongPassword)):
        if wrong != recovery:
            with pytest.raises(error):
                await three.do(
                    lambda uow, w=wrong: key_pairs.rewrap(uow, three.custodian, recovery=w, new=NEW_PASSWORD)
                )
    typed = recovery.lower().replace("-", " ")
    await three.do(lambda uow: key_pairs.rewrap(uow, three.custodian, recovery=typed, new=NEW_PASSWORD))
    pair = await three.do(lambda uow: uow.officials.key_of(three.custodian.id))
    assert pair.public_key == before
    keys = {three.custodian.id: pair.unlock(NEW_PASSWORD), three.third.id: await three.key(three.third)}
    assert await three.do(lambda uow: factories.read_name(uow, three.case.id, keys)) == KNOWN
    assert pair.recover(recovery).public_key == before  # it goes on being the recovery key
    again = await three.do(lambda uow: key_pairs.print_recovery(uow, three.custodian, NEW_PASSWORD))
    pair = await three.do(lambda uow: uow.officials.key_of(three.custodian.id))
    with pytest.raises(WrongPassword):
        pair.recover(recovery)
    assert pair.recover(again).public_key == before


async def test_a_custodian_without_password_and_recovery_key_gets_no_new_pair_by_which_shares_would_be_lost(three):
    with pytest.raises(BadInput, match="needed"):
        await three.do(lambda uow: key_pairs.rewrap(uow, three.custodian, new=NEW_PASSWORD))
    assert await three.opened(three.custodian, three.second) == KNOWN


async def test_who_was_there_before_key_pairs_gets_one_at_the_next_sign_in_and_who_needs_none_gets_none(scene):
    async def has_key(who: Official) -> bool:
        return await scene.do(lambda uow: uow.officials.key_of(who.id)) is not None

    assert not await has_key(scene.handler)
    assert await scene.do(lambda uow: begin(uow, scene.handler))
    assert not await scene.do(lambda uow: begin(uow, scene.handler))
    assert await has_key(scene.handler)
    for role in (Role.VILLAGE_CLERK, Role.TOWNSHIP_STAFF, Role.AUDITOR, Role.ADMINISTRATOR):
        other = await scene.do(lambda uow, r=role: factories.add_official(uow, r))
        assert not await scene.do(lambda uow, o=other: begin(uow, o))
        assert not await has_key(other)


async def begin(uow: UnitOfWork, who: Official) -> bool:
    return await key_pairs.begin(uow, who, NEW_PASSWORD, cost=factories.QUICK)


# Names of the time before shares


async def whole(scene: Keepers, *custodians: Official) -> str:
    """A case with a name sealed whole to some custodians, as revision 0003 left it."""

    async def make(uow: UnitOfWork) -> str:
        case = await factories.add_case(uow, scene.places[factories.VILLAGE], named=True)
        keys = await factories.public_keys(uow)
        for who in custodians:
            sealed = {"name_sealed": seal_to(keys[who.id], NAME), "contact_sealed": seal_to(keys[who.id], CONTACT)}
            await uow.execute(insert(identity_whole).values(case_id=case.id, custodian_id=who.id, **sealed))
        return case.number

    return await scene.do(make)


async def test_a_whole_name_of_old_opens_in_one_step_and_becomes_shares_by_that(three):
    number = await whole(three, three.custodian, three.second)
    with pytest.raises(BadInput, match="colleague_first"):
        await open_name(three.storage, three.third, number, password=OTHER_PASSWORD)
    opened = await open_name(three.storage, three.custodian, number)
    assert (opened.name, opened.contact) == (NAME, CONTACT)
    kept = await three.kept(number)
    assert (kept.sealed.needed, len(kept.holders)) == (2, 3)
    assert await three.do(lambda uow: uow.read(select(identity_whole))) == []
    assert await three.opened(three.second, three.third, number=number) == KNOWN
    with pytest.raises(BadInput, match="colleague_first"):
        await open_name(three.storage, three.custodian, number)


async def test_a_whole_name_of_old_is_released_and_moves_to_a_new_key_as_shares(three):
    number = await whole(three, three.custodian)
    await three.do(lambda uow: names.ask_colleagues(uow, three.second, number, "call"))
    (request,) = [
        one
        for one in await three.do(lambda uow: releases.waiting(uow, three.custodian))
        if one.release.number == number
    ]
    await three.do(lambda uow: releases.grant(uow, three.custodian, request.release.id, factories.PASSWORD))
    opened = await open_name(three.storage, three.second, number, password=OTHER_PASSWORD)
    assert opened.name == NAME
    other = await whole(three, three.second)
    await three.do(lambda uow: custody.change_key(uow, three.second, OTHER_PASSWORD))
    assert await three.opened(three.second, three.third, number=other) == KNOWN


def test_a_pair_can_be_kept_under_another_cost_and_is_the_same_pair():
    pair = KeyPair.create(NEW_PASSWORD, ops_limit=1, mem_limit=8192)
    dearer = pair.unlock(NEW_PASSWORD).under_password(NEW_PASSWORD, replace(pair.cost, ops_limit=2))
    assert dearer.public_key == pair.public_key
    assert dearer.unlock(NEW_PASSWORD).public_key == pair.public_key
