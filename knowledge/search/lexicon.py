"""Cutting a sentence into concepts and pairs of characters.

What a newcomer gets wrong: the longest phrase wins, from left to right, and fillers vanish without a gap, so that
候选人的名单 gives the same tokens as 候选人名单. What no phrase covers becomes overlapping bigrams.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from knowledge.model import SearchWords

ANCHOR_WEIGHT: Final = 1.5
MATTER_WEIGHT: Final = 1.2
ASPECT_WEIGHT: Final = 0.7
BIGRAM_WEIGHT: Final = 0.6
_FILLER: Final = ""


class Lexicon:
    """Phrases of the content by their first character, longest first."""

    def __init__(self, words: SearchWords) -> None:
        phrases: dict[str, str] = dict.fromkeys(words.fillers, _FILLER)
        self.anchors = frozenset(c.id for c in words.concepts if c.is_anchor)
        self.aspects = frozenset(c.id for c in words.concepts if c.is_aspect)
        self.weights: dict[str, float] = {}
        for concept in words.concepts:
            weight = ASPECT_WEIGHT if concept.is_aspect else MATTER_WEIGHT
            self.weights[concept.id] = ANCHOR_WEIGHT if concept.is_anchor else weight
            for word in concept.words:
                phrases.setdefault(word, concept.id)
        self.phrases: Mapping[str, str] = phrases
        lengths: dict[str, set[int]] = {}
        for phrase in phrases:
            lengths.setdefault(phrase[0], set()).add(len(phrase))
        self._lengths = {first: sorted(sizes, reverse=True) for first, sizes in lengths.items()}

    def tokens(self, text: str) -> dict[str, float]:
        """Weights of the concepts and bigrams of one clause."""
        found: dict[str, float] = {}
        loose = ""
        for concept, piece in self.cut(text):
            if concept is None:
                loose += piece
                continue
            if concept:
                _add_bigrams(found, loose)
                loose = ""
                found[concept] = self.weights[concept]
        _add_bigrams(found, loose)
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


def _add_bigrams(found: dict[str, float], loose: str) -> None:
    if len(loose) == 1:
        found[loose] = BIGRAM_WEIGHT / 2
    for first, second in zip(loose, loose[1:], strict=False):
        found[first + second] = BIGRAM_WEIGHT
