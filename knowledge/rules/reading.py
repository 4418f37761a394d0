"""Reads content/rules, and the short form in which files cite: `village 18`.

What a newcomer gets wrong: a rule without a number needs `says`, and says only what its article says; a fraction is
written as text, "2/3".
"""

import re
from collections.abc import Iterator, Mapping
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Final, NamedTuple

from knowledge.model import Jurisdiction, Law, Provision, Rule, Status, Unit
from knowledge.records import Record, read_record

_PROVISION: Final = re.compile(r"([a-z0-9-]+) ([0-9]+(?:-[0-9]+)?)")
_FRACTION: Final = re.compile(r"([0-9]+)/([0-9]+)")


class _Checked(NamedTuple):
    status: Status | None
    last_verified: date | None
    due_again: date | None


_NOT_CHECKED: Final = _Checked(None, None, None)


def read_rules(file: Path, root: Path, laws: Mapping[str, Law], places: Mapping[str, Jurisdiction]) -> Iterator[Rule]:
    """The rules of one file.

    Raises:
        ContentError: The file is wrong.
    """
    record = read_record(file, root)
    shared = _checked_on(record, _NOT_CHECKED)
    for item in record.records("rules"):
        yield _rule(item, laws, places, shared)
    record.finish()


def _rule(item: Record, laws: Mapping[str, Law], places: Mapping[str, Jurisdiction], shared: _Checked) -> Rule:
    place = item.text("jurisdiction")
    if place not in places:
        raise item.fault("jurisdiction", f"jurisdiction {place!r} is unknown", "Choose one", sorted(places))
    checked = _checked_on(item, shared)
    rule = Rule(
        topic=item.text("topic"),
        jurisdiction=place,
        in_force_from=item.day("in_force_from"),
        value=_value(item),
        upper=item.whole("upper", None),
        unit=item.choice("unit", Unit),
        says=item.text("says", ""),
        provision=read_provision(item, item.text("citation"), laws),
        in_force_until=item.day("in_force_until", None),
        overtaken_by=item.text("overtaken_by", ""),
        status=checked.status,
        last_verified=checked.last_verified,
        due_again=checked.due_again,
        file=item.name,
    )
    if rule.value is None and not rule.says:
        raise item.fault("value", "the rule says nothing", "Add value: a number, or says: a text")
    if rule.in_force_until is not None and rule.in_force_until < rule.in_force_from:
        fault = f"the window ends on {rule.in_force_until}, before it begins"
        raise item.fault("in_force_until", fault, f"Use {rule.in_force_from} or later")
    item.finish()
    return rule


def _checked_on(record: Record, shared: _Checked) -> _Checked:
    """How far a file or one rule of it has been checked; what is not said there is as in the file."""
    return _Checked(
        record.choice("status", Status) if record.holds("status") else shared.status,
        record.day("last_verified", shared.last_verified),
        record.day("due_again", shared.due_again),
    )


def _value(item: Record) -> int | Fraction | None:
    match = _FRACTION.fullmatch(str(item.data.get("value", "")))
    if match is None:
        value: int | None = item.whole("value", None)
        return value
    item.text("value")
    return Fraction(int(match[1]), int(match[2]))


def read_provision(record: Record, written: str, laws: Mapping[str, Law]) -> Provision:
    """A citation of a file, checked against the laws on file.

    Raises:
        ContentError: It cannot be read, or names a law or article that does not exist.
    """
    field = "citation" if "citation" in record.data else "citations"
    match = _PROVISION.fullmatch(written)
    if match is None:
        raise record.fault(field, f"citation {written!r} cannot be read", "Write `law-id article`, e.g. village 18")
    law_id, article = match.groups()
    law = laws.get(law_id)
    if law is None:
        raise record.fault(field, f"law {law_id!r} is not on file", "Add it under laws, or choose one", sorted(laws))
    if not 1 <= int(article.partition("-")[0]) <= law.articles:
        raise record.fault(field, f"{law_id} has no article {article}", f"It has {law.articles} articles")
    return Provision(law_id, article)
