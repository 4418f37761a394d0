"""Commitment packs: which papers a candidate signs, in which words, in which version.

A pack is content (content/commitments). Its text is hashed; the hash is what a signature names, so a changed word
is a different paper. Packs marked `is_template` are ours and are to be replaced by the place's own text.
"""

import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from knowledge.errors import ContentError

CONTENT = Path(__file__).parents[1] / "content" / "commitments"


@dataclass(frozen=True, slots=True)
class Commitment:
    """One paper: its title, what it is about in a few words, and its clauses."""

    kind: str
    title: str
    says: str
    clauses: tuple[str, ...]

    @property
    def text(self) -> str:
        """The text a person reads and signs."""
        return "\n".join(f"{number}. {clause}" for number, clause in enumerate(self.clauses, 1))

    @property
    def text_hash(self) -> str:
        """SHA-256 of title and text, 64 hexadecimal digits."""
        return hashlib.sha256(f"{self.title}\n{self.text}".encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class CommitmentPack:
    """The papers of one pack in one version, in signing order."""

    pack: str
    version: str
    name: str
    is_template: bool
    blocks_candidacy: bool
    commitments: tuple[Commitment, ...]

    def commitment(self, kind: str) -> Commitment | None:
        """A paper by kind."""
        return next((paper for paper in self.commitments if paper.kind == kind), None)


@cache
def load_packs() -> dict[str, CommitmentPack]:
    """Every pack on file, by name.

    Raises:
        ContentError: A file lacks a field, or a paper has no clause.
    """
    packs = (_pack(path, yaml.safe_load(path.read_text(encoding="utf-8"))) for path in sorted(CONTENT.glob("*.yaml")))
    return {pack.pack: pack for pack in packs}


def _pack(path: Path, data: dict[str, Any]) -> CommitmentPack:
    for name in ("pack", "version", "name", "is_template", "blocks_candidacy", "commitments"):
        if name not in data:
            raise ContentError(path.name, 0, f"field {name} is missing", "Copy the shape of three_commitments.yaml")
    papers = tuple(
        Commitment(paper["kind"], paper["title"], paper["says"], tuple(paper.get("clauses") or ()))
        for paper in data["commitments"]
    )
    empty = next((paper.kind for paper in papers if not paper.clauses), None)
    if empty:
        raise ContentError(path.name, 0, f"{empty} has no clause", "Enter the local text; nothing is invented for you")
    return CommitmentPack(
        data["pack"], str(data["version"]), data["name"], data["is_template"], data["blocks_candidacy"], papers
    )
