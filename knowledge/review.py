"""Content that loads and is still not as it should be: what an editor is shown, with file, line and cure.

What a newcomer gets wrong: the loader refuses what would make an answer wrong; this finds what makes answers worse or
old. A way of asking that two entries claim is answered by one of them, whichever the ranking prefers that day.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Final

from knowledge.errors import ContentError
from knowledge.loader import CONTENT
from knowledge.model import Entry, Kind, KnowledgeBase, Rule
from knowledge.rules.placeholders import placeholder_names, rule_topics
from knowledge.rules.rendering import local_topic
from knowledge.search.index import families_of, shared_questions
from knowledge.search.normalize import normalize

_RECKONING: Final = Path(__file__).parent / "reckoning"
_LEAD: Final = re.compile(r"""^\s*(?:-|questions:|ask:)?\s*["']?|["',\]]*\s*$""")


@dataclass(frozen=True, slots=True)
class Review:
    """What was found, each with file, line, fault and cure.

    `due`: verified too long ago. `claimed_twice`: a way of asking of two entries. `overlaps`: two rules of one topic
    and place in force on the same day. `dead_concepts`: no word of them in any way of asking. `orphans`: rules no
    entry and no reckoning speaks of.
    """

    due: tuple[ContentError, ...]
    claimed_twice: tuple[ContentError, ...]
    overlaps: tuple[ContentError, ...]
    dead_concepts: tuple[ContentError, ...]
    orphans: tuple[ContentError, ...]


def review(knowledge: KnowledgeBase, today: date, root: Path = CONTENT) -> Review:
    """Look through a checked `KnowledgeBase`.

    Args:
        knowledge: The content.
        today: What is due again by this day is due.
        root: The folder the content was read from, to find lines in.
    """
    return Review(
        due=tuple(_due(knowledge, today, root)),
        claimed_twice=tuple(_claimed_twice(knowledge, root)),
        overlaps=tuple(_overlaps(knowledge.rules, root)),
        dead_concepts=tuple(_dead_concepts(knowledge, root)),
        orphans=tuple(_orphans(knowledge, root)),
    )


def _due(knowledge: KnowledgeBase, today: date, root: Path) -> Iterator[ContentError]:
    cure = "Read the source again, then move last_verified and due_again"
    files = {entry.file: entry for entry in knowledge.entries.values() if entry.due_again <= today}
    for file, entry in sorted(files.items()):
        fault = f"entry {entry.id} was verified on {entry.last_verified} and is due since {entry.due_again}"
        yield ContentError(file, _line(root, file, "due_again"), fault, cure)
    for rule in knowledge.rules:
        if rule.due_again is not None and rule.due_again <= today:
            fault = f"rule {rule.topic} of {rule.jurisdiction} is due since {rule.due_again}"
            yield ContentError(rule.file, _line_of_rule(root, rule), fault, cure)


def _claimed_twice(knowledge: KnowledgeBase, root: Path) -> Iterator[ContentError]:
    shared = shared_questions(families_of(knowledge.entries.values(), knowledge.words))
    if not shared:
        return
    lines = _spoken_lines(root)
    for question, one, other in shared:
        file, line = next((place for place in reversed(lines.get(question, [])) if place), ("entries", 0))
        where = ", ".join(f"{file}:{line}" for file, line in lines.get(question, [])) or "both"
        fault = f"{question!r} is a way of asking of {one} and of {other} ({where})"
        yield ContentError(file, line, fault, "Leave it with the one whose first sentence answers it")


def _overlaps(rules: Iterable[Rule], root: Path) -> Iterator[ContentError]:
    groups: dict[tuple[str, str], list[Rule]] = defaultdict(list)
    for rule in rules:
        groups[rule.topic, rule.jurisdiction].append(rule)
    for (topic, place), group in groups.items():
        ordered = sorted(group, key=lambda rule: rule.in_force_from)
        for one, later in pairwise(ordered):
            if one.in_force_until is None or one.in_force_until >= later.in_force_from:
                ends = later.in_force_from - timedelta(days=1)
                fault = f"{topic} of {place} has two rules in force from {later.in_force_from}"
                cure = f"End the earlier one with in_force_until: {ends}"
                if one.in_force_from == later.in_force_from:
                    cure = "Give one of them another topic, or make one rule of them"
                yield ContentError(one.file, _line_of_rule(root, one), fault, cure)


def _dead_concepts(knowledge: KnowledgeBase, root: Path) -> Iterator[ContentError]:
    families = families_of(knowledge.entries.values(), knowledge.words)
    asked = "\n".join(normalize(question) for family in families for question in family.questions)
    file = "search/concepts.yaml"
    composed = {compound.means for compound in knowledge.words.compounds}
    for concept in knowledge.words.concepts:
        if concept.id not in composed and not any(normalize(word) in asked for word in concept.words):
            fault = f"no word of concept {concept.id} occurs in any way of asking"
            yield ContentError(file, _line(root, file, concept.id), fault, "Remove it, or ask a question with one")


def _orphans(knowledge: KnowledgeBase, root: Path) -> Iterator[ContentError]:
    used = {topic for entry in knowledge.entries.values() for topic in _topics_of(entry)}
    used |= {rule.overtaken_by for rule in knowledge.rules}
    used |= {topic for clock in knowledge.clocks.clocks for kind in Kind for topic in rule_topics(clock.rule, kind)}
    reckoning = "\n".join(file.read_text(encoding="utf-8") for file in _RECKONING.glob("*.py"))
    seen = set()
    for rule in knowledge.rules:
        name = rule.topic.rpartition(".")[2]
        if rule.topic in used or rule.topic in seen or f'"{name}"' in reckoning:
            continue
        seen.add(rule.topic)
        fault = f"no entry speaks of the rule {rule.topic}"
        cure = f"Write {{{{{name}}}}} in an entry, or name it as its `local`, or remove the rule"
        yield ContentError(rule.file, _line_of_rule(root, rule), fault, cure)


def _topics_of(entry: Entry) -> Iterator[str]:
    wording: Entry | None = entry
    while wording is not None:
        for name in placeholder_names(wording.answer, wording.more):
            yield from rule_topics(name, wording.kind)
        yield from (local_topic(wording, kind) for kind in (wording.kind, Kind.COMMUNITY))
        wording = wording.earlier


def _line_of_rule(root: Path, rule: Rule) -> int:
    topic = rf"\btopic: *{re.escape(rule.topic)}\b"
    place = rf"\bjurisdiction: *{re.escape(rule.jurisdiction)}\s*(?:,|}}|$)"
    lines = _lines(root, rule.file)
    named = [number for number, line in enumerate(lines, 1) if re.search(topic, line)]
    both = [number for number in named if re.search(place, lines[number - 1])]
    return next(iter(both or named), 0)


def _line(root: Path, file: str, word: str) -> int:
    found = (number for number, line in enumerate(_lines(root, file), 1) if re.search(rf"\b{re.escape(word)}\b", line))
    return next(found, 0)


def _lines(root: Path, file: str) -> list[str]:
    path = root / file
    return path.read_text(encoding="utf-8").splitlines() if path.is_file() else []


def _spoken_lines(root: Path) -> dict[str, list[tuple[str, int]]]:
    """Every line of the content as a question would be compared, with where it stands."""
    found: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for path in sorted(root.rglob("*.yaml")):
        name = path.relative_to(root).as_posix()
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            found[normalize(_LEAD.sub("", line))].append((name, number))
    return found
