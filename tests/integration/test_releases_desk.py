"""The pages about names: an asker's, a custodian's, and the keys (N10, P8)."""

import re

import pytest

from handlers.desk import words
from handlers.services import key_pairs
from knowledge.casework.access import Permission, Role, may
from knowledge.casework.names import LONGEST_RELEASE, Purpose, RefusalReason, ReleasePurpose
from storage.custody import is_recovery_key, new_recovery_key
from storage.unit_of_work import Storage
from tests import factories
from tests.named_cases import CONTACT, NAME, OTHER_PASSWORD
from tests.release_scene import ASKERS_PASSWORD, WHY, ReleaseSite

pytestmark = pytest.mark.pages


@pytest.fixture
async def scene(storage: Storage) -> ReleaseSite:
    made = ReleaseSite(storage)
    await made.prepare()
    return made


def without(page: bytes, *changing: str) -> bytes:
    """A page without what differs between any two cases, and between any two loads."""
    text = page.decode()
    for one in changing:
        text = text.replace(one, "QF-0000-0000")
    return re.sub(r'name="csrf" value="[^"]+"', "", text).encode()


async def test_until_it_is_decided_the_askers_pages_are_the_same_bytes_with_and_without_a_name(scene):
    """N10: the asker learns nothing before the decision, not even whether there is a name."""
    browser = await scene.sign_in(scene.asker)
    cases = (scene.named, scene.nameless)
    seen: dict[str, list[bytes]] = {}

    async def look(step: str) -> None:
        await browser.get("/desk")  # which tells, once, what was just done
        for case in cases:
            answer = await browser.get(f"/desk/cases/{case.number}/reporter")
            assert answer.status_code == 200
            seen.setdefault(step, []).append(without(answer.content, case.number))

    await look("before")
    for step, fields, status in (
        ("nothing chosen", {}, 422),
        ("too short", {"purpose": "talk", "asked_why": "短"}, 422),
        ("asked", {"purpose": "talk", "asked_why": WHY}, 303),
        ("asked again", {"purpose": "talk", "asked_why": WHY}, 422),
        ("opened too early", {"password": ASKERS_PASSWORD}, 422),
    ):
        for case in cases:
            path = f"/desk/cases/{case.number}/reporter" + ("/open" if "password" in fields else "")
            answer = await browser.client.post(path, data={"csrf": browser.csrf, **fields})
            assert answer.status_code == status, step
            seen.setdefault(step, []).append(without(answer.content, case.number))
        await look(f"after {step}")
    for case in cases:
        request = (await scene.do(lambda uow, c=case: uow.releases.of_case(c.id)))[0].id
        if case is scene.named:
            await scene.grant(request)
            await scene.refuse(request, scene.second)
    await look("half decided")
    for step, (with_name, nameless) in seen.items():
        assert with_name == nameless, step
    # And the difference comes with the decision, or the test above would prove nothing.
    request = (await scene.do(lambda uow: uow.releases.of_case(scene.nameless.id)))[0].id
    await scene.refuse(request, scene.third, "none_left")
    await browser.get(f"/desk/cases/{scene.nameless.number}/reporter")
    assert "反映人没有留名字" in browser.text


