"""The thief (N10, issue 5): everything on disk, the key file, and every password but the custodians'.

A whole deployment with reports from everywhere. The thief searches every byte for every name, number, address and chat
in any spelling, opens all that the key file opens and searches that, follows every ciphertext that ever held a name,
tries every key the passwords open on everything, and tries names from a list against every keyed hash. Controls show
that each of these ways would succeed if there were anything to find.
"""

import base64
import json
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path
from typing import Any
from urllib.parse import quote

import asyncpg
import pytest
from nacl.exceptions import CryptoError

from handlers.services import names, recusals, releases
from handlers.services.filing import Filings, Statement
from handlers.services.intake import Intake
from knowledge.casework.access import Role
from knowledge.casework.categories import load_categories
from knowledge.casework.classification import Classifier
from knowledge.clock import local_date
from storage.custody import NameKey, SealedName, Unlocked
from storage.errors import SharesDoNotFit, WrongPassword
from storage.repositories.officials import Official
from storage.unit_of_work import Storage, UnitOfWork
from tests import databases, factories
from tests.channels import (
    REPORT,
    Site,
    TelegramVillager,
    Villager,
    WebVillager,
    answer,
    file_report,
    number_in,
    open_site,
)
from tests.named_cases import OTHER_PASSWORD

HANDLE = 7_345_612_908  # a Telegram account's number
SHORTEST_SEALED = 40  # a nonce and a tag
SHARE_BYTES = 25  # as its custodian reads it: position, mark, share
KNOWN_PASSWORDS = {
    "handler": (Role.DISCIPLINE_OFFICIAL, "password of the handler"),
    "leader": (Role.DISCIPLINE_LEADER, "password of the leader"),
    "superior": (Role.SUPERIOR, "password of the superior"),
    "staff": (Role.TOWNSHIP_STAFF, "password of the staff"),
    "auditor": (Role.AUDITOR, "password of the auditor"),
    "administrator": (Role.ADMINISTRATOR, "password of the administrator"),
}


@dataclass(frozen=True)
class Reporter:
    """Who left what."""

    name: str
    phone: str
    address: str = ""

    @property
    def line(self) -> str:
        """As people type it."""
        return f"我叫{self.name}，电话 {self.phone[:3]} {self.phone[3:7]} {self.phone[7:]}"

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must be nowhere."""
        return tuple(one for one in (self.name, self.phone, self.address) if one)


REPORTERS = {
    "web": Reporter("欧阳文静", "13912345671"),
    "telegram": Reporter("司马建国", "13812345672"),
    "withdrawn": Reporter("上官秀英", "13712345673"),
    "released": Reporter("诸葛明远", "13612345674"),
    "in writing": Reporter("端木春生", "13512345675"),
    "half": Reporter("慕容小霞", "13412345676"),
    "walk-in": Reporter("尉迟大海", "13312345677", "柳树村三组老槐树底下"),
}


# What may be written where, in what spelling


def spellings(secret: str) -> Iterator[bytes]:
    """A secret in every form in which somebody's code might leave it."""
    words = {secret, secret[::-1]}
    if secret.isdecimal():
        words |= {f"{secret[:3]}{gap}{secret[3:7]}{gap}{secret[7:]}" for gap in ("-", " ", ".")}
    for word in words:
        for encoding in ("utf-8", "utf-16-le", "utf-16-be", "gb18030"):
            raw = word.encode(encoding)
            yield raw
            yield raw.hex().encode()
            yield raw.hex().upper().encode()
            for shift in range(3):  # the signs that neighbours have no part in
                coded = base64.b64encode(bytes(shift) + raw)
                yield coded[(0, 2, 3)[shift] : len(coded) - (0, 3, 2)[(len(raw) + shift) % 3]]
        yield json.dumps(word).strip('"').encode()
        yield json.dumps(word).strip('"').upper().replace("\\U", "\\u").encode()
        yield quote(word).encode()
        yield quote(word).lower().encode()


FORMS = {
    secret: tuple(dict.fromkeys(spellings(secret)))
    for secret in (*(one for who in REPORTERS.values() for one in who.secrets), str(HANDLE))
}
PRIVATE = frozenset(FORMS) - {str(HANDLE)}


