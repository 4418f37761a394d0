"""The last day for something, counted from a day the question names; which periods there are stands in content.

What a newcomer gets wrong: the law does not say whether the first day counts. We count from the next day, say so,
and name who decides; periods before election day are counted back in full days.
"""

from datetime import date, timedelta

from knowledge.calendar import load_calendar
from knowledge.model import Clock, Clocks, Unit
from knowledge.reckoning.asked import Asked, Reckoned
from knowledge.reckoning.dates import DayNamed, day_named
from knowledge.rules.wording import spoken


def deadline(asked: Asked, clocks: Clocks) -> Reckoned | None:
    """The last day a question asks for."""
    named = day_named(asked.text, asked.as_of)
    if named is None or not any(word in asked.text for word in clocks.asks_when):
        return None
    rest = asked.text[: named.start] + asked.text[named.end :]
    for clock in clocks.clocks:
        if any(word in rest for word in clock.about) and any(word in rest for word in clock.begins):
            return _counted(asked, clock, named)
    return None


def _counted(asked: Asked, clock: Clock, named: DayNamed) -> Reckoned | None:
    rule = asked.rule(clock.rule)
    if rule is None or not isinstance(rule.value, int):
        return None
    last = _last_day(named.day, rule.value, rule.unit, back=clock.back)
    said = clock.says.format(
        day=named.said(named.day),
        first=named.said(named.day + timedelta(days=1)),
        last=named.said(last),
        span=spoken(rule),
        day_year=named.day.year,
        last_year=last.year,
    )
    return Reckoned(asked.entry(clock.entry), said)


def _last_day(start: date, span: int, unit: Unit, *, back: bool) -> date:
    if unit is Unit.WORKING_DAYS:
        return load_calendar().add_working_days(start, span)
    if unit is Unit.YEARS:
        return start.replace(year=start.year + span, day=1)
    return start + timedelta(days=-span if back else span)
