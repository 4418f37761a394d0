"""Gates of an election: hand in evidence, review it as a second person, look back, and start when all are passed.

What a newcomer gets wrong: which gates an election needs is content for its place and body, not rows; a gate has a row
from its first evidence on. The database decides by the same rules, published from the content at every start.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from handlers.services import committees, reading
from handlers.services.case_moves import worded
from handlers.services.deputies import tell_election_officials
from handlers.services.elections import find_election
from handlers.services.errors import BadInput, CannotStart, NotAllowed, NotFound, WrongEvidence
from handlers.services.reports import MAX_FILE_BYTES
from knowledge.casework.access import REVIEWING_ROLES, Permission, may
from knowledge.elections.gates import EvidenceKind, Gate, GateState, load_gates, still_needed
from knowledge.elections.plan_content import body_of
from storage.errors import StaleVersion
from storage.repositories.elections import Election
from storage.repositories.files import StoredFile
from storage.repositories.gates import Evidence, GateRow, Review
from storage.repositories.officials import Official
from storage.unit_of_work import UnitOfWork

LONGEST: Final = 2000
APPROVED: Final = "approved"
RETURNED: Final = "returned"
REOPENED: Final = "reopened"
PREPARING: Final = "preparing"
_Said = TypeVar("_Said", Evidence, Review)


@dataclass(frozen=True, slots=True)
class GateView:
    """One gate of one election: what it asks, where it stands, what was handed in and said, oldest first."""

    gate: Gate
    row: GateRow | None
    evidence: tuple[Evidence, ...]
    reviews: tuple[Review, ...]

    @property
    def state(self) -> GateState:
        """Open until something was handed in."""
        return self.row.state if self.row else GateState.OPEN

    @property
    def version(self) -> int:
        """What a form carries so that nobody overwrites another; 0 before the first evidence."""
        return self.row.version if self.row else 0

    @property
    def present(self) -> tuple[Evidence, ...]:
        """The evidence of this round; what failed a look-back check counts no more."""
        return tuple(one for one in self.evidence if self.row and one.round == self.row.round)

    @property
    def last(self) -> Review | None:
        """What was said last."""
        return self.reviews[-1] if self.reviews else None

    @property
    def lacking(self) -> tuple[EvidenceKind, ...]:
        """Needed kinds that have not been handed in in this round."""
        return still_needed(self.gate, (one.kind for one in self.present))

    @property
    def failed_look_back(self) -> bool:
        """Whether it was passed once and is not any more."""
        return self.state is not GateState.CLOSED and any(one.decision == REOPENED for one in self.reviews)

    def may_review(self, official: Official) -> bool:
        """Whether this official is a second person for what waits."""
        is_second = official.id not in {one.handed_by for one in self.present}
        return self.state is GateState.WAITING and may(official.role, Permission.REVIEW_GATES) and is_second

    def may_look_back(self, official: Official) -> bool:
        """Whether this official neither handed it in nor approved it."""
        involved = {one.handed_by for one in self.present} | {
            one.reviewer_id
            for one in self.reviews
            if self.row and one.round == self.row.round and one.decision == APPROVED
        }
        is_other = official.id not in involved
        return self.state is GateState.CLOSED and may(official.role, Permission.REVIEW_GATES) and is_other


@dataclass(frozen=True, slots=True)
class VillageGates:
    """An election with its required gates; `is_marked`: one failed the look-back check after the start."""

    election: Election
    views: tuple[GateView, ...]
    clashes: int
    proposals: int
    is_marked: bool

    @property
    def open(self) -> tuple[GateView, ...]:
        """The gates not passed."""
        return tuple(view for view in self.views if view.state is not GateState.CLOSED)

    @property
    def is_preparing(self) -> bool:
        """Whether it has not started."""
        return self.election.state == PREPARING

    @property
    def may_start(self) -> bool:
        """Whether nothing stands in the way."""
        return self.is_preparing and not (self.open or self.clashes or self.proposals)


async def publish(uow: UnitOfWork) -> None:
    """Make the gates on file known to the database."""
    await uow.gates.publish(load_gates())


async def overview(uow: UnitOfWork, official: Official) -> list[VillageGates]:
    """Every election of the official's place that is not over; the look is an event."""
    _require(official, Permission.SEE_ELECTIONS)
    found = [one for one in await uow.elections.within(official.place_path) if one.state != "finished"]
    villages = await _villages(uow, found)
    await reading.of_list(uow, official, "gates", shown=len(villages))
    return villages


async def waiting(uow: UnitOfWork, official: Official) -> int:
    """How many gates wait for this official as the second person."""
    if not may(official.role, Permission.REVIEW_GATES):
        return 0
    return await uow.gates.count_waiting(official.place_path, but=official.id)