async def test_from_asking_to_reading_the_name_on_pages_that_no_browser_keeps(scene):
    asks = await scene.sign_in(scene.asker)
    page = f"/desk/cases/{scene.named.number}/reporter"
    await asks.open_case(scene.named.number)
    assert f'href="{page}"' in asks.source
    await asks.get(page)
    await asks.post(page, {"purpose": "protect", "asked_why": WHY}, then=page)
    assert "等身份保管人决定" in asks.text
    for who in (scene.custodian, scene.second):
        browser = await scene.sign_in(who)
        await browser.get("/desk")
        assert "等您决定的看名申请" in browser.text
        await browser.get("/desk/releases")
        assert scene.named.number in browser.text
        href = re.search(r'href="(/desk/releases/\d+)"', browser.source)
        assert href
        await browser.get(href[1])
        for shown in (WHY, "反映人受了威胁", "办案人", scene.named.number):
            assert shown in browser.text
        for hidden in ("送烟", "李大勇", "柳树村", "东镇", NAME, "13900139000"):
            assert hidden not in browser.source
        assert (await browser.post(f"{href[1]}/grant", {"password": "wrong"})).status_code == 422
        assert words.KEY_NOT_OPENED in browser.text
        await browser.post(f"{href[1]}/grant", {"password": scene.password_of(who)}, then="/desk/releases")
        assert "没有等您决定的申请" in browser.text
        await browser.get(href[1])
        assert "已经定了" in browser.text or browser.status == 404
    await asks.get(page)
    assert "可以看了" in asks.text
    assert NAME not in asks.source
    answer = await asks.post(f"{page}/open", {"password": ASKERS_PASSWORD})
    assert answer.headers["cache-control"] == "no-store"
    assert NAME in asks.text
    assert "13900139000" in asks.text
    await asks.get(page)
    assert NAME not in asks.source
    scene.storage.clock.advance(LONGEST_RELEASE)
    later = await scene.sign_in(scene.asker)
    await later.get(page)
    assert "时间到了" in later.text
    assert "申请看名字" in later.text


async def test_a_refusal_is_told_with_its_reason_and_bad_input_loses_nothing(scene):
    await scene.ask()
    request = (await scene.do(lambda uow: uow.releases.undecided()))[0].id
    browser = await scene.sign_in(scene.custodian)
    page = f"/desk/releases/{request}"
    await browser.get(page)
    assert "反映人没有留名字" not in browser.text
    assert (await browser.post(f"{page}/refuse", {"words": "再想想别的办法"})).status_code == 422
    assert "请选一个原因" in browser.text
    assert "再想想别的办法" in browser.source
    assert (await browser.post(f"{page}/refuse", {"reason": "other", "words": "短"})).status_code == 422
    assert "至少 4 个字" in browser.text
    await browser.post(f"{page}/refuse", {"reason": "risk", "words": "他怕人知道"}, then="/desk/releases")
    await scene.refuse(request, scene.second, "ask_in_chat")
    asks = await scene.sign_in(scene.asker)
    await asks.get(f"/desk/cases/{scene.named.number}/reporter")
    assert "没有同意：发消息问反映人就行" in asks.text
    assert "申请看名字" in asks.text


async def test_a_custodian_asks_a_colleague_where_two_are_needed(scene):
    browser = await scene.sign_in(scene.custodian)
    page = f"/desk/names/{scene.named.number}"
    await browser.get(page)
    assert "要 2 位保管人一起才打得开" in browser.text
    assert 'name="password"' not in browser.source
    await browser.post(f"{page}/ask", {"purpose": "call"}, then=page)
    assert "等另一位保管人同意" in browser.text
    request = (await scene.do(lambda uow: uow.releases.undecided()))[0].id
    await scene.grant(request, scene.third)
    await browser.get(page)
    await browser.post(f"{page}/open", {"purpose": "call", "password": factories.PASSWORD})
    assert NAME in browser.text


async def test_the_recovery_key_is_shown_once_and_a_new_key_brings_a_new_one(scene):
    browser = await scene.sign_in(scene.custodian)
    await browser.get("/desk/keys")
    assert "还没有。" in browser.text
    assert (await browser.post("/desk/keys/recovery", {"password": "wrong"})).status_code == 422
    assert words.KEY_NOT_OPENED in browser.text
    answer = await browser.post("/desk/keys/recovery", {"password": factories.PASSWORD})
    assert answer.headers["cache-control"] == "no-store"
    first = code_on(browser.source)
    await browser.get("/desk/keys")
    assert "已经有了" in browser.text
    assert "QR" not in browser.text
    await browser.post("/desk/keys/change", {"password": factories.PASSWORD})
    second = code_on(browser.source)
    assert is_recovery_key(first)
    assert is_recovery_key(second)
    assert first != second
    pair = await scene.do(lambda uow: uow.officials.key_of(scene.custodian.id))
    assert pair.recover(second).public_key == pair.public_key


