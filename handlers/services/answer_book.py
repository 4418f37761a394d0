"""The answers in force: shipped knowledge with what this deployment's desk has published, changed without a restart.

What a newcomer gets wrong: the book holds no truth, the tables do. `refresh` compares the newest publication with
the one it knows, and swaps everything at once; a process that published nothing finds the others' by looking every
now and then. An entry of a place needs an index of its own (its words must not weigh on other places' questions), so
an `Answerer` is made for each place that has some, at its first question, and the oldest are let go.
"""

import asyncio
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Final

import structlog

from knowledge.additions import Addition, LocalDocument, addition, extend, for_place
from knowledge.answering import Answerer
from knowledge.clock import local_date
from knowledge.jurisdiction import lineage
from knowledge.model import KnowledgeBase, Provision
from storage.repositories.entries import EntryVersion
from storage.unit_of_work import Storage

log = structlog.stdlib.get_logger(__name__)

MOST_PLACES: Final = 32


@dataclass(slots=True)
class _Edition:
    """Everything that belongs to one state of the publications."""

    publication: int
    additions: tuple[Addition, ...] = ()
    places: frozenset[str] = frozenset()
    answerers: OrderedDict[str, Answerer] = field(default_factory=OrderedDict)


class AnswerBook:
    """The running answerer of every place."""

    def __init__(self, knowledge: KnowledgeBase, shipped: Answerer) -> None:
        self.knowledge = knowledge
        self.lexicon = shipped.lexicon
        self._shipped = shipped
        self._edition = _Edition(0)
        self._turn = asyncio.Lock()

    @property
    def additions(self) -> tuple[Addition, ...]:
        """What is published now."""
        return self._edition.additions

    async def at(self, place_path: str) -> Answerer:
        """The answerer for people of a place; an empty path means that the place is not known."""
        edition = self._edition
        place = next((path for path in lineage(place_path) if path in edition.places), None)
        if place is None:
            return self._shipped
        if place not in edition.answerers:
            async with self._turn:
                if place not in edition.answerers:
                    edition.answerers[place] = await asyncio.to_thread(self._made_for, place, edition)
                    if len(edition.answerers) > MOST_PLACES:
                        edition.answerers.popitem(last=False)
        return edition.answerers[place]

    async def refresh(self, storage: Storage) -> bool:
        """Take over what was published since; whether there was anything."""
        async with storage.unit_of_work() as uow:
            newest = await uow.entries.newest_publication()
            if newest <= self._edition.publication:
                return False
            published = await uow.entries.published()
        additions = tuple(as_addition(version) for version in published)
        places = frozenset(one.entry.place_path for one in additions)
        self._edition = _Edition(newest, additions, places)
        log.info("answer_book_refreshed", publication=newest, entries=len(additions))
        return True

    def _made_for(self, place: str, edition: _Edition) -> Answerer:
        return Answerer(extend(self.knowledge, for_place(edition.additions, place)))


def as_addition(version: EntryVersion) -> Addition:
    """A version as the search knows it."""
    sources = version.sources
    return addition(
        entry_id=version.entry_id,
        questions=(version.label, *(asked for asked in version.questions if asked != version.label)),
        answer=version.answer,
        more=version.more,
        kind=version.kind,
        provisions=tuple(Provision(one.law_id, one.article) for one in sources if one.law_id),
        documents=tuple(LocalDocument(one.name, one.dated) for one in sources if one.dated),
        written_on=local_date(version.created_at),
        in_force_from=version.in_force_from,
        in_force_until=version.in_force_until,
        place_path=version.place_path,
    )
