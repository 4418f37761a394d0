"""100,000 synthetic entries in one process: how long a question takes, and how much memory the process holds.

A synthetic entry is a real one whose ways of asking had pairs of characters exchanged with those of others, so that
words are as often shared as in real content. The same seed makes the same entries.
"""

import json
import random
import resource
from collections.abc import Iterator
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from knowledge.answering import Answerer
from knowledge.loader import load_knowledge
from knowledge.model import Entry, Kind
from tests.benchmarks.retrieval import spread

ENTRIES: Final = 100_000
_WAYS: Final = 3


def synthetic(originals: list[Entry], number: int) -> Iterator[Entry]:
    """That many entries made from real ones."""
    chance = random.Random(20260101)  # noqa: S311 - no secret
    pool = [question for entry in originals for question in entry.questions]
    for n in range(number):
        entry = originals[n % len(originals)]
        questions = tuple(_mixed(chance.choice(entry.questions), pool, chance) for _ in range(_WAYS))
        yield replace(entry, id=f"made-{n}", questions=questions, kind=Kind.BOTH, counterpart="", related=())


def _mixed(question: str, pool: list[str], chance: random.Random) -> str:
    letters = list(question)
    for _ in range(max(1, len(letters) // 4)):
        other = chance.choice(pool)
        at, start = chance.randrange(len(letters)), chance.randrange(len(other))
        letters[at : at + 2] = other[start : start + 2]
    return "".join(letters)


def main() -> None:
    """Print the figures as one JSON object."""
    knowledge = load_knowledge()
    made = {entry.id: entry for entry in synthetic(list(knowledge.entries.values()), ENTRIES)}
    entries = MappingProxyType({**knowledge.entries, **made})
    answerer = Answerer(replace(knowledge, entries=entries))
    middle, slow = spread(answerer, rounds=1)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(  # noqa: T201
        json.dumps({"large_entries": len(entries), "large_ms_p50": middle, "large_ms_p99": slow, "large_peak_mb": peak})
    )


if __name__ == "__main__":
    main()
