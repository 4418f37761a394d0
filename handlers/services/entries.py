"""Entries written at the desk: drafted with a source, reviewed by a second person, published, withdrawn, all kept.

What a newcomer gets wrong: publishing is not saving. A version is written once and never changed; a second person
approves or returns it; only then somebody may publish it, and publishing an older version again is one more row. The
database refuses what this module explains (enforcement/0002).
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from typing import Final

from handlers.services.answer_book import AnswerBook, as_addition
from handlers.services.errors import BadFields, BadInput, NotAllowed, NotFound
from handlers.services.notices import tell_seats
from knowledge.additions import resolve
from knowledge.casework.access import WRITING_ROLES, Permission, covers, may
from knowledge.clock import local_date
from knowledge.entry_files import LABEL_LENGTH
from knowledge.masking import is_masked, mask
from knowledge.model import Entry, Kind, KnowledgeBase
from knowledge.rules.wording import chinese_number
from knowledge.search.grouping import bare
from storage.errors import StaleVersion
from storage.repositories.entries import EntryVersion, Publication, Source, Wording
from storage.repositories.officials import Official
from storage.unit_of_work import UnitOfWork

LONGEST_ANSWER: Final = 120
LONGEST_MORE: Final = 1_000
LONGEST_WAY: Final = 60
FEWEST_WAYS: Final = 3
MOST_WAYS: Final = 50
LONGEST_DOCUMENT: Final = 80
LONGEST_NOTE: Final = 500
LAW_ROWS: Final = 2
APPROVED: Final = "approved"
RETURNED: Final = "returned"
_FIGURE: Final = "{{"
_LAST_ARTICLE: Final = 600
_SPELLED: Final = {chinese_number(number): str(number) for number in range(1, _LAST_ARTICLE)}
_ARTICLE: Final = re.compile(r"第?([0-9]+|[一二三四五六七八九十百零]+)条?(?:(?:之|-)([0-9]+|[一二三四五六七八九十]+))?")


@dataclass(frozen=True, slots=True)
class TypedEntry:
    """The form as somebody filled it in. `laws` are pairs of a law's id and what was typed for the article."""

    place_path: str
    kind: str
    label: str
    questions: str
    answer: str
    more: str
    laws: tuple[tuple[str, str], ...]
    document: str
    document_dated: str
    in_force_from: str
    in_force_until: str


@dataclass(frozen=True, slots=True)
class EntryView:
    """An entry with everything that ever happened to it, oldest first."""

    entry_id: str
    versions: tuple[EntryVersion, ...]
    publications: tuple[Publication, ...]

    @property
    def latest(self) -> EntryVersion:
        """The newest version."""
        return self.versions[-1]

    @property
    def in_force(self) -> EntryVersion | None:
        """The version that people get now."""
        last = self.publications[-1].version_id if self.publications else None
        return next((version for version in self.versions if version.id == last), None)

    @property
    def is_withdrawn(self) -> bool:
        """Whether it was published once and is not any more."""
        return bool(self.publications) and self.in_force is None

    @property
    def waits(self) -> EntryVersion | None:
        """The newest version, while nobody has reviewed it."""
        return self.latest if self.latest.review is None else None


async def listing(uow: UnitOfWork, official: Official) -> list[EntryView]:
    """Every entry of the official's place, newest first."""
    _require(official)
    by_entry: dict[str, list[EntryVersion]] = {}
    for version in await uow.entries.within(official.place_path):
        by_entry.setdefault(version.entry_id, []).append(version)
    happened: dict[str, list[Publication]] = {}
    for one in await uow.entries.publications(list(by_entry)):
        happened.setdefault(one.entry_id, []).append(one)
    views = [EntryView(name, tuple(all_), tuple(happened.get(name, ()))) for name, all_ in by_entry.items()]
    return sorted(views, key=lambda view: -view.latest.id)


async def to_review(uow: UnitOfWork, official: Official) -> int:
    """How many entries wait for this official's review."""
    return sum(1 for view in await listing(uow, official) if view.waits and view.waits.author_id != official.id)


async def read(uow: UnitOfWork, official: Official, entry_id: str) -> EntryView:
    """One entry.

    Raises:
        NotFound: There is none in the official's place.
    """
    _require(official)
    versions = await uow.entries.versions(entry_id)
    if not versions or not covers(official.place_path, versions[0].place_path):
        raise NotFound("entry")
    return EntryView(entry_id, tuple(versions), tuple(await uow.entries.publications([entry_id])))


async def first_way(uow: UnitOfWork, official: Official, inquiry_id: int) -> str:
    """What an entry made from a question begins with: the question, masked.

    Raises:
        NotFound: There is no such question in the official's place.
    """
    _require(official)
    found = await uow.inquiries.one_of(official.place_path, inquiry_id)
    if found is None:
        raise NotFound("inquiry")
    return " ".join(mask(found.question).split())[:LONGEST_WAY]


