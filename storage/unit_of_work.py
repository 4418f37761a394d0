"""One use case, one unit of work, one commit; nothing else in the project commits.

Light until it must be more: reads go to a reading connection; what is handed to `append` and `amend` waits in memory.
The first statement through `execute` opens the write transaction and writes what waited. At `commit`, a unit that
stayed light joins its neighbours (storage/appender.py); any other commits its own transaction.

    async with storage.unit_of_work() as uow:
        case = await uow.cases.by_number(number)
        ...
        await uow.commit()

Leaving the block without `commit` drops everything.
"""

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import time
from functools import cached_property
from types import TracebackType
from typing import Any, Self

from sqlalchemy import CursorResult, Executable, Table, Update
from sqlalchemy.ext.asyncio import AsyncConnection

from knowledge.calendar import WorkingCalendar
from knowledge.clock import Clock
from storage.appender import Appender, Writes
from storage.audit import EventLog
from storage.calendars import Calendars
from storage.engine import Database
from storage.files import FileStore
from storage.ids import TimeOrderedIds
from storage.log_heads import LogHeads
from storage.outbox import Outbox
from storage.refusals import refusals
from storage.repositories.announcements import Announcements
from storage.repositories.broadcasts import Broadcasts
from storage.repositories.calendar_years import CalendarYears
from storage.repositories.cases import Cases
from storage.repositories.clocks import Clocks
from storage.repositories.committees import Committees
from storage.repositories.dialogue import Dialogue
from storage.repositories.elections import Elections
from storage.repositories.entries import Entries
from storage.repositories.escalations import Escalations
from storage.repositories.events import Events
from storage.repositories.exports import Exports
from storage.repositories.files import Files
from storage.repositories.filing_marks import FilingMarks
from storage.repositories.flags import Flags
from storage.repositories.gates import Gates
from storage.repositories.handovers import Handovers
from storage.repositories.identities import Identities
from storage.repositories.inquiries import Inquiries
from storage.repositories.investigations import Investigations
from storage.repositories.ladder import Ladder
from storage.repositories.laws import Laws, LawTexts
from storage.repositories.links import Links
from storage.repositories.mass_reactions import MassReactions
from storage.repositories.messages import Messages
from storage.repositories.missed_dates import MissedDates
from storage.repositories.officials import Officials
from storage.repositories.people import Acquaintances, People
from storage.repositories.places import Places
from storage.repositories.presence import Presence
from storage.repositories.receipts import Receipts
from storage.repositories.recusals import Recusals
from storage.repositories.redactions import Redactions
from storage.repositories.releases import Releases
from storage.repositories.reminders import Reminders
from storage.repositories.reports import Drafts, OpenDrafts
from storage.repositories.responsibilities import Responsibilities
from storage.repositories.retention import Retention
from storage.repositories.roster import Roster
from storage.repositories.rule_sets import RuleSets
from storage.repositories.sign_ins import SignIns
from storage.repositories.subscriptions import Subscriptions
from storage.repositories.surroundings import AskSurroundings
from storage.repositories.transfers import Transfers
from storage.vault import KeyRing


class Storage:
    """What a running deployment remembers with: database, keys, files, clock."""

    #: When officials' notices leave, once a day, Shanghai time; None: at once.
    notices_at: time | None = None

    def __init__(self, database: Database, keys: KeyRing, files: FileStore, clock: Clock) -> None:
        self.database = database
        self.keys = keys
        self.files = files
        self.clock = clock
        self.ids = TimeOrderedIds(clock)
        self.appender = Appender(database)
        self.acquaintances = Acquaintances(database)
        self.open_drafts = OpenDrafts(database)
        self.law_texts = LawTexts(database)
        self.calendars = Calendars(database)
        self.published_keys: set[str] = set()

    def unit_of_work(self) -> "UnitOfWork":
        """A new unit of work."""
        return UnitOfWork(self)

    async def close(self) -> None:
        """Finish what is under way and close."""
        await self.appender.close()
        await self.database.close()


