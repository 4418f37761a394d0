"""`qingfeng classify`: judges texts against the must-investigate categories.

Reads no database and writes nothing: what is judged here becomes no case.
"""

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from knowledge.casework.categories import CategorySet, load_categories
from knowledge.casework.classification import Classification, Classifier
from knowledge.errors import ContentError

HELP: Final = "judge a text, or a file of texts, against the four must-investigate categories"

_INTENTS: Final = {"report": "反映问题", "question": "咨询", "other": "其他"}


class _BadInputError(Exception):
    """The command cannot go on; the message is the line the caller reads."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments: one text, or `--batch FILE`."""
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("text", nargs="?", help="the text to judge")
    source.add_argument("--batch", type=Path, metavar="FILE.jsonl", help='one JSON object with "text" per line')
    parser.add_argument("--json", action="store_true", help="print one JSON object per line")


def run(arguments: argparse.Namespace) -> int:
    """Judge and print; 0 when every text was judged, 2 when the input cannot be read."""
    try:
        categories = load_categories()
        classifier = Classifier(categories)
        for text in _texts(arguments):
            result = classifier.classify(text)
            print(_as_json(result) if arguments.json else _as_text(result, categories))
    except (_BadInputError, ContentError) as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def _texts(arguments: argparse.Namespace) -> Iterator[str]:
    if arguments.batch is None:
        if not arguments.text.strip():
            raise _BadInputError("没有文字可判断，请写上要判断的话。")
        yield arguments.text
        return
    yield from _lines_of(arguments.batch)


def _lines_of(path: Path) -> Iterator[str]:
    try:
        lines = path.read_text(encoding="utf-8-sig").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise _BadInputError(f"读不了文件 {path}：请检查路径，并存成 UTF-8 编码。") from error
    for number, line in enumerate(lines, 1):
        if line.strip():
            yield _text_of(path, number, line)


def _text_of(path: Path, number: int, line: str) -> str:
    try:
        entry: Any = json.loads(line)
    except ValueError as error:
        raise _BadInputError(f"{path} 第 {number} 行不是 JSON。") from error
    text = entry.get("text") if isinstance(entry, dict) else None
    if not isinstance(text, str):
        raise _BadInputError(f'{path} 第 {number} 行没有 "text"，或者它不是文字。')
    return text


def _as_json(result: Classification) -> str:
    flags = [{"category": flag.category, "reasons": flag.reasons} for flag in result.must_investigate]
    fields = {
        "text": result.text,
        "intent": result.intent,
        "kinds": result.kinds,
        "must_investigate": flags,
        "missing": result.missing,
        "amounts": result.amounts,
        "matters": [asdict(matter) for matter in result.matters],
    }
    # A lone surrogate cannot be printed as UTF-8; it stays an escape.
    plain = json.dumps(fields, ensure_ascii=False)
    return plain if plain.isprintable() else json.dumps(fields)


def _as_text(result: Classification, categories: CategorySet) -> str:
    lines = [f"这段话：{_INTENTS[result.intent]}"]
    if not result.must_investigate:
        lines.append("必查：没有")
    for flag in result.must_investigate:
        lines.append(f"必查：{categories.name_of(flag.category)}")
        lines += [f"  - {reason}" for reason in flag.reasons]
    lines += [f"事项：{matter.name}（“{matter.quote}”）" for matter in result.matters]
    if result.amounts:
        lines.append(f"数额：{'、'.join(result.amounts)}")
    if result.missing:
        lines.append(f"还缺：{'、'.join(categories.parts[part] for part in result.missing)}")
    return "\n".join(lines).encode(errors="replace").decode()
