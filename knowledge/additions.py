"""Entries written at a deployment's desk, put beside the shipped ones.

What a newcomer gets wrong: such an entry is said to people of its place only, so a knowledge base with additions is
one place's; `for_place` picks them. A local document (a township's notice, say) becomes a source like a law, but one
without articles: it is cited by its name and date.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from types import MappingProxyType
from typing import Final

from knowledge.jurisdiction import lineage
from knowledge.model import Entry, Kind, KnowledgeBase, Law, Provision, Status

TOPIC: Final = "local"
_GOOD_FOR: Final = timedelta(days=182)
_ARTICLE: Final = re.compile(r"[0-9]{1,4}(?:-[0-9]{1,2})?")


@dataclass(frozen=True, slots=True)
class LocalDocument:
    """A document of the place itself that an entry rests on."""

    name: str
    dated: date


@dataclass(frozen=True, slots=True)
class Addition:
    """An entry written at the desk with the documents it brings along."""

    entry: Entry
    documents: tuple[Law, ...] = ()


def addition(
    *,
    entry_id: str,
    questions: tuple[str, ...],
    answer: str,
    more: str,
    kind: Kind,
    provisions: tuple[Provision, ...],
    documents: tuple[LocalDocument, ...],
    written_on: date,
    in_force_from: date,
    in_force_until: date | None,
    place_path: str,
) -> Addition:
    """What was written at the desk as the search and the rendering know it."""
    laws = tuple(_as_law(entry_id, number, one, in_force_from) for number, one in enumerate(documents, 1))
    entry = Entry(
        id=entry_id,
        topic=TOPIC,
        kind=kind,
        questions=questions,
        answer=answer,
        more=more,
        provisions=(*provisions, *(Provision(law.id, "") for law in laws)),
        related=(),
        local_topic="",
        status=Status.LOCAL_POLICY,
        last_verified=written_on,
        due_again=written_on + _GOOD_FOR,
        in_force_from=in_force_from,
        in_force_until=in_force_until,
        place_path=place_path,
    )
    return Addition(entry, laws)


def for_place(additions: Iterable[Addition], place_path: str) -> list[Addition]:
    """Those that hold where a person lives: written for that place or for one it lies in."""
    above = set(lineage(place_path))
    return [one for one in additions if one.entry.place_path in above]


def extend(knowledge: KnowledgeBase, additions: Sequence[Addition]) -> KnowledgeBase:
    """The shipped knowledge with additions; one whose id is taken or whose source is unknown is left out.

    A source may go with a newer version of the program. Silence is better than an answer that cites nothing.
    """
    entries, laws = dict(knowledge.entries), dict(knowledge.laws)
    for one in additions:
        documents = {law.id: law for law in one.documents}
        sources = {provision.law_id for provision in one.entry.provisions}
        if one.entry.id in entries or documents.keys() & laws.keys() or sources - laws.keys() - documents.keys():
            continue
        laws |= documents
        entries[one.entry.id] = one.entry
    return replace(knowledge, entries=MappingProxyType(entries), laws=MappingProxyType(laws))


def resolve(knowledge: KnowledgeBase, law_id: str, article: str) -> Provision | None:
    """The provision of a law and an article such as `18` or `18-1`; None when the law on file has no such article."""
    law = knowledge.laws.get(law_id)
    if law is None or not _ARTICLE.fullmatch(article) or not 1 <= int(article.partition("-")[0]) <= law.articles:
        return None
    return Provision(law.id, article)


def _as_law(entry_id: str, number: int, document: LocalDocument, in_force_from: date) -> Law:
    dated = document.dated
    return Law(
        id=f"{entry_id}-document-{number}",
        name=document.name,
        version=f"{dated.year}年{dated.month}月{dated.day}日",
        in_force_from=min(dated, in_force_from),
        articles=0,
        status=Status.LOCAL_POLICY,
        aliases=(),
    )
