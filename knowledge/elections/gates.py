"""Gates: what has to be done before an election starts, and which evidence proves it (content/elections/gates.yaml).

A gate takes kinds of evidence, not files: an annual statement is no audit, however good it looks, and the sentence that
says so stands in the content. What a newcomer gets wrong: a gate whose level is `law` is required in every place; no
list can leave it out, and the database names the audit by itself (revision 0010).
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Final

from knowledge.casework.access import covers
from knowledge.elections.plan_content import CONTENT, Body
from knowledge.errors import ContentError
from knowledge.jurisdiction import NATION
from knowledge.records import Record, read_record

_FILE: Final = "gates.yaml"
#: The gate that the law itself asks for; the database's rules name it too.
STATUTORY: Final = "outgoing_audit"


class Level(StrEnum):
    """Who asks for a gate: a statute, or a plan of work."""

    LAW = "law"
    POLICY = "policy"


class GateState(StrEnum):
    """Where a gate stands: nothing handed in or sent back, waiting for a second person, passed."""

    OPEN = "open"
    WAITING = "waiting"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class EvidenceKind:
    """A kind that a gate takes; without every `needed` one nobody can approve."""

    kind: str
    name: str
    needed: bool


@dataclass(frozen=True, slots=True)
class MistakenKind:
    """A kind that is handed in instead, and why it does not do."""

    kind: str
    name: str
    why: str


@dataclass(frozen=True, slots=True)
class Gate:
    """One thing to be done before the start.

    `short` heads a column; `citations` are like "village 40", and `source` says in words who asks for it.
    """

    code: str
    name: str
    short: str
    asks: str
    level: Level
    source: str
    citations: tuple[str, ...]
    takes: tuple[EvidenceKind, ...]
    mistaken: tuple[MistakenKind, ...]

    def kind(self, kind: str) -> EvidenceKind | None:
        """A kind that is taken."""
        return next((one for one in self.takes if one.kind == kind), None)

    def why_not(self, kind: str) -> str | None:
        """Why a kind is not taken; None where it is, or is unknown here."""
        return next((one.why for one in self.mistaken if one.kind == kind), None)


@dataclass(frozen=True, slots=True)
class GateRules:
    """All gates, and which are required where. `digest` is of the whole content: a version names one content only."""

    version: str
    digest: str
    gates: Mapping[str, Gate]
    default: Mapping[Body, tuple[str, ...]]
    places: tuple[tuple[str, Body, tuple[str, ...]], ...]

    def required(self, place_path: str, body: Body) -> tuple[Gate, ...]:
        """The gates an election of a body at a place must have passed before it starts, in the order of its list.

        >>> [gate.code for gate in load_gates().required("cn/demo/qinghe/xiangyang", Body.VILLAGE)]
        ['party_first', 'rectification', 'outgoing_audit', 'term_evaluation', 'situation_analysis']
        """
        near = max(
            ((path, codes) for path, of, codes in self.places if of is body and covers(path, place_path)),
            key=lambda one: len(one[0]),
            default=(NATION, self.default[body]),
        )
        return tuple(self.gates[code] for code in near[1])

    def requirements(self) -> tuple[tuple[str, Body, str], ...]:
        """Every (place, body, gate) as the database keeps it; the nation's path stands for the default."""
        spread = [(NATION, body, codes) for body, codes in self.default.items()]
        return tuple((path, body, code) for path, body, codes in (*spread, *self.places) for code in codes)


def still_needed(gate: Gate, handed_in: Iterable[str]) -> tuple[EvidenceKind, ...]:
    """The needed kinds that have not been handed in."""
    kinds = set(handed_in)
    return tuple(one for one in gate.takes if one.needed and one.kind not in kinds)


def load_gates(folder: Path = CONTENT) -> GateRules:
    """Read the gates.

    Raises:
        ContentError: The file is missing, or something in it is wrong; names file, line and cure.
    """
    return _load(folder)


@cache
def _load(folder: Path) -> GateRules:
    try:
        record = read_record(folder / _FILE, folder)
        digest = hashlib.sha256((folder / _FILE).read_bytes()).hexdigest()
    except OSError as error:
        raise ContentError(_FILE, 0, "cannot be read", "Restore the file") from error
    version = record.text("version")
    gates = {gate.code: gate for gate in (_gate(item) for item in record.records("gates"))}
    if STATUTORY not in gates or gates[STATUTORY].level is not Level.LAW:
        raise record.fault("gates", f"{STATUTORY} is missing or not of level law", "The law asks for it; put it back")
    lists = {one.text("id"): _listed(one, gates) for one in record.records("lists")}
    default = _by_body(record.part("default") or record, lists, gates)
    for body in Body:
        if body not in default:
            raise record.fault("default", f"says nothing of {body}", "Name the lists for a village and a community")
    places: list[tuple[str, Body, tuple[str, ...]]] = []
    for item in record.records("places"):
        path = item.text("path")
        places += [(path, body, codes) for body, codes in _by_body(item, lists, gates).items()]
    record.finish()
    return GateRules(version, digest, gates, default, tuple(places))


def _gate(item: Record) -> Gate:
    takes = []
    for kind in item.records("takes"):
        takes.append(EvidenceKind(kind.text("kind"), kind.text("name"), kind.flag("needed")))
        kind.finish()
    mistaken = []
    for kind in item.records("mistaken"):
        mistaken.append(MistakenKind(kind.text("kind"), kind.text("name"), kind.text("why")))
        kind.finish()
    gate = Gate(
        item.text("code"),
        item.text("name"),
        item.text("short"),
        item.text("asks"),
        item.choice("level", Level),
        item.text("source"),
        item.texts("citations", ()),
        tuple(takes),
        tuple(mistaken),
    )
    item.finish()
    if not any(one.needed for one in gate.takes):
        raise item.fault("takes", f"{gate.code} needs nothing", "Mark at least one kind with needed: true")
    if {one.kind for one in gate.takes} & {one.kind for one in gate.mistaken}:
        raise item.fault("mistaken", "a kind is taken and refused at once", "Keep it in one of the two")
    if gate.level is Level.LAW and not gate.citations:
        raise item.fault("citations", f"{gate.code} names no article", "A gate of level law cites its statute")
    return gate


def _listed(one: Record, gates: Mapping[str, Gate]) -> tuple[str, ...]:
    one.text("name")
    codes = one.texts("gates")
    one.finish()
    unknown = next((code for code in codes if code not in gates), None)
    if unknown:
        raise one.fault("gates", f"{unknown!r} is no gate", "Use one of the allowed words", sorted(gates))
    return codes


def _by_body(
    item: Record, lists: Mapping[str, tuple[str, ...]], gates: Mapping[str, Gate]
) -> dict[Body, tuple[str, ...]]:
    """What each body's lists come to together; what the law asks for comes with every one of them."""
    found: dict[Body, tuple[str, ...]] = {}
    by_law = tuple(code for code, gate in gates.items() if gate.level is Level.LAW)
    for body in Body:
        names = item.texts(body.value, ())
        unknown = next((name for name in names if name not in lists), None)
        if unknown:
            raise item.fault(body.value, f"{unknown!r} is no list", "Use one of the allowed words", sorted(lists))
        if item.holds(body.value):
            found[body] = tuple(dict.fromkeys((*(code for name in names for code in lists[name]), *by_law)))
    if item.path:
        item.finish()
    return found
