"""Sample plans as pages: `python -m tests.golden_plans` writes them anew under tests/expected/plans."""

from datetime import date
from functools import cache
from pathlib import Path

from knowledge.elections.plan_content import Body, Mode
from knowledge.elections.plan_files import load_plan_content
from knowledge.elections.plan_text import as_markdown
from knowledge.elections.plans import Plan, PlanFor, Recorded, plan
from knowledge.loader import load_knowledge
from knowledge.rules.rulebook import Rulebook

FOLDER = Path(__file__).parent / "expected" / "plans"
VOTE = date(2026, 5, 10)
PROVINCES = ("sichuan", "hainan", "zhejiang", "hebei", "tianjin", "shanghai")
#: What happened in every sample, so that the clocks it starts stand on the page.
RECORDED = (
    Recorded(1, "objection_received", date(2026, 4, 22)),
    Recorded(2, "review_objected", date(2026, 4, 29)),
    Recorded(3, "roll_decision_appealed", date(2026, 4, 26)),
    Recorded(4, "member_nominated", date(2026, 4, 22)),
    Recorded(5, "runoff_needed", date(2026, 5, 10)),
    Recorded(6, "complaint_received", date(2026, 5, 12)),
)


@cache
def rulebook() -> Rulebook:
    """The rules on file."""
    return Rulebook(load_knowledge().rules)


def sample(province: str, body: Body, mode: Mode = Mode.ALL_VOTERS) -> Plan:
    """The plan of a sample election."""
    ask = PlanFor(body, mode, f"cn/{province}", VOTE, recorded=RECORDED)
    return plan(load_plan_content(), rulebook(), ask)


def pages() -> dict[str, str]:
    """Every page by its file's name."""
    knowledge, content = load_knowledge(), load_plan_content()
    found = {}
    for province in PROVINCES:
        name = knowledge.jurisdictions[f"cn/{province}"].name
        for body in Body:
            found[f"{province}-{body}.md"] = as_markdown(sample(province, body), content, knowledge.laws, name)
    for mode in (Mode.HOUSEHOLDS, Mode.REPRESENTATIVES):
        made = sample("sichuan", Body.COMMUNITY, mode)
        found[f"sichuan-community-{mode}.md"] = as_markdown(made, content, knowledge.laws, "四川")
    return found


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    for file, text in pages().items():
        (FOLDER / file).write_text(text, encoding="utf-8")
