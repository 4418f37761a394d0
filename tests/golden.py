"""Golden questions: what people ask, what must answer it, and what the answer must say.

Two kinds. Under `golden/` each question must get its entry. Under `golden/blind/` are questions by people who had not
seen the content, with the facts (patterns) a right answer states: of these a share must be right, and the share only
ever rises (`golden/gate.yaml`).
"""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

from knowledge.model import Answer

GOLDEN: Final = Path(__file__).parent / "content" / "golden"


@dataclass(frozen=True, slots=True)
class Golden:
    """One question; without entries and facts it is one the bot must not answer."""

    ask: str
    entries: tuple[str, ...]
    says: tuple[str, ...]
    facts: tuple[str, ...]
    file: str

    @property
    def in_scope(self) -> bool:
        """Whether something must answer."""
        return bool(self.entries or self.facts)

    def is_right(self, answer: Answer) -> bool:
        """Whether an answer is the one expected, or silence where silence is."""
        if not answer.answered or not self.in_scope:
            return not answer.answered and not self.in_scope
        said = f"{answer.text}\n{answer.more}"
        known = not self.entries or answer.entry_id in self.entries
        return known and all(part in said for part in self.says) and all(re.search(fact, said) for fact in self.facts)


@cache
def each_must_be_right() -> tuple[Golden, ...]:
    """The questions of which every one must be right."""
    return _all(sorted(file for file in GOLDEN.glob("*.yaml") if file.stem != "gate"))


@cache
def written_blind() -> tuple[Golden, ...]:
    """The questions of which a share must be right."""
    return _all(sorted((GOLDEN / "blind").glob("*.yaml")))


def gates() -> list[dict[str, Any]]:
    """The floors set so far, oldest first."""
    found: list[dict[str, Any]] = yaml.safe_load((GOLDEN / "gate.yaml").read_text(encoding="utf-8"))["floors"]
    return found


def _all(files: list[Path]) -> tuple[Golden, ...]:
    return tuple(
        Golden(
            case["ask"],
            _several(case.get("entry")),
            tuple(case.get("says", ())),
            tuple(case.get("facts", ())),
            file.stem,
        )
        for file in files
        for case in yaml.safe_load(file.read_text(encoding="utf-8"))
    )


def _several(entry: str | list[str] | None) -> tuple[str, ...]:
    if entry is None:
        return ()
    return (entry,) if isinstance(entry, str) else tuple(entry)