async def village(uow: UnitOfWork, official: Official, election_id: int) -> VillageGates:
    """One election's gates; the look is an event."""
    _require(official, Permission.SEE_ELECTIONS)
    found = (await _villages(uow, [await find_election(uow, official, election_id)]))[0]
    await _record(uow, official, "gates_read", election_id)
    return found


async def look(uow: UnitOfWork, official: Official, election_id: int, code: str) -> tuple[VillageGates, GateView]:
    """One gate with its evidence; the look is an event."""
    _require(official, Permission.SEE_ELECTIONS)
    found, view = await _gate(uow, official, election_id, code)
    await _record(uow, official, "gate_read", election_id, gate=code)
    return found, view


async def hand_in(
    uow: UnitOfWork,
    official: Official,
    election_id: int,
    code: str,
    *,
    kind: str,
    description: str,
    upload: tuple[str, bytes] | None,
    seen: int,
) -> None:
    """Hand in evidence; whoever may review it is told that something waits.

    Raises:
        WrongEvidence: It is a kind that is mistaken for what the gate takes.
        BadInput: The kind is unknown, the words are missing, or the file is too large.
        StaleVersion: The gate has changed since the form was drawn.
    """
    _require(official, Permission.PREPARE_ELECTIONS)
    await uow.begin()
    found, view = await _gate(uow, official, election_id, code)
    _check_kind(view.gate, kind)
    description = worded("description", description, shortest=2, longest=LONGEST)
    if upload is not None and not upload[1]:
        raise BadInput("file", "empty")
    if upload is not None and len(upload[1]) > MAX_FILE_BYTES:
        raise BadInput("file", "too_big")
    _unchanged(view, seen)
    if view.state is GateState.CLOSED:
        raise BadInput("kind_of_proof", "closed")
    stored = await uow.files.add(upload[1], name=upload[0], origin="official") if upload else None
    row = view.row or await uow.gates.open(election_id, code)
    proof = await uow.gates.hand_in(
        row, kind=kind, words=description, file_id=stored.id if stored else None, by=official.id
    )
    await uow.gates.move(row, GateState.WAITING)
    await _record(uow, official, "gate_handed_in", election_id, gate=code, kind=kind, evidence=proof)
    await tell_election_officials(
        uow, REVIEWING_ROLES, found.election.place_path, cause=f"gate/{row.id}/{proof}", but=official.id
    )


async def review(
    uow: UnitOfWork, official: Official, election_id: int, code: str, *, decision: str, reason: str, seen: int
) -> None:
    """Approve what was handed in, or send it back with a reason; never one's own.

    Raises:
        BadInput: No decision, no reason to send it back, one's own evidence, or a needed kind is missing.
        StaleVersion: The gate has changed since the form was drawn.
    """
    _require(official, Permission.REVIEW_GATES)
    await uow.begin()
    found, view = await _gate(uow, official, election_id, code)
    if decision not in (APPROVED, RETURNED):
        raise BadInput("gate_decision", "unknown")
    if decision == RETURNED:
        reason = worded("reason", reason, shortest=2, longest=LONGEST)
    _unchanged(view, seen)
    if view.row is None or view.state is not GateState.WAITING:
        raise BadInput("gate_decision", "nothing_waits")
    if not view.may_review(official):
        raise BadInput("gate_decision", "own")
    if decision == APPROVED and view.lacking:
        raise BadInput("gate_decision", "lacking")
    await _write(uow, official, found, view, decision, reason.strip())
    await uow.gates.move(view.row, GateState.CLOSED if decision == APPROVED else GateState.OPEN)
    await _record(uow, official, f"gate_{decision}", election_id, gate=code)
    if decision == RETURNED:
        await _tell_givers(uow, found, view)


async def look_back(
    uow: UnitOfWork, official: Official, election_id: int, code: str, *, reason: str, seen: int
) -> None:
    """Open a passed gate again (回头看): by somebody who neither handed it in nor approved it, with a reason.

    After the start the election stays marked, and the level above is told.

    Raises:
        BadInput: No reason, or not a second person.
        StaleVersion: The gate has changed since the form was drawn.
    """
    _require(official, Permission.REVIEW_GATES)
    await uow.begin()
    found, view = await _gate(uow, official, election_id, code)
    reason = worded("look_back_reason", reason, shortest=4, longest=LONGEST)
    _unchanged(view, seen)
    if view.row is None or view.state is not GateState.CLOSED:
        raise BadInput("look_back_reason", "not_passed")
    if not view.may_look_back(official):
        raise BadInput("look_back_reason", "own")
    review_id = await _write(uow, official, found, view, REOPENED, reason)
    await uow.gates.move(view.row, GateState.OPEN)
    started = not found.is_preparing
    await _record(uow, official, "gate_reopened", election_id, gate=code, started=started)
    await _tell_givers(uow, found, view)
    if started:
        township = found.election.place_path.rpartition("/")[0]
        above = township.rpartition("/")[0] or township
        await tell_election_officials(uow, REVIEWING_ROLES, above, cause=f"look_back/{review_id}", but=official.id)


