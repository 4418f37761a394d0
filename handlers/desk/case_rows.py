"""A case as one line of a list."""

from datetime import date
from typing import Any

from handlers.desk import dates, words
from knowledge.clock import local_date
from storage.repositories.cases import Case
from storage.tables.cases import NEVER


def received(case: Case) -> str:
    """When a report came: to the minute in a chat, to the day where somebody wrote it down."""
    if case.filed_via == "chat":
        return dates.moment(case.received_at)
    return dates.day(local_date(case.received_at))


def case_row(case: Case, today: date) -> dict[str, Any]:
    """What a list shows of a case, with the nearest of its running clocks."""
    due = dates.due(case.next_due_on, today) if case.is_open and case.next_due_on != NEVER else None
    return {
        "number": case.number,
        "href": f"/desk/cases/{case.number}",
        "place": case.place_name,
        "flags": bool(case.flags),
        "flag_words": "、".join(words.category(flag.category) for flag in case.flags),
        "state": case.state,
        "state_text": words.state(case.state, case.sub_status),
        "due": due,
        "due_day": dates.day(case.next_due_on),
        "received": received(case),
        "handler": case.handler_name or "还没有人",
        "version": case.version,
        "urgent": due is not None and due.kind == "danger",
    }
