"""How difficult a village's election is, and in which order villages should vote: easy first (先易后难).

Content gives factors, weights and grades (content/elections/difficulty.yaml). Everything here is a proposal: a person
chooses the grade and sets the days.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from knowledge.elections.plan_content import CONTENT
from knowledge.errors import ContentError
from knowledge.records import read_record

_FILE: Final = "difficulty.yaml"


@dataclass(frozen=True, slots=True)
class Factor:
    """One source of trouble; `weight` counts towards the proposed grade."""

    code: str
    name: str
    hint: str
    weight: int


@dataclass(frozen=True, slots=True)
class Grade:
    """A grade, proposed from the sum `begins_at` on."""

    code: str
    name: str
    begins_at: int
    needs_plan: bool
    needs_team: bool


@dataclass(frozen=True, slots=True)
class DifficultyRules:
    """Factors, and grades from the easiest to the hardest."""

    version: str
    factors: tuple[Factor, ...]
    grades: tuple[Grade, ...]

    def proposed(self, factors: Iterable[str]) -> Grade:
        """The grade that some factors add up to.

        >>> [load_difficulty().proposed(found).code for found in ((), ("land",), ("clan", "land"))]
        ['easy', 'ordinary', 'difficult']
        """
        chosen = set(factors)
        total = sum(factor.weight for factor in self.factors if factor.code in chosen)
        return max((grade for grade in self.grades if grade.begins_at <= total), key=lambda grade: grade.begins_at)

    def grade(self, code: str) -> Grade | None:
        """A grade by code."""
        return next((grade for grade in self.grades if grade.code == code), None)

    def factor(self, code: str) -> Factor | None:
        """A factor by code."""
        return next((factor for factor in self.factors if factor.code == code), None)

    def rank(self, code: str | None) -> int:
        """Where a grade stands from easy to hard; a village that nobody has judged comes with the ordinary ones."""
        order = [grade.code for grade in self.grades]
        return order.index(code) if code in order else min(1, len(order) - 1)


def load_difficulty(folder: Path = CONTENT) -> DifficultyRules:
    """Read factors and grades.

    Raises:
        ContentError: The file is missing, or something in it is wrong; names file, line and cure.
    """
    return _load(folder)


@cache
def _load(folder: Path) -> DifficultyRules:
    try:
        record = read_record(folder / _FILE, folder)
    except OSError as error:
        raise ContentError(_FILE, 0, "cannot be read", "Restore the file") from error
    factors = []
    for item in record.records("factors"):
        factors.append(Factor(item.text("code"), item.text("name"), item.text("hint"), int(item.whole("weight"))))
        item.finish()
    grades = []
    for item in record.records("grades"):
        needs = item.flag("needs_plan"), item.flag("needs_team")
        grades.append(Grade(item.text("code"), item.text("name"), int(item.whole("from")), *needs))
        item.finish()
    rules = DifficultyRules(
        record.text("version"), tuple(factors), tuple(sorted(grades, key=lambda one: one.begins_at))
    )
    record.finish()
    if not rules.grades or rules.grades[0].begins_at > 0:
        raise record.fault("grades", "no grade begins at 0", "Let the easiest begin at 0")
    return rules