async def write(
    uow: UnitOfWork,
    official: Official,
    typed: TypedEntry,
    book: AnswerBook,
    *,
    entry_id: str | None = None,
    from_inquiry: int | None = None,
) -> str:
    """Write an entry, or the next version of one; returns its id. It waits for a second person then.

    Raises:
        BadFields: Something is wrong in the form.
        NotFound: There is no such entry or question in the official's place.
    """
    _require(official)
    await uow.begin()
    known = await read(uow, official, entry_id) if entry_id else None
    if known is not None:
        typed = replace(typed, place_path=known.latest.place_path)
        from_inquiry = known.latest.from_inquiry
    elif from_inquiry is not None and await uow.inquiries.one_of(official.place_path, from_inquiry) is None:
        raise NotFound("inquiry")
    wording = await _checked(uow, official, typed, book, known.entry_id if known else "")
    entry_id = known.entry_id if known else await uow.entries.next_id()
    number = len(known.versions) + 1 if known else 1
    await uow.entries.add_version(entry_id, number, wording, author_id=official.id, from_inquiry=from_inquiry)
    cause = f"entry/{entry_id}/{number}"
    await tell_seats(uow, WRITING_ROLES, wording.place_path, cause=cause, but=official.id)
    await _record(uow, official, "entry_written", entry_id, number)
    return entry_id


async def review(
    uow: UnitOfWork, official: Official, entry_id: str, version_id: int, *, verdict: str, note: str
) -> None:
    """Approve or return a version somebody else wrote.

    Raises:
        BadInput: It is one's own, the verdict is missing, or a return has no reason.
        StaleVersion: There is a newer version, or somebody else was quicker.
    """
    await uow.begin()
    version = _of(await read(uow, official, entry_id), version_id)
    note = note.strip()
    if verdict not in (APPROVED, RETURNED):
        raise BadInput("verdict", "unknown")
    if version.author_id == official.id:
        raise BadInput("verdict", "own")
    if verdict == RETURNED and not note:
        raise BadInput("note", "no_reason")
    if len(note) > LONGEST_NOTE:
        raise BadInput("note", "too_long")
    if version.review is not None:
        raise StaleVersion(f"entry/{entry_id}")
    await uow.entries.review(version_id, verdict=verdict, note=note, reviewer_id=official.id)
    await _record(uow, official, f"entry_{verdict}", entry_id, version.number)


async def publish(uow: UnitOfWork, official: Official, entry_id: str, version_id: int, book: AnswerBook) -> None:
    """Give people a version from now on: the newest, or an older one again.

    Raises:
        BadInput: It was not approved, or its ways of asking are answered by something else meanwhile.
        StaleVersion: People get this very version already.
    """
    await uow.begin()
    view = await read(uow, official, entry_id)
    version = _of(view, version_id)
    if version.review is None or not version.review.approved:
        raise BadInput("version", "not_approved")
    if view.in_force and view.in_force.id == version_id:
        raise StaleVersion(f"entry/{entry_id}")
    others = await uow.entries.published()
    if _taken((version.label, *version.questions), version.place_path, entry_id, book, others):
        raise BadInput("version", "taken")
    await uow.entries.publish(entry_id, version_id, official_id=official.id)
    await _record(uow, official, "entry_published", entry_id, version.number)


async def withdraw(uow: UnitOfWork, official: Official, entry_id: str) -> None:
    """Give people this entry no longer.

    Raises:
        StaleVersion: They do not get it now.
    """
    await uow.begin()
    view = await read(uow, official, entry_id)
    if view.in_force is None:
        raise StaleVersion(f"entry/{entry_id}")
    await uow.entries.publish(entry_id, None, official_id=official.id)
    await _record(uow, official, "entry_withdrawn", entry_id, view.in_force.number)


def article_number(typed: str) -> str:
    """An article as laws are cited here, empty when it cannot be read.

    >>> article_number("第十八条"), article_number("18"), article_number("第253条之一"), article_number("附则")
    ('18', '18', '253-1', '')
    """
    match = _ARTICLE.fullmatch(re.sub(r"\s", "", unicodedata.normalize("NFKC", typed)))
    if match is None:
        return ""
    number, sub = (_SPELLED.get(part, part) if part else "" for part in match.groups())
    if not number.isdecimal() or (sub and not sub.isdecimal()):
        return ""
    return f"{int(number)}-{int(sub)}" if sub else str(int(number))


async def _checked(uow: UnitOfWork, official: Official, typed: TypedEntry, book: AnswerBook, entry_id: str) -> Wording:
    """The wording behind a form, or everything that is wrong with it at once."""
    today = local_date(uow.clock.now())
    ways = _ways(typed.questions)
    label, answer, more = typed.label.strip(), typed.answer.strip(), typed.more.strip()
    sources, faults = _sources(typed, book, today)
    first, last = _day(typed.in_force_from), _day(typed.in_force_until)
    place = await uow.places.by_path(typed.place_path)
    if place is None or not covers(official.place_path, place.path):
        faults.append(BadInput("place", "unknown"))
    if typed.kind not in set(Kind):
        faults.append(BadInput("kind", "unknown"))
    faults += [*_label_faults(label), *_way_faults(ways), *_text_faults(answer, more)]
    faults += _window_faults(typed, first, last, today)
    taken = _taken((label, *ways), typed.place_path, entry_id, book, await uow.entries.published())
    named = {way for way, _ in taken}
    if label in named:
        faults.append(BadInput("label", "taken"))
    if named - {label}:
        faults.append(BadInput("questions", "taken"))
    if faults or first is None:
        raise BadFields(tuple(faults), tuple(taken))
    return Wording(typed.place_path, Kind(typed.kind), label, ways, answer, more, sources, first, last)


