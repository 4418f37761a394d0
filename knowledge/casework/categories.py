"""The must-investigate categories (四必查 by default) and everything they are judged by, as versioned content.

Categories, words, weights and thresholds live in `content/casework/*.yaml`; the code holds no list of its own. The
categories come from policy, not from statute, and counties differ: a county renames, drops or adds some in a folder
of its own. A newcomer's usual mistakes: to change a word list without raising `version` in categories.yaml (flags are
kept with the version that raised them), and to take `Category` for all there are: it names the default ones only.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache, lru_cache
from pathlib import Path
from typing import Final

from knowledge.casework.clues.sheets import Sheet, Words, open_sheet
from knowledge.errors import ContentError

CONTENT: Final = Path(__file__).parent.parent / "content" / "casework"
FILES: Final = ("categories.yaml", "vote_buying.yaml", "cues.yaml", "clues.yaml")

#: What may raise a category; the texts such a category needs; the figures the code fills into each.
_DETECTORS: Final[Mapping[str, Mapping[str, Mapping[str, str | int]]]] = {
    "real_name": {"reason": {}},
    "specific_clues": {"reason": {"present": ""}, "judged": {"score": 0, "threshold": 0}},
    "vote_buying": {"reason": {"kinds": ""}, "quote": {"quote": ""}, "amount": {"amounts": ""}},
    "mass_reaction": {"reason": {"days": 0, "people": 0}},
    "by_hand": {},
}
BY_HAND: Final = "by_hand"
_ID: Final = re.compile(r"[a-z][a-z0-9_]{0,19}")
_VOTE_BUYING_LISTS: Final = (
    *(
        "giving",
        "gift_verbs",
        "aims",
        "ask_verbs",
        "ballots",
        "held_after",
        "worth",
        "contenders",
        "elections",
        "receivers",
    ),
    *("dues", "outside", "ours"),
)
_CUE_LISTS: Final = (
    *("denials", "far_denials", "against", "denied_after", "cleared", "praise", "plain", "suppositions"),
    *("suppositions_after", "speech", "questions", "rhetorical", "own_plans", "elsewhere"),
)
_CLUE_LISTS: Final = (
    *("surnames", "rare_surnames", "never_surnames", "offices", "bodies", "indefinite", "indefinite_after", "titles"),
    *("kin", "vague_time", "relative_day", "places", "evidence", "no_evidence", "witnesses", "signing", "duties"),
    *("wrongs",),
)
_WEIGHTS: Final = (
    *("named_person", "office", "body", "exact_date", "vague_time", "place", "act", "amount", "evidence", "witness"),
    *("detail",),
)
_PARTS: Final = ("who", "when", "where", "what", "amount", "evidence")
_KIND_WORDS: Final = ("certain", "acts", "things", "verbs", "also")
_KIND_SIGNS: Final = (
    *("takes_money", "takes_goods", "needs_money", "needs_receiver", "needs_aim", "needs_asking", "loose", "aimless"),
    *("verbless", "personal", "promised", "priced"),
)
_KIND_KEYS: Final = (*_KIND_WORDS, *_KIND_SIGNS, "name", "reach")


class Category(StrEnum):
    """The identifiers of the default categories. A case may carry several; they only accumulate."""

    REAL_NAME = "real_name"
    SPECIFIC_CLUES = "specific_clues"
    VOTE_BUYING = "vote_buying"
    MASS_REACTION = "mass_reaction"


@dataclass(frozen=True, slots=True)
class CategoryRule:
    """One ground on which a report must be investigated.

    Attributes:
        id: Kept with every flag; never reused for something else.
        name: What officials read.
        detector: What raises it; `by_hand` where only an official does.
        texts: The reasons an official reads, with figures in braces.
    """

    id: str
    name: str
    detector: str
    texts: Mapping[str, str]


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
    takes_goods: bool
    needs_money: bool
    needs_receiver: bool
    needs_aim: bool
    needs_asking: bool
    loose: bool
    aimless: bool
    verbless: bool
    personal: bool
    promised: bool
    priced: bool


@dataclass(frozen=True, slots=True)
class Matter:
    """A wrong other than vote-buying: its identifier, Chinese name and words."""

    id: str
    name: str
    words: Words


@dataclass(frozen=True, slots=True, eq=False)
class CategorySet:
    """One version of the content; two are the same only if they are one object (`fingerprint` compares bytes).

    Invariant: every list, weight and text the code asks for is there, and no two categories have the same detector
    except `by_hand`. `fingerprint` tells whether two sets were read from the same bytes.
    """

    version: str
    fingerprint: str
    categories: tuple[CategoryRule, ...]
    mass_people: int
    mass_days: int
    count_anonymous: bool
    threshold: int
    weights: Mapping[str, int]
    detail_characters: int
    parts: Mapping[str, str]
    kinds: tuple[Kind, ...]
    vote_buying_name: str
    matters: tuple[Matter, ...]
    aim_reach: int
    denial_reach: int
    against_reach: int
    concrete_points: int
    short_message: int
    pointing: Mapping[str, int]
    supporting: Mapping[str, int]
    misspellings: Mapping[str, Words]
    words: Mapping[str, Words]

    def raised_by(self, detector: str) -> CategoryRule | None:
        """The category a detector raises; None where this county has none of it."""
        return next((rule for rule in self.categories if rule.detector == detector), None)

    def name_of(self, category: str) -> str:
        """What officials read for a category; of one this version no longer has, its identifier."""
        return next((rule.name for rule in self.categories if rule.id == category), category)


def load_categories(folder: Path = CONTENT) -> CategorySet:
    """Read the categories in force and their word lists; a folder is read once in the life of the process.

    Args:
        folder: Where categories.yaml, vote_buying.yaml, cues.yaml and clues.yaml stand.

    Raises:
        ContentError: A file is missing, no YAML, or lacks something; names file, line and cure.
    """
    return _load(folder)


@cache
def _load(folder: Path) -> CategorySet:
    return categories_from(category_files(folder))


def category_files(folder: Path = CONTENT) -> dict[str, bytes]:
    """The files of a version, by name, as they stand on the disk.

    Raises:
        ContentError: One cannot be read.
    """
    found = {}
    for name in FILES:
        try:
            found[name] = (folder / name).read_bytes()
        except OSError as error:
            raise ContentError(file=name, line=0, fault="cannot be read", cure="Restore the file") from error
    return found


def categories_from(files: Mapping[str, bytes]) -> CategorySet:
    """Make a set of the files of its version, wherever they were kept.

    Args:
        files: What `category_files` gave.

    Raises:
        ContentError: A file is missing or wrong.
    """
    for name in FILES:
        if name not in files:
            raise ContentError(file=name, line=0, fault="is missing", cure="Restore the file")
    return _read(tuple(files[name] for name in FILES))


@lru_cache(maxsize=8)  # a start reads the version in force, and keeps what it read: the same bytes, read once
def _read(contents: tuple[bytes, ...]) -> CategorySet:
    files = dict(zip(FILES, contents, strict=True))
    main, buying, cues, clues = (open_sheet(name, files[name]) for name in FILES)
    specificity, mass = main.sheet("specificity"), main.sheet("mass_reaction")
    weights, parts = specificity.sheet("weights"), main.sheet("parts")
    return CategorySet(
        version=main.text("version"),
        fingerprint=_fingerprint(files),
        categories=_rules(main),
        mass_people=mass.number("people"),
        mass_days=mass.number("days"),
        count_anonymous=mass.sign("count_anonymous"),
        threshold=specificity.number("threshold"),
        weights={name: weights.number(name) for name in _WEIGHTS},
        detail_characters=specificity.number("detail_characters"),
        parts={name: parts.text(name) for name in _PARTS},
        kinds=_kinds(buying),
        vote_buying_name=buying.text("name"),
        matters=_matters(clues.sheet("matters")),
        aim_reach=buying.number("aim_reach"),
        denial_reach=cues.number("denial_reach"),
        against_reach=cues.number("against_reach"),
        concrete_points=cues.number("concrete_points"),
        short_message=cues.number("short_message"),
        pointing=_points(cues.sheet("pointing")),
        supporting=_points(cues.sheet("supporting")),
        misspellings=_misspellings(cues.sheet("misspellings")),
        words=_words(buying, cues, clues),
    )


def _fingerprint(files: Mapping[str, bytes]) -> str:
    whole = hashlib.sha256()
    for name in FILES:
        whole.update(hashlib.sha256(files[name]).digest())
    return whole.hexdigest()


def _rules(main: Sheet) -> tuple[CategoryRule, ...]:
    sheet = main.sheet("categories")
    rules: list[CategoryRule] = []
    for key in sheet.values:
        rule = _rule(sheet, key)
        twin = next((other for other in rules if other.detector == rule.detector != BY_HAND), None)
        if twin:
            cure = f"Leave {rule.detector} to one of them; what officials raise has detector: {BY_HAND}"
            raise sheet.fault(key, f"{twin.id} and {key} both have detector {rule.detector}", cure)
        rules.append(rule)
    return tuple(rules)


def _rule(sheet: Sheet, key: object) -> CategoryRule:
    if not isinstance(key, str) or not _ID.fullmatch(key):
        cure = "Begin with a small letter, then at most 19 small letters, digits and _"
        raise sheet.fault(key, f"{key!r} is no identifier of a category", cure)
    category = sheet.sheet(key)
    detector = category.choice("detector", tuple(_DETECTORS))
    category.only(("name", "detector", "must_investigate", *_DETECTORS[detector]))
    if not category.sign("must_investigate"):
        raise category.fault("must_investigate", f"must_investigate of {key} is not true", "Write true, or take it out")
    texts = {name: _text(category, name, figures) for name, figures in _DETECTORS[detector].items()}
    return CategoryRule(id=key, name=category.text("name"), detector=detector, texts=texts)


def _text(category: Sheet, name: str, figures: Mapping[str, str | int]) -> str:
    """A text whose braces the code can fill."""
    text = category.text(name)
    try:
        text.format(**figures)
    except (LookupError, ValueError) as error:
        raise category.fault(name, f"{text!r} has braces that nothing fills", "Correct them", tuple(figures)) from error
    return text


def _words(buying: Sheet, cues: Sheet, clues: Sheet) -> dict[str, Words]:
    words = {name: buying.words(name) for name in _VOTE_BUYING_LISTS}
    words |= {name: cues.words(name) for name in _CUE_LISTS}
    words |= {name: clues.words(name) for name in _CLUE_LISTS}
    joined = {
        "asks": ("ask_verbs", "ask_objects"),
        "contenders": ("wishes", "posts"),
        "elections": ("winning", "posts"),
        "receivers": ("receiver_owners", "receiver_kin"),
    }
    for name, (firsts, seconds) in joined.items():
        pairs = (first + second for first in buying.words(firsts) for second in buying.words(seconds))
        words[name] = tuple(dict.fromkeys([*buying.words(name), *pairs]))
    return words


def _kinds(buying: Sheet) -> tuple[Kind, ...]:
    every, reach = buying.sheet("kinds"), buying.number("reach")
    return tuple(_kind(name, every.sheet(name), reach) for name in every.values)


def _kind(name: str, sheet: Sheet, reach: int) -> Kind:
    sheet.only(_KIND_KEYS)
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
        takes_goods=sheet.sign("takes_goods"),
        needs_money=sheet.sign("needs_money"),
        needs_receiver=sheet.sign("needs_receiver"),
        needs_aim=sheet.sign("needs_aim"),
        needs_asking=sheet.sign("needs_asking"),
        loose=sheet.sign("loose"),
        aimless=sheet.sign("aimless"),
        verbless=sheet.sign("verbless"),
        personal=sheet.sign("personal"),
        promised=sheet.sign("promised"),
        priced=sheet.sign("priced"),
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
            raise sheet.fault(points, f"points {points!r}", "Write whole numbers as keys")
    return {word: points for points in sheet.values for word in sheet.words(points)}


def _misspellings(sheet: Sheet) -> dict[str, Words]:
    """Right words with the wrong ones people type for them."""
    return {str(right): sheet.words(right) for right in sheet.values}
