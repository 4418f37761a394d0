"""The life of a case as a document: `python -m knowledge.casework.describe > docs/case-lifecycle.md`.

Everything is read off `lifecycle`: the table, the picture, and what an act needs, which is found by asking
`missing_for` about a case on which nothing was done yet. A newcomer's mistake: editing the document. A test compares
it with what stands here.
"""

import sys
from typing import Final

from knowledge.casework.describe_clocks import clocks_document
from knowledge.casework.lifecycle import (
    CLOSED_STATES,
    DISPOSAL_ACTS,
    TRANSITIONS,
    CaseState,
    Disposal,
    Finding,
    MeasureKind,
    Missing,
    Progress,
    Transition,
    missing_for,
)
from knowledge.casework.names import ATTEMPTS, PEOPLE

_FLAGGED: Final = frozenset({"a must-investigate flag"})
_NEEDS: Final = {
    Missing.DISPOSAL: "a disposal opinion of this kind, approved",
    Missing.INVESTIGATION: "an investigation begun",
    Missing.FINDING: "a finding",
    Missing.EVIDENCE: "at least one piece of evidence",
    Missing.APPROVAL: "its approval",
    Missing.SECOND_PERSON: "somebody who neither proposed it nor investigated",
    Missing.MEASURE: "a measure recommended, or a reason for none",
    Missing.RESULT_TOLD: "the result told",
    Missing.NAME_CHECK: "the reporter's name checked, or three attempts by two people",
}
_INTRODUCTION: Final = """\
# The life of a case

Written by `python -m knowledge.casework.describe`; change the code, not this file.

A case is our work item. The authority's own formal filing (立案) is something else and never happens here.

## Transitions

The letters are the same in the code, in the database table `case_transition` and in the event log. What is not in
the table does not exist: the database refuses it to every role, the service's own included.
"""
_NAMES: Final = f"""\
## The reporter's name

Beside this road: `claimed` when a name was left, `verified` after a recorded call or visit, `unverifiable` after
{ATTEMPTS} recorded attempts by at least {PEOPLE} people. An unverifiable name makes the report an anonymous one; it
goes on. A case does not close while a name is only claimed.
"""
_DATABASE: Final = """\
## What the database refuses by itself

The table is what the service asks first, so that it can say what is missing. The triggers in
`storage/migrations/enforcement` do not trust it:

- a birth in any state but `received`, and any transition that is not above;
- deleting a case before its time is over, while anything is open about it, or when it ever carried a flag;
- changing or removing a flag; lowering one without two active people of a higher level, neither recused;
- `approved`, `told` and `closed` for **every** case without an investigation of the present round that has a finding,
  evidence and the approval of somebody who never investigated, none of them recused; an unflagged case may have an
  approved opinion to conclude it instead; `guided_elsewhere` for a flagged case without that investigation;
- leaving `disposal_proposed` but by the decision of a second person, and an opinion to conclude a flagged case;
- `awaiting_approval` without a submitted finding and evidence;
- `told` without a measure on file, `closed` while the result is not told or the name only claimed;
- merging that would lose a flag or a recusal; any move of a case that was merged;
- a handler who is recused, inactive, in another role or at a level below; a unit that changes but upwards or by an
  accepted transfer;
- an approval by anybody who is not an active discipline leader or superior of that unit, and any change after it;
- a round that does not grow by one when a case is reopened, or grows at any other time.
"""


def lifecycle_document() -> str:
    """The document as Markdown."""
    parts = (_INTRODUCTION, _table(), _picture(), _states(), _findings(), _NAMES, _DATABASE, clocks_document())
    return "\n".join(parts)


def _table() -> str:
    head = "| letter | act | from | to | needs | a flagged case needs as well |\n|---|---|---|---|---|---|\n"
    return head + "".join(_row(transition) for transition in TRANSITIONS)


def _row(transition: Transition) -> str:
    needs = _needs(transition, frozenset())
    more = [need for need in _needs(transition, _FLAGGED) if need not in needs]
    cells = (transition.letter, *(f"`{word}`" for word in (transition.act, transition.source, transition.target)))
    return f"| {' | '.join((*cells, _listed(needs), _listed(more)))} |\n"


def _needs(transition: Transition, flags: frozenset[str]) -> list[Missing]:
    """What is missing on a case on which nothing was done, and on one that a single person did everything on."""
    opinion = next((kind for kind, act in DISPOSAL_ACTS.items() if act is transition.act), Disposal.HOLD)
    untouched = Progress(transition.source, flags, name_settled=False)
    alone = Progress(
        transition.source,
        flags,
        disposal=opinion,
        proposed_by=1,
        finding=Finding.UNFOUNDED,
        evidence_count=1,
        investigators=frozenset({1}),
        measures=frozenset({MeasureKind.NONE}),
        told=True,
    )
    found = (*missing_for(transition.act, untouched), *missing_for(transition.act, alone, actor_id=1))
    return list(dict.fromkeys(found))


def _listed(needs: list[Missing]) -> str:
    return ", ".join(_NEEDS[need] for need in needs) or "-"


def _picture() -> str:
    arrows = "".join(f"    {t.source} --> {t.target}: {t.letter} {t.act}\n" for t in TRANSITIONS)
    return f"```mermaid\nstateDiagram-v2\n    [*] --> {CaseState.RECEIVED}\n{arrows}```\n"


def _states() -> str:
    lines = (f"- `{state}`{' (the case has ended)' if state in CLOSED_STATES else ''}\n" for state in CaseState)
    return "## States\n\n" + "".join(lines)


def _findings() -> str:
    return "## Findings\n\n" + "".join(f"- `{finding}`\n" for finding in Finding)


if __name__ == "__main__":
    sys.stdout.write(lifecycle_document())
