"""The four must-investigate categories (四必查) and everything they are judged by, as versioned content.

Words, weights and thresholds live in `content/casework/*.yaml`; the code holds no list of its own. The categories
come from policy, not from statute, and counties differ: hence data. A newcomer's usual mistake is to change a word
list without raising `version` in categories.yaml: flags are kept with the version that raised them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

from knowledge.errors import ContentError

CONTENT: Final = Path(__file__).parent.parent / "content" / "casework"
_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

Words = tuple[str, ...]

_VOTE_BUYING_LISTS: Final = ("giving", "aims", "contenders", "elections", "receivers", "dues", "outside", "ours")
_CUE_LISTS: Final = (
    *("denials", "against", "denied_after", "plain", "suppositions", "suppositions_after"),
    *("speech", "questions", "own_plans", "elsewhere"),
)
_CLUE_LISTS: Final = (
    *(
        "surnames",
        "rare_surnames",
        "offices",
        "bodies",
        "indefinite",
        "titles",
        "kin",
        "vague_time",
        "relative_day",
    ),
    *("places", "evidence", "no_evidence", "witnesses", "signing", "contact_words", "greetings"),
)
_WEIGHTS: Final = (
    *("named_person", "office", "body", "exact_date", "vague_time", "place", "act", "amount", "evidence"),
    *("witness", "detail"),
)
_PARTS: Final = ("who", "when", "where", "what", "amount", "evidence")
_KIND_WORDS: Final = ("certain", "acts", "things", "verbs", "also")
_KIND_SIGNS: Final = ("takes_money", "needs_money", "needs_receiver", "needs_aim", "aimless")
_KIND_KEYS: Final = frozenset({*_KIND_WORDS, *_KIND_SIGNS, "name", "reach"})
_REASONS: Final = {
    "real_name": ("reason",),
    "specific_clues": ("reason", "judged"),
    "vote_buying": ("reason", "quote", "amount"),
    "mass_reaction": ("reason",),
}


class Category(StrEnum):
    """A ground on which a report must be investigated. A case may carry several; they only accumulate."""

    REAL_NAME = "real_name"
    SPECIFIC_CLUES = "specific_clues"
    VOTE_BUYING = "vote_buying"
    MASS_REACTION = "mass_reaction"


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of suspected vote-buying and its wording; the fields are explained in vote_buying.yaml."""

    id: str
    name: str
    certain: Words
    acts: Words
    things: Words
    verbs: Words
    also: Words
    reach: int
    takes_money: bool
    needs_money: bool
    needs_receiver: bool
    needs_aim: bool
    aimless: bool


@dataclass(frozen=True, slots=True)
class Matter:
    """A wrong other than vote-buying: its identifier, Chinese name and words."""

    id: str
    name: str
    words: Words


@dataclass(frozen=True, slots=True)
class CategorySet:
    """One version of the content. Invariant: every list, weight and reason the code asks for is there."""

    version: str
    reasons: Mapping[str, Mapping[str, str]]
    mass_people: int
    mass_days: int
    threshold: int
    weights: Mapping[str, int]
    detail_characters: int
    parts: Mapping[str, str]
    kinds: tuple[Kind, ...]
    matters: tuple[Matter, ...]
    aim_reach: int
    denial_reach: int
    against_reach: int
    concrete_points: int
    short_message: int
    pointing: Mapping[str, int]
    supporting: Mapping[str, int]
    words: Mapping[str, Words]


@dataclass(frozen=True, slots=True)
class _Sheet:
    """A mapping of a content file with checked access: what is missing or of the wrong type is a ContentError."""

    file: str
    raw: str
    values: Mapping[Any, Any]

    def fault(self, key: str, fault: str, cure: str, allowed: Words = ()) -> ContentError:
        """The error for a key, with the line the key stands on."""
        lines = self.raw.splitlines()
        line = next((n for n, text in enumerate(lines, 1) if text.strip().startswith(f"{key}:")), 0)
        return ContentError(file=self.file, line=line, fault=fault, cure=cure, allowed=allowed)

    def text(self, key: str) -> str:
        """A text that is not empty."""
        value = self.values.get(key)
        if not isinstance(value, str) or not value.strip():
            raise self.fault(key, f"{key} is {value!r}", "Write a text in quotes")
        return value.strip()

    def number(self, key: str, default: int | None = None) -> int:
        """A whole number of at least 1."""
        value = self.values.get(key, default)
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            raise self.fault(key, f"{key} is {value!r}", "Write a whole number of at least 1")
        return value

    def sign(self, key: str) -> bool:
        """Yes or no; no where it is left out."""
        value = self.values.get(key, False)
        if not isinstance(value, bool):
            raise self.fault(key, f"{key} is {value!r}", "Write true or false", ("true", "false"))
        return value

    def words(self, key: str, *, optional: bool = False) -> Words:
        """Words with blanks between; no word twice."""
        if optional and key not in self.values:
            return ()
        found = tuple(self.text(key).split())
        twice = sorted({word for word in found if found.count(word) > 1})
        if twice:
            raise self.fault(key, f"{key} has {' '.join(twice)} twice", "Leave each word once")
        return found

    def sheet(self, key: str) -> "_Sheet":
        """A mapping inside this one."""
        value = self.values.get(key)
        if not isinstance(value, dict) or not value:
            raise self.fault(key, f"{key} is {value!r}", "Write a mapping")
        return _Sheet(self.file, self.raw, value)


