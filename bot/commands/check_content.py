"""`qingfeng check-content`: is everything under knowledge/content right, and what is due for another look?

What a newcomer gets wrong: the loader stops at the first fault; run the command again after mending it.
"""

import argparse
import json
import sys
from collections import Counter
from datetime import date
from typing import Any

from bot.clock import SystemClock
from knowledge.clock import local_date
from knowledge.errors import ContentError
from knowledge.loader import load_knowledge
from knowledge.model import KnowledgeBase

HELP = "Check every law, rule and entry of the content / 检查知识内容"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument(
        "--date", metavar="YYYY-MM-DD", help="entries due again by this day are listed (default: today)"
    )


def run(arguments: argparse.Namespace) -> int:
    """Check; 0 when all is right, 1 when a file is wrong, 2 when the input is."""
    try:
        today = date.fromisoformat(arguments.date) if arguments.date else local_date(SystemClock().now())
    except ValueError:
        print(f"--date {arguments.date!r} is no date; write it as 2026-03-01 / 日期请写成 2026-03-01", file=sys.stderr)
        return 2
    try:
        knowledge = load_knowledge()
    except ContentError as error:
        print(error, file=sys.stderr)
        return 1
    summary = _summary(knowledge, today)
    print(json.dumps(summary, ensure_ascii=False) if arguments.json else _as_text(summary))
    return 0


def _summary(knowledge: KnowledgeBase, today: date) -> dict[str, Any]:
    entries = knowledge.entries.values()
    return {
        "laws": len(knowledge.laws),
        "rules": len(knowledge.rules),
        "entries": len(entries),
        "files": len({entry.file for entry in entries}),
        "questions": sum(len(entry.questions) for entry in entries),
        "by_status": dict(Counter(entry.status.value for entry in entries)),
        "due": sorted({entry.file for entry in entries if entry.due_again <= today}),
    }


def _as_text(summary: dict[str, Any]) -> str:
    counted = (
        f"{summary['laws']} laws, {summary['rules']} rules, {summary['entries']} entries in "
        f"{summary['files']} files, {summary['questions']} ways of asking."
    )
    due = [f"due for another look / 该复核了: {file}" for file in summary["due"]]
    return "\n".join(["Content is right. / 内容没有错误。", counted, *due])
