"""Gates as content (S4, C10): both lists, what each gate takes, what is mistaken for it; and difficulty (S11)."""

import shutil
from pathlib import Path

import pytest
import yaml

from knowledge.casework.access import PREPARING_ROLES, REVIEWING_ROLES
from knowledge.elections.committee import Likeness, likeness
from knowledge.elections.difficulty import load_difficulty
from knowledge.elections.gates import CONTENT, STATUTORY, Body, Level, load_gates, still_needed
from knowledge.errors import ContentError
from knowledge.loader import load_knowledge
from storage.tables.responsibility import LEVELS

RULES = load_gates()
ENFORCEMENT = Path(__file__).parents[2] / "storage" / "migrations" / "enforcement"


def listed(place: str, body: Body) -> list[str]:
    return [gate.code for gate in RULES.required(place, body)]


def test_s4_a_village_and_a_community_have_lists_of_their_own_and_a_place_may_choose_the_other_wording():
    """Z2, Z3, Z5: both wordings of 四先四后, 五先五后 for communities, Party first unless a place says otherwise."""
    assert listed("cn/x", Body.COMMUNITY) == [
        "party_first",
        "rectification",
        "outgoing_audit",
        "plan_first",
        "commitments_first",
    ]
    assert listed("cn/x", Body.VILLAGE) == [
        "party_first",
        "rectification",
        "outgoing_audit",
        "term_evaluation",
        "situation_analysis",
    ]
    other = listed("cn/demo/yunling/bailu", Body.VILLAGE)
    assert "team_adjustment" in other
    assert "situation_analysis" not in other
    assert listed("cn/demo/yunling", Body.COMMUNITY) == listed("cn/x", Body.COMMUNITY)
    assert "committee_first" in RULES.gates  # the reverse order is there to be chosen


@pytest.mark.parametrize(
    ("gate", "kind"),
    [
        ("outgoing_audit", "annual_statement"),
        ("term_evaluation", "annual_duty_report"),
        ("situation_analysis", "meeting_minutes"),
    ],
)
def test_c10_what_is_mistaken_for_evidence_is_named_with_the_reason(gate, kind):
    """C10: an annual statement is no audit, a duty report no evaluation of the term, a meeting no analysis."""
    found = RULES.gates[gate]
    assert found.kind(kind) is None
    why = found.why_not(kind)
    assert why
    assert why.endswith("。")


def test_every_gate_needs_something_and_says_who_asks_for_it():
    laws = load_knowledge().laws
    for gate in RULES.gates.values():
        assert still_needed(gate, [])
        assert not still_needed(gate, [one.kind for one in gate.takes])
        assert gate.source
        for cited in gate.citations:
            law, article = cited.split()
            assert 1 <= int(article) <= laws[law].articles
    assert [gate.code for gate in RULES.gates.values() if gate.level is Level.LAW] == [STATUTORY]


def edited(folder: Path, edit) -> Path:
    """A copy of the content with one change."""
    shutil.copy(CONTENT / "gates.yaml", folder / "gates.yaml")
    data = yaml.safe_load((folder / "gates.yaml").read_text(encoding="utf-8"))
    edit(data)
    (folder / "gates.yaml").write_text(yaml.safe_dump(data, allow_unicode=True), encoding="utf-8")
    return folder


def test_no_list_of_a_place_leaves_the_audit_out(tmp_path):
    """J8-J9: the law asks for it everywhere."""

    def without(data):
        data["places"] = [{"path": "cn/y", "village": ["party_order"], "community": []}]

    rules = load_gates(edited(tmp_path, without))
    assert [gate.code for gate in rules.required("cn/y/z", Body.VILLAGE)] == ["party_first", STATUTORY]
    assert [gate.code for gate in rules.required("cn/y/z", Body.COMMUNITY)] == [STATUTORY]


def drop_audit(data):
    data["gates"] = [one for one in data["gates"] if one["code"] != STATUTORY]


def take_and_refuse(data):
    data["gates"][0]["mistaken"].append({**data["gates"][0]["takes"][0], "why": "x"})
    data["gates"][0]["mistaken"][-1].pop("needed", None)


@pytest.mark.parametrize(
    ("edit", "fault"),
    [
        (drop_audit, STATUTORY),
        (take_and_refuse, "taken and refused"),
        (lambda data: data["lists"][0]["gates"].append("nothing"), "is no gate"),
        (lambda data: data["default"].pop("community"), "says nothing of community"),
        (lambda data: data["default"]["village"].append("nothing"), "is no list"),
        (lambda data: data["gates"][3].pop("citations"), "names no article"),
        (lambda data: [kind.pop("needed") for kind in data["gates"][0]["takes"] if "needed" in kind], "needs nothing"),
    ],
)
def test_wrong_content_is_refused_with_the_cure(tmp_path, edit, fault):
    with pytest.raises(ContentError) as wrong:
        load_gates(edited(tmp_path, edit))
    assert fault in wrong.value.fault
    assert wrong.value.cure


def test_the_database_holds_the_same_roles_and_the_same_audit():
    for dialect in ("sqlite", "postgresql"):
        sql = (ENFORCEMENT / f"0010_{dialect}.sql").read_text(encoding="utf-8")
        for roles in (PREPARING_ROLES, REVIEWING_ROLES):
            assert ", ".join(f"'{role}'" for role in roles) in sql
        assert f"'{STATUTORY}'" in sql


def test_z6_names_are_alike_by_sound_or_by_a_note_and_never_by_a_family_name_alone():
    assert likeness("王小明", "王 小明") is Likeness.EXACT
    assert likeness("张伟", "章伟") is Likeness.ALIKE
    assert likeness("王小明", "王小红") is None
    assert likeness("王小明", "王明") is None
    assert likeness("", "") is None


def test_s11_the_grade_grows_with_the_factors_and_unjudged_places_come_with_the_ordinary():
    rules = load_difficulty()
    everything = [factor.code for factor in rules.factors]
    sums = [rules.rank(rules.proposed(everything[:count]).code) for count in range(len(everything) + 1)]
    assert sums == sorted(sums)
    assert (sums[0], sums[-1]) == (0, len(rules.grades) - 1)
    assert rules.rank(None) == rules.rank("ordinary")
    assert rules.grades[-1].needs_plan
    assert len(LEVELS) == 4
