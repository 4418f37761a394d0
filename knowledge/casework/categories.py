"""The four must-investigate categories (四必查) and everything they are judged by, as versioned content.

Words, weights and thresholds live in `content/casework/*.yaml`; the code holds no list of its own. The
categories come from policy, not from statute, and counties differ: hence data. A newcomer's usual mistake
is to change a word list without raising `version` in categories.yaml: flags are kept with the version
that raised them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Final

from knowledge.casework.clues.sheets import Sheet, Words, open_sheet

CONTENT: Final = Path(__file__).parent.parent / "content" / "casework"

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
    *("places", "evidence", "no_evidence", "witnesses", "signing"),
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
        open_sheet(folder / f"{name}.yaml") for name in ("categories", "vote_buying", "cues", "clues")
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


def _reasons(sheet: Sheet) -> dict[str, dict[str, str]]:
    known = tuple(_REASONS)
    for name in sheet.values:
        if name not in known:
            raise sheet.fault(str(name), f"category {name!r} is unknown", "Use a known category", known)
    found = {}
    for name, texts in _REASONS.items():
        category = sheet.sheet(name)
        found[name] = {text: category.text(text) for text in texts}
    return found


def _kinds(buying: Sheet) -> tuple[Kind, ...]:
    every, reach = buying.sheet("kinds"), buying.number("reach")
    return tuple(_kind(name, every.sheet(name), reach) for name in every.values)


def _kind(name: str, sheet: Sheet, reach: int) -> Kind:
    for key in sheet.values:
        if key not in _KIND_KEYS:
            raise sheet.fault(str(key), f"{key!r} of {name} is unknown", "Use a known key", tuple(sorted(_KIND_KEYS)))
    lists = {key: sheet.words(key, optional=True) for key in _KIND_WORDS}
    if not (lists["certain"] or lists["acts"] or lists["things"]):
        raise sheet.fault(name, f"{name} has no words", "Give it certain, acts or things")
    return Kind(
        id=name,
        name=sheet.text("name"),
        certain=lists["certain"],
        acts=lists["acts"],
        things=lists["things"],
        verbs=lists["verbs"],
        also=lists["also"],
        reach=sheet.number("reach", reach),
        takes_money=sheet.sign("takes_money"),
        needs_money=sheet.sign("needs_money"),
        needs_receiver=sheet.sign("needs_receiver"),
        needs_aim=sheet.sign("needs_aim"),
        aimless=sheet.sign("aimless"),
    )


def _matters(sheet: Sheet) -> tuple[Matter, ...]:
    matters = []
    for name in sheet.values:
        matter = sheet.sheet(name)
        matters.append(Matter(id=name, name=matter.text("name"), words=matter.words("words")))
    return tuple(matters)


def _points(sheet: Sheet) -> dict[str, int]:
    """Words by their points: `{2: "昨天 昨晚"}` becomes `{"昨天": 2, "昨晚": 2}`."""
    for points in sheet.values:
        if not isinstance(points, int):
            raise sheet.fault(str(points), f"points {points!r}", "Write whole numbers as keys")
    return {word: points for points in sheet.values for word in sheet.words(points)}