async def start(uow: UnitOfWork, official: Official, election_id: int) -> None:
    """Let an election begin.

    Raises:
        CannotStart: Something is still open; says what.
        StaleVersion: It has begun already.
    """
    _require(official, Permission.RUN_ELECTIONS)
    await uow.begin()
    found = (await _villages(uow, [await find_election(uow, official, election_id)]))[0]
    if not found.is_preparing:
        raise StaleVersion(f"election/{election_id}")
    if not found.may_start:
        codes = tuple(view.gate.code for view in found.open)
        raise CannotStart(election_id, codes, found.clashes, found.proposals)
    if not await uow.elections.start(election_id):
        raise StaleVersion(f"election/{election_id}")
    await _record(uow, official, "election_started", election_id)


async def read_file(uow: UnitOfWork, official: Official, election_id: int, file_id: str) -> StoredFile:
    """A file handed in for one of an election's gates; the reading is an event."""
    _require(official, Permission.SEE_ELECTIONS)
    await find_election(uow, official, election_id)
    rows = await uow.gates.of_election(election_id)
    proof = await uow.gates.evidence([one.id for one in rows.values()])
    if file_id not in {one.file_id for one in proof}:
        raise NotFound(f"file/{file_id}")
    stored = await uow.files.get(file_id)
    if stored is None:
        raise NotFound(f"file/{file_id}")
    await _record(uow, official, "file_read", election_id, file=file_id)
    return stored


def _check_kind(gate: Gate, kind: str) -> None:
    if gate.kind(kind) is None:
        why = gate.why_not(kind)
        if why is None:
            raise BadInput("kind_of_proof", "unknown")
        raise WrongEvidence(gate.code, kind, why)


def _unchanged(view: GateView, seen: int) -> None:
    if view.version != seen:
        raise StaleVersion(f"gate/{view.gate.code}")


async def _gate(uow: UnitOfWork, official: Official, election_id: int, code: str) -> tuple[VillageGates, GateView]:
    found = (await _villages(uow, [await find_election(uow, official, election_id)]))[0]
    view = next((one for one in found.views if one.gate.code == code), None)
    if view is None:
        raise NotFound("gate")
    return found, view


async def _villages(uow: UnitOfWork, elections: Sequence[Election]) -> list[VillageGates]:
    """Several elections with all that belongs to their gates, in a handful of statements."""
    ids = [one.id for one in elections]
    if not ids:
        return []
    rules, rows = load_gates(), await uow.gates.of_elections(ids)
    gate_ids = [row.id for of_one in rows.values() for row in of_one.values()]
    evidence = _by_gate(await uow.gates.evidence(gate_ids)) if gate_ids else {}
    reviews = _by_gate(await uow.gates.reviews(gate_ids)) if gate_ids else {}
    marked = await uow.gates.failed_after_start(ids)
    tables = await committees.of_elections(uow, ids)
    found = []
    for one in elections:
        views = []
        for gate in rules.required(one.place_path, body_of(one.place_kind)):
            row = rows.get(one.id, {}).get(gate.code)
            key = row.id if row else 0
            views.append(GateView(gate, row, tuple(evidence.get(key, ())), tuple(reviews.get(key, ()))))
        table = tables[one.id]
        found.append(VillageGates(one, tuple(views), len(table.clashes), len(table.proposals), one.id in marked))
    return found


def _by_gate(items: Sequence[_Said]) -> dict[int, list[_Said]]:
    found: dict[int, list[_Said]] = {}
    for item in items:
        found.setdefault(item.gate_id, []).append(item)
    return found


async def _write(
    uow: UnitOfWork, official: Official, found: VillageGates, view: GateView, decision: str, reason: str
) -> int:
    if view.row is None:
        raise NotFound("gate")
    return await uow.gates.review(
        view.row,
        through_id=view.present[-1].id,
        decision=decision,
        reason=reason,
        by=official.id,
        after_start=not found.is_preparing,
    )


async def _tell_givers(uow: UnitOfWork, found: VillageGates, view: GateView) -> None:
    """Whoever handed something in hears that it came back."""
    cause = f"gate/{view.gate.code}/{found.election.id}/{view.version}"
    await tell_election_officials(uow, (), "", cause=cause, only={one.handed_by for one in view.present})


def _require(official: Official, permission: Permission) -> None:
    if not (official.active and may(official.role, permission)):
        raise NotAllowed


async def _record(uow: UnitOfWork, official: Official, act: str, election_id: int, **detail: object) -> None:
    await uow.log.record(actor=f"official/{official.id}", act=act, subject=f"election/{election_id}", **detail)
