"""Reads content/rules, and the short form in which files cite: `village 18`.

What a newcomer gets wrong: a rule without a number needs `says`, and says only what its article says; a fraction is
written as text, "2/3".
"""

import re
from collections.abc import Iterator, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Final

from knowledge.model import Jurisdiction, Law, Provision, Rule, Unit
from knowledge.records import Record, read_record

_PROVISION: Final = re.compile(r"([a-z0-9-]+) ([0-9]+(?:-[0-9]+)?)")
_FRACTION: Final = re.compile(r"([0-9]+)/([0-9]+)")


def read_rules(file: Path, root: Path, laws: Mapping[str, Law], places: Mapping[str, Jurisdiction]) -> Iterator[Rule]:
    """The rules of one file.

    Raises:
        ContentError: The file is wrong.
    """
    record = read_record(file, root)
    for item in record.records("rules"):
        place = item.text("jurisdiction")
        if place not in places:
            raise item.fault("jurisdiction", f"jurisdiction {place!r} is unknown", "Choose one", sorted(places))
        rule = Rule(
            topic=item.text("topic"),
            jurisdiction=place,
            in_force_from=item.day("in_force_from"),
            value=_value(item),
            upper=item.whole("upper", None),
            unit=item.choice("unit", Unit),
            says=item.text("says", ""),
            provision=read_provision(item, item.text("citation"), laws),
        )
        if rule.value is None and not rule.says:
            raise item.fault("value", "the rule says nothing", "Add value: a number, or says: a text")
        item.finish()
        yield rule
    record.finish()


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
