"""A case as one line of a list."""

from datetime import date
from typing import Any

from handlers.desk import dates, words
from knowledge.casework.lifecycle import CaseState
from storage.repositories.cases import Case


def case_row(case: Case, today: date) -> dict[str, Any]:
    """What a list shows of a case; only an unaccepted one has a running deadline."""
    due = dates.due(case.answer_due_on, today) if case.state is CaseState.RECEIVED else None
    return {
        "number": case.number,
        "href": f"/desk/cases/{case.number}",
        "place": case.place_name,
        "flags": bool(case.flags),
        "flag_words": "、".join(words.CATEGORIES[flag.category] for flag in case.flags),
        "state": case.state,
        "state_text": words.STATES[case.state],
        "due": due,
        "due_day": dates.day(case.answer_due_on),
        "received": dates.moment(case.received_at),
        "handler": case.handler_name or "还没有人",
        "urgent": due is not None and due.kind == "danger",
    }