def found_in(data: bytes, wanted: Iterable[str] = PRIVATE) -> set[str]:
    return {secret for secret in wanted if any(form in data for form in FORMS[secret])}


# What the thief carries away


@dataclass
class Loot:
    """Every byte of every file, every value of every row with where it stood, and what else is known."""

    files: dict[str, bytes]
    values: list[tuple[str, bytes]]
    keys: Any
    purposes: set[str] = field(default_factory=set)

    def opened(self) -> Iterator[tuple[str, str, bytes]]:
        """All that opens with the key file: where it stood, for what purpose, what it says."""
        for where, value in [*self.values, *self.files.items()]:
            for purpose in self.purposes if len(value) >= SHORTEST_SEALED else ():
                try:
                    yield where, purpose, self.keys.open(purpose, value)
                except (CryptoError, ValueError, TypeError):
                    continue


@dataclass
class Watched:
    """What the application sealed and hashed with the server's keys while it was watched."""

    sealed: list[tuple[str, bytes, bytes]] = field(default_factory=list)
    purposes: set[str] = field(default_factory=set)
    indexes: set[str] = field(default_factory=set)


@contextmanager
def watching(storage: Storage) -> Iterator[Watched]:
    """Note everything that goes through the key ring."""
    seen, keys = Watched(), storage.keys
    seal, index = keys.seal, keys.index

    def noted_seal(purpose: str, words: bytes) -> bytes:
        made = seal(purpose, words)
        seen.sealed.append((purpose, words, made))
        seen.purposes.add(purpose)
        return made

    def noted_index(purpose: str, value: str) -> bytes:
        seen.indexes.add(purpose)
        return index(purpose, value)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keys, "seal", noted_seal)
        patch.setattr(keys, "index", noted_index)
        yield seen


async def stolen(storage: Storage, folder: Path, seen: Watched) -> Loot:
    """Everything on disk, and on PostgreSQL every row of every table."""
    kept = {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}
    if storage.database.is_sqlite:
        values = _sqlite_values(folder / "qingfeng.db")
    else:
        values = [one async for one in _postgresql_values(str(storage.database.writer.url.database))]
    return Loot(kept, values, storage.keys, set(seen.purposes))


def _sqlite_values(path: Path) -> list[tuple[str, bytes]]:
    connection = sqlite3.connect(path)
    try:
        tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return [
            (table, value if isinstance(value, bytes) else str(value).encode())
            for table in tables
            for row in connection.execute(f"SELECT * FROM {table}")
            for value in row
        ]
    finally:
        connection.close()


async def _postgresql_values(database: str) -> AsyncIterator[tuple[str, bytes]]:
    connection = await asyncpg.connect(databases.ADMIN.rpartition("/")[0] + f"/{database}")
    try:
        for (table,) in await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"):
            for row in await connection.fetch(f"SELECT * FROM {table}"):
                for value in row.values():
                    yield table, value if isinstance(value, bytes) else str(value).encode()
    finally:
        await connection.close()


# The deployment


@dataclass
class Deployment:
    """A county in full swing."""

    site: Site
    folder: Path
    seen: Watched
    officials: dict[str, Official]
    custodians: list[Official]
    numbers: dict[str, str]

    async def do(self, act: Callable[[UnitOfWork], Any]) -> Any:
        return await self.site.do(act)

    async def loot(self) -> Loot:
        await self.site.application.remind()  # the tick of every half minute
        return await stolen(self.site.storage, self.folder, self.seen)


async def settle(storage: Storage) -> tuple[dict[str, Official], list[Official]]:
    """Everybody has a seat; three custodians keep names, of whom two are needed."""
    access = factories.quick_access()

    async def seat(uow: UnitOfWork, username: str, role: Role, password: str) -> Official:
        made = await access.create_official(
            uow, username=username, display_name="", role=role, place_path=factories.COUNTY, password=password
        )
        await uow.recusals.confirm_declaration(made.official.id)
        return made.official

    async with storage.unit_of_work() as uow:
        await factories.add_county(uow)
        custodians = [await seat(uow, f"custodian{n}", Role.CUSTODIAN, f"{OTHER_PASSWORD} {n}") for n in range(3)]
        officials = {name: await seat(uow, name, role, password) for name, (role, password) in KNOWN_PASSWORDS.items()}
        await uow.commit()
    return officials, custodians


