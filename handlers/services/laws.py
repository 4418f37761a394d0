"""Official texts: entering them, and finding the articles an answer stands on.

What a newcomer gets wrong: a text is taken whole or not at all, and only when everything the content cites of that law
stands in it. What is shown under an answer is the text of the very version the answer cites; a text imported before
the content moved on to a later version is not shown any more.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from knowledge.errors import ContentError, QingfengError
from knowledge.law_texts import LawFile, LawText, read_law
from knowledge.model import Citation, KnowledgeBase, Law
from knowledge.rules.against_texts import LawTextRefused, mismatches, recognise
from storage.unit_of_work import UnitOfWork


@dataclass(slots=True, eq=False)
class LawTextsRefused(QingfengError):
    """Some files cannot be imported; `faults` says why, one each."""

    code: ClassVar[str] = "law_texts_refused"
    faults: tuple[LawTextRefused | ContentError, ...]

    def __str__(self) -> str:
        """One line for each fault."""
        return "\n".join(str(fault) for fault in self.faults)


@dataclass(frozen=True, slots=True)
class Entered:
    """What became of one file; not `is_new` where the same file was there already."""

    file: LawFile
    law: Law
    articles: int
    is_new: bool


@dataclass(frozen=True, slots=True)
class Quoted:
    """An article an answer cites, in the words of the official text."""

    citation: Citation
    text: str


async def import_laws(uow: UnitOfWork, knowledge: KnowledgeBase, files: Sequence[LawFile]) -> list[Entered]:
    """Enter the official texts of laws the content cites, all of them or none.

    Raises:
        LawTextsRefused: A file is no law on file, or not in the version cited, or lacks what the content cites.
    """
    found = _checked(knowledge, files)
    await uow.begin()
    entered = []
    for file, law, text in found:
        known = await uow.laws.latest(law.id)
        is_new = known is None or (known.sha256, known.version) != (file.sha256, law.version)
        if is_new:
            await uow.laws.add(
                law_id=law.id,
                version=law.version,
                sha256=file.sha256,
                file_name=file.name[-200:],
                articles=text.articles,
            )
            await uow.log.record(
                actor="system",
                act="law_imported",
                subject=f"law/{law.id}",
                version=law.version,
                articles=len(text.articles),
                sha256=file.sha256,
            )
        entered.append(Entered(file, law, len(text.articles), is_new))
    return entered


async def quoted(uow: UnitOfWork, citations: Iterable[Citation]) -> tuple[Quoted, ...]:
    """The articles of some citations whose text was imported, in their order."""
    texts = await uow.storage.law_texts.by_law()
    found = []
    for citation in citations:
        text = texts.get(citation.law_id)
        if text is not None and text.imported.version == citation.version and citation.number in text.articles:
            found.append(Quoted(citation, text.articles[citation.number]))
    return tuple(found)


def _checked(knowledge: KnowledgeBase, files: Sequence[LawFile]) -> list[tuple[LawFile, Law, LawText]]:
    found: list[tuple[LawFile, Law, LawText]] = []
    faults: list[LawTextRefused | ContentError] = []
    for file in files:
        text = read_law(file.text)
        try:
            law = recognise(file.name, text, knowledge.laws)
        except LawTextRefused as refused:
            faults.append(refused)
            continue
        other = next((one for one, known, _ in found if known is law), None)
        if other is not None:
            faults.append(LawTextRefused(file.name, f"{other.name} is the same law", "Give one of them"))
            continue
        faults += mismatches(knowledge, {law.id: text})
        found.append((file, law, text))
    if faults:
        raise LawTextsRefused(tuple(faults))
    return found
