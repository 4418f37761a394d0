"""Reads content/entries: one file, one question, and its twin for communities where the answer differs.

What a newcomer gets wrong: a `community:` part makes a second entry, an `earlier:` part does not: it is the same
entry as it had to be said under the law before.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Final

from knowledge.errors import ContentError
from knowledge.model import Entry, Kind, Law, Provision, Status
from knowledge.records import Record, identifier, read_record
from knowledge.rules.placeholders import placeholder_names, rule_topics
from knowledge.rules.reading import read_provision

COMMUNITY_SUFFIX: Final = "-community"
LABEL_LENGTH: Final = 16


def read_entries(root: Path, laws: Mapping[str, Law], topics: frozenset[str]) -> dict[str, Entry]:
    """Every entry of a content folder by id, each reference in it checked.

    Raises:
        ContentError: A file is wrong.
    """
    entries: dict[str, Entry] = {}
    records: dict[str, Record] = {}
    for file in sorted((root / "entries").rglob("*.yaml")):
        record = read_record(file, root)
        for entry in _entry_pair(record, file, laws):
            if entry.id in entries:
                raise record.fault("id", f"id {entry.id} is taken by {records[entry.id].name}", "Choose another")
            _check_figures(record, entry, topics)
            entries[entry.id], records[entry.id] = entry, record
        record.finish()
    for entry in entries.values():
        for other in entry.related:
            if other not in entries:
                raise records[entry.id].fault("related", f"related entry {other!r} does not exist", "Correct its id")
    return {entry.id: _kindred(entry, entries) for entry in entries.values()}


def _entry_pair(record: Record, file: Path, laws: Mapping[str, Law]) -> Iterator[Entry]:
    own_id = identifier(record, file.stem)
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
        in_force_until=record.day("in_force_until", None),
        file=record.name,
    )
    _check_window(record, base)
    part = record.part("community")
    if part is None:
        yield _with_earlier(record, base, laws)
        return
    if base.kind is not Kind.BOTH:
        raise record.fault("kind", f"kind is {base.kind} beside a community part", "Write kind: both")
    yield _with_earlier(record, replace(base, kind=Kind.VILLAGE, counterpart=own_id + COMMUNITY_SUFFIX), laws)
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
    entry = _with_earlier(part, entry, laws)
    part.finish()
    return entry


def _with_earlier(record: Record, entry: Entry, laws: Mapping[str, Law]) -> Entry:
    part = record.part("earlier")
    if part is None:
        return entry
    provisions = _provisions(part, laws)
    earlier = replace(
        entry,
        answer=part.text("answer", entry.answer),
        more=part.text("more", entry.more),
        provisions=provisions,
        in_force_from=part.day("in_force_from", max(laws[p.law_id].in_force_from for p in provisions)),
        in_force_until=part.day("in_force_until", entry.in_force_from - timedelta(days=1)),
    )
    _check_window(part, earlier)
    if earlier.in_force_until is None or earlier.in_force_until >= entry.in_force_from:
        last = entry.in_force_from - timedelta(days=1)
        raise part.fault("in_force_until", "the earlier wording overlaps the present one", f"End it on {last}")
    part.finish()
    return replace(entry, earlier=earlier)


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


def _check_window(record: Record, entry: Entry) -> None:
    fault = window_fault(record, entry.in_force_from, entry.in_force_until)
    if fault is not None:
        raise fault


def window_fault(record: Record, first: date, last: date | None) -> ContentError | None:
    """What is wrong with a window that ends before it begins."""
    if last is not None and last < first:
        return record.fault("in_force_until", f"the window ends on {last}, before it begins", f"Use {first} or later")
    return None


def _check_figures(record: Record, entry: Entry, topics: frozenset[str]) -> None:
    earlier = entry.earlier
    texts = (entry.answer, entry.more, *((earlier.answer, earlier.more) if earlier else ()))
    for name in sorted(placeholder_names(*texts)):
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
