"""The clocks of a case as a part of the documents: tables read off the content, for docs/case-lifecycle.md.

A newcomer's mistake: editing the tables. Change content/casework/clocks.yaml, or the words here.
"""

from typing import Final

from knowledge.casework.clocks import Basis, ClockBook, ClockKind, ClockRule, Length, Stage, load_clocks

_PURPOSES: Final = {
    ClockKind.ACCEPTANCE: "tell the reporter whether the report was accepted",
    ClockKind.TRANSFER: "take a case another unit offers, or decline it",
    ClockKind.DISPOSAL: "propose one of the four disposals",
    ClockKind.ASSIGNED: "finish what the level above assigned",
    ClockKind.RESULT: "tell the reporter the result",
    ClockKind.LETTER_REPLY: "get the answer to a letter of inquiry",
    ClockKind.TALK_REPORT: "report on a talk or a letter of inquiry",
    ClockKind.URGENT: "look into vote-buying before the vote",
    ClockKind.UNASSIGNED: "give the case a handler",
    ClockKind.REPLY: "answer what the reporter wrote",
    ClockKind.REVIEW: "answer an objection, look at new evidence",
    ClockKind.HOLD_REVIEW: "look again at a lead that is held",
}
_UNITS: Final = {Length.WORKING_DAYS: "working day", Length.CALENDAR_DAYS: "calendar day", Length.MONTHS: "month"}
_HEAD: Final = (
    *("clock", "for officials", "what it is for", "length", "期限"),
    *("from", "until", "on whose word", "pause", "extension"),
)
_COUNTING: Final = """\
- The day a clock starts on is not counted. Deadlines are dates in Asia/Shanghai.
- Working days go by the State Council's calendar. While a year has no calendar, Monday to Friday count and the date
  is called provisional.
- A period in months ends on the day of the same number, or on the month's last day where there is none. It is not moved
  off a weekend or holiday.
- A clock until a named day is due on that day, also where it is a weekend or holiday.
- An extension is part of the period: three months and three more are six months from the start.
- A paused day does not count, whatever day it is. A pause that begins after the due date changes nothing.
"""
_SENDING: Final = """\
Only the rung last reached is sent, so that after an outage nobody gets five at once. Rungs that lie before the start of
a clock are left out. A due date on a weekend or holiday has its `T` on the last working day before it.

"""


def clocks_document() -> str:
    """The part of the document as Markdown: its heading is of the second level."""
    book = load_clocks()
    return (
        f"## Clocks\n\nFigures, sources and words stand in `knowledge/content/casework/clocks.yaml` "
        f"(version {book.version}).\n\n{_clocks(book)}\n### How days are counted\n\n{_COUNTING}{_figures(book)}"
        f"\n### Reminders\n\n{_ladder(book)}"
    )


def _clocks(book: ClockBook) -> str:
    return _table(_HEAD, [_row(book.rules[kind]) for kind in ClockKind])


def _row(rule: ClockRule) -> tuple[str, ...]:
    return (
        f"`{rule.kind}`",
        rule.name,
        _PURPOSES[rule.kind],
        _counted(rule.length, _UNITS[rule.unit]) if rule.length else "until the day named in the opinion",
        rule.length_said,
        rule.starts,
        rule.stops,
        f"law: {rule.basis_said}" if rule.basis is Basis.LAW else f"policy: {rule.basis_said}",
        "yes" if rule.pausable else "-",
        f"{_counted(rule.extendable_months, 'month')}, once, approved" if rule.extendable_months else "-",
    )


def _figures(book: ClockBook) -> str:
    return (
        f"- All pauses of one clock together have at most {_counted(book.most_paused_days, 'calendar day')}, and each "
        f"has a reason.\n"
        f"- `{ClockKind.URGENT}` runs for vote-buying reported on election day or at most "
        f"{_counted(book.urgent_window_days, 'calendar day')} before it, and is due\n"
        f"  {_counted(book.urgent_end_days_before, 'day')} before election day at the latest, or at once.\n"
    )


def _ladder(book: ClockBook) -> str:
    return _SENDING + _table(("stage", "when", "who is told"), [_rung(stage) for stage in book.ladder])


def _rung(stage: Stage) -> tuple[str, ...]:
    days = _counted(abs(stage.offset), "working day")
    when = f"{days} {'before' if stage.offset < 0 else 'after'} the due date" if stage.offset else "the due date"
    return f"`{stage.id}`", when, ", ".join(stage.audience)


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    rule = "|---" * len(head) + "|\n"
    lines = [f"| {' | '.join(row)} |\n" for row in rows]
    return "".join([f"| {' | '.join(head)} |\n", rule, *lines])
