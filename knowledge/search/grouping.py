"""Questions that ask the same thing, put together: for people who answer them, not for the answers themselves.

What a newcomer gets wrong: a group has one leader, its first question, and others are compared with it alone. Chains
(A is like B, B is like C) would otherwise end in one heap. The same questions in the same order always give the same
groups. Doubt keeps questions apart: a person can answer twice, but a wrong answer to many is worse.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from math import log
from typing import Final

from rapidfuzz import fuzz

from knowledge.search.lexicon import Lexicon
from knowledge.search.normalize import clauses, normalize

_ALIKE: Final = 0.55
_MEANING_SHARE: Final = 0.65
_TELLING: Final = 0.3  # lighter tokens are single characters and covered pairs: spelling sees those
_LEADERS_COMPARED: Final = 24
_COMMON: Final = 200  # a token of more leaders than this brings no candidates


def group(questions: Sequence[str], lexicon: Lexicon) -> list[list[int]]:
    """Places of like questions: the largest group first, then the one whose first question came first."""
    alike: dict[str, list[int]] = defaultdict(list)
    for place, question in enumerate(questions):
        alike[bare(question) or question].append(place)
    texts = list(alike)
    tokens = [_telling(lexicon.tokens_of(text)) for text in texts]
    rarity = _rarity(tokens)
    weights = [{token: weight * rarity[token] for token, weight in one.items()} for one in tokens]
    groups = _led(texts, weights)
    placed = [sorted(place for text in members for place in alike[texts[text]]) for members in groups]
    return sorted(placed, key=lambda places: (-len(places), places[0]))


def bare(question: str) -> str:
    """A question in one spelling and without punctuation; the same for two that differ in nothing else."""
    return "".join(clauses(normalize(question)))


def _led(texts: Sequence[str], weights: Sequence[Mapping[str, float]]) -> list[list[int]]:
    """Each text to the leader it is most like, or to a group of its own."""
    groups: list[list[int]] = []
    led_by_token: dict[str, list[int]] = defaultdict(list)
    for text, mine in enumerate(weights):
        shared: dict[int, float] = defaultdict(float)
        for token, weight in mine.items():
            if len(led_by_token[token]) <= _COMMON:
                for number in led_by_token[token]:
                    shared[number] += weight
        best, most = -1, _ALIKE
        for number, _ in sorted(shared.items(), key=lambda pair: (-pair[1], pair[0]))[:_LEADERS_COMPARED]:
            leader = groups[number][0]
            likeness = _likeness(mine, weights[leader], texts[text], texts[leader])
            if likeness > most:
                best, most = number, likeness
        if best >= 0:
            groups[best].append(text)
            continue
        for token in mine:
            led_by_token[token].append(len(groups))
        groups.append([text])
    return groups


def _likeness(one: Mapping[str, float], other: Mapping[str, float], text: str, other_text: str) -> float:
    common = sum(weight for token, weight in one.items() if token in other)
    everything = sum(one.values()) + sum(other.values()) - common
    meaning = common / everything if everything else 0.0
    return _MEANING_SHARE * meaning + (1 - _MEANING_SHARE) * fuzz.ratio(text, other_text) / 100


def _telling(tokens: Mapping[str, float]) -> dict[str, float]:
    return {token: weight for token, weight in tokens.items() if weight >= _TELLING}


def _rarity(tokens: Sequence[Mapping[str, float]]) -> dict[str, float]:
    seen = Counter(token for one in tokens for token in one)
    return {token: 1.0 + log(len(tokens) / count) / 4 for token, count in seen.items()}
