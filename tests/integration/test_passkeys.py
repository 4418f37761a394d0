"""Passkeys (P9, P30; SEC-01-001): registered in one's own session, to come in and to confirm; no lie gets through."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import select

from handlers.services.passkeys import CHALLENGE_LIFE, relying_party
from knowledge.casework.access import Role
from storage.repositories.officials import Official
from storage.tables.officials import passkey
from storage.unit_of_work import Storage
from tests import factories
from tests.authenticator import PRESENT, Authenticator
from tests.desk_site import Browser, DeskSite

pytestmark = pytest.mark.pages  # what rests on the database is in test_sign_in_rules.py

SITE = "https://desk.test"
ACCOUNT = "/desk/account"


@pytest.fixture
async def site(storage: Storage) -> DeskSite:
    made = DeskSite(storage, SITE)
    await made.do(factories.add_county)
    return made


async def add(browser: Browser, key: Authenticator, name: str = "我的手机") -> None:
    """Register a key as the page's script does."""
    asked = await browser.client.post(f"{ACCOUNT}/passkeys/options", data={"csrf": browser.csrf})
    assert asked.headers["content-type"] == "application/json"
    await browser.post(f"{ACCOUNT}/passkeys", {"passkey": key.register(asked.text), "passkey_name": name})


async def entrance(site: DeskSite) -> tuple[Browser, str]:
    """A stranger's browser before the sign-in page, and a challenge for it."""
    browser = site.browser()
    await browser.get("/desk/sign-in")
    asked = await browser.client.post("/desk/sign-in/passkey/options", data={"csrf": browser.csrf})
    return browser, asked.text


async def rows(site: DeskSite) -> int:
    async with site.storage.unit_of_work() as uow:
        return len(await uow.read(select(passkey)))


async def owner(site: DeskSite) -> tuple[Browser, Official, Authenticator]:
    browser, official = await site.signed_in()
    key = Authenticator()
    await add(browser, key)
    assert browser.status == 303
    return browser, official, key


async def test_a_key_added_in_the_own_session_opens_the_desk_without_password_and_code(site: DeskSite) -> None:
    _, official, key = await owner(site)
    browser, options = await entrance(site)
    assert json.loads(options)["userVerification"] == "required"
    assert json.loads(options)["allowCredentials"] == [], "a challenge names nobody"
    await browser.post("/desk/sign-in/passkey", {"passkey": key.sign(options)}, then="/desk")
    assert official.display_name in browser.text
    await browser.get(ACCOUNT)
    assert "我的手机" in browser.text
    assert "通行密钥" in browser.text


async def test_an_answer_works_once_and_only_in_the_browser_it_was_asked_for(site: DeskSite) -> None:
    _, _, key = await owner(site)
    browser, options = await entrance(site)
    elsewhere, _ = await entrance(site)
    answer = key.sign(options)
    await elsewhere.post("/desk/sign-in/passkey", {"passkey": answer})
    assert elsewhere.status == 422
    await browser.post("/desk/sign-in/passkey", {"passkey": answer}, then="/desk")
    await browser.post("/desk/sign-out", then="/desk/sign-in")
    await browser.post("/desk/sign-in/passkey", {"passkey": answer})
    assert browser.status == 422
    assert "通行密钥没有认出来" in browser.text


LIES = {
    "another origin": {"origin": "https://desk.test.evil.example"},
    "http instead of https": {"origin": "http://desk.test"},
    "another challenge": {"challenge": "bm90IHRoZSBvbmU"},
    "another signature": {"signature": b"0" * 70},
    "no signature": {"signature": b""},
}


@pytest.mark.parametrize("lie", list(LIES))
async def test_no_lie_of_a_known_key_gets_through(site: DeskSite, lie: str) -> None:
    _, _, key = await owner(site)
    browser, options = await entrance(site)
    await browser.post("/desk/sign-in/passkey", {"passkey": key.sign(options, **LIES[lie])})
    assert browser.status == 422
    assert (await browser.get("/desk")).status_code == 303


