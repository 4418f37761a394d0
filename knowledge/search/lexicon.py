"""Cutting a sentence into concepts and pairs of characters.

What a newcomer gets wrong: the longest phrase wins, from left to right, and fillers vanish without a gap, so that
候选人的名单 gives the same tokens as 候选人名单. What no phrase covers becomes overlapping bigrams that count; what a
phrase covers becomes bigrams and single characters as well, but light ones, that tell words of one concept apart.
"""

import re
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Final

from knowledge.model import ConceptGroup, SearchWords
from knowledge.search.normalize import clauses

WEIGHTS: Final[Mapping[ConceptGroup, float]] = {
    ConceptGroup.ANCHORS: 1.5,
    ConceptGroup.CONTEXT: 0.9,
    ConceptGroup.MATTERS: 1.2,
    ConceptGroup.ASPECTS: 0.85,
    ConceptGroup.WEAK_ASPECTS: 0.45,
}
BIGRAM_WEIGHT: Final = 0.6
_COVERED_BIGRAM: Final = 0.25
_CHARACTER: Final = 0.1
_FILLER: Final = ""
_ELECTORAL: Final = (ConceptGroup.ANCHORS, ConceptGroup.CONTEXT)
_OURS: Final = (*_ELECTORAL, ConceptGroup.MATTERS)
_ASPECTS: Final = (ConceptGroup.ASPECTS, ConceptGroup.WEAK_ASPECTS)
_PARTICLES: Final = dict.fromkeys(map(ord, "的了呀啊呢吧嘛呗哦噢哈"))
_DURATION_MARK: Final = "\ue000"
_MONEY_MARK: Final = "\ue001"
_SHARE_MARK: Final = "\ue002"
_HEADS_MARK: Final = "\ue003"
_NUMERAL: Final = "[0-9一二两三四五六七八九十百千万半]+"
_DURATION: Final = re.compile(rf"{_NUMERAL}(?:个)?(?:多)?(?:月|年|天|周|礼拜|星期)(?!前|内)")
_MONEY: Final = re.compile(rf"{_NUMERAL}(?:多)?(?:块钱|块|元|毛)")
_SHARE: Final = re.compile(rf"百分之{_NUMERAL}|[0-9.]+%|{_NUMERAL}成(?![员立])")
_HEADS: Final = re.compile(r"(?:[0-9]+|[二两三四五六七八九十百千]+)(?:多)?(?:个|名|位)?人")
_EXPERIENCED: Final = re.compile("(?<=[^超经通不难])过(?![半程期年节渡错后来去夜])")
_DIGITS: Final = re.compile("[0-9%/.-]+")
_PATTERNS: Final = (
    (_SHARE, _SHARE_MARK),
    (_DURATION, _DURATION_MARK),
    (_MONEY, _MONEY_MARK),
    (_HEADS, _HEADS_MARK),
)
_MARKS: Final = {
    _DURATION_MARK: "duration",
    _MONEY_MARK: "money",
    _SHARE_MARK: "share",
    _HEADS_MARK: "heads",
}
_MARK_WEIGHTS: Final = {
    "duration": WEIGHTS[ConceptGroup.WEAK_ASPECTS],
    "money": WEIGHTS[ConceptGroup.MATTERS],
    "share": WEIGHTS[ConceptGroup.MATTERS],
    "heads": WEIGHTS[ConceptGroup.ASPECTS],
}


class Lexicon:
    """Phrases of the content by their first character, longest first."""

    def __init__(self, words: SearchWords) -> None:
        phrases: dict[str, str] = dict.fromkeys(words.fillers, _FILLER)
        self.anchors = frozenset(c.id for c in words.concepts if c.group in _ELECTORAL)
        self.ours = frozenset(c.id for c in words.concepts if c.group in _OURS)
        aspects = {c.id for c in words.concepts if c.group in _ASPECTS}
        self.aspects = frozenset(aspects | {"duration"})
        self.weights: dict[str, float] = {}
        for concept in words.concepts:
            self.weights[concept.id] = WEIGHTS[concept.group]
            for word in concept.words:
                short = _condensed(word) or word
                if len(short) > 1 or short == word:
                    phrases.setdefault(short, concept.id)
        self.weights |= _MARK_WEIGHTS
        self.outside = frozenset(f"outside-{matter.id}" for matter in words.outside)
        for matter in words.outside:
            name = f"outside-{matter.id}"
            self.weights[name] = WEIGHTS[ConceptGroup.MATTERS]
            for word in matter.words:
                phrases.setdefault(_condensed(word) or word, name)
        phrases |= _MARKS
        self._compounds = words.compounds
        self.phrases: Mapping[str, str] = phrases
        lengths: dict[str, set[int]] = {}
        for phrase in phrases:
            lengths.setdefault(phrase[0], set()).add(len(phrase))
        self._lengths = {first: sorted(sizes, reverse=True) for first, sizes in lengths.items()}

    def tokens_of(self, text: str) -> dict[str, float]:
        """Tokens of a whole normalised text, clause by clause."""
        return {token: weight for part in clauses(text) for token, weight in self.tokens(part).items()}

    def tokens(self, text: str) -> dict[str, float]:
        """Weights of the concepts, bigrams and characters of one clause."""
        found: dict[str, float] = {}
        loose = ""
        condensed = _condensed(text)
        for concept, piece in self.cut(condensed):
            if concept is None:
                loose += piece
                continue
            if concept:
                _add_bigrams(found, loose)
                loose = ""
                found[concept] = self.weights[concept]
        _add_bigrams(found, loose)
        for compound in self._compounds:
            if compound.parts <= found.keys():
                found[compound.means] = self.weights[compound.means]
        for first, second in pairwise(condensed):
            found.setdefault(first + second, _COVERED_BIGRAM)
        for character in condensed:
            found.setdefault(character, _CHARACTER)
        return found

    def cut(self, text: str) -> Iterator[tuple[str | None, str]]:
        """Pieces of a text: (concept, phrase), ("", filler) or (None, one character)."""
        position = 0
        phrases, lengths, end = self.phrases, self._lengths, len(text)
        while position < end:
            for size in lengths.get(text[position], ()):
                piece = text[position : position + size]
                concept = phrases.get(piece)
                if concept is not None:
                    yield concept, piece
                    position += size
                    break
            else:
                yield None, text[position]
                position += 1


def _condensed(text: str) -> str:
    """The text without particles and digits; sums of money, spans of time, shares and heads are one mark each."""
    for pattern, mark in _PATTERNS:
        text = pattern.sub(mark, text)
    return _DIGITS.sub("", _EXPERIENCED.sub("", text)).translate(_PARTICLES)


def _add_bigrams(found: dict[str, float], loose: str) -> None:
    if len(loose) == 1:
        found[loose] = BIGRAM_WEIGHT / 2
    for first, second in pairwise(loose):
        found[first + second] = BIGRAM_WEIGHT
