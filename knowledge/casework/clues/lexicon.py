"""Finds the words of the content in a text: longest word first, left to right.

A newcomer expects a segmenter here. None is needed: only words that carry a tag matter, and the `plain`
ones exist so that a cue inside a harmless word (没 in 没少送) is not heard. Inside any other word shorter ones
are heard too (当选 in 当选后), but for those that say how a sentence is meant.
"""

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

_PAIR: Final = 2
_PLAIN: Final = "plain"
# Words of these lists are heard only where they stand alone: 没 in 没发选票 denies nothing.
_ALONE: Final = frozenset(
    {
        *(
            "denials",
            "far_denials",
            "against",
            "denied_after",
            "cleared",
            "praise",
            "suppositions",
            "suppositions_after",
        ),
        *("questions", "rhetorical", "own_plans", "elsewhere", "plain"),
    }
)


class Token(NamedTuple):
    """A word found: characters `start` to `end` (exclusive) of the text, and what the content calls it."""

    start: int
    end: int
    tags: tuple[str, ...]


class Lexicon:
    """Words with their tags. Invariant: under each pair of first characters the longer word stands first.

    What stands inside a word is worked out when the word is first met, and the same ever after.
    """

    def __init__(self, lists: Mapping[str, Iterable[str]]) -> None:
        tags: dict[str, list[str]] = {}
        for tag, words in lists.items():
            for word in dict.fromkeys(words):
                tags.setdefault(word, []).append(tag)
        self._tags = {word: tuple(found) for word, found in tags.items()}
        self._by_pair: dict[str, list[str]] = {}
        for word in sorted((word for word in tags if len(word) > 1), key=lambda word: (-len(word), word)):
            self._by_pair.setdefault(word[:_PAIR], []).append(word)
        self._inside: dict[str, tuple[Token, ...]] = {}

    def scan(self, text: str) -> dict[str, list[Token]]:
        """Every word found, by tag, each list in the order of the text."""
        found: dict[str, list[Token]] = {}
        position, end = 0, len(text)
        while position < end:
            word = self._word_at(text, position)
            if word is None:
                position += 1
                continue
            tags = self._tags[word]
            token = Token(position, position + len(word), tags)
            for tag in tags:
                found.setdefault(tag, []).append(token)
            if len(word) > 1 and _PLAIN not in tags:
                for start, stop, heard in self._words_inside(word):
                    token = Token(position + start, position + stop, heard)
                    for tag in heard:
                        found.setdefault(tag, []).append(token)
            position += len(word)
        return found

    def _word_at(self, text: str, position: int, shorter_than: int = 1_000) -> str | None:
        """The longest word that begins at a position."""
        for word in self._by_pair.get(text[position : position + _PAIR], ()):
            if len(word) < shorter_than and text.startswith(word, position):
                return word
        letter = text[position]
        return letter if letter in self._tags else None

    def _words_inside(self, word: str) -> tuple[Token, ...]:
        known = self._inside.get(word)
        if known is None:
            known = self._inside[word] = tuple(self._find_inside(word))
        return known

    def _find_inside(self, word: str) -> Iterable[Token]:
        """Words inside a word, overlapping ones too, without what the word says itself, in order."""
        own, position, end = set(self._tags[word]), 0, len(word)
        while position < end:
            inner = self._word_at(word, position, shorter_than=end)
            if inner is None:
                position += 1
                continue
            known = self._tags[inner]
            tags = tuple(tag for tag in known if _is_heard_inside(tag, inner) and tag not in own)
            if tags:
                yield Token(position, position + len(inner), tags)
            position += len(inner) if _PLAIN in known else 1


def _is_heard_inside(tag: str, word: str) -> bool:
    """Whether a word says this inside a longer one; of single characters only verbs do (给 in 就给, not 票 in 投票)."""
    return tag not in _ALONE and (len(word) > 1 or tag == "giving" or tag.startswith("verbs:"))