def lines_of(who: str) -> tuple[str, ...]:
    return (*REPORT[:7], REPORTERS[who].line)


async def live(site: Site) -> dict[str, str]:
    """Reports from everywhere; returns the numbers of those with a name."""

    async def arrive() -> Villager:
        return await WebVillager.arrive(site.application, site.new_client())

    numbers = {who: await file_report(await arrive(), lines_of(who)) for who in ("web", "released")}
    withdrawn = await arrive()
    numbers["withdrawn"] = await file_report(withdrawn, lines_of("withdrawn"))
    for word in ("我的反映", f"看 {numbers['withdrawn']}", "不想反映了", "不想反映了"):
        await (withdrawn.press(word) if word != "我的反映" else withdrawn.say(word))
    assert site.polling is not None
    telegram = TelegramVillager(site.storage, site.api, site.polling, site.api.user(HANDLE))
    numbers["telegram"] = await file_report(telegram, lines_of("telegram"))
    await telegram.say("我的反映")
    nameless = await arrive()
    await nameless.say("我要反映")
    for line in (*REPORT[:7], "[不留名]"):
        await answer(nameless, line)
    number_in("".join(await nameless.press("对，提交")))
    for last in (REPORTERS["in writing"].line, REPORTERS["half"].name):
        writing = await arrive()
        await writing.say("我要反映")
        for line in (*REPORT[:7], last):
            await answer(writing, line)
    return numbers


async def write_down(uow: UnitOfWork, by: Official) -> str:
    said = REPORTERS["walk-in"]
    given = await Filings(Intake(Classifier(load_categories()))).file(
        uow,
        by,
        Statement(
            token="a form's token",
            via="walk_in",
            received_on=local_date(uow.clock.now()),
            place_path=factories.VILLAGE,
            narrative={"what": "有人挨家送烟，让大家投李大富。", "who": "李大富"},
            anonymous=False,
            name=said.name,
            contact=said.phone,
            address=said.address,
        ),
    )
    return given.number


async def handle(deployment: Deployment) -> None:
    """Names are opened by custodians, released, and let go; one request is half granted, and one over."""
    number, asker = deployment.numbers["released"], deployment.officials["handler"]
    for one in deployment.numbers.values():
        await deployment.do(lambda uow, n=one: recusals.declare_clear(uow, asker, n))
    await deployment.do(lambda uow: releases.ask(uow, asker, number, "talk", "要当面核对账目"))
    request = (await deployment.do(lambda uow: uow.releases.undecided()))[0].id
    await grant(deployment, request, 0)
    await grant(deployment, request, 1)
    password = KNOWN_PASSWORDS["handler"][1]
    opened = await deployment.do(lambda uow: releases.open_released(uow, asker, number, password))
    assert opened.name == REPORTERS["released"].name
    first, second = deployment.custodians[:2]
    for who in ("web", "telegram"):
        await deployment.do(lambda uow, w=who: names.ask_colleagues(uow, first, deployment.numbers[w], "call"))
        asked = (await deployment.do(lambda uow: uow.releases.undecided()))[-1].id
        await deployment.do(lambda uow, a=asked: releases.grant(uow, second, a, f"{OTHER_PASSWORD} 1"))
        kept = deployment.numbers[who]
        await deployment.do(lambda uow, n=kept: names.open_name(uow, first, n, f"{OTHER_PASSWORD} 0", "call"))
    deployment.site.storage.clock.advance(releases.LONGEST_RELEASE)
    await deployment.do(lambda uow: releases.ask(uow, asker, deployment.numbers["web"], "talk", "要当面核对账目"))
    half = (await deployment.do(lambda uow: uow.releases.undecided()))[-1].id
    await grant(deployment, half, 0)


