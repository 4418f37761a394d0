"""Gates of elections: what was handed in, who reviewed it, and the rules as content published them."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import func, insert, or_, select, update

from knowledge.elections.gates import GateRules, GateState
from knowledge.errors import ContentError
from storage.errors import StaleVersion
from storage.repositories.base import Repository
from storage.tables.elections import election
from storage.tables.gates import gate, gate_evidence, gate_kind, gate_requirement, gate_review, gate_rules
from storage.tables.officials import official, place

WORDS: Final = "election.gate"


@dataclass(frozen=True, slots=True)
class GateRow:
    """One gate of one election, from its first evidence on."""

    id: int
    election_id: int
    code: str
    state: GateState
    round: int
    version: int


@dataclass(frozen=True, slots=True)
class Evidence:
    """Something handed in; `file_id` names a stored file."""

    id: int
    gate_id: int
    round: int
    kind: str
    words: str
    file_id: str | None
    handed_by: int
    handed_by_name: str
    handed_at: datetime


@dataclass(frozen=True, slots=True)
class Review:
    """What a second person said: `approved`, `returned`, or `reopened` by the look-back check."""

    id: int
    gate_id: int
    round: int
    decision: str
    reason: str
    reviewer_id: int
    reviewer_name: str
    reviewed_at: datetime
    after_start: bool


class Gates(Repository):
    """Keeps gates, evidence and reviews. None of them is ever deleted."""

    async def publish(self, rules: GateRules) -> None:
        """Make a version of the content known to the database, whole; a known one is left as it is.

        Raises:
            ContentError: The content differs from what was published under this version.
        """
        known = await self._uow.read(select(gate_rules.c.sha256).where(gate_rules.c.version == rules.version))
        if known:
            if known[0].sha256 != rules.digest:
                raise ContentError(
                    "gates.yaml", 0, f"differs from what was published as {rules.version}", "Raise `version`"
                )
            return
        values = {"version": rules.version, "sha256": rules.digest, "published_at": self._uow.clock.now()}
        made = await self._uow.execute(insert(gate_rules).values(**values).returning(gate_rules.c.id))
        rules_id = int(made.scalar_one())
        kinds = [
            {"rules_id": rules_id, "gate": one.code, "kind": kind.kind, "needed": kind.needed}
            for one in rules.gates.values()
            for kind in one.takes
        ]
        required = [
            {"rules_id": rules_id, "place_path": path, "body": str(body), "gate": code}
            for path, body, code in rules.requirements()
        ]
        await self._uow.execute(insert(gate_kind), kinds)
        await self._uow.execute(insert(gate_requirement), required)

    async def of_election(self, election_id: int) -> dict[str, GateRow]:
        """An election's gates by code; one nothing was ever handed in for is not there."""
        return (await self.of_elections([election_id])).get(election_id, {})

    async def of_elections(self, ids: Collection[int]) -> dict[int, dict[str, GateRow]]:
        """The same for several elections."""
        found: dict[int, dict[str, GateRow]] = {}
        for row in await self._uow.read(select(gate).where(gate.c.election_id.in_(ids))):
            found.setdefault(row.election_id, {})[row.code] = _gate(row)
        return found

    async def open(self, election_id: int, code: str) -> GateRow:
        """A gate, made if it is not there yet, under the newest published rules.

        Raises:
            RuleRefused: No published rules know it.
        """
        newest = select(func.max(gate_rules.c.id)).scalar_subquery()
        values = {"election_id": election_id, "code": code, "state": GateState.OPEN, "round": 1, "version": 1}
        await self._uow.begin()
        known = (await self.of_election(election_id)).get(code)
        if known is None:
            await self._uow.execute(self._insert_unless_there(gate, rules_id=newest, **values))
            known = (await self.of_election(election_id))[code]
        return known

    async def move(self, row: GateRow, state: GateState) -> GateRow:
        """Another state; the look-back check begins a new round.

        Raises:
            RuleRefused: What it asks for is not on file.
            StaleVersion: Somebody was quicker.
        """
        opened_again = row.state is GateState.CLOSED and state is GateState.OPEN
        values = {"state": state, "round": row.round + opened_again, "version": row.version + 1}
        seen = (gate.c.id == row.id, gate.c.version == row.version)
        moved = (await self._uow.execute(update(gate).where(*seen).values(**values).returning(gate))).first()
        if moved is None:
            raise StaleVersion(f"gate/{row.id}")
        return _gate(moved)

    async def hand_in(self, row: GateRow, *, kind: str, words: str, file_id: str | None, by: int) -> int:
        """Add evidence to the gate's round; returns its id.

        Raises:
            RuleRefused: The gate does not take this kind, is closed, or is not this official's.
        """
        made = await self._uow.execute(
            insert(gate_evidence)
            .values(
                gate_id=row.id,
                round=row.round,
                kind=kind,
                words_sealed=self._keys.seal_text(WORDS, words),
                file_id=file_id,
                handed_by=by,
                handed_at=self._uow.clock.now(),
            )
            .returning(gate_evidence.c.id)
        )
        return int(made.scalar_one())

    async def review(
        self, row: GateRow, *, through_id: int, decision: str, reason: str, by: int, after_start: bool
    ) -> int:
        """Write a review down; the gate itself is moved by `move`.

        Raises:
            RuleRefused: The reviewer handed something in, may not review here, or did not have everything.
        """
        made = await self._uow.execute(
            insert(gate_review)
            .values(
                gate_id=row.id,
                round=row.round,
                through_id=through_id,
                decision=decision,
                reason_sealed=self._keys.seal_text(WORDS, reason) if reason else None,
                reviewer_id=by,
                reviewed_at=self._uow.clock.now(),
                after_start=after_start,
            )
            .returning(gate_review.c.id)
        )
        return int(made.scalar_one())

    async def evidence(self, gate_ids: Collection[int]) -> list[Evidence]:
        """What was handed in for some gates, oldest first."""
        query = (
            select(gate_evidence, official.c.display_name)
            .join(official, official.c.id == gate_evidence.c.handed_by)
            .where(gate_evidence.c.gate_id.in_(gate_ids))
            .order_by(gate_evidence.c.id)
        )
        return [
            Evidence(
                row.id,
                row.gate_id,
                row.round,
                row.kind,
                self._keys.open_text(WORDS, row.words_sealed),
                row.file_id,
                row.handed_by,
                row.display_name,
                row.handed_at,
            )
            for row in await self._uow.read(query)
        ]

    async def reviews(self, gate_ids: Collection[int]) -> list[Review]:
        """What was said about some gates, oldest first."""
        query = (
            select(gate_review, official.c.display_name)
            .join(official, official.c.id == gate_review.c.reviewer_id)
            .where(gate_review.c.gate_id.in_(gate_ids))
            .order_by(gate_review.c.id)
        )
        return [
            Review(
                row.id,
                row.gate_id,
                row.round,
                row.decision,
                self._keys.open_text(WORDS, row.reason_sealed) if row.reason_sealed else "",
                row.reviewer_id,
                row.display_name,
                row.reviewed_at,
                row.after_start,
            )
            for row in await self._uow.read(query)
        ]

    async def count_waiting(self, place_path: str, *, but: int) -> int:
        """How many gates of a place and below wait for a review by somebody who handed nothing of it in."""
        own = select(gate_evidence.c.id).where(
            gate_evidence.c.gate_id == gate.c.id,
            gate_evidence.c.round == gate.c.round,
            gate_evidence.c.handed_by == but,
        )
        below = place.c.path.startswith(f"{place_path}/", autoescape=True)
        query = (
            select(func.count())
            .select_from(gate)
            .join(election, election.c.id == gate.c.election_id)
            .join(place, place.c.id == election.c.place_id)
            .where(
                gate.c.state == GateState.WAITING,
                election.c.state != "finished",
                or_(place.c.path == place_path, below),
                ~own.exists(),
            )
        )
        return int((await self._uow.read(query))[0][0])

    async def failed_after_start(self, election_ids: Collection[int]) -> set[int]:
        """The elections of which a gate failed the look-back check when they had started: they stay marked."""
        query = (
            select(gate.c.election_id)
            .join(gate_review, gate_review.c.gate_id == gate.c.id)
            .where(
                gate.c.election_id.in_(election_ids), gate_review.c.after_start, gate_review.c.decision == "reopened"
            )
        )
        return {row.election_id for row in await self._uow.read(query)}


def _gate(row: Any) -> GateRow:
    return GateRow(row.id, row.election_id, row.code, GateState(row.state), row.round, row.version)
