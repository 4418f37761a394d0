"""The index: what a question shares with each way of asking, and what tells families apart."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from knowledge.loader import load_knowledge
from knowledge.model import Kind
from knowledge.search.index import Candidate, Family, Index, Sort, shared_questions
from knowledge.search.lexicon import Lexicon
from knowledge.search.normalize import normalize
from knowledge.search.ranking import telling

LEXICON = Lexicon(load_knowledge().words)
FAMILIES = (
    Family("proxy", Sort.ENTRY, Kind.BOTH, "", ("委托票一个人能带几张", "最多替几个人投票", "能帮五个人投吗")),
    Family("roll", Sort.ENTRY, Kind.BOTH, "", ("选民名单什么时候贴", "名单要提前几天公布")),
    Family("recall", Sort.ENTRY, Kind.BOTH, "", ("罢免村主任要多少人签名", "怎么罢免村干部")),
    Family("land", Sort.OUTSIDE, Kind.BOTH, "", ("宅基地被邻居占了", "承包地怎么确权")),
)
INDEX = Index(FAMILIES, LEXICON)


def found(question: str, *, without: int = -1) -> list[Candidate]:
    text = normalize(question)
    return INDEX.search(text, INDEX.weigh(LEXICON.tokens_of(text)), without=without)


@pytest.mark.parametrize(("number", "family"), [(0, "proxy"), (3, "roll"), (5, "recall"), (7, "land")])
def test_a_way_of_asking_finds_its_own_family(number: int, family: str) -> None:
    best = found(INDEX.texts[number])[0]
    assert INDEX.families[best.family].id == family
    assert best.overlap == pytest.approx(1.0, abs=1e-3)
    assert best.spelling == 1.0
    assert INDEX.asked(best) == INDEX.texts[number]


def test_a_way_of_asking_left_out_scores_lower() -> None:
    question = INDEX.texts[0]
    whole = {one.family: one.score for one in found(question)}
    without = {one.family: one.score for one in found(question, without=0)}
    assert without[0] < whole[0]


def test_the_same_question_gets_the_same_candidates() -> None:
    text = normalize("罢免要几个人签字")
    again = Index(FAMILIES, LEXICON)
    assert found(text) == again.search(text, again.weigh(LEXICON.tokens_of(text)))


def test_strange_words_weigh_less_than_in_proportion() -> None:
    few = INDEX.weigh(dict.fromkeys(("甲乙", "丙丁"), 1.0))
    many = INDEX.weigh({f"天{n}": 1.0 for n in range(20)})
    assert sum(few.values()) < sum(many.values()) < 10 * sum(few.values())


def test_a_family_that_never_holds_a_token_knows_nothing_of_it() -> None:
    known = INDEX.known(["罢免", "没有的词"], [0, 1, 2])
    assert known["没有的词"].tolist() == [0, 0, 0]
    assert known["罢免"][2] > 0
    assert known["罢免"][0] == known["罢免"][1] == 0


def test_what_all_know_tells_nothing() -> None:
    weights = {"both": 1.0, "one": 1.0}
    known = {"both": np.array([1, 1], np.float32), "one": np.array([1, 0], np.float32)}
    assert telling(weights, known, 2).tolist() == [1.0, 0.0]
    assert telling(weights, {"both": known["both"]}, 2).tolist() == [0.0, 0.0]


def test_a_question_two_families_claim_is_reported() -> None:
    twice = (*FAMILIES, Family("other", Sort.ENTRY, Kind.BOTH, "", ("怎么罢免村干部",)))
    assert shared_questions(twice) == [("怎么罢免村干部", "recall", "other")]
    assert shared_questions(FAMILIES) == []


@settings(deadline=None, max_examples=200)
@given(st.text(max_size=200))
def test_any_text_has_scores_between_the_possible(text: str) -> None:
    for one in found(text):
        assert 0 <= one.overlap <= 1.0 + 1e-6
        assert 0 <= one.covered <= 1.0 + 1e-6
        assert 0 <= one.spelling <= 1
