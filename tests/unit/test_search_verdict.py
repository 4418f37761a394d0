"""The verdict: an answer, a door, small talk or silence, and never two of them."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from knowledge.search.index import Sort
from knowledge.search.ranking import Match, Ranking
from knowledge.search.verdict import ANSWERED_FROM, Verdict, decide

scores = st.floats(min_value=0, max_value=3)


def match(name: str, sort: Sort, score: float) -> Match:
    return Match(name, sort, score, 0.5, 0.5, 0.5, 0.5, "", 0)


def verdict(*entries: float, outside: float | None = None, talk: float | None = None) -> Verdict:
    ranked = tuple(match(f"entry-{n}", Sort.ENTRY, score) for n, score in enumerate(sorted(entries, reverse=True)))
    others = () if outside is None else (match("land", Sort.OUTSIDE, outside),)
    small = () if talk is None else (match("hello", Sort.TALK, talk),)
    return decide(Ranking("问题", "问题", None, {}, frozenset(), frozenset({"vote"}), ranked, others, small))


def test_a_clear_lead_is_answered() -> None:
    found = verdict(1.6, 0.8, outside=0.4)
    assert found.entry is not None
    assert found.others == ()
    assert found.confidence > 0.9


def test_a_matter_outside_that_leads_is_shown_its_door() -> None:
    found = verdict(0.9, outside=1.4)
    assert found.entry is None
    assert found.outside is not None
    assert found.confidence < ANSWERED_FROM


def test_small_talk_that_leads_is_talk() -> None:
    found = verdict(0.4, outside=0.5, talk=1.8)
    assert found.talk is not None
    assert found.entry is found.outside is None


def test_little_of_anything_is_silence() -> None:
    found = verdict(0.3)
    assert found == Verdict(found.confidence)


def test_one_character_is_no_question() -> None:
    ranked = (match("entry", Sort.ENTRY, 1.8),)
    assert decide(Ranking("投", "投", None, {}, frozenset({"vote"}), frozenset({"vote"}), ranked, (), ())).entry is None


def test_nothing_at_all_is_silence() -> None:
    assert verdict().entry is None


def test_two_likely_meanings_are_both_kept() -> None:
    assert [match.id for match in verdict(1.5, 1.45).others] == ["entry-1"]
    assert [match.id for match in verdict(1.5, 1.45, 1.4).others] == ["entry-1", "entry-2"]
    assert [match.id for match in verdict(1.5, 1.45, 1.2).others] == ["entry-1"]


def test_a_question_without_a_word_of_ours_is_not_answered() -> None:
    ranked = (match("entry", Sort.ENTRY, 1.2),)
    assert decide(Ranking("问题", "问题", None, {}, frozenset(), frozenset(), ranked, (), ())).entry is None
    word_for_word = (replace(ranked[0], overlap=0.9),)
    assert decide(Ranking("问题", "问题", None, {}, frozenset(), frozenset(), word_for_word, (), ())).entry is not None


@given(st.lists(scores, max_size=4), st.none() | scores, st.none() | scores)
def test_at_most_one_thing_is_decided(entries: list[float], outside: float | None, talk: float | None) -> None:
    found = verdict(*entries, outside=outside, talk=talk)
    assert sum(one is not None for one in (found.entry, found.outside, found.talk)) <= 1
    assert not found.others or found.entry is not None
    assert 0 <= found.confidence <= 1


@given(scores, scores, st.floats(min_value=0, max_value=1))
def test_a_higher_score_never_silences_an_answer(score: float, outside: float, more: float) -> None:
    if verdict(score, outside=outside).entry is not None:
        assert verdict(score + more, outside=outside).entry is not None
