"""Wrong characters that sound right: what an input method or a voice keyboard makes of our terms.

What a newcomer gets wrong: nothing is replaced because it *could* be a term. A window of the text is taken for a
term only if it sounds the same, is not itself a known word or part of one (社区选举 holds no 去选举), and does not
begin with an auxiliary after its subject (大家会选谁 is not about 贿选).
"""

from collections.abc import Iterable
from functools import lru_cache
from typing import Final
from unicodedata import normalize

from pypinyin.pinyin_dict import pinyin_dict

SHORTEST_TERM: Final = 2
LONGEST_TERM: Final = 8
_FOLDED_FROM: Final = 3
_AUXILIARIES: Final = frozenset("会要能可想将不没被让给和跟")
_SUBJECTS: Final = frozenset("我你他她它们家都才也还就谁人民不要子员村哥爸妈长任记")
_FUNCTION_WORDS: Final = frozenset("的得地了吗么着过是在有我你他她它这那哪些个啥什怎0123456789")
_FOLDS: Final = (("zh", "z"), ("ch", "c"), ("sh", "s"), ("ang", "an"), ("eng", "en"), ("ing", "in"))
_INITIALS: Final = {"l": "n", "f": "h"}


@lru_cache(maxsize=8192)
def syllable(character: str) -> str:
    """The first reading of a character without its tone; the character itself if it has none."""
    reading = pinyin_dict.get(ord(character), "").partition(",")[0]
    if not reading:
        return character
    plain = normalize("NFD", reading)
    return "".join(letter for letter in plain if letter.isascii())


@lru_cache(maxsize=2048)
def folded(sound: str) -> str:
    """A syllable as careless or southern speech has it: zh as z, l as n, ing as in."""
    for long, short in _FOLDS:
        sound = sound.replace(long, short)
    return _INITIALS.get(sound[:1], sound[:1]) + sound[1:]


class SoundAlikes:
    """Our terms by their sound."""

    def __init__(
        self,
        terms: Iterable[str],
        anchors: Iterable[str],
        ordinary: Iterable[str],
        known_pairs: Iterable[str],
        kept: Iterable[str] = (),
    ) -> None:
        self._terms = frozenset(terms)
        self._kept = frozenset(word for word in kept if len(word) >= SHORTEST_TERM)
        self._kept_sizes = sorted({len(word) for word in self._kept})
        self._anchors = frozenset(anchors)
        self._ordinary = frozenset(ordinary)
        self._known_pairs = frozenset(known_pairs)
        self._by_sound: dict[str, str] = {}
        for term in sorted(self._terms):
            if SHORTEST_TERM <= len(term) <= LONGEST_TERM and _FUNCTION_WORDS.isdisjoint(term):
                if len(term) < _FOLDED_FROM and term not in self._anchors:
                    continue
                self._by_sound.setdefault(_sound(term), term)
        self._sizes = sorted({len(term) for term in self._by_sound.values()}, reverse=True)

    def corrected(self, text: str) -> str:
        """The text with windows that sound like a term replaced by it, longest first; itself if there are none."""
        sounds = [syllable(character) for character in text]
        folds = [folded(sound) for sound in sounds]
        for size in self._sizes:
            keys = folds if size >= _FOLDED_FROM else sounds
            for start in range(len(text) - size + 1):
                term = self._by_sound.get("'".join(keys[start : start + size]))
                if term is not None and self._is_slip(text, start, term):
                    return self.corrected(text[:start] + term + text[start + size :])
        return text

    def _is_slip(self, text: str, start: int, term: str) -> bool:
        window = text[start : start + len(term)]
        right = window == term or window in self._terms or self._overlaps_term(text, start, len(term))
        if right or any(a != b and a in _FUNCTION_WORDS for a, b in zip(window, term, strict=True)):
            return False
        if len(term) >= _FOLDED_FROM:
            if any(
                a != b and self._is_at_home(text, start + at)
                for at, (a, b) in enumerate(zip(window, term, strict=True))
            ):
                return False
            return sum(a == b for a, b in zip(window, term, strict=True)) >= max(2, len(term) - 2)
        return self._is_short_slip(text, start, window, term)

    def _is_short_slip(self, text: str, start: int, window: str, term: str) -> bool:
        previous = text[start - 1] if start else ""
        spoken_for = window in self._ordinary or window in self._known_pairs
        if window[0] in _AUXILIARIES and previous in _SUBJECTS and previous:
            return False
        shares = any(a == b for a, b in zip(window, term, strict=True))
        if window[0] in _AUXILIARIES and not start:
            return shares
        outside = text[start - 1 : start + 1] if window[0] != term[0] else text[start + 1 : start + 3]
        return shares and not spoken_for and outside not in self._known_pairs

    def _is_at_home(self, text: str, at: int) -> bool:
        """Whether a character makes a pair people write with the one before or after it."""
        return text[at - 1 : at + 1] in self._known_pairs or text[at : at + 2] in self._known_pairs

    def _overlaps_term(self, text: str, start: int, size: int) -> bool:
        """Whether a character of the window belongs to a longer or equal term, or a word to keep, written right."""
        for length in self._kept_sizes:
            first = max(0, start - length + 1)
            if any(text[at : at + length] in self._kept for at in range(first, start + size)):
                return True
        for length in self._sizes:
            if length < size:
                break
            first = max(0, start - length + 1)
            if any(text[at : at + length] in self._terms for at in range(first, start + size)):
                return True
        return False


def _sound(term: str) -> str:
    sounds = [syllable(character) for character in term]
    return "'".join([folded(sound) for sound in sounds] if len(term) >= _FOLDED_FROM else sounds)
