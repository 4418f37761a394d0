"""The life of a case as a document: `python -m knowledge.casework.describe > docs/case-lifecycle.md`.

Everything is read off `lifecycle`: the table, the picture, and what an act needs, which is found by asking
`missing_for` about a case on which nothing was done yet. A newcomer's mistake: editing the document. A test compares
it with what stands here.
"""

import sys
from typing import Final

from knowledge.casework.lifecycle import (
    CLOSED_STATES,
    TRANSITIONS,
    CaseState,
    Finding,
    Missing,
    Progress,
    Transition,
    missing_for,
)

_FLAGGED: Final = frozenset({"a must-investigate flag"})
_NEEDS: Final = {
    Missing.INVESTIGATION: "an investigation begun",
    Missing.FINDING: "a finding",
    Missing.EVIDENCE: "at least one piece of evidence",
    Missing.APPROVAL: "its approval",
    Missing.SECOND_PERSON: "somebody other than the investigator",
}
_INTRODUCTION: Final = """\
# The life of a case

Written by `python -m knowledge.casework.describe`; change the code, not this file.

A case is our work item. The authority's own formal filing (立案) is something else and never happens here.

## Transitions

The letters are the same in the code, in the database table `case_transition` and in the event log. What is not in
the table does not exist: the database refuses it to every role, the service's own included.
"""
_DATABASE: Final = """\
## What the database refuses by itself

The table is what the service asks first, so that it can say what is missing. The triggers in
`storage/migrations/enforcement` do not trust it:

- a birth in any state but `received`, and any transition that is not above;
- deleting a case, changing or removing a flag, and a flag on a case that is closed (reopen it first);
- `approved` and `closed` for **every** case, and `guided_elsewhere` for a flagged one, without an investigation of the
  present round that has a finding, evidence and the approval of a second person, neither of the two recused;
- `awaiting_approval` without a submitted finding and evidence;
- an approval by anybody who is not an active discipline leader or superior, and any change after it;
- a round that does not grow by one when a case is reopened, or grows at any other time.
"""


def lifecycle_document() -> str:
    """The document as Markdown."""
    return f"{_INTRODUCTION}\n{_table()}\n{_picture()}\n{_states()}\n{_findings()}\n{_DATABASE}"


def _table() -> str:
    head = "| letter | act | from | to | needs | a flagged case needs as well |\n|---|---|---|---|---|---|\n"
    return head + "".join(_row(transition) for transition in TRANSITIONS)


def _row(transition: Transition) -> str:
    needs = _needs(transition, frozenset())
    more = [need for need in _needs(transition, _FLAGGED) if need not in needs]
    cells = (transition.letter, *(f"`{word}`" for word in (transition.act, transition.source, transition.target)))
    return f"| {' | '.join((*cells, _listed(needs), _listed(more)))} |\n"


def _needs(transition: Transition, flags: frozenset[str]) -> list[Missing]:
    untouched = Progress(transition.source, flags)
    alone = Progress(transition.source, flags, Finding.UNFOUNDED, evidence_count=1, investigator_id=1)
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