async def grant(deployment: Deployment, request: int, turn: int) -> None:
    who = deployment.custodians[turn]
    await deployment.do(lambda uow: releases.grant(uow, who, request, f"{OTHER_PASSWORD} {turn}"))


@pytest.fixture
async def deployment(storage: Storage, tmp_path: Path) -> AsyncIterator[Deployment]:
    with watching(storage) as seen:
        officials, custodians = await settle(storage)
        async with open_site("telegram", storage) as site:
            made = Deployment(site, tmp_path, seen, officials, custodians, await live(site))
            made.numbers["walk-in"] = await made.do(lambda uow: write_down(uow, officials["staff"]))
            await site.deliver()
            await handle(made)
            yield made


async def test_the_thief_finds_no_name_no_number_and_no_chat_and_would_find_what_lies_about(
    deployment: Deployment,
) -> None:
    loot = await deployment.loot()
    assert len(loot.values) > 500
    _in_raw_bytes(loot)
    _behind_the_key_file(loot)
    _ciphertexts_that_held_one(loot, deployment.seen)
    await _keys_behind_the_passwords(loot, deployment)
    _guesses_from_a_list(loot, deployment.seen)
    await _one_custodians_password_more(loot, deployment)
    await _what_was_planted(deployment)


def _in_raw_bytes(loot: Loot) -> None:
    """Nothing is written out, and no chat either."""
    for where, data in [*loot.files.items(), *loot.values]:
        assert not found_in(data, FORMS), where


def _behind_the_key_file(loot: Loot) -> None:
    """What the server reads again holds no name; a chat's handle is where it is written to from, and nowhere else."""
    opened = list(loot.opened())
    assert {"draft", "message", "person.handle", "release.words"} <= {purpose for _, purpose, _ in opened}
    assert len(opened) > 50
    for where, purpose, data in opened:
        assert not found_in(data), (where, purpose)
    handles = {(where, purpose) for where, purpose, data in opened if found_in(data, [str(HANDLE)])}
    assert handles == {("person", "person.handle")}


def _ciphertexts_that_held_one(loot: Loot, seen: Watched) -> None:
    """Words the server sealed before it knew them for a name are gone, from freed pages and the write-ahead log too."""
    held = [(purpose, made) for purpose, words, made in seen.sealed if found_in(words)]
    assert "inbound" in {purpose for purpose, _ in held}  # Telegram's message waits until it is handled
    for purpose, made in held:
        for where, data in [*loot.files.items(), *loot.values]:
            assert made[:32] not in data, (purpose, where)
            assert made[-32:] not in data, (purpose, where)


async def _keys_behind_the_passwords(loot: Loot, deployment: Deployment) -> None:
    """Every key that a known password opens, on everything; and shares together, as far as one gets any."""
    pairs = [await deployment.do(lambda uow, w=who: uow.officials.key_of(w.id)) for who in deployment.custodians]
    keys: dict[str, Unlocked] = {}
    for name, official in deployment.officials.items():
        pair = await deployment.do(lambda uow, w=official: uow.officials.key_of(w.id))
        if pair is not None:
            keys[name] = pair.unlock(KNOWN_PASSWORDS[name][1])
    assert set(keys) == {"handler", "leader", "superior"}
    for pair in pairs:
        for _, password in KNOWN_PASSWORDS.values():
            with pytest.raises(WrongPassword):
                pair.unlock(password)
    read = opened_with(keys.values(), loot.values)
    assert len(read) == 1  # the half of a release that is not decided
    assert not [one for one in read if found_in(one)]
    everything = await kept_names(deployment)
    assert len(everything) == 5
    for sealed in everything:
        assert taken_apart(sealed, read) is None


def opened_with(keys: Iterable[Unlocked], values: Iterable[tuple[str, bytes]]) -> list[bytes]:
    """What some private keys open of everything stored."""
    found = []
    for key in keys:
        for _, value in values:
            try:
                found.append(key.open(value))
            except (CryptoError, ValueError, TypeError):
                continue
    return found


