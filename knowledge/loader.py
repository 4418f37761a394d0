"""Reads knowledge/content, checks every reference in it, and hands out one `KnowledgeBase`.

What a newcomer gets wrong: nothing is loaded half. A file with a fault stops the start with a `ContentError` that
names file, line, fault and cure, because a wrong answer is worse than no answer.
"""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Final

from knowledge.entry_files import read_entries
from knowledge.model import Clock, Clocks, Jurisdiction, Kind, KnowledgeBase, Law, Status
from knowledge.records import Record, identifier, read_record
from knowledge.rules.placeholders import rule_topics
from knowledge.rules.reading import read_rules
from knowledge.search.words import read_search_words

CONTENT: Final = Path(__file__).parent / "content"


@cache
def load_knowledge() -> KnowledgeBase:
    """The project's own content, read once for each process.

    Raises:
        ContentError: A file is wrong.
    """
    return load_from(CONTENT)


@cache
def load_laws(root: Path = CONTENT) -> MappingProxyType[str, Law]:
    """The laws of a folder alone, by id: a fraction of the work, for what only cites.

    Raises:
        ContentError: A file is wrong.
    """
    return MappingProxyType({law.id: law for _, law in _laws(root)})


def load_from(root: Path) -> KnowledgeBase:
    """Content of any folder of the same shape.

    Raises:
        ContentError: A file is wrong.
    """
    laws = {record.data["id"]: law for record, law in _laws(root)}
    places = _jurisdictions(root)
    rules = tuple(rule for file in _files(root, "rules") for rule in read_rules(file, root, laws, places))
    topics = frozenset(rule.topic for rule in rules)
    entries = read_entries(root, laws, topics)
    return KnowledgeBase(
        laws=MappingProxyType(laws),
        rules=rules,
        entries=MappingProxyType(entries),
        jurisdictions=MappingProxyType(places),
        words=read_search_words(root),
        clocks=_clocks(root, topics, frozenset(entries)),
    )


def _files(root: Path, folder: str) -> list[Path]:
    return sorted((root / folder).rglob("*.yaml"))


def _laws(root: Path) -> Iterator[tuple[Record, Law]]:
    for file in _files(root, "laws"):
        record = read_record(file, root)
        law = Law(
            id=identifier(record, file.stem),
            name=record.text("name"),
            version=record.text("version"),
            in_force_from=record.day("in_force_from"),
            articles=record.whole("articles"),
            status=record.choice("status", Status),
            aliases=record.texts("aliases", ()),
            in_force_until=record.day("in_force_until", None),
        )
        record.texts("provisions", ())
        record.text("note", "")
        record.finish()
        yield record, law


def _jurisdictions(root: Path) -> dict[str, Jurisdiction]:
    record = read_record(root / "search" / "jurisdictions.yaml", root)
    places = {}
    for item in record.records("jurisdictions"):
        place = Jurisdiction(item.text("id"), item.text("name"), item.texts("names", ()))
        item.finish()
        places[place.id] = place
    record.finish()
    return places


def _clocks(root: Path, topics: frozenset[str], entries: frozenset[str]) -> Clocks:
    record = read_record(root / "search" / "clocks.yaml", root)
    clocks = []
    for item in record.records("clocks"):
        rule, entry = item.text("rule"), item.text("entry")
        if not any(topic in topics for kind in Kind for topic in rule_topics(rule, kind)):
            raise item.fault("rule", f"no rule is on {rule!r}", "Add the rule, or correct the name")
        if entry not in entries:
            raise item.fault("entry", f"entry {entry!r} does not exist", "Correct its id")
        clocks.append(
            Clock(rule, entry, item.texts("about"), item.texts("begins"), item.text("says"), item.flag("back"))
        )
        item.finish()
    found = Clocks(record.texts("asks_when"), tuple(clocks))
    record.finish()
    return found