async def test_an_unknown_key_one_for_another_site_and_one_that_asked_nobody_are_refused(site: DeskSite) -> None:
    _, _, key = await owner(site)
    elsewhere = Authenticator(rp_id="evil.example", key=key.key, credential_id=key.credential_id, count=5)
    unasked = Authenticator(flags=PRESENT, key=key.key, credential_id=key.credential_id, count=5)
    forged = Authenticator(credential_id=key.credential_id, count=5)
    for liar in (Authenticator(), elsewhere, unasked, forged):
        browser, options = await entrance(site)
        await browser.post("/desk/sign-in/passkey", {"passkey": liar.sign(options)})
        assert browser.status == 422


async def test_a_copied_key_is_noticed_by_its_counter(site: DeskSite) -> None:
    _, _, key = await owner(site)
    copy = Authenticator(key=key.key, credential_id=key.credential_id, count=key.count)
    for _ in range(2):
        browser, options = await entrance(site)
        await browser.post("/desk/sign-in/passkey", {"passkey": key.sign(options)}, then="/desk")
    browser, options = await entrance(site)
    await browser.post("/desk/sign-in/passkey", {"passkey": copy.sign(options)})
    assert browser.status == 422


async def test_a_challenge_lives_five_minutes(site: DeskSite, clock) -> None:
    _, _, key = await owner(site)
    browser, options = await entrance(site)
    clock.advance(CHALLENGE_LIFE + timedelta(seconds=1))
    await browser.post("/desk/sign-in/passkey", {"passkey": key.sign(options)})
    assert browser.status == 422


NONSENSE = (
    "",
    "{}",
    "[]",
    "null",
    "[" * 9_000,
    '{"id": "x", "rawId": "!", "response": {}}',
    "x" * 30_000,
    "a\u0000b",
    *(
        json.dumps({"id": "AA", "rawId": "AA", "type": "public-key", "response": one})
        for one in (
            {"clientDataJSON": "AA", "authenticatorData": "AA", "signature": "AA"},
            {"clientDataJSON": "e30", "authenticatorData": "", "signature": "", "userHandle": 7},
            {"clientDataJSON": "AA", "attestationObject": "oA"},
        )
    ),
)


async def test_nonsense_is_refused_calmly(site: DeskSite, clock) -> None:
    stranger, _ = await entrance(site)
    for answer in NONSENSE:
        await stranger.client.post("/desk/sign-in/passkey/options", data={"csrf": stranger.csrf})
        await stranger.post("/desk/sign-in/passkey", {"passkey": answer})
        assert stranger.status == 422, answer
        clock.advance(timedelta(hours=2))
        inside, _ = await site.signed_in()
        await inside.client.post(f"{ACCOUNT}/passkeys/options", data={"csrf": inside.csrf})
        await inside.post(f"{ACCOUNT}/passkeys", {"passkey": answer or "x"})
        assert inside.status == 422, answer
    assert await rows(site) == 0


async def test_failures_with_passkeys_wait_like_those_with_passwords(site: DeskSite) -> None:
    _, _, key = await owner(site)
    for _ in range(5):
        browser, options = await entrance(site)
        await browser.post("/desk/sign-in/passkey", {"passkey": key.sign(options, signature=b"no")})
        assert browser.status == 422
    browser, options = await entrance(site)
    await browser.post("/desk/sign-in/passkey", {"passkey": key.sign(options)})
    assert browser.status == 429


async def test_a_second_factor_cannot_be_enrolled_for_somebody_else(site: DeskSite) -> None:
    """SEC-01-001: no form names whose factor it is, and a challenge of one session is worth nothing in another."""
    mine, _ = await site.signed_in()
    theirs, victim = await site.signed_in(Role.DISCIPLINE_LEADER)
    key = Authenticator()
    asked = await mine.client.post(f"{ACCOUNT}/passkeys/options", data={"csrf": mine.csrf})
    answer = key.register(asked.text)
    extra = {"official_id": str(victim.id), "username": victim.username, "user_id": str(victim.id)}
    await theirs.post(f"{ACCOUNT}/passkeys", {"passkey": answer})
    assert theirs.status == 422
    await mine.post(f"{ACCOUNT}/passkeys", {"passkey": answer, **extra})
    assert mine.status == 303
    async with site.storage.unit_of_work() as uow:
        assert await uow.sign_ins.passkeys_of(victim.id) == []
    begun = await mine.post(f"{ACCOUNT}/code", extra)
    assert begun.status_code == 200
    async with site.storage.unit_of_work() as uow:
        secret = (await uow.officials.credentials(victim.username)).totp_secret
    await theirs.post(f"{ACCOUNT}/code/finish", {"code": "123456"})
    assert theirs.status == 422
    async with site.storage.unit_of_work() as uow:
        assert (await uow.officials.credentials(victim.username)).totp_secret == secret


