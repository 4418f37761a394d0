"""`qingfeng check-content`: is everything under knowledge/content right, and what wants another look?

What a newcomer gets wrong: the loader stops at the first fault; run the command again after mending it. What the review
lists does not stop a start; `--strict` makes a failure of what two rules or two entries claim at once.
"""

import argparse
import json
import sys
from collections import Counter
from dataclasses import dataclass, field, fields
from datetime import date
from pathlib import Path
from typing import Any, Final

from bot.clock import SystemClock
from bot.law_files import ENDINGS, read_law_file
from knowledge.calendar import load_sheets
from knowledge.casework.clocks import load_clocks
from knowledge.casework.custody import load_custody
from knowledge.casework.labels import load_labels
from knowledge.casework.replies import load_replies
from knowledge.clock import local_date
from knowledge.elections.difficulty import load_difficulty
from knowledge.elections.gates import load_gates
from knowledge.elections.plan_files import load_plan_content
from knowledge.elections.reminders import load_reminders
from knowledge.errors import ContentError
from knowledge.law_texts import LawText, read_law
from knowledge.loader import load_knowledge
from knowledge.model import KnowledgeBase
from knowledge.privacy import privacy_notice
from knowledge.review import Review, review
from knowledge.rules.against_texts import LawTextRefused, mismatches, recognise

HELP = "Check every law, rule and entry of the content / 检查知识内容"
_HEADINGS: Final = {
    "due": "due for another look / 该复核了",
    "claimed_twice": "claimed by two entries / 一个问法两处都有",
    "overlaps": "two rules at once / 两条规定日期重叠",
    "dead_concepts": "words nobody asks with / 没人用的近义词",
    "orphans": "rules nobody speaks of / 没有条目用到的规定",
}


@dataclass(frozen=True, slots=True)
class Proof:
    """What a folder of official texts showed."""

    read: dict[str, str] = field(default_factory=dict)  # law id -> file
    passed_over: tuple[str, ...] = ()
    without_text: tuple[str, ...] = ()
    faults: tuple[ContentError, ...] = ()


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--date", metavar="YYYY-MM-DD", help="what is due again by this day is listed (default: today)")
    parser.add_argument(
        "--texts", metavar="DIR", type=Path, help="a folder of official texts: prove every citation and figure by them"
    )
    parser.add_argument("--strict", action="store_true", help="fail on what two entries or two rules claim at once")


def run(arguments: argparse.Namespace) -> int:
    """Check; 0 when all is right, 1 when a file is wrong, 2 when the input is."""
    try:
        today = date.fromisoformat(arguments.date) if arguments.date else local_date(SystemClock().now())
    except ValueError:
        print(f"--date {arguments.date!r} is no date; write it as 2026-03-01 / 日期请写成 2026-03-01", file=sys.stderr)
        return 2
    if arguments.texts and not arguments.texts.is_dir():
        print(f"--texts {arguments.texts}: no such folder; check the path / 没有这个文件夹", file=sys.stderr)
        return 2
    try:
        knowledge = load_knowledge()
        load_clocks()
        load_custody()
        _check_gates(knowledge)
        load_difficulty()
        load_labels()
        load_replies()
        load_reminders()
        privacy_notice()
        load_sheets()
        load_plan_content()
    except ContentError as error:
        print(error, file=sys.stderr)
        return 1
    proof = _prove(knowledge, arguments.texts) if arguments.texts else None
    found = review(knowledge, today)
    wrong = [*(proof.faults if proof else ()), *((*found.claimed_twice, *found.overlaps) if arguments.strict else ())]
    for fault in wrong:
        print(fault, file=sys.stderr)
    summary = _summary(knowledge, found, proof)
    if arguments.json:
        print(json.dumps(summary, ensure_ascii=False))
    elif not wrong:
        print(_as_text(summary, found, proof))
    return 1 if wrong else 0


def _check_gates(knowledge: KnowledgeBase) -> None:
    for gate in load_gates().gates.values():
        for cited in gate.citations:
            law_id, _, article = cited.partition(" ")
            law = knowledge.laws.get(law_id)
            if law is None or not article.isdigit() or int(article) > law.articles:
                fault = f"{gate.code} cites {cited!r}, which is not on file"
                raise ContentError("elections/gates.yaml", 0, fault, "Name a law on file and one of its articles")


def _prove(knowledge: KnowledgeBase, folder: Path) -> Proof:
    texts: dict[str, LawText] = {}
    read: dict[str, str] = {}
    passed_over = []
    for path in sorted(path for path in folder.rglob("*") if path.suffix.lower() in ENDINGS):
        try:
            text = read_law(read_law_file(path).text)
            law = recognise(path.name, text, knowledge.laws, excerpts=True)
        except LawTextRefused as refused:
            passed_over.append(f"{refused.file}: {refused.fault}")
            continue
        if law.id in texts and text.is_excerpt:
            continue
        texts[law.id], read[law.id] = text, path.name
    without = sorted(set(knowledge.laws) - set(texts))
    return Proof(read, tuple(passed_over), tuple(without), tuple(mismatches(knowledge, texts)))


def _summary(knowledge: KnowledgeBase, found: Review, proof: Proof | None) -> dict[str, Any]:
    entries = knowledge.entries.values()
    summary: dict[str, Any] = {
        "laws": len(knowledge.laws),
        "rules": len(knowledge.rules),
        "entries": len(entries),
        "files": len({entry.file for entry in entries}),
        "questions": sum(len(entry.questions) for entry in entries),
        "by_status": dict(Counter(entry.status.value for entry in entries)),
    }
    summary |= {part.name: [str(one) for one in getattr(found, part.name)] for part in fields(found)}
    if proof is not None:
        summary["texts"] = {
            "read": proof.read,
            "passed_over": list(proof.passed_over),
            "without_text": list(proof.without_text),
            "faults": [str(fault) for fault in proof.faults],
        }
    return summary


def _as_text(summary: dict[str, Any], found: Review, proof: Proof | None) -> str:
    counted = (
        f"{summary['laws']} laws, {summary['rules']} rules, {summary['entries']} entries in "
        f"{summary['files']} files, {summary['questions']} ways of asking."
    )
    lines = ["Content is right. / 内容没有错误。", counted]
    for name, heading in _HEADINGS.items():
        listed = getattr(found, name)
        lines += [f"{heading} ({len(listed)}):", *(f"  {one}" for one in listed)] if listed else []
    if proof is not None:
        lines.append(f"{len(proof.read)} official texts bear out every citation and figure. / 条文逐条核对无误。")
        lines += [f"  not used / 没有用上: {one}" for one in proof.passed_over]
        lines += [f"  no text at hand / 缺原文: {law_id}" for law_id in proof.without_text]
    return "\n".join(lines)