def code_on(source: str) -> str:
    found = re.search(r'<p class="recovery">(.*?)</p>', source, re.DOTALL)
    assert found
    return "-".join(re.findall(r"<span>(\w+)</span>", found[1]))


async def test_names_are_split_anew_by_two_custodians_on_their_pages(scene):
    fourth = await scene.do(lambda uow: scene.another_custodian(uow, "custodian4"))
    new = await scene.sign_in(fourth)
    await new.get("/desk/keys")
    assert "请同事先把他们的份交给您" in new.text
    for who in (scene.custodian, scene.second):
        browser = await scene.sign_in(who)
        await browser.get("/desk/keys")
        missing = {"password": scene.password_of(who)}
        assert (await browser.post("/desk/keys/contribute", missing)).status_code == 422
        assert "请选一位同事" in browser.text
        fields = {"colleague": str(fourth.id), **missing}
        await browser.post("/desk/keys/contribute", fields, then="/desk/keys")
    await new.get("/desk/keys")
    assert "您现在就能分" in new.text
    await new.post("/desk/keys/split", {"password": OTHER_PASSWORD}, then="/desk/keys")
    assert "重新分名字" not in new.text
    kept = await scene.do(lambda uow: uow.identities.of_case(scene.named.id))
    assert fourth.id in kept.holders
    assert CONTACT not in new.source


@pytest.mark.parametrize("role", [role for role in Role if not may(role, Permission.CHECK_NAMES)])
async def test_only_custodians_get_to_requests_and_keys(scene, role):
    """P8."""
    await scene.ask()
    request = (await scene.do(lambda uow: uow.releases.undecided()))[0].id
    browser, _ = await scene.signed_in(role)
    await browser.get("/desk")
    for path in ("/desk/releases", f"/desk/releases/{request}", "/desk/keys"):
        assert (await browser.client.get(path)).status_code == 403
    for path in (
        *(f"/desk/releases/{request}/grant", f"/desk/releases/{request}/refuse"),
        *(f"/desk/keys/{one}" for one in ("recovery", "change", "split")),
    ):
        answer = await browser.client.post(path, data={"csrf": browser.csrf, "password": "x", "reason": "risk"})
        assert answer.status_code == 403, path


def test_every_purpose_and_reason_has_words():
    assert set(words.PURPOSES) == {*Purpose, *ReleasePurpose}
    assert set(words.REFUSALS) == set(RefusalReason)


async def test_after_a_reset_the_printed_code_gives_the_key_back_and_a_wrong_one_loses_nothing_typed(scene):
    """A custodian's lost password loses no name: the reset leaves the key behind, the recovery key fetches it."""
    who, new = scene.custodian, "another long password"
    browser = await scene.sign_in(who)
    await browser.get("/desk/keys")
    assert "忘过密码" not in browser.text
    await browser.post("/desk/keys/recovery", {"password": scene.password_of(who)})
    found = re.search(r'<p class="recovery">(.*?)</p>', browser.source, re.DOTALL)
    assert found
    code = "-".join(re.findall(r"<span>(\w+)</span>", found[1]))
    assert is_recovery_key(code)
    hashed = await scene.access.hashing.hash(new)
    assert not await scene.do(lambda uow: scene.access.set_password(uow, who, hashed, old=None, new=new))
    browser = await scene.sign_in(who)
    await browser.get("/desk/keys")
    other = new_recovery_key()
    for recovery, password, said in (
        (code[:-1] + ("2" if code[-1] != "2" else "3"), new, words.FAULTS["recovery", "bad_form"]),
        (other, new, words.FAULTS["recovery", "wrong"]),
        (code, "not the password", words.KEY_NOT_OPENED),
    ):
        answer = await browser.post("/desk/keys/recover", {"recovery": recovery, "password": password})
        assert answer.status_code == 422
        assert said in browser.text
        assert recovery in browser.source
        assert password not in browser.source
    await browser.post("/desk/keys/recover", {"recovery": code.lower(), "password": new}, then="/desk/keys")
    assert words.FLASHES["key-recovered"] in browser.text
    pair, _key = await scene.do(lambda uow: key_pairs.unlock(uow, who, new))
    assert pair.recover(code).public_key == pair.public_key