def _ways(typed: str) -> tuple[str, ...]:
    """Ways of asking, one a line, none twice."""
    lines = (" ".join(line.split()) for line in typed.splitlines())
    return tuple({bare(line): line for line in reversed([one for one in lines if one])}.values())[::-1]


def _label_faults(label: str) -> Iterable[BadInput]:
    if not bare(label):
        yield BadInput("label", "empty")
    if len(label) > LABEL_LENGTH:
        yield BadInput("label", "too_long")
    if is_masked(label):
        yield BadInput("label", "personal")


def _way_faults(ways: Sequence[str]) -> Iterable[BadInput]:
    if len(ways) < FEWEST_WAYS:
        yield BadInput("questions", "too_few")
    if len(ways) > MOST_WAYS:
        yield BadInput("questions", "too_many")
    if any(len(way) > LONGEST_WAY for way in ways):
        yield BadInput("questions", "too_long")
    if any(is_masked(way) for way in ways):
        yield BadInput("questions", "personal")


def _text_faults(answer: str, more: str) -> Iterable[BadInput]:
    if not answer:
        yield BadInput("answer", "empty")
    if len(answer) > LONGEST_ANSWER:
        yield BadInput("answer", "too_long")
    if len(more) > LONGEST_MORE:
        yield BadInput("more", "too_long")
    if _FIGURE in answer:
        yield BadInput("answer", "figure")
    if _FIGURE in more:
        yield BadInput("more", "figure")


def _window_faults(typed: TypedEntry, first: date | None, last: date | None, today: date) -> Iterable[BadInput]:
    if first is None:
        yield BadInput("in_force_from", "no_date")
    if typed.in_force_until.strip() and last is None:
        yield BadInput("in_force_until", "no_date")
    if first and last and last < first:
        yield BadInput("in_force_until", "before_it_begins")
    elif last and last < today:
        yield BadInput("in_force_until", "over")


def _sources(typed: TypedEntry, book: AnswerBook, today: date) -> tuple[tuple[Source, ...], list[BadInput]]:
    found: list[Source] = []
    faults: list[BadInput] = []
    for law_id, article in typed.laws:
        if not law_id and not article.strip():
            continue
        provision = resolve(book.knowledge, law_id, article_number(article))
        if provision is None:
            faults.append(BadInput("sources", "no_such_article"))
        else:
            found.append(Source(law_id=provision.law_id, article=provision.article))
    name, dated = " ".join(typed.document.split()), _day(typed.document_dated)
    if len(name) > LONGEST_DOCUMENT:
        faults.append(BadInput("document", "too_long"))
    if name and (dated is None or dated > today):
        faults.append(BadInput("document_dated", "no_date"))
    if typed.document_dated.strip() and not name:
        faults.append(BadInput("document", "empty"))
    if name and dated:
        found.append(Source(name=name, dated=dated))
    if not found and not faults:
        faults.append(BadInput("sources", "none"))
    return tuple(dict.fromkeys(found)), faults


def _taken(
    ways: Sequence[str], place_path: str, entry_id: str, book: AnswerBook, published: Sequence[EntryVersion]
) -> list[tuple[str, str]]:
    """Ways of asking that something else answers already where this entry would be said, with what that is."""
    near = (
        as_addition(one).entry
        for one in published
        if one.entry_id != entry_id and (covers(one.place_path, place_path) or covers(place_path, one.place_path))
    )
    shipped, local = _owners(book.knowledge), _by_question(near)
    found = ((way, shipped.get(bare(way)) or local.get(bare(way))) for way in dict.fromkeys(ways))
    return [(way, owner.label) for way, owner in found if owner is not None]


@lru_cache(maxsize=2)
def _owners(knowledge: KnowledgeBase) -> dict[str, Entry]:
    """Who answers each shipped way of asking; half a second of work, done once."""
    return _by_question(knowledge.entries.values())


def _by_question(entries: Iterable[Entry]) -> dict[str, Entry]:
    owners: dict[str, Entry] = {}
    for entry in entries:
        for asked in entry.questions:
            owners.setdefault(bare(asked), entry)
    return owners


def _day(typed: str) -> date | None:
    try:
        return date.fromisoformat(typed.strip())
    except ValueError:
        return None


def _of(view: EntryView, version_id: int) -> EntryVersion:
    found = next((version for version in view.versions if version.id == version_id), None)
    if found is None:
        raise NotFound("entry")
    return found


async def _record(uow: UnitOfWork, official: Official, act: str, entry_id: str, number: int) -> None:
    await uow.log.record(actor=f"official/{official.id}", act=act, subject=f"entry/{entry_id}", version=number)


def _require(official: Official) -> None:
    if not (official.active and may(official.role, Permission.WRITE_ENTRIES)):
        raise NotAllowed
