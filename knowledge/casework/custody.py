"""How many of a name's custodians must agree before it opens: content, by place and by how many keep it."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from knowledge.casework.access import covers
from knowledge.casework.categories import CONTENT
from knowledge.errors import ContentError
from knowledge.records import Record, read_record

_FILE: Final = "custody.yaml"


@dataclass(frozen=True, slots=True)
class Rule:
    """From so many keepers on, so many are needed."""

    keepers: int
    needed: int


@dataclass(frozen=True, slots=True)
class CustodyPolicy:
    """The default rules, and those of places that decide otherwise, by path."""

    version: str
    default: tuple[Rule, ...]
    places: tuple[tuple[str, tuple[Rule, ...]], ...] = ()

    def needed(self, keepers: int, place_path: str) -> int:
        """How many of a name's keepers open it together; never more than there are, never none.

        >>> policy = CustodyPolicy("x", (Rule(1, 1), Rule(3, 2)))
        >>> [policy.needed(keepers, "cn/demo") for keepers in (1, 2, 3, 7)]
        [1, 1, 2, 2]
        """
        near = max((path for path, _ in self.places if covers(path, place_path)), key=len, default=None)
        rules: Sequence[Rule] = self.default if near is None else dict(self.places)[near]
        wanted = max((rule for rule in rules if rule.keepers <= keepers), key=lambda rule: rule.keepers, default=None)
        return max(1, min(keepers, wanted.needed if wanted else 1))


def load_custody(folder: Path = CONTENT) -> CustodyPolicy:
    """Read the policy.

    Raises:
        ContentError: The file is missing, no YAML, or something in it is; names file, line and cure.
    """
    return _load(folder)


@cache
def _load(folder: Path) -> CustodyPolicy:
    try:
        record = read_record(folder / _FILE, folder)
    except OSError as error:
        raise ContentError(_FILE, 0, "cannot be read", "Restore the file") from error
    places = []
    for item in record.records("places"):
        places.append((item.text("path"), _rules(item, "rule")))
        item.finish()
    policy = CustodyPolicy(record.text("version"), _rules(record, "default"), tuple(places))
    record.finish()
    return policy


def _rules(record: Record, field: str) -> tuple[Rule, ...]:
    rules = []
    for item in record.records(field):
        rule = Rule(int(item.whole("keepers")), int(item.whole("needed")))
        if not 1 <= rule.needed <= rule.keepers:
            raise item.fault("needed", "no name could be opened so", "At least 1, and no more than `keepers`")
        item.finish()
        rules.append(rule)
    if not rules:
        raise record.fault(field, "is empty", "Say how many are needed from 1 keeper on")
    return tuple(rules)
