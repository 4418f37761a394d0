"""Feeding inputs to the whole application, and what counts as a crash.

A crash is an exception that leaves the Dispatcher or the web application, a line logged as an error, or an answer that
says it is our fault. What is refused with a clear answer, or by the parser of updates, is none.
"""

import asyncio
import logging
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
from aiogram import Bot
from aiogram.exceptions import TelegramBadRequest
from aiogram.types import Update
from pydantic import ValidationError

from storage.engine import Database
from storage.files import FileStore
from storage.unit_of_work import Storage
from storage.vault import KeyRing
from tests import databases
from tests.channels import RecordedChats, RecordingSession, Site, open_site, populate
from tests.fakes import FakeClock
from tests.fuzz.inputs import Chance, request, update

TELEGRAM, WEB = 10, 4  # chats at a time
_CALM = frozenset({200, 400, 401, 404, 405, 413, 422})
OUR_FAULT = "不怪您"


@dataclass
class Outcome:
    """What became of many inputs."""

    inputs: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    crashes: list[str] = field(default_factory=list)


class Crashes(logging.Handler):
    """Notes every line logged as an error, with what caused it."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(logging.ERROR)
        self._outcome = outcome

    def emit(self, record: logging.LogRecord) -> None:
        """A line."""
        self._outcome.crashes.append(f"{record.name}: {record.msg!r}"[:2_000])


class Sessions(RecordingSession):
    """As Telegram does: an edit of what is not there is refused."""

    async def make_request(self, bot: Bot, method: Any, timeout: int | None = None) -> Any:  # noqa: ASYNC109
        """One call of the bot."""
        try:
            return await super().make_request(bot, method, timeout)
        except AssertionError:
            raise TelegramBadRequest(method, "message to edit not found") from None


async def run(folder: Path, template: Path, seed: int, count: int) -> Outcome:
    """A fresh deployment in `folder`, and so many inputs of a seed."""
    folder.mkdir(parents=True, exist_ok=True)
    url = databases.sqlite_database(template, folder)
    keys = KeyRing(bytes(range(32)))
    storage = Storage(Database(url), keys, FileStore(folder / "files", keys), FakeClock())
    outcome = Outcome()
    watch = Crashes(outcome)
    logging.getLogger().addHandler(watch)
    try:
        await populate(storage)
        async with open_site("web", storage) as site:
            site.test_bot.session = Sessions(site.test_bot.session._chats)  # type: ignore[attr-defined]
            share = count // (TELEGRAM + WEB)
            rest = count - share * (TELEGRAM + WEB)
            workers = [
                _telegram(site, outcome, seed * 1_000 + at, share + (rest if at == 0 else 0)) for at in range(TELEGRAM)
            ]
            workers += [_web(site, outcome, seed * 1_000 + 500 + at, share) for at in range(WEB)]
            await asyncio.gather(*workers)
    finally:
        logging.getLogger().removeHandler(watch)
        await storage.close()
    return outcome


async def _telegram(site: Site, outcome: Outcome, seed: int, count: int) -> None:
    chance, chat_id = Chance(seed), 200_000 + seed % 1_000
    chats: RecordedChats = site.test_bot.session._chats  # type: ignore[attr-defined]
    clock: Any = site.storage.clock
    for turn in range(count):
        number = (seed % 1_000) * 10_000_000 + turn + 1
        known = [data for one in list(chats.said.get(chat_id, {}).values())[-8:] for _, data in one.buttons if data]
        raw = update(chance, number, chat_id, known, chats.files)
        outcome.inputs += 1
        clock.advance(timedelta(seconds=chance.choice((0, 1, 30))))
        try:
            parsed = Update.model_validate(raw, context={"bot": site.test_bot})
        except (ValidationError, RecursionError):
            outcome.kinds["refused by the parser"] += 1
            continue
        try:
            await site.application.dispatcher.feed_update(site.test_bot, parsed)
            outcome.kinds["handled"] += 1
        except Exception as error:  # noqa: BLE001 - whatever it is, it is a crash
            outcome.crashes.append(f"{type(error).__name__} {error!s:.300} at {raw!r:.900}")
        said = list(chats.said.get(chat_id, {}).values())
        if said and OUR_FAULT in said[-1].text:
            outcome.crashes.append(f"apologised for {raw!r:.900}")
            chats.said[chat_id].clear()
        if len(said) > 50:
            for old in list(chats.said[chat_id])[:-10]:
                del chats.said[chat_id][old]


async def _web(site: Site, outcome: Outcome, seed: int, count: int) -> None:
    chance = Chance(seed)
    client = site.new_client()
    await client.post("/api/chat/session")
    known: list[str] = []
    after = 0
    for turn in range(count):
        method, path, given = request(chance, known)
        outcome.inputs += 1
        try:
            answer = await client.request(method, path, **given)
        except (httpx.HTTPError, UnicodeError, ValueError) as error:
            outcome.kinds[f"never sent: {type(error).__name__}"] += 1
            continue
        except Exception as error:  # noqa: BLE001 - whatever it is, it is a crash
            outcome.crashes.append(f"{type(error).__name__} {error!s:.300} at {method} {path} {given!r:.900}")
            continue
        outcome.kinds[str(answer.status_code)] += 1
        if answer.status_code not in _CALM or OUR_FAULT in answer.text[:400]:
            outcome.crashes.append(f"{answer.status_code} {answer.text[:200]} at {method} {path} {given!r:.900}")
        if turn % 5 == 0:
            items = (await client.get(f"/api/chat/messages?after={after}")).json()
            after = max([after, *(one["seq"] for one in items)])
            shown = [b["callback"] for one in items for row in one["buttons"] for b in row if b.get("callback")]
            known = shown[-20:] or known
