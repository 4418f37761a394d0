"""What a case's page shows of the dialogue with its reporter, and what its composer offers.

Pure: no database, no request. Officials see both sides; what the level above answered a reporter is not among it.
"""

from collections.abc import Iterable
from datetime import date
from typing import Any, Final

from handlers.desk import dates, words
from handlers.services.cases import CaseFile
from handlers.services.messages import OBJECTIONS, SENT, Known, known_of
from knowledge.casework.labels import load_labels
from knowledge.casework.lifecycle import CLOSED_STATES
from knowledge.casework.replies import CannedReply, ReplyKind, load_replies
from storage.repositories.dialogue import CaseMessage

_REPLY_KINDS: Final = ((str(ReplyKind.MESSAGE), "一般的话"), (str(ReplyKind.EXPLANATION), "答复不同意见"))


def dialogue_context(file: CaseFile, today: date) -> dict[str, Any]:
    """The template's names for the dialogue, the canned answers and the local steps of a case."""
    case, book = file.case, load_replies()
    about = known_of(case, file.clocks, today)
    objected = any(one.from_reporter and one.kind in OBJECTIONS for one in file.messages)
    return {
        "dialogue": [_said(one) for one in file.messages],
        "canned": [(one.id, f"{one.label}：{_opening(filled(one, about))}") for one in book.fitting(case.state, *SENT)],
        "canned_results": [
            {"label": one.label, "text": filled(one, about)} for one in book.fitting(case.state, ReplyKind.RESULT)
        ],
        "reply_kinds": _REPLY_KINDS if objected else (),
        "has_chat": case.person_id is not None,
        "has_ended": case.state in CLOSED_STATES,
        "sub_statuses": [(one.id, one.label) for one in load_labels().steps_of(case.state)],
    }


def filled(reply: CannedReply, about: Known) -> str:
    """A canned answer with what is known of the case put in, dates as people say them."""
    return reply.filled(
        {
            "number": about.number,
            "place": about.place,
            "unit": about.unit,
            "received_on": dates.day(about.received_on),
            "today": dates.day(about.today),
            "due_on": dates.day(about.due_on) if about.due_on else "",
        }
    )


def blank_fields(names: Iterable[str]) -> list[tuple[str, str]]:
    """The blanks a text still has, with what to ask for: (name, label)."""
    return [(name, words.BLANKS.get(name, name)) for name in names]


def _said(one: CaseMessage) -> dict[str, Any]:
    return {
        "from_reporter": one.from_reporter,
        "who": f"反映人{f'（{one.report}）' if one.report else ''}" if one.from_reporter else one.author or "系统",
        "kind": words.MESSAGE_KINDS.get(one.kind, ""),
        "marked": one.from_reporter and one.kind in (*OBJECTIONS, "withdrawal"),
        "when": dates.moment(one.written_at),
        "body": one.body or ("想撤回这件反映。" if one.kind == "withdrawal" else ""),
    }


def _opening(text: str, longest: int = 16) -> str:
    line = " ".join(text.split())
    return line if len(line) <= longest else f"{line[:longest]}…"
