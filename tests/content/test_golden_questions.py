"""Golden questions: people's wording on the left, the entry or the facts that must answer on the right."""

from datetime import date
from functools import cache

import pytest

from knowledge.answering import Answerer
from knowledge.loader import load_knowledge
from tests.golden import Golden, each_must_be_right, gates, written_blind

AS_OF = date(2026, 11, 20)


@cache
def answerer() -> Answerer:
    return Answerer(load_knowledge())


def name(case: Golden) -> str:
    return f"{case.file}: {case.ask}"


@pytest.mark.parametrize("case", each_must_be_right(), ids=name)
def test_a_golden_question_gets_its_answer(case: Golden) -> None:
    answer = answerer().answer(case.ask, as_of=AS_OF)
    assert case.is_right(answer), (answer.entry_id, answer.text, answer.more)


def shares() -> dict[str, float]:
    """Of the questions written blind: right and wrong among those in scope, refused among the others."""
    told = [(case, answerer().answer(case.ask, as_of=AS_OF)) for case in written_blind()]
    inside = [(case.is_right(answer), answer.answered) for case, answer in told if case.in_scope]
    outside = [not answer.answered for case, answer in told if not case.in_scope]
    return {
        "right": sum(right for right, _ in inside) / len(inside),
        "wrong": sum(answered and not right for right, answered in inside) / len(inside),
        "refused": sum(outside) / len(outside),
    }


def test_there_are_enough_golden_questions() -> None:
    asked = {case.ask for case in (*each_must_be_right(), *written_blind())}
    assert len(asked) >= 800
    assert sum(not case.in_scope for case in written_blind()) >= 150


def test_questions_written_blind_reach_the_gate() -> None:
    floor, found = gates()[-1], shares()
    assert found["right"] >= floor["right"], found
    assert found["wrong"] <= floor["wrong"], found
    assert found["refused"] >= floor["refused"], found


def test_the_gate_only_ever_rises() -> None:
    for before, after in zip(gates(), gates()[1:], strict=False):
        assert before["set_on"] <= after["set_on"]
        assert before["right"] <= after["right"]
        assert before["wrong"] >= after["wrong"]
        assert before["refused"] <= after["refused"]
