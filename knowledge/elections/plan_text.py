"""A plan as a page a lawyer can read: Markdown, one line for each task, with its reckoning and its citation."""

from collections.abc import Mapping
from typing import Final

from knowledge.elections.counting import Counting, said
from knowledge.elections.plan_content import Body, Level, Mode, PlanContent, in_words
from knowledge.elections.plans import Basis, Line, Plan
from knowledge.model import Law
from knowledge.rules.wording import article_name

BODIES: Final = {Body.VILLAGE: "村民委员会", Body.COMMUNITY: "居民委员会"}
MODES: Final = {Mode.ALL_VOTERS: "全体选民", Mode.HOUSEHOLDS: "每户派代表", Mode.REPRESENTATIVES: "居民代表"}
LEVELS: Final = {Level.HARD: "国家法律", Level.PROVINCE: "省里规定", Level.POLICY: "工作安排"}
COUNTINGS: Final = {
    Counting.NEXT_DAY: "当天不算，从第二天算起；往前数的，两头都不算",
    Counting.SAME_DAY: "当天算第1天",
}


def cited(basis: Basis, laws: Mapping[str, Law]) -> str:
    """A basis as it is cited: 村民委员会组织法（2025年修正）第十七条."""
    law = laws[basis.provision.law_id]
    return f"{law.name}（{law.version}）{article_name(basis.provision.article)}"


def sources(line: Line, laws: Mapping[str, Law]) -> tuple[str, ...]:
    """Every source of a line, each once, with what a rule without a day says."""
    found: dict[str, str] = {}
    for basis in line.bases:
        name = cited(basis, laws)
        says = basis.says if basis.until is None else ""
        if says or name not in found:
            found[name] = says
    return tuple(f"{name}：{says}" if says else name for name, says in found.items())


def as_markdown(plan: Plan, content: PlanContent, laws: Mapping[str, Law], place: str) -> str:
    """The whole plan, stage by stage."""
    ask = plan.made_for
    parts = [
        f"# {place}：{BODIES[ask.body]}选举日程\n",
        f"- 选举日：{ask.election_day.year}年{said(ask.election_day)}",
        f"- 选举方式：{MODES[ask.mode]}",
        f"- 算日子：{COUNTINGS[ask.counting]}。法律没写当天算不算，以选举委员会和上级的解释为准。",
    ]
    for stage in content.stages.values():
        lines = [line for line in plan.lines if line.task.stage == stage.code]
        if lines:
            parts.append(f"\n## {stage.title}\n\n群众的权利：{in_words(stage.right, ask.body)}。\n")
            parts.append("| 日期 | 要办的事 | 谁来办 | 要求 | 最晚（法定） | 怎么算的 | 依据 |")
            parts.append("|---|---|---|---|---|---|---|")
            parts += [_row(line, laws) for line in lines]
    return "\n".join(parts) + "\n"


def _row(line: Line, laws: Mapping[str, Law]) -> str:
    until = said(line.lawful_until) if line.lawful_until else "—"
    source = "；".join((LEVELS[line.level], *sources(line, laws)))
    asks = line.asks + (f"（{line.condition}）" if line.condition else "")
    why = line.reckoning
    if line.lawful_until is not None and line.lawful_until != line.due_on:
        law = next(basis for basis in line.bases if basis.until == line.lawful_until)
        why = f"{why}；法定：{law.reckoning}"
    return f"| {said(line.due_on)} | {line.title} | {line.who} | {asks} | {until} | {why} | {source} |"
