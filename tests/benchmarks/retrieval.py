"""Our retrieval beside three ordinary ones, on the golden questions and, where they lie at hand, the examples.

What a newcomer gets wrong: every rival searches the same ways of asking and may keep silent as often as we do; its
threshold is set so that it is silent on the same share of the questions, which is more than it could know itself.
A question is right when an accepted entry answers it (or an answer that holds the expected facts), or when it is
outside and nothing answers it.
"""

import json
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from statistics import quantiles
from typing import Final

import jieba
from rank_bm25 import BM25Okapi
from rapidfuzz import fuzz, process

from knowledge.answering import Answerer
from knowledge.loader import load_knowledge
from knowledge.model import Answer, KnowledgeBase
from tests.golden import Golden, each_must_be_right, written_blind

AS_OF: Final = date(2026, 11, 20)
EXAMPLES: Final = Path(__file__).parents[3] / "shared" / "eval"
_LOUD: Final = 3

Best = Callable[[str], tuple[str | None, float]]


def cases() -> list[Golden]:
    """Golden questions, and the example questions whose right answer is known."""
    found = [*each_must_be_right(), *written_blind()]
    for name in ("questions.jsonl", "questions_constructed.jsonl"):
        file = EXAMPLES / name
        for line in file.read_text(encoding="utf-8").splitlines() if file.exists() else ():
            one = json.loads(line)
            if not one["answerable"] or one["facts"]:
                found.append(Golden(one["q"], (), (), tuple(one["facts"]), file.stem))
    return found


class Judge:
    """Judges entries by what they would say."""

    def __init__(self, answerer: Answerer) -> None:
        self._answerer = answerer
        self._answers: dict[str, Answer | None] = {}

    def is_right(self, case: Golden, entry_id: str | None) -> bool:
        """Whether an entry answers a question rightly; None is silence."""
        if entry_id is None:
            return not case.in_scope
        if entry_id not in self._answers:
            self._answers[entry_id] = self._answerer.answer_entry(entry_id, as_of=AS_OF)
        answer = self._answers[entry_id]
        return answer is not None and replace(case, says=()).is_right(answer)


def accuracy() -> dict[str, float]:
    """Shares of right answers, ours and the rivals', with the median time of a question in milliseconds."""
    knowledge = load_knowledge()
    answerer = Answerer(knowledge)
    judge, asked = Judge(answerer), cases()
    right = silent = 0
    times = []
    for case in asked:
        started = time.perf_counter()
        answer = answerer.answer(case.ask, as_of=AS_OF)
        times.append(time.perf_counter() - started)
        silent += not answer.answered
        right += case.is_right(answer)
    figures = {
        "questions_judged": float(len(asked)),
        "silent_share": silent / len(asked),
        "right_ours": right / len(asked),
        "question_ms_ours": _median(times),
    }
    for name, rival in rivals(knowledge):
        share, cost = _rival(rival, asked, judge, silent)
        figures |= {f"right_{name}": share, f"question_ms_{name}": cost}
    best = max(value for name, value in figures.items() if name.startswith("right_") and name != "right_ours")
    figures["right_lead_over_best_rival"] = figures["right_ours"] - best
    return {name: round(value, 4) for name, value in figures.items()}


def _rival(best: Best, asked: list[Golden], judge: Judge, silent: int) -> tuple[float, float]:
    found, times = [], []
    for case in asked:
        started = time.perf_counter()
        entry_id, score = best(case.ask)
        times.append(time.perf_counter() - started)
        found.append((score, case, entry_id))
    found.sort(key=lambda one: one[0])
    right = sum(judge.is_right(case, None) for _, case, _ in found[:silent])
    right += sum(judge.is_right(case, entry_id) for _, case, entry_id in found[silent:])
    return right / len(asked), _median(times)


def rivals(knowledge: KnowledgeBase) -> Iterator[tuple[str, Best]]:
    """The three ordinary ways, each over every way of asking of every entry."""
    asked = [(question, entry.id) for entry in knowledge.entries.values() for question in entry.questions]
    questions = [question for question, _ in asked]

    def by_ratio(question: str) -> tuple[str | None, float]:
        found = process.extractOne(question, questions, scorer=fuzz.WRatio)
        return (asked[found[2]][1], found[1]) if found else (None, 0.0)

    jieba.setLogLevel(60)
    okapi = BM25Okapi([jieba.lcut(question) for question in questions])

    def by_bm25(question: str) -> tuple[str | None, float]:
        scores = okapi.get_scores(jieba.lcut(question))
        top = int(scores.argmax())
        return asked[top][1], float(scores[top])

    table = sqlite3.connect(":memory:")
    table.execute("CREATE VIRTUAL TABLE asked USING fts5(question, entry UNINDEXED, tokenize='trigram')")
    table.executemany("INSERT INTO asked VALUES (?, ?)", asked)

    def by_trigrams(question: str) -> tuple[str | None, float]:
        parts = {question[at : at + _LOUD] for at in range(len(question) - _LOUD + 1)}
        terms = " OR ".join('"' + part.replace('"', '""') + '"' for part in sorted(parts))
        query = "SELECT entry, -rank FROM asked WHERE asked MATCH ? ORDER BY rank LIMIT 1"
        row = table.execute(query, (terms,)).fetchone() if terms else None
        return (row[0], float(row[1])) if row else (None, 0.0)

    yield "wratio", by_ratio
    yield "jieba_bm25", by_bm25
    yield "fts5_trigram", by_trigrams


_COLD: Final = """
import time
started = time.perf_counter()
from knowledge.answering import Answerer
from knowledge.loader import load_knowledge
imported = time.perf_counter()
Answerer(load_knowledge())
print(imported - started, time.perf_counter() - imported)
"""


def latency() -> dict[str, float]:
    """Seconds to import and to load in a fresh process, and how long questions take, in milliseconds."""
    told = subprocess.run([sys.executable, "-c", _COLD], check=True, capture_output=True, text=True)
    imported, loaded = (float(figure) for figure in told.stdout.split())
    middle, slow = spread(Answerer(load_knowledge()), rounds=5)
    return {
        "cold_import_s": round(imported, 3),
        "cold_load_s": round(loaded, 3),
        "question_ms_p50": middle,
        "question_ms_p99": slow,
    }


def at_scale() -> dict[str, float]:
    """The same with 100,000 synthetic entries, in a process of its own, so that its memory can be told."""
    told = subprocess.run([sys.executable, "-m", "tests.benchmarks.large"], check=True, capture_output=True, text=True)
    figures: dict[str, float] = json.loads(told.stdout)
    return figures


def spread(answerer: Answerer, *, rounds: int) -> tuple[float, float]:
    """Median and 99th percentile of the time of a question, in milliseconds."""
    asked = [case.ask for case in cases()]
    times = []
    for question in asked * rounds:
        started = time.perf_counter()
        answerer.answer(question, as_of=AS_OF)
        times.append((time.perf_counter() - started) * 1000)
    cuts = quantiles(times, n=100, method="inclusive")
    return round(cuts[49], 3), round(cuts[98], 3)


def _median(times: list[float]) -> float:
    return sorted(times)[len(times) // 2] * 1000
