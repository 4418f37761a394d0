"""The auditors' page: the event log by time, official and case number."""

import unicodedata
from datetime import date
from typing import Any, Final
from urllib.parse import urlencode

from starlette.responses import Response

from handlers.desk import dates, words
from handlers.desk.request import Signed
from handlers.services import log_book
from handlers.services.log_book import Asked
from knowledge.casework.access import Permission, Role
from knowledge.clock import local_date
from storage.repositories.events import Event

HERE: Final = "/desk/log"
LONGEST: Final = 20


async def show_log(visit: Signed) -> Response:
    """Events, newest first."""
    visit.require(Permission.READ_LOG)
    given = visit.request.query_params
    asked, faults = _asked(dict(given))
    before = given.get("before", "")
    async with visit.unit_of_work() as uow:
        people = await log_book.people(uow, visit.official)
        page = await log_book.look(uow, visit.official, asked, before=int(before) if _is_id(before) else None)
        await uow.commit()
    typed = {name: given.get(name, "") for name in ("official", "q", "from", "until")}
    onward = {name: value for name, value in typed.items() if value}
    return await visit.page(
        "log.html",
        rows=[described(one) for one in page.events],
        people=[(one.id, f"{one.display_name}（{words.ROLES[one.role]}）") for one in people],
        typed=typed,
        faults=faults,
        next_href=f"{HERE}?{urlencode({**onward, 'before': page.before})}" if page.before else None,
        first_href=f"{HERE}?{urlencode(onward)}" if _is_id(before) else None,
    )


def _asked(given: dict[str, str]) -> tuple[Asked, dict[str, str]]:
    """What the form asks for, and what of it could not be read."""
    faults: dict[str, str] = {}
    days: dict[str, date | None] = {}
    for name in ("from", "until"):
        try:
            days[name] = date.fromisoformat(given[name]) if given.get(name) else None
        except ValueError:
            days[name], faults[name] = None, words.LOG_NO_DATE
    if (begin := days["from"]) and (end := days["until"]) and begin > end:
        faults["until"] = words.LOG_BACKWARDS
    who = given.get("official", "")
    number = "".join(unicodedata.normalize("NFKC", given.get("q", "")).split())[:LONGEST].upper()
    return Asked(int(who) if _is_id(who) else None, number, days["from"], days["until"]), faults


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= 15  # noqa: PLR2004 - fits any database's integer


def described(one: Event) -> dict[str, Any]:
    """An event in words."""
    role = words.ROLES[Role(one.role)] if one.role else ""
    return {
        "day": local_date(one.at).isoformat(),
        "when": dates.moment(one.at),
        "who": f"{one.who}（{role}）" if one.who else words.LOG_ACTORS.get(one.actor, one.actor),
        "act": words.LOG_ACTS.get(one.act, one.act),
        "about": one.number or ("" if one.subject == one.actor else words.LOG_SUBJECTS.get(one.subject, one.subject)),
        "original": _original(one),
        "more": "；".join(_said(name, value) for name, value in one.detail.items()),
    }


def _original(one: Event) -> str | None:
    """Where words that were covered can be looked at."""
    covered = one.act == "redaction_decided" and one.detail.get("decision") == "approved"
    return f"{HERE}/{one.number}/{one.detail['redaction']}" if covered else None


def _said(name: str, value: Any) -> str:
    label = words.LOG_DETAILS.get(name, name)
    if isinstance(value, bool):
        return label if value else f"{label}：否"
    if isinstance(value, list):
        value = "、".join(str(part) for part in value)
    return f"{label}：{words.LOG_VALUES.get(str(value), value)}"
