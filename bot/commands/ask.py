"""`qingfeng ask`: one question or a batch of them, answered on the command line.

What a newcomer gets wrong: this is the same `Answerer` the chat uses, without the chat: nothing is stored, nobody
is told, and a question outside our scope is answered with `answered: false`, not with an error.
"""

import argparse
import json
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

from bot.clock import SystemClock
from knowledge.answering import Answerer
from knowledge.clock import local_date
from knowledge.errors import ContentError
from knowledge.jurisdiction import NATION
from knowledge.loader import load_knowledge
from knowledge.model import Answer, Intent
from knowledge.rules.standing import Standing
from knowledge.rules.wording import spoken
from knowledge.search.ranking import Match

_UNSURE = "这个我拿不准，不敢乱讲。"
_SMALL_TALK = "这句不是提问。"
_VERDICTS = ("entry", "outside", "talk")
_OTHERS = 2
HELP = "Answer a question about village and community elections, with its sources / 回答选举问题"


class _InputError(Exception):
    """What was typed cannot be used; the text says what to do."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("question", nargs="?", help="the question, in quotation marks")
    parser.add_argument("--batch", metavar="FILE.jsonl", help='one JSON object with "q" on each line; - reads stdin')
    parser.add_argument("--json", action="store_true", help="print one JSON object on each line")
    parser.add_argument("--jurisdiction", default=NATION, help="where the person is, e.g. cn/zhejiang (default: cn)")
    parser.add_argument("--date", metavar="YYYY-MM-DD", help="the day whose law is asked for (default: today)")
    parser.add_argument("--explain", action="store_true", help="show how every candidate scored")


def run(arguments: argparse.Namespace) -> int:
    """Answer; 0 when done, 1 when the content is broken, 2 when the input is."""
    try:
        as_of = _as_of(arguments.date)
        questions = list(_questions(arguments))
        _check_place(arguments.jurisdiction)
        answerer = Answerer(load_knowledge())
    except _InputError as error:
        print(error, file=sys.stderr)
        return 2
    except ContentError as error:
        print(error, file=sys.stderr)
        return 1
    for question in questions:
        started = time.perf_counter()
        answer = answerer.answer(question, jurisdiction=arguments.jurisdiction, as_of=as_of)
        latency = (time.perf_counter() - started) * 1000
        explanation = _explained(answerer, question, arguments.jurisdiction, as_of) if arguments.explain else None
        print(_as_json(answer, latency, explanation) if arguments.json else _as_text(answer, explanation))
    return 0


def _as_of(written: str | None) -> date:
    if written is None:
        return local_date(SystemClock().now())
    try:
        return date.fromisoformat(written)
    except ValueError:
        raise _InputError(f"--date {written!r} is no date; write it as 2026-03-01 / 日期请写成 2026-03-01") from None


def _check_place(jurisdiction: str) -> None:
    steps = jurisdiction.split("/")
    if steps[0] != NATION or not all(steps):
        raise _InputError(
            f"--jurisdiction {jurisdiction!r} is unknown; write cn or cn/zhejiang / 请写 cn 或 cn/zhejiang"
        )


def _questions(arguments: argparse.Namespace) -> Iterator[str]:
    if (arguments.question is None) == (arguments.batch is None):
        raise _InputError('give one question or --batch FILE.jsonl, e.g. qingfeng ask "委托票能带几张" / 请给一个问题')
    if arguments.question is not None:
        yield arguments.question
        return
    for number, line in enumerate(_lines(arguments.batch), start=1):
        if line.strip():
            yield _question_of(arguments.batch, number, line)


def _lines(batch: str) -> list[str]:
    try:
        text = sys.stdin.read() if batch == "-" else Path(batch).read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise _InputError(f"{batch}: no such file; check the path / 没有这个文件，请检查路径") from None
    except (OSError, UnicodeDecodeError) as error:
        raise _InputError(f"{batch}: cannot be read as UTF-8 text ({type(error).__name__}) / 文件读不了") from None
    return text.split("\n")


def _question_of(batch: str, number: int, line: str) -> str:
    cure = 'every line must be like {"q": "问题"} / 每行应是 {"q": "问题"}'
    try:
        data = json.loads(line)
    except ValueError:
        raise _InputError(f"{batch}:{number}: not JSON; {cure}") from None
    question = data.get("q") if isinstance(data, dict) else None
    if not isinstance(question, str):
        raise _InputError(f'{batch}:{number}: no text under "q"; {cure}')
    return question


def _as_json(answer: Answer, latency: float, explanation: dict[str, Any] | None) -> str:
    data: dict[str, Any] = {
        "question": answer.question,
        "answered": answer.answered,
        "entry_id": answer.entry_id,
        "answer": "\n".join(part for part in (answer.text, answer.more) if part),
        "citations": [asdict(citation) for citation in answer.citations],
        "score": answer.score,
        "suggestions": [asdict(suggestion) for suggestion in answer.suggestions],
        "door": answer.door,
        "intent": answer.intent,
        "not_in_force": answer.not_in_force,
        "latency_ms": round(latency, 3),
    }
    if explanation is not None:
        data["explanation"] = explanation
    return json.dumps(data, ensure_ascii=False)


def _as_text(answer: Answer, explanation: dict[str, Any] | None) -> str:
    if answer.answered:
        sources = "；".join(f"{c.source}（{c.version}）{c.article}" for c in answer.citations)
        lines = [answer.text, answer.more, f"依据：{sources}"]
    else:
        silent = "那一天，这里没有查到有效的规定，不能拿别的年份的来答。" if answer.not_in_force else _UNSURE
        lines = [_SMALL_TALK if answer.intent is not Intent.QUESTION else answer.door or silent]
    asked = " ".join(f"[{suggestion.question}]" for suggestion in answer.suggestions)
    lines.append(f"相关：{asked}" if asked else "")
    if explanation is not None:
        lines.append(json.dumps(explanation, ensure_ascii=False, indent=2))
    return "\n".join(line for line in lines if line) + "\n"


def _explained(answerer: Answerer, question: str, jurisdiction: str, as_of: date) -> dict[str, Any]:
    why = answerer.explain(question, jurisdiction=jurisdiction, as_of=as_of)
    ranking, verdict = why.ranking, why.verdict
    return {
        "normalized": ranking.text,
        "corrected": ranking.corrected,
        "kind": ranking.kind,
        "tokens": {token: round(weight, 3) for token, weight in ranking.tokens.items()},
        "anchors": sorted(ranking.anchors),
        "calculation": why.calculation,
        "verdict": {name: match.id for name in _VERDICTS if (match := getattr(verdict, name)) is not None}
        | {"others": [match.id for match in verdict.others]},
        "rules": [_standing(one) for one in why.rules],
        "candidates": [
            _scored(match) | {"shared": {token: round(weight, 2) for token, weight in shared.items()}}
            for match, shared in zip(ranking.entries, why.shared, strict=True)
        ],
        "outside": [_scored(match) for match in ranking.outside[:_OTHERS]],
        "talk": [_scored(match) for match in ranking.talk[:_OTHERS]],
    }


def _standing(one: Standing) -> dict[str, Any]:
    rule = one.rule
    return {
        "topic": rule.topic,
        "jurisdiction": rule.jurisdiction,
        "says": spoken(rule),
        "provision": f"{rule.provision.law_id} {rule.provision.article}",
        "in_force_from": str(rule.in_force_from),
        "in_force_until": str(rule.in_force_until) if rule.in_force_until else None,
        "status": rule.status,
        "stands": one.stands,
        "why": one.why,
    }


def _scored(match: Match) -> dict[str, Any]:
    return {
        "id": match.id,
        "score": round(match.score, 3),
        "overlap": round(match.overlap, 3),
        "covered": round(match.covered, 3),
        "likelihood": round(match.likelihood, 3),
        "spelling": round(match.spelling, 3),
        "question": match.question,
    }