class UnitOfWork:
    """One transaction with the repositories that work in it. Not shared between tasks."""

    def __init__(self, storage: Storage) -> None:
        self.storage = storage
        self.keys = storage.keys
        self.clock = storage.clock
        self.ids = storage.ids
        self._stack = AsyncExitStack()
        self._connection: AsyncConnection | None = None
        self._writes = Writes()
        self._after_commit: list[Callable[[], Awaitable[None] | None]] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._leave()

    async def begin(self) -> AsyncConnection:
        """The write transaction, opened now if it is not open yet."""
        if self._connection is None:
            self._connection = await self._stack.enter_async_context(self.storage.database.writing())
        return self._connection

    async def execute(self, statement: Executable, values: Any = None) -> CursorResult[Any]:
        """Run a statement in the write transaction.

        Raises:
            RuleRefused: A trigger refused it.
        """
        connection = await self.begin()
        await self._apply(connection)
        with refusals():
            return await connection.execute(statement, values)

    async def read(self, statement: Executable, values: Any = None) -> list[Any]:
        """Rows as last committed, or as seen by the write transaction if it is open."""
        if self._connection is not None:
            await self._apply(self._connection)
            return list((await self._connection.execute(statement, values)).all())
        async with self.storage.database.reading() as connection:
            return list((await connection.execute(statement, values)).all())

    def append(self, table: Table, **row: Any) -> dict[str, Any]:
        """Insert a row at commit, or before the next `execute`. Until `is_waiting` says no, it may be changed."""
        self._writes.rows.append((table, row))
        return row

    def amend(self, statement: Update, **values: Any) -> None:
        """Run an UPDATE at commit, or before the next `execute`; a module-level statement, so that many go as one."""
        self._writes.amendments.append((statement, values))

    def is_waiting(self, row: dict[str, Any]) -> bool:
        """Whether an appended row has not been written yet."""
        return any(waiting is row for _, waiting in self._writes.rows)

    def after_commit(self, act: Callable[[], Awaitable[None] | None]) -> None:
        """Call `act` once the commit has succeeded: to wake somebody, to let go of a file's bytes; never to write."""
        self._after_commit.append(act)

    async def commit(self) -> None:
        """Make everything durable and visible at once.

        Raises:
            RuleRefused: A trigger refused a row.
        """
        if self._connection is None:
            if self._writes:
                await self.storage.appender.write(self._writes)
        else:
            await self._apply(self._connection)
            with refusals():
                await self._connection.commit()
        await self._leave()
        acts, self._after_commit = self._after_commit, []
        for act in acts:
            left = act()
            if left is not None:
                await left

    async def _apply(self, connection: AsyncConnection) -> None:
        if self._writes:
            writes, self._writes = self._writes, Writes()
            await self.storage.appender.apply(connection, [writes])

    async def _leave(self) -> None:
        self._connection = None
        self._writes = Writes()
        await self._stack.aclose()

    @property
    def calendar(self) -> WorkingCalendar:
        """Working days as the State Council arranged them, imported years included."""
        return self.storage.calendars.current

    @cached_property
    def people(self) -> People:
        """People in chats."""
        return People(self)

    @cached_property
    def messages(self) -> Messages:
        """The web chat's messages."""
        return Messages(self)

    @cached_property
    def drafts(self) -> Drafts:
        """Reports in writing."""
        return Drafts(self)

    @cached_property
    def cases(self) -> Cases:
        """Cases, their matters and notes."""
        return Cases(self)

    @cached_property
    def flags(self) -> Flags:
        """Must-investigate flags."""
        return Flags(self)

    @cached_property
    def investigations(self) -> Investigations:
        """Disposal opinions, investigations, measures."""
        return Investigations(self)

    @cached_property
    def clocks(self) -> Clocks:
        """Clocks of cases."""
        return Clocks(self)

    @cached_property
    def calendar_years(self) -> CalendarYears:
        """Imported years of the working calendar."""
        return CalendarYears(self)

    @cached_property
    def ladder(self) -> Ladder:
        """Reminders of clocks."""
        return Ladder(self)

    @cached_property
    def dialogue(self) -> Dialogue:
        """What reporters and officials write to each other."""
        return Dialogue(self)

    @cached_property
    def missed_dates(self) -> MissedDates:
        """Promised dates that have passed."""
        return MissedDates(self)

    @cached_property
    def escalations(self) -> Escalations:
        """What reporters asked the level above."""
        return Escalations(self)

    @cached_property
    def identities(self) -> Identities:
        """Reporters' sealed names."""
        return Identities(self)

    @cached_property
    def releases(self) -> Releases:
        """Names released to somebody."""
        return Releases(self)

    @cached_property
    def links(self) -> Links:
        """What ties cases to each other."""
        return Links(self)

    @cached_property
    def mass_reactions(self) -> MassReactions:
        """Reports about the same person in the same village."""
        return MassReactions(self)

    @cached_property
    def rule_sets(self) -> RuleSets:
        """The versions of the casework content."""
        return RuleSets(self)

    @cached_property
    def recusals(self) -> Recusals:
        """Who stands back from a case."""
        return Recusals(self)

    @cached_property
    def filing_marks(self) -> FilingMarks:
        """How often somebody filed within the hour."""
        return FilingMarks(self)

    @cached_property
    def files(self) -> Files:
        """Stored files."""
        return Files(self)

    @cached_property
    def announcements(self) -> Announcements:
        """Files announced, and the links they are handed in by."""
        return Announcements(self)

    @cached_property
    def receipts(self) -> Receipts:
        """Signed receipts and public keys."""
        return Receipts(self)

    @cached_property
    def inquiries(self) -> Inquiries:
        """Questions and their answers."""
        return Inquiries(self)

    @cached_property
    def gates(self) -> Gates:
        """Gates of elections."""
        return Gates(self)

    @cached_property
    def committees(self) -> Committees:
        """Election committees."""
        return Committees(self)

    @cached_property
    def responsibilities(self) -> Responsibilities:
        """Who answers for places."""
        return Responsibilities(self)

    @cached_property
    def entries(self) -> Entries:
        """Entries written at the desk."""
        return Entries(self)

    @cached_property
    def elections(self) -> Elections:
        """Elections, candidates, signatures."""
        return Elections(self)

    @cached_property
    def reminders(self) -> Reminders:
        """Reminders of elections, planned and queued."""
        return Reminders(self)

    @cached_property
    def subscriptions(self) -> Subscriptions:
        """Who wants to hear of a village's election."""
        return Subscriptions(self)

    @cached_property
    def broadcasts(self) -> Broadcasts:
        """Notices to everybody subscribed in a place."""
        return Broadcasts(self)

    @cached_property
    def officials(self) -> Officials:
        """Officials, what they sign in with, custodians."""
        return Officials(self)

    @cached_property
    def sign_ins(self) -> SignIns:
        """Sessions, known browsers, links to a seat, passkeys, waits."""
        return SignIns(self)

    @cached_property
    def places(self) -> Places:
        """Counties, towns, villages, communities."""
        return Places(self)

    @cached_property
    def laws(self) -> Laws:
        """Imported law texts."""
        return Laws(self)

    @cached_property
    def surroundings(self) -> AskSurroundings:
        """What a new report is held against."""
        return AskSurroundings(self)

    @cached_property
    def roster(self) -> Roster:
        """The weekly duty roster of each unit."""
        return Roster(self)

    @cached_property
    def transfers(self) -> Transfers:
        """Cases offered by one unit to another."""
        return Transfers(self)

    @cached_property
    def handovers(self) -> Handovers:
        """What somebody who leaves had in hand."""
        return Handovers(self)

    @cached_property
    def presence(self) -> Presence:
        """Who has a case open."""
        return Presence(self)

    @cached_property
    def redactions(self) -> Redactions:
        """What is covered."""
        return Redactions(self)

    @cached_property
    def retention(self) -> Retention:
        """What has been kept long enough."""
        return Retention(self)

    @cached_property
    def outbox(self) -> Outbox:
        """What must leave."""
        return Outbox(self)

    @cached_property
    def log(self) -> EventLog:
        """The event log."""
        return EventLog(self)

    @cached_property
    def events(self) -> Events:
        """The event log as it is read."""
        return Events(self)

    @cached_property
    def exports(self) -> Exports:
        """Dossiers that left."""
        return Exports(self)

    @cached_property
    def log_heads(self) -> LogHeads:
        """Signed heads of the event log."""
        return LogHeads(self)