async def test_one_official_cannot_touch_anothers_keys_and_is_not_told_that_there_are_any(site: DeskSite) -> None:
    mine, official, _ = await owner(site)
    async with site.storage.unit_of_work() as uow:
        (one,) = await uow.sign_ins.passkeys_of(official.id)
    other, _ = await site.signed_in()
    for number in (one.id, one.id + 1000):
        await other.post(f"{ACCOUNT}/passkeys/{number}/rename", {"passkey_name": "我的了"})
        assert other.status == 422
        await other.post(f"{ACCOUNT}/passkeys/{number}/remove", then=f"{ACCOUNT}#passkeys")
    await mine.post(f"{ACCOUNT}/passkeys/{one.id}/rename", {"passkey_name": "办公室电脑"}, then=f"{ACCOUNT}#passkeys")
    assert "办公室电脑" in mine.text
    await mine.post(f"{ACCOUNT}/passkeys/{one.id}/rename", {"passkey_name": "长" * 61})
    assert mine.status == 422
    assert "1 到 60 个字" in mine.text
    await mine.post(f"{ACCOUNT}/passkeys/{one.id}/remove", then=f"{ACCOUNT}#passkeys")
    assert await rows(site) == 0


async def test_a_removed_key_and_a_closed_seat_open_nothing(site: DeskSite) -> None:
    mine, official, key = await owner(site)
    async with site.storage.unit_of_work() as uow:
        await uow.officials.change_seat(official.id, active=False)
        await uow.commit()
    browser, options = await entrance(site)
    await browser.post("/desk/sign-in/passkey", {"passkey": key.sign(options)})
    assert browser.status == 422
    assert (await mine.get("/desk")).status_code == 303


async def test_the_same_key_is_added_once(site: DeskSite) -> None:
    mine, _, key = await owner(site)
    await add(mine, key)
    assert mine.status == 422
    assert await rows(site) == 1


async def test_a_passkey_confirms_what_asks_for_it_once_more(site: DeskSite, clock) -> None:
    mine, _, key = await owner(site)
    clock.advance(timedelta(minutes=6))
    await mine.post(f"{ACCOUNT}/code")
    assert mine.status == 403
    assert "用通行密钥确认" in mine.text
    asked = await mine.client.post("/desk/confirm/passkey/options", data={"csrf": mine.csrf})
    stranger = Authenticator()
    await mine.post(f"{ACCOUNT}/code", {"step_up_passkey": stranger.sign(asked.text)})
    assert mine.status == 422
    asked = await mine.client.post("/desk/confirm/passkey/options", data={"csrf": mine.csrf})
    await mine.post(f"{ACCOUNT}/code", {"step_up_passkey": key.sign(asked.text)})
    assert mine.status == 200
    assert "换手机验证器" in mine.text


async def test_where_the_address_is_a_bare_number_the_page_says_why_there_are_none(storage: Storage) -> None:
    site = DeskSite(storage, "http://127.0.0.1:8080")
    await site.do(factories.add_county)
    browser, _ = await site.signed_in()
    await browser.get(ACCOUNT)
    assert "https 的域名" in browser.text
    assert "passkey.js" not in browser.source


@pytest.mark.parametrize(
    ("address", "found"),
    [
        ("https://desk.example.cn", ("desk.example.cn", "https://desk.example.cn")),
        ("https://desk.example.cn:8443", ("desk.example.cn", "https://desk.example.cn:8443")),
        ("http://localhost:8080", ("localhost", "http://localhost:8080")),
        ("http://127.0.0.1:8080", None),
        ("https://10.0.0.7", None),
        ("https://[::1]:8080", None),
        ("http://desk.example.cn", None),
        ("", None),
    ],
)
def test_who_we_are_comes_from_our_own_address(address: str, found: tuple[str, str] | None) -> None:
    one = relying_party(address)
    assert (one and (one.id, one.origin)) == found
