"""Erasing a case whose time is over, with all that hangs on it.

Which case that is, the database alone decides (its view `erasable_case`); every DELETE here meets a trigger that asks
the same question again. Rows go children first; files' bytes go after the commit.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import Select, Table, column, delete, or_, select, table, update

from storage.repositories.base import Repository
from storage.tables.cases import (
    case_link,
    case_matter,
    case_merge,
    case_message,
    case_note,
    case_receipt,
    cases,
    contact_attempt,
    evidence_announced,
    report_draft,
    stored_file,
    upload_link,
)
from storage.tables.custody import (
    identity,
    identity_release,
    identity_share,
    identity_whole,
    release_vote,
    share_contribution,
)
from storage.tables.deadlines import case_clock, clock_pause, deadline_notice
from storage.tables.exports import export, redaction
from storage.tables.investigations import (
    disposal,
    investigation,
    investigation_evidence,
    investigation_step,
    investigator,
    measure,
)
from storage.tables.routing import (
    case_declaration,
    case_viewer,
    escalation,
    handover_item,
    recusal,
    transfer,
)

_ERASABLE: Final = table("erasable_case", column("id"))
_OF_CLOCKS: Final = (deadline_notice, clock_pause)
_OF_INVESTIGATIONS: Final = (investigation_evidence, investigation_step, investigator)
_OF_ANNOUNCED: Final = (upload_link,)
_OF_RELEASES: Final = (release_vote,)
_OF_CASES: Final = (
    *(redaction, export),
    *(case_clock, investigation, measure, disposal, evidence_announced, stored_file, case_receipt),
    *(case_note, case_message, case_matter),
    *(contact_attempt, share_contribution, identity_share, identity, identity_whole, identity_release),
    *(case_declaration, recusal, handover_item, escalation, transfer, case_viewer),
)
#: Every table that hangs on a case; a test holds the list against the schema.
WITH_A_CASE: Final[frozenset[Table]] = frozenset(
    {*_OF_CLOCKS, *_OF_INVESTIGATIONS, *_OF_ANNOUNCED, *_OF_RELEASES, *_OF_CASES, case_link, case_merge, cases}
)


@dataclass(frozen=True, slots=True)
class Expired:
    """A case that may go now."""

    id: int
    number: str
    received_at: datetime
    closed_at: datetime
    retain_until: date
    draft_id: int | None


class Retention(Repository):
    """Finds and erases what has been kept long enough."""

    async def expired(self, limit: int) -> list[Expired]:
        """Cases that may go now, oldest first, locked; one that somebody else is at is left for the next time."""
        columns = (cases.c.id, cases.c.number, cases.c.received_at, cases.c.closed_at, cases.c.retain_until)
        query = (
            select(*columns, cases.c.draft_id)
            .where(cases.c.id.in_(select(_ERASABLE.c.id)))
            .order_by(cases.c.retain_until, cases.c.id)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        return [Expired(*row) for row in await self._uow.read(query)]

    async def erase(self, case: Expired) -> list[str]:
        """Delete a case with everything about it; returns the names under which bytes lie that are to follow.

        Raises:
            RuleRefused: It may not go after all.
        """
        columns = select(stored_file.c.id, stored_file.c.preview_id)
        of_case = columns.where(stored_file.c.case_id == case.id)  # its draft's files are its own
        files = [name for row in await self._uow.read(of_case) for name in row if name]
        for child in _OF_CLOCKS:
            await self._delete(child, child.c.clock_id.in_(_ids(case_clock, case.id)))
        for child in _OF_INVESTIGATIONS:
            await self._delete(child, child.c.investigation_id.in_(_ids(investigation, case.id)))
        for child in _OF_ANNOUNCED:
            await self._delete(child, child.c.announced_id.in_(_ids(evidence_announced, case.id)))
        for child in _OF_RELEASES:
            await self._delete(child, child.c.release_id.in_(_ids(identity_release, case.id)))
        for child in _OF_CASES:
            await self._delete(child, child.c.case_id == case.id)
        await self._delete(case_link, or_(case_link.c.one_id == case.id, case_link.c.other_id == case.id))
        await self._delete(case_merge, or_(case_merge.c.case_id == case.id, case_merge.c.into_id == case.id))
        await self._delete(cases, cases.c.id == case.id)
        if case.draft_id is not None:
            await self._delete(report_draft, report_draft.c.id == case.draft_id)
        return files

    async def keep_until(self, case_id: int, until: date) -> None:
        """Keep an ended case longer; one that is kept for good, or longer already, stays as it is."""
        await self._uow.execute(
            update(cases)
            .where(cases.c.id == case_id, cases.c.closed_at.is_not(None), cases.c.retain_until < until)
            .values(retain_until=until)
        )

    async def _delete(self, rows: Table, condition: Any) -> None:
        await self._uow.execute(delete(rows).where(condition))


def _ids(of: Table, case_id: int) -> Select[tuple[Any]]:
    return select(of.c.id).where(of.c.case_id == case_id)
