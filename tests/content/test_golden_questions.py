"""Golden questions: people's wording on the left, the entry that must answer on the right."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from knowledge.answering import Answerer
from knowledge.loader import load_knowledge

AS_OF = date(2026, 11, 20)
ANSWERER = Answerer(load_knowledge())


def cases() -> list[Any]:
    folder = Path(__file__).parent / "golden"
    return [
        pytest.param(case, id=f"{file.stem}: {case['ask']}")
        for file in sorted(folder.glob("*.yaml"))
        for case in yaml.safe_load(file.read_text(encoding="utf-8"))
    ]


@pytest.mark.parametrize("case", cases())
def test_a_golden_question_gets_its_answer(case: dict[str, Any]) -> None:
    answer = ANSWERER.answer(case["ask"], as_of=AS_OF)
    expected = case.get("entry")
    if expected is None:
        assert not answer.answered, answer.entry_id
        return
    assert answer.entry_id in ([expected] if isinstance(expected, str) else expected)
    for part in case.get("says", ()):
        assert part in f"{answer.text}\n{answer.more}"
