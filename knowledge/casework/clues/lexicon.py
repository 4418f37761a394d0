"""Finds the words of the content in a text: longest word first, left to right, no overlaps.

A newcomer expects a segmenter here. None is needed: only words that carry a tag matter, and the `plain` ones exist
so that a cue inside a harmless word (没 in 没少送) is not heard.
"""

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple


_PAIR: Final = 2


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
        position, end = 0, len(text)
        while position < end:
            length, tags = self._longest(text, position)
            if tags:
                token = Token(position, position + length, tags)
                for tag in tags:
                    found.setdefault(tag, []).append(token)
            position += length
        return found

    def _longest(self, text: str, position: int) -> tuple[int, tuple[str, ...]]:
        """Length and tags of the longest word at a position; one character without tags where there is none."""
        for word, length, tags in self._by_pair.get(text[position : position + 2], ()):
            if length == _PAIR or text.startswith(word, position):
                return length, tags
        return 1, self._characters.get(text[position], ())
