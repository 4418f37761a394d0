"""What of a case is covered: asked for by one person, decided by another, and laid over a text whenever it is read.

The one place where covered text is left out. Every repository that opens a reporter's account, a message, a note or a
clause of a report asks here first (`Redactions.over`). The sealed original is never touched; only an auditor sees it,
for a purpose, on record (`handlers/services/redactions.py`). Rules that look by themselves (recusal, likeness) read the
original: nobody else does.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import insert, select, update

from storage.repositories.base import Repository
from storage.tables.cases import cases
from storage.tables.exports import redaction

REASON: Final = "case.redaction"
COVER: Final = "【已遮盖】"
Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Redaction:
    """One request and what became of it. `target`: a field of the account, or the id of a message, note or file."""

    id: int
    case_id: int
    kind: str
    target: str
    spans: tuple[Span, ...]
    reason: str
    asked_by: int
    asked_at: datetime
    decision: str | None
    decided_by: int | None
    decided_at: datetime | None


@dataclass(frozen=True, slots=True)
class Covered:
    """What of one case is covered; `phrases` are covered words of the account, clauses of which stand elsewhere too."""

    spans: Mapping[tuple[str, str], tuple[Span, ...]]
    phrases: tuple[str, ...] = ()

    def text(self, kind: str, target: object, original: str) -> str:
        """A text as it is shown."""
        return covered(original, self.spans.get((kind, str(target)), ()))

    def account(self, narrative: Mapping[str, Any]) -> dict[str, Any]:
        """A reporter's account as it is shown."""
        return {
            name: self.text("narrative", name, said) if isinstance(said, str) else said
            for name, said in narrative.items()
        }

    def clause(self, quoted: str) -> str:
        """Words taken out of the account, as they are shown."""
        for phrase in self.phrases:
            quoted = quoted.replace(phrase, COVER)
        return quoted

    def hides(self, file_id: str) -> bool:
        """Whether a file is out of view."""
        return ("file", file_id) in self.spans


def covered(original: str, spans: Iterable[Span]) -> str:
    """A text with some stretches covered; those that overlap or touch are one."""
    shown, at = "", 0
    for start, end in _joined(spans):
        shown += original[at:start] + COVER
        at = end
    return shown + original[at:]


def _joined(spans: Iterable[Span]) -> list[Span]:
    joined: list[Span] = []
    for start, length in sorted(spans):
        end = start + length
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((start, end))
    return joined


class Redactions(Repository):
    """Asks for, decides and finds redactions."""

    async def over(self, case_id: int) -> Covered:
        """What of a case is covered."""
        return (await self.over_all([case_id])).get(case_id, Covered({}))

    async def over_all(self, ids: Sequence[int]) -> dict[int, Covered]:
        """What of some cases is covered; those of which nothing is are left out."""
        query = select(redaction.c.case_id, redaction.c.kind, redaction.c.target, redaction.c.spans)
        rows = await self._uow.read(query.where(redaction.c.case_id.in_(ids), redaction.c.decision == "approved"))
        found: dict[int, dict[tuple[str, str], tuple[Span, ...]]] = defaultdict(dict)
        for row in rows:
            key = (row.kind, row.target)
            found[row.case_id][key] = (*found[row.case_id].get(key, ()), *_spans(row.spans))
        cut = {case_id for case_id, spans in found.items() if any(kind == "narrative" for kind, _ in spans)}
        phrases = await self._phrases(cut, found)
        return {case_id: Covered(spans, phrases.get(case_id, ())) for case_id, spans in found.items()}

    async def _phrases(
        self, ids: set[int], found: Mapping[int, Mapping[tuple[str, str], tuple[Span, ...]]]
    ) -> dict[int, tuple[str, ...]]:
        if not ids:
            return {}
        rows = await self._uow.read(select(cases.c.id, cases.c.narrative_sealed).where(cases.c.id.in_(ids)))
        phrases: dict[int, tuple[str, ...]] = {}
        for row in rows:
            told = json.loads(self._keys.open_text("case.narrative", row.narrative_sealed))
            cut = {
                str(told.get(target, ""))[start:end]
                for (kind, target), spans in found[row.id].items()
                if kind == "narrative"
                for start, end in _joined(spans)
            }
            phrases[row.id] = tuple(sorted(filter(None, cut), key=len, reverse=True))
        return phrases

    async def ask(self, case_id: int, *, kind: str, target: str, spans: Sequence[Span], reason: str, by: int) -> int:
        """Ask that something be covered; returns the request's id.

        Raises:
            RuleRefused: It does not belong to the case, or this official may not read the case.
        """
        made = await self._uow.execute(
            insert(redaction)
            .values(
                case_id=case_id,
                kind=kind,
                target=target,
                spans=[list(one) for one in spans],
                reason_sealed=self._keys.seal_text(REASON, reason),
                asked_by=by,
                asked_at=self._uow.clock.now(),
            )
            .returning(redaction.c.id)
        )
        return int(made.scalar_one())

    async def decide(self, redaction_id: int, decision: str, *, by: int) -> None:
        """Approve or refuse.

        Raises:
            RuleRefused: It was decided, was asked for by the same person, or this official may not decide it.
        """
        await self._uow.execute(
            update(redaction)
            .where(redaction.c.id == redaction_id)
            .values(decision=decision, decided_by=by, decided_at=self._uow.clock.now())
        )

    async def of_case(self, case_id: int) -> list[Redaction]:
        """Every request about a case, oldest first."""
        query = select(redaction).where(redaction.c.case_id == case_id).order_by(redaction.c.id)
        return [self._opened(row) for row in await self._uow.read(query)]

    def _opened(self, row: Any) -> Redaction:
        return Redaction(
            row.id,
            row.case_id,
            row.kind,
            row.target,
            _spans(row.spans),
            self._keys.open_text(REASON, row.reason_sealed),
            row.asked_by,
            row.asked_at,
            row.decision,
            row.decided_by,
            row.decided_at,
        )


def _spans(kept: Iterable[Sequence[int]]) -> tuple[Span, ...]:
    return tuple((int(start), int(length)) for start, length in kept)
