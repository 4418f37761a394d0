"""Finds the words of the content in a text: longest word first, left to right, no overlaps.

A newcomer expects a segmenter here. None is needed: only words that carry a tag matter, and the `plain`
ones exist so that a cue inside a harmless word (没 in 没少送) is not heard.
"""

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

_PAIR: Final = 2
_NO_TAGS: Final[tuple[str, ...]] = ()
_NO_WORDS: Final[list[tuple[str, int, tuple[str, ...]]]] = []


class Token(NamedTuple):
    """A word found: characters `start` to `end` (exclusive) of the text, and what the content calls it."""

    start: int
    end: int
    tags: tuple[str, ...]


class Lexicon:
    """Words with their tags. Invariant: under each pair of first characters the longer word stands first."""

    def __init__(self, lists: Mapping[str, Iterable[str]]) -> None:
        tags: dict[str, list[str]] = {}
        for tag, words in lists.items():
            for word in words:
                tags.setdefault(word, []).append(tag)
        self._characters = {word: tuple(found) for word, found in tags.items() if len(word) == 1}
        self._by_pair: dict[str, list[tuple[str, int, tuple[str, ...]]]] = {}
        for word in sorted((word for word in tags if len(word) > 1), key=lambda word: (-len(word), word)):
            self._by_pair.setdefault(word[:2], []).append((word, len(word), tuple(tags[word])))

    def scan(self, text: str) -> dict[str, list[Token]]:
        """Every word found, by tag, each list in the order of the text."""
        found: dict[str, list[Token]] = {}
        by_pair, characters = self._by_pair, self._characters
        position, end = 0, len(text)
        while position < end:
            length, tags = 1, _NO_TAGS
            for word, letters, named in by_pair.get(text[position : position + 2], _NO_WORDS):
                if letters == _PAIR or text.startswith(word, position):
                    length, tags = letters, named
                    break
            else:
                tags = characters.get(text[position], _NO_TAGS)
            if tags:
                token = Token(position, position + length, tags)
                for tag in tags:
                    found.setdefault(tag, []).append(token)
            position += length
        return found
