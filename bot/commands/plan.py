"""`qingfeng plan`: the whole plan of an election, counted backwards from its day.

What a newcomer gets wrong: nothing is stored. It is the same function the desk uses, without the desk.
"""

import argparse
import json
import sys
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from knowledge.elections.counting import Counting, said
from knowledge.elections.overlays import Overlay, read_overlay, with_overlay
from knowledge.elections.plan_content import Body, Mode, PlanContent
from knowledge.elections.plan_files import load_plan_content
from knowledge.elections.plan_text import as_markdown, sources
from knowledge.elections.plans import ImpossibleDay, Line, NothingInForce, PlanFor, checked_plan
from knowledge.errors import ContentError
from knowledge.jurisdiction import NATION, lineage
from knowledge.loader import load_knowledge
from knowledge.model import KnowledgeBase
from knowledge.rules.rulebook import Rulebook

HELP = "Print an election's plan, counted backwards from its day / 从选举日倒排日程"


class _InputError(Exception):
    """What was typed cannot be used; the text says what to do."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("--place-kind", required=True, choices=[body.value for body in Body], help="whose committee")
    parser.add_argument("--jurisdiction", default=NATION, help="where it is, e.g. cn/zhejiang (default: cn)")
    parser.add_argument("--election-day", required=True, metavar="YYYY-MM-DD", help="the day of the vote")
    parser.add_argument(
        "--mode", default=Mode.ALL_VOTERS.value, choices=[mode.value for mode in Mode], help="who votes"
    )
    parser.add_argument(
        "--counting",
        default=Counting.NEXT_DAY.value,
        choices=[one.value for one in Counting],
        help="whether the day something happens is counted (default: next_day, it is not)",
    )
    parser.add_argument(
        "--today", metavar="YYYY-MM-DD", help="the day the plan is made; what lies before it is refused"
    )
    parser.add_argument("--last-day", metavar="YYYY-MM-DD", help="the last election day the level above allows")
    parser.add_argument("--overlay", metavar="FILE.yaml", type=Path, help="what the place adds to the plan")
    parser.add_argument("--json", action="store_true", help="print one JSON object for each task")


def run(arguments: argparse.Namespace) -> int:
    """Print the plan; 0 when done, 1 when the day cannot be or content is wrong, 2 when the input is."""
    try:
        knowledge, content = load_knowledge(), load_plan_content()
        ask = _ask(arguments)
        if arguments.overlay is not None:
            overlay = _overlay(arguments.overlay, content, knowledge, ask.jurisdiction)
            content = with_overlay(content, overlay)
            ask = replace(ask, last_day=min((one for one in (ask.last_day, overlay.last_day) if one), default=None))
        made = checked_plan(content, Rulebook(knowledge.rules), ask)
    except _InputError as error:
        print(error, file=sys.stderr)
        return 2
    except ContentError as error:
        print(error, file=sys.stderr)
        return 1
    except (ImpossibleDay, NothingInForce) as error:
        print(_refusal(error), file=sys.stderr)
        return 1
    if arguments.json:
        for line in made.lines:
            print(json.dumps(_as_json(line, knowledge), ensure_ascii=False))
        return 0
    names = {one.id: one.name for one in knowledge.jurisdictions.values()}
    place = next(names[one] for one in lineage(ask.jurisdiction) if one in names)
    print(as_markdown(made, content, knowledge.laws, place), end="")
    return 0


def _ask(arguments: argparse.Namespace) -> PlanFor:
    body, mode = Body(arguments.place_kind), Mode(arguments.mode)
    if body is Body.VILLAGE and mode is not Mode.ALL_VOTERS:
        raise _InputError(f"--mode {mode} is for communities; a village votes with all voters / 村里由全体选民投票")
    steps = arguments.jurisdiction.split("/")
    if steps[0] != NATION or not all(steps):
        raise _InputError(f"--jurisdiction {arguments.jurisdiction!r} is unknown; write cn or cn/zhejiang")
    day = _day("--election-day", arguments.election_day)
    if day is None:
        raise _InputError("--election-day is missing / 请写选举日")
    return PlanFor(
        body,
        mode,
        arguments.jurisdiction,
        day,
        Counting(arguments.counting),
        not_before=_day("--today", arguments.today),
        last_day=_day("--last-day", arguments.last_day),
    )


def _day(name: str, written: str | None) -> date | None:
    if written is None:
        return None
    try:
        return date.fromisoformat(written)
    except ValueError:
        raise _InputError(f"{name} {written!r} is no date; write it as 2026-05-10 / 日期请写成 2026-05-10") from None


def _overlay(file: Path, content: PlanContent, knowledge: KnowledgeBase, jurisdiction: str) -> Overlay:
    if not file.is_file():
        raise _InputError(f"--overlay {file}: no such file / 没有这个文件")
    overlay = read_overlay(file, content, knowledge)
    if overlay.place not in lineage(jurisdiction):
        raise _InputError(f"--overlay is for {overlay.place}, not for {jurisdiction} / 补充日程不是这个地方的")
    return overlay


def _refusal(error: ImpossibleDay | NothingInForce) -> str:
    if isinstance(error, NothingInForce):
        return f"{error.as_of} {error.jurisdiction}: no rule on {error.topic} is in force / 这一天没有管用的规定"
    lines = [f"{said(error.day)}不能作选举日："]
    if error.too_late:
        lines.append("- 超过了允许的最后一天")
    for fault in error.faults:
        how = "已经在" if fault.is_done else "最早只能在"
        lines.append(f"- {fault.title}：最晚要在{said(fault.lawful_until)}，{how}{said(fault.day)}")
    possible = error.possible
    if possible.earliest is not None:
        lines.append(f"最早可以定在{possible.earliest.year}年{said(possible.earliest)}")
    if possible.latest is not None:
        lines.append(f"最晚可以定在{possible.latest.year}年{said(possible.latest)}")
    return "\n".join(lines)


def _as_json(line: Line, knowledge: KnowledgeBase) -> dict[str, Any]:
    return {
        "code": line.key,
        "stage": line.task.stage,
        "title": line.title,
        "who": line.who,
        "requirement": line.asks,
        "condition": line.condition,
        "due_on": line.due_on.isoformat(),
        "lawful_until": line.lawful_until.isoformat() if line.lawful_until else None,
        "level": line.level,
        "reckoning": line.reckoning,
        "sources": list(sources(line, knowledge.laws)),
        "proof": line.task.proof,
        "notice": line.notice,
        "requires": list(line.task.requires),
    }
