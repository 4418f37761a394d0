"""Entries from the desk beside the shipped ones: said where they hold, with their sources."""

from dataclasses import replace
from datetime import date
from functools import cache

import pytest

from handlers.services.entries import article_number
from knowledge.additions import Addition, LocalDocument, addition, extend, for_place, resolve
from knowledge.answering import Answerer
from knowledge.loader import load_knowledge
from knowledge.model import Kind, Provision, Status

AS_OF = date(2026, 3, 11)


def car(entry_id: str = "desk-1", place_path: str = "cn/test/east", **more: object) -> Addition:
    given = {
        "questions": ("投票那天有车接吗", "选举日村里派车接老人吗", "去投票有车坐吗"),
        "answer": "有。早上八点在村口等。",
        "more": "末班十点半。",
        "kind": Kind.BOTH,
        "provisions": (),
        "documents": (LocalDocument("东镇选举日工作安排", date(2026, 3, 1)),),
        "written_on": date(2026, 3, 2),
        "in_force_from": date(2026, 3, 2),
        "in_force_until": None,
        **more,
    }
    return addition(entry_id=entry_id, place_path=place_path, **given)


@cache
def with_car() -> Answerer:
    return Answerer(extend(load_knowledge(), [car()]))


def test_an_added_entry_answers_with_its_local_document() -> None:
    said = with_car().answer("投票那天村里有没有车接老人", jurisdiction="cn", as_of=AS_OF)
    assert said.entry_id == "desk-1"
    assert said.text == "有。早上八点在村口等。"
    assert [(one.source, one.article, one.version) for one in said.citations] == [
        ("东镇选举日工作安排", "", "2026年3月1日")
    ]


def test_before_its_window_it_says_nothing() -> None:
    assert with_car().answer_entry("desk-1", jurisdiction="cn", as_of=date(2026, 3, 1)) is None


def test_a_shipped_question_is_answered_as_before() -> None:
    plain = Answerer(load_knowledge())
    for entry in list(load_knowledge().entries.values())[:20]:
        asked = {"jurisdiction": "cn", "as_of": AS_OF}
        mine, theirs = with_car().answer(entry.label, **asked), plain.answer(entry.label, **asked)
        assert replace(mine, score=0) == replace(theirs, score=0)


@pytest.mark.parametrize(
    ("home", "heard"),
    [
        ("cn/test/east/willow", ["desk-1", "desk-2"]),
        ("cn/test/east", ["desk-1"]),
        ("cn/test/west/pine", []),
        ("cn/test", []),
        ("cn/test/eastern", []),
        ("", []),
    ],
)
def test_an_entry_holds_for_its_place_and_what_lies_in_it(home: str, heard: list[str]) -> None:
    both = [car(), car("desk-2", "cn/test/east/willow")]
    assert [one.entry.id for one in for_place(both, home)] == heard


def test_what_would_cite_nothing_or_stand_for_a_shipped_entry_is_left_out() -> None:
    knowledge = load_knowledge()
    shipped = next(iter(knowledge.entries))
    unknown = car("desk-2", documents=(), provisions=(Provision("no-such-law", "1"),))
    extended = extend(knowledge, [car(shipped), unknown, car("desk-3")])
    assert set(extended.entries) - set(knowledge.entries) == {"desk-3"}
    assert extended.entries[shipped] is knowledge.entries[shipped]
    assert extended.entries["desk-3"].status is Status.LOCAL_POLICY


@pytest.mark.parametrize(
    ("law", "article", "known"),
    [("village", "18", True), ("village", "999", False), ("village", "0", False), ("none", "18", False)],
)
def test_a_citation_resolves_or_does_not(law: str, article: str, known: bool) -> None:
    assert (resolve(load_knowledge(), law, article) is not None) is known


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("18", "18"),
        ("第18条", "18"),
        (" 第十八条 ", "18"),
        ("十八", "18"),
        ("第二百五十三条之一", "253-1"),
        ("253-1", "253-1"),
        ("第18条第2款", ""),
        ("附则", ""),
        ("", ""),
        ("\uff11\uff18", "18"),  # full width
    ],
)
def test_an_article_may_be_typed_in_many_ways(typed: str, read: str) -> None:
    assert article_number(typed) == read
