"""The content itself: everything loads, is sayable, short, cited, and says nothing it must never say."""

import re
from datetime import date

import pytest

from knowledge.answering import Answerer
from knowledge.entry_files import LABEL_LENGTH
from knowledge.loader import load_knowledge
from knowledge.model import Entry, Kind

KNOWLEDGE = load_knowledge()
ENTRIES = sorted(KNOWLEDGE.entries.values(), key=lambda entry: entry.id)
ANSWERER = Answerer(KNOWLEDGE)
AS_OF = date(2026, 11, 20)
PLACES = sorted(KNOWLEDGE.jurisdictions)

NEVER_SAID = {
    "the crime of election disruption is not for villages": r"破坏选举罪",
    "no reward is promised": r"(?<!不承诺任何)(?<!承诺)奖励(?!.*不承诺)|奖金\d|一定有奖",
    "no identity card is demanded": r"(?<!不用)(?<!带上)(?<!带)(必须|要|需要)(提供|出示|填写)?身份证",
    "no outcome is promised": r"保证(查处|处理好|成功)|一定(会被|能)(抓|判|处分)|百分之百",
    "nobody is told whom to choose": r"应该投给|建议投|请投",
    "reporters are not frightened": r"诬告(要|会|将)(坐牢|判刑|被抓)",
    "old terms are gone": r"任期(三|3)年|每届(三|3)年",
    "a bureaucrat's opening": r"^(根据相关|按照相关|您好)",
}


def ids(entry: Entry) -> str:
    return entry.id


def test_there_is_enough_to_be_useful() -> None:
    assert len({entry.file for entry in ENTRIES}) >= 80
    assert {entry.kind for entry in ENTRIES} == set(Kind)


@pytest.mark.parametrize("entry", ENTRIES, ids=ids)
def test_an_entry_can_be_said_everywhere(entry: Entry) -> None:
    for place in PLACES:
        answer = ANSWERER.answer_entry(entry.id, jurisdiction=place, as_of=AS_OF)
        assert answer is not None
        assert answer.citations
        assert "{{" not in answer.text + answer.more


@pytest.mark.parametrize("entry", ENTRIES, ids=ids)
def test_the_first_message_is_short_and_ends_as_a_sentence(entry: Entry) -> None:
    answer = ANSWERER.answer_entry(entry.id, as_of=AS_OF)
    assert answer is not None
    assert len(answer.text) <= 120
    assert answer.text.rstrip()[-1] in "。！？"


@pytest.mark.parametrize("entry", ENTRIES, ids=ids)
def test_an_entry_never_says_what_must_not_be_said(entry: Entry) -> None:
    answer = ANSWERER.answer_entry(entry.id, as_of=AS_OF)
    assert answer is not None
    for reason, pattern in NEVER_SAID.items():
        found = re.search(pattern, f"{answer.text}\n{answer.more}", flags=re.MULTILINE)
        assert found is None, f"{reason}: {found}"


@pytest.mark.parametrize("entry", ENTRIES, ids=ids)
def test_every_button_fits_and_leads_to_an_entry(entry: Entry) -> None:
    assert len(entry.label) <= LABEL_LENGTH
    assert entry.id not in entry.related
    answer = ANSWERER.answer_entry(entry.id, as_of=AS_OF)
    assert answer is not None
    for suggestion in answer.suggestions:
        assert len(suggestion.question) <= LABEL_LENGTH
        assert ANSWERER.answer_entry(suggestion.entry_id, as_of=AS_OF) is not None


@pytest.mark.parametrize("entry", ENTRIES, ids=ids)
def test_a_button_s_own_question_finds_its_entry(entry: Entry) -> None:
    answer = ANSWERER.answer(entry.label, as_of=AS_OF)
    assert answer.entry_id == entry.id


def test_policy_of_a_place_is_said_to_be_local() -> None:
    for entry in ENTRIES:
        if entry.status == "local_policy":
            assert "当地" in entry.answer + entry.more, entry.id


def test_no_two_entries_share_a_label() -> None:
    labels = [entry.label for entry in ENTRIES]
    assert len(labels) == len(set(labels))


def test_every_entry_is_looked_at_again_after_it_was_verified() -> None:
    for entry in ENTRIES:
        assert entry.due_again > entry.last_verified, entry.id


def test_a_law_cited_is_in_force_no_later_than_its_entry_is_said() -> None:
    for entry in ENTRIES:
        for provision in entry.provisions:
            assert KNOWLEDGE.laws[provision.law_id].in_force_from <= AS_OF


def test_no_word_means_two_concepts() -> None:
    owners: dict[str, str] = {}
    for concept in KNOWLEDGE.words.concepts:
        for word in concept.words:
            assert owners.setdefault(word, concept.id) == concept.id, word