def load_categories(folder: Path = CONTENT) -> CategorySet:
    """Read the categories in force and their word lists.

    Args:
        folder: Where categories.yaml, vote_buying.yaml, cues.yaml and clues.yaml stand.

    Raises:
        ContentError: A file is missing, no YAML, or lacks something; names file, line and cure.
    """
    return _load(folder)


@cache
def _load(folder: Path) -> CategorySet:
    main, buying, cues, clues = (
        _open(folder / f"{name}.yaml") for name in ("categories", "vote_buying", "cues", "clues")
    )
    specificity, mass = main.sheet("specificity"), main.sheet("mass_reaction")
    words = {name: buying.words(name) for name in _VOTE_BUYING_LISTS}
    words |= {name: cues.words(name) for name in _CUE_LISTS}
    words |= {name: clues.words(name) for name in _CLUE_LISTS}
    weights, parts = specificity.sheet("weights"), main.sheet("parts")
    return CategorySet(
        version=main.text("version"),
        reasons=_reasons(main.sheet("categories")),
        mass_people=mass.number("people"),
        mass_days=mass.number("days"),
        threshold=specificity.number("threshold"),
        weights={name: weights.number(name) for name in _WEIGHTS},
        detail_characters=specificity.number("detail_characters"),
        parts={name: parts.text(name) for name in _PARTS},
        kinds=_kinds(buying),
        matters=_matters(clues.sheet("matters")),
        aim_reach=buying.number("aim_reach"),
        denial_reach=cues.number("denial_reach"),
        against_reach=cues.number("against_reach"),
        concrete_points=cues.number("concrete_points"),
        short_message=cues.number("short_message"),
        pointing=_points(cues.sheet("pointing")),
        supporting=_points(cues.sheet("supporting")),
        words=words,
    )


def _open(path: Path) -> _Sheet:
    try:
        raw = path.read_text(encoding="utf-8")
        values = yaml.load(raw, Loader=_LOADER)  # noqa: S506 (a safe loader, the C one where there is one)
    except OSError as error:
        raise ContentError(file=path.name, line=0, fault="cannot be read", cure="Restore the file") from error
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        raise ContentError(file=path.name, line=line, fault="is no YAML", cure=f"{error.problem}") from error
    if not isinstance(values, dict):
        raise ContentError(file=path.name, line=1, fault="is no mapping", cure="Write keys and values")
    return _Sheet(path.name, raw, values)


def _reasons(sheet: _Sheet) -> dict[str, dict[str, str]]:
    known = tuple(_REASONS)
    for name in sheet.values:
        if name not in known:
            raise sheet.fault(str(name), f"category {name!r} is unknown", "Use a known category", known)
    found = {}
    for name, texts in _REASONS.items():
        category = sheet.sheet(name)
        found[name] = {text: category.text(text) for text in texts}
    return found


def _kinds(buying: _Sheet) -> tuple[Kind, ...]:
    every, reach = buying.sheet("kinds"), buying.number("reach")
    return tuple(_kind(name, every.sheet(name), reach) for name in every.values)


def _kind(name: str, sheet: _Sheet, reach: int) -> Kind:
    for key in sheet.values:
        if key not in _KIND_KEYS:
            raise sheet.fault(
                str(key), f"{key!r} of {name} is unknown", "Use a known key", tuple(sorted(_KIND_KEYS))
            )
    lists = {key: sheet.words(key, optional=True) for key in _KIND_WORDS}
    if not (lists["certain"] or lists["acts"] or lists["things"]):
        raise sheet.fault(name, f"{name} has no words", "Give it certain, acts or things")
    return Kind(
        id=name,
        name=sheet.text("name"),
        reach=sheet.number("reach", reach),
        **lists,
        **{key: sheet.sign(key) for key in _KIND_SIGNS},
    )


def _matters(sheet: _Sheet) -> tuple[Matter, ...]:
    matters = []
    for name in sheet.values:
        matter = sheet.sheet(name)
        matters.append(Matter(id=name, name=matter.text("name"), words=matter.words("words")))
    return tuple(matters)


def _points(sheet: _Sheet) -> dict[str, int]:
    """Words by their points: `{2: "昨天 昨晚"}` becomes `{"昨天": 2, "昨晚": 2}`."""
    for points in sheet.values:
        if not isinstance(points, int):
            raise sheet.fault(str(points), f"points {points!r}", "Write whole numbers as keys")
    return {word: points for points in sheet.values for word in sheet.words(points)}
