"""Reports written blind: before anybody saw what the classifier says of them, with what an official would say.

What was measured at first sight stands in the gate beside today's floors: a set is blind only once, since its misses
are then read and mended.
"""

import json
from collections import Counter
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml

from knowledge.casework.categories import load_categories
from knowledge.casework.classification import Classifier

TIPS = Path(__file__).parents[1] / "content" / "golden" / "tips"
SETS = sorted(file.stem for file in TIPS.glob("blind-*.jsonl"))
JUDGED = {"vote_buying": "vote_buying", "specific": "specific_clues"}
GATE = yaml.safe_load((TIPS / "gate.yaml").read_text(encoding="utf-8"))


@cache
def reports(name: str) -> tuple[dict[str, Any], ...]:
    lines = (TIPS / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    return tuple(json.loads(line) for line in lines)


@cache
def shares(name: str) -> dict[str, float]:
    """Precision and recall of a set, as `vote_buying_precision` and the like."""
    classifier, right, wrong, missed = Classifier(load_categories()), Counter(), Counter(), Counter()
    for report in reports(name):
        found = {flag.category for flag in classifier.classify(report["text"]).must_investigate}
        for judged, category in JUDGED.items():
            right[judged] += category in found and report[judged]
            wrong[judged] += category in found and not report[judged]
            missed[judged] += category not in found and report[judged]
    precision = {f"{judged}_precision": right[judged] / (right[judged] + wrong[judged]) for judged in JUDGED}
    return precision | {f"{judged}_recall": right[judged] / (right[judged] + missed[judged]) for judged in JUDGED}


@pytest.mark.parametrize("name", SETS)
def test_reports_written_blind_reach_the_gate(name: str) -> None:
    found = shares(name)
    assert found.keys() == GATE[name]["first_sight"].keys()
    for share, value in found.items():
        assert value >= GATE[name]["floors"][-1][share], found


@pytest.mark.parametrize("name", SETS)
def test_the_gate_only_ever_rises(name: str) -> None:
    for before, after in pairwise(GATE[name]["floors"]):
        assert before["set_on"] <= after["set_on"]
        assert all(before[share] <= after[share] for share in GATE[name]["first_sight"])


def test_what_each_set_showed_at_first_sight_is_on_record() -> None:
    assert list(GATE) == SETS


@pytest.mark.parametrize("name", ["blind-1", "blind-2", "blind-3"])
def test_a_set_has_enough_reports_of_both_kinds(name: str) -> None:
    bought = sum(report["vote_buying"] for report in reports(name))
    assert len(reports(name)) >= 60
    assert bought >= 20
    assert len(reports(name)) - bought >= 20


def test_no_report_stands_in_two_sets() -> None:
    texts = [report["text"] for name in SETS for report in reports(name)]
    assert len(set(texts)) == len(texts)
