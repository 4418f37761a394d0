"""Reads content/search: concepts, fillers, sound-alikes, matters outside our scope.

What a newcomer gets wrong: these files are content, not code. A dialect word that is missed is added there, under
the concept it means; no rule of the ranking names a word.
"""

from collections.abc import Iterator
from pathlib import Path
from types import MappingProxyType

from knowledge.model import Compound, Concept, ConceptGroup, Intent, OutsideMatter, SearchWords, Talk
from knowledge.records import Record, identifier, read_record


def read_search_words(root: Path) -> SearchWords:
    """The words of a content folder.

    Raises:
        ContentError: A file is wrong.
    """
    words = read_record(root / "search" / "words.yaml", root)
    concepts, compounds = _concepts(root)
    pairs = {pair.text("wrong"): pair.text("right") for pair in words.records("corrections")}
    result = SearchWords(
        concepts=concepts,
        compounds=compounds,
        fillers=words.texts("fillers"),
        corrections=MappingProxyType(pairs),
        outside=tuple(_outside(root)),
        talk=tuple(_talk(root)),
        village_words=words.texts("village_words"),
        community_words=words.texts("community_words"),
        ordinary_words=words.texts("ordinary_words"),
        sound_terms=words.texts("sound_terms"),
    )
    words.finish()
    return result


def _concepts(root: Path) -> tuple[tuple[Concept, ...], tuple[Compound, ...]]:
    record = read_record(root / "search" / "concepts.yaml", root)
    concepts = []
    for group in ConceptGroup:
        for item in record.records(group.value):
            concepts.append(Concept(item.text("id"), item.texts("words"), group))
            item.finish()
    compounds = [_compound(item, {concept.id for concept in concepts}) for item in record.records("compounds")]
    record.finish()
    return tuple(concepts), tuple(compounds)


def _compound(item: Record, known: set[str]) -> Compound:
    compound = Compound(frozenset(item.texts("all")), item.text("means"))
    for concept in (*sorted(compound.parts), compound.means):
        if concept not in known:
            raise item.fault("all", f"concept {concept!r} does not exist", "Correct its id, or add the concept")
    item.finish()
    return compound


def _outside(root: Path) -> Iterator[OutsideMatter]:
    for file in sorted((root / "outside").glob("*.yaml")):
        record = read_record(file, root)
        yield OutsideMatter(
            identifier(record, file.stem),
            record.text("door"),
            record.texts("words", ()),
            record.texts("questions"),
            record.flag("reportable"),
        )
        record.finish()


def _talk(root: Path) -> Iterator[Talk]:
    for file in sorted((root / "talk").glob("*.yaml")):
        record = read_record(file, root)
        yield Talk(identifier(record, file.stem), record.choice("intent", Intent), record.texts("questions"))
        record.finish()
