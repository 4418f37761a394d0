"""Reads knowledge/content, checks every reference in it, and hands out one `KnowledgeBase`.

What a newcomer gets wrong: nothing is loaded half. A file with a fault stops the start with a `ContentError` that
names file, line, fault and cure, because a wrong answer is worse than no answer.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Final

from knowledge.model import Entry, Jurisdiction, Kind, KnowledgeBase, Law, Provision, Status
from knowledge.records import Record, read_record
from knowledge.rules.placeholders import PLACEHOLDER, rule_topics
from knowledge.rules.reading import read_provision, read_rules
from knowledge.search.words import read_search_words

CONTENT: Final = Path(__file__).parent / "content"
COMMUNITY_SUFFIX: Final = "-community"
LABEL_LENGTH: Final = 16
_ID: Final = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")


@cache
def load_knowledge() -> KnowledgeBase:
    """The project's own content, read once for each process.

    Raises:
        ContentError: A file is wrong.
    """
    return load_from(CONTENT)


def load_from(root: Path) -> KnowledgeBase:
    """Content of any folder of the same shape.

    Raises:
        ContentError: A file is wrong.
    """
    laws = {record.data["id"]: law for record, law in _laws(root)}
    places = _jurisdictions(root)
    rules = tuple(rule for file in _files(root, "rules") for rule in read_rules(file, root, laws, places))
    topics = frozenset(rule.topic for rule in rules)
    entries = _entries(root, laws, topics)
    return KnowledgeBase(
        laws=MappingProxyType(laws),
        rules=rules,
        entries=MappingProxyType(entries),
        jurisdictions=MappingProxyType(places),
        words=read_search_words(root),
    )


def _files(root: Path, folder: str) -> list[Path]:
    return sorted((root / folder).rglob("*.yaml"))


def _laws(root: Path) -> Iterator[tuple[Record, Law]]:
    for file in _files(root, "laws"):
        record = read_record(file, root)
        law = Law(
            id=_identifier(record, file.stem),
            name=record.text("name"),
            version=record.text("version"),
            in_force_from=record.day("in_force_from"),
            articles=record.whole("articles"),
            status=record.choice("status", Status),
            aliases=record.texts("aliases", ()),
        )
        record.texts("provisions", ())
        record.text("note", "")
        record.finish()
        yield record, law


def _identifier(record: Record, stem: str) -> str:
    value = record.text("id")
    if value != stem or not _ID.fullmatch(value):
        raise record.fault("id", f"id is {value!r}", f"Use the file's name: {stem} (lower case, digits, hyphens)")
    return value


def _jurisdictions(root: Path) -> dict[str, Jurisdiction]:
    record = read_record(root / "search" / "jurisdictions.yaml", root)
    places = {}
    for item in record.records("jurisdictions"):
        place = Jurisdiction(item.text("id"), item.text("name"), item.texts("names", ()))
        item.finish()
        places[place.id] = place
    record.finish()
    return places


def _entries(root: Path, laws: Mapping[str, Law], topics: frozenset[str]) -> dict[str, Entry]:
    entries: dict[str, Entry] = {}
    records: dict[str, Record] = {}
    for file in _files(root, "entries"):
        record = read_record(file, root)
        for entry in _entry_pair(record, file, laws):
            if entry.id in entries:
                raise record.fault("id", f"id {entry.id} is taken by {records[entry.id].name}", "Choose another")
            _check_placeholders(record, entry, topics)
            entries[entry.id], records[entry.id] = entry, record
        record.finish()
    for entry in entries.values():
        for other in entry.related:
            if other not in entries:
                raise records[entry.id].fault("related", f"related entry {other!r} does not exist", "Correct its id")
    return {entry.id: _kindred(entry, entries) for entry in entries.values()}


def _entry_pair(record: Record, file: Path, laws: Mapping[str, Law]) -> Iterator[Entry]:
    own_id = _identifier(record, file.stem)
    base = Entry(
        id=own_id,
        topic=_topic(record, file),
        kind=record.choice("kind", Kind),
        questions=_questions(record),
        answer=record.text("answer"),
        more=record.text("more", ""),
        provisions=_provisions(record, laws),
        related=record.texts("related", ()),
        local_topic=record.text("local", ""),
        status=record.choice("status", Status),
        last_verified=record.day("last_verified"),
        due_again=record.day("due_again"),
        in_force_from=record.day("in_force_from"),
        file=record.name,
    )
    part = record.part("community")
    if part is None:
        yield base
        return
    if base.kind is not Kind.BOTH:
        raise record.fault("kind", f"kind is {base.kind} beside a community part", "Write kind: both")
    yield replace(base, kind=Kind.VILLAGE, counterpart=own_id + COMMUNITY_SUFFIX)
    yield _community(part, base, laws)


def _community(part: Record, base: Entry, laws: Mapping[str, Law]) -> Entry:
    label = part.text("ask")
    _check_label(part, label)
    entry = replace(
        base,
        id=base.id + COMMUNITY_SUFFIX,
        kind=Kind.COMMUNITY,
        questions=(label, *part.texts("questions", ()), *base.questions),
        answer=part.text("answer"),
        more=part.text("more", ""),
        provisions=_provisions(part, laws),
        local_topic=part.text("local", ""),
        counterpart=base.id,
    )
    part.finish()
    return entry


def _topic(record: Record, file: Path) -> str:
    topic = record.text("topic")
    if topic != file.parent.name:
        raise record.fault("topic", f"topic is {topic!r}", f"Use the folder's name: {file.parent.name}")
    return topic


def _questions(record: Record) -> tuple[str, ...]:
    label = record.text("ask")
    _check_label(record, label)
    return (label, *record.texts("questions"))


def _check_label(record: Record, label: str) -> None:
    if len(label) > LABEL_LENGTH:
        raise record.fault("ask", f"ask has {len(label)} characters", f"Shorten it to {LABEL_LENGTH}: it is a button")


def _provisions(record: Record, laws: Mapping[str, Law]) -> tuple[Provision, ...]:
    written = record.texts("citations")
    if not written:
        raise record.fault("citations", "the entry cites nothing", "Name at least one article: village 18")
    return tuple(read_provision(record, text, laws) for text in written)


def _check_placeholders(record: Record, entry: Entry, topics: frozenset[str]) -> None:
    for name in PLACEHOLDER.findall(entry.answer + entry.more):
        if not any(topic in topics for topic in rule_topics(name, entry.kind)):
            raise record.fault("answer", f"no rule is on {name!r}", "Add the rule, or correct the placeholder")
    if entry.local_topic and entry.local_topic not in topics:
        raise record.fault("local", f"no rule is on {entry.local_topic!r}", "Add the rule, or correct the name")


def _kindred(entry: Entry, entries: Mapping[str, Entry]) -> Entry:
    """A community entry's related questions are those of communities where such exist."""
    if entry.kind is not Kind.COMMUNITY:
        return entry
    related = tuple(r + COMMUNITY_SUFFIX if r + COMMUNITY_SUFFIX in entries else r for r in entry.related)
    return replace(entry, related=related)