def taken_apart(sealed: SealedName, shares: list[bytes]) -> str | None:
    """A name opened with any of some shares, whatever number is said to be needed."""
    for count in range(1, len(shares) + 1):
        for some in combinations(shares, count):
            try:
                key = NameKey.combine(some, sealed.public_key, 1 if count == 1 else count)
            except (SharesDoNotFit, IndexError, ValueError):
                continue
            return key.read(sealed.parts["name"])
    return None


async def kept_names(deployment: Deployment) -> list[SealedName]:
    async def read(uow: UnitOfWork) -> list[SealedName]:
        cases = [await factories.read_case(uow, number) for number in deployment.numbers.values()]
        return [kept.sealed for kept in (await uow.identities.of_cases([one.id for one in cases])).values()]

    found = await deployment.do(read)
    assert isinstance(found, list)
    return found


def _guesses_from_a_list(loot: Loot, seen: Watched) -> None:
    """The village's phone list against every keyed hash: none was made of a name or a number alone."""
    stored = {value for _, value in loot.values} | {value[-16:] for _, value in loot.values}
    for purpose in seen.indexes:
        for who in REPORTERS.values():
            for guess in (who.name, who.phone, f"{who.name}{who.phone}", f"{who.name} {who.phone}"):
                assert loot.keys.index(purpose, guess) not in stored, purpose


# Controls: the same searches find what is there


async def _what_was_planted(deployment: Deployment) -> None:
    """In clear in a row; and sealed with the server's key in another."""
    who = REPORTERS["web"]
    for secret in who.secrets:
        for form in FORMS[secret]:
            assert found_in(b"before " + form + b" after") >= {secret}
    case = await deployment.do(lambda uow: factories.read_case(uow, deployment.numbers["web"]))
    handler = deployment.officials["handler"]
    await deployment.do(lambda uow: uow.cases.add_note(case.id, f"打 {who.phone} 问过", author_id=handler.id))
    await deployment.do(lambda uow: uow.places.add(path="cn/planted", kind="county", name=who.name))
    planted = await deployment.loot()
    assert [where for where, value in planted.values if found_in(value)] == ["place"]
    assert [where for where, _, data in planted.opened() if found_in(data)] == ["case_note"]
    if deployment.site.storage.database.is_sqlite:
        assert {name for name, data in planted.files.items() if found_in(data)} == {"qingfeng.db"}


async def _one_custodians_password_more(loot: Loot, deployment: Deployment) -> None:
    """With the one password it lacks, and the half of a release that lies there, a name opens: that one, no other."""
    handler = await deployment.do(lambda uow: uow.officials.key_of(deployment.officials["handler"].id))
    custodian = await deployment.do(lambda uow: uow.officials.key_of(deployment.custodians[1].id))
    keys = (handler.unlock(KNOWN_PASSWORDS["handler"][1]), custodian.unlock(f"{OTHER_PASSWORD} 1"))
    shares = [one for one in opened_with(keys, loot.values) if len(one) == SHARE_BYTES]
    assert {taken_apart(sealed, shares) for sealed in await kept_names(deployment)} == {REPORTERS["web"].name, None}


async def test_the_write_ahead_log_is_emptied_as_soon_as_nobody_reads_from_it(
    sqlite_storage: Storage, tmp_path: Path
) -> None:
    log = tmp_path / "qingfeng.db-wal"
    reader = sqlite3.connect(tmp_path / "qingfeng.db", isolation_level=None)
    try:
        async with sqlite_storage.unit_of_work() as uow:
            await factories.add_county(uow)
            await uow.commit()
        reader.execute("BEGIN")
        assert reader.execute("SELECT count(*) FROM place").fetchone() == (6,)
        async with sqlite_storage.unit_of_work() as uow:
            await uow.places.add(path="cn/x", kind="county", name="县")
            await uow.commit()
        await sqlite_storage.database.forget_history()  # a backup is at it: nobody waits for that
        assert log.stat().st_size > 0
        reader.execute("COMMIT")
    finally:
        reader.close()
    await sqlite_storage.database.forget_history()
    assert log.stat().st_size == 0
    async with sqlite_storage.unit_of_work() as uow:
        assert await uow.places.by_path("cn/x")
