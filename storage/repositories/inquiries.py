"""Questions, what was answered, and those waiting for a person."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import and_, func, insert, or_, select, update

from storage.repositories.base import Repository
from storage.tables.officials import place
from storage.tables.records import inquiry, inquiry_escalation

QUESTION: Final = "inquiry"
NOTE: Final = "inquiry.escalation"
#: Lists of the desk: what waits for a person, what was answered to no use, what a person has replied to.
WAITING: Final = "waiting"
USELESS: Final = "useless"
REPLIED: Final = "replied"
_TELLING: Final = 4  # characters; a shorter question tells nothing of a report
_KEPT: Final = func.length(inquiry.c.question_sealed) > 0  # not emptied
_IN_LIST: Final = {
    WAITING: and_(inquiry.c.state == "waiting", _KEPT),
    USELESS: and_(inquiry.c.state == "answered", inquiry.c.useful.is_(False), _KEPT),
    REPLIED: and_(inquiry.c.state == "replied", _KEPT),
}
_OPEN: Final = or_(_IN_LIST[WAITING], _IN_LIST[USELESS])


@dataclass(frozen=True, slots=True)
class Inquiry:
    """One question of one person."""

    id: int
    person_id: int
    question: str
    entry_id: str | None
    score: float
    state: str
    useful: bool | None
    place_id: int | None
    asked_at: datetime
    reply: str | None
    replied_at: datetime | None


@dataclass(frozen=True, slots=True)
class Escalation:
    """A question put to the place above, with the day its answer is due."""

    inquiry_id: int
    to_path: str
    asked_by: int
    asked_at: datetime
    due_on: date
    note: str


class Inquiries(Repository):
    """Logs questions and keeps the desk's inbox of them."""

    def log(
        self, *, person_id: int, question: str, entry_id: str | None, score: float, state: str, place_id: int | None
    ) -> int:
        """Write a question at commit; returns its id."""
        inquiry_id = self._uow.ids.next()
        self._uow.append(
            inquiry,
            id=inquiry_id,
            person_id=person_id,
            question_sealed=self._keys.seal_text(QUESTION, question),
            entry_id=entry_id,
            score=score,
            state=state,
            useful=None,
            place_id=place_id,
            asked_at=self._uow.clock.now(),
        )
        return inquiry_id

    async def get(self, inquiry_id: int) -> Inquiry | None:
        """A question by id."""
        rows = await self._uow.read(select(inquiry).where(inquiry.c.id == inquiry_id))
        return self._opened(rows[0]) if rows else None

    async def empty_told(self, person_id: int, account: str) -> tuple[str, ...]:
        """Forget a person's questions that a report repeats word for word; returns what they said."""
        rows = await self._uow.read(
            select(inquiry).where(inquiry.c.person_id == person_id, _KEPT).order_by(inquiry.c.id.desc()).limit(200)
        )
        told = [
            one for one in map(self._opened, rows) if len(one.question) >= _TELLING and one.question.strip() in account
        ]
        for one in told:
            await self._uow.execute(update(inquiry).where(inquiry.c.id == one.id).values(question_sealed=b""))
        return tuple(one.question for one in told)

    async def asked_by(self, person_id: int, most: int) -> tuple[str, ...]:
        """What a person asked and what was not emptied, newest first."""
        query = select(inquiry).where(inquiry.c.person_id == person_id, _KEPT).order_by(inquiry.c.id.desc()).limit(most)
        return tuple(one.question for one in map(self._opened, await self._uow.read(query)))

    async def empty_asked(self, person_id: int) -> None:
        """Forget what a person asked, but for what still waits for an answer."""
        done = (inquiry.c.person_id == person_id, inquiry.c.state != "waiting", _KEPT)
        await self._uow.execute(update(inquiry).where(*done).values(question_sealed=b""))

    async def judge(self, inquiry_id: int, person_id: int, *, useful: bool) -> None:
        """The asker says whether the answer helped."""
        await self._uow.execute(
            update(inquiry).where(inquiry.c.id == inquiry_id, inquiry.c.person_id == person_id).values(useful=useful)
        )

    async def hand_over(self, inquiry_id: int, person_id: int) -> bool:
        """Pass an answered question to a person; False when it waits or was replied to already."""
        result = await self._uow.execute(
            update(inquiry)
            .where(inquiry.c.id == inquiry_id, inquiry.c.person_id == person_id, inquiry.c.state == "answered")
            .values(state="waiting")
        )
        return bool(result.rowcount)

    async def reply(self, inquiry_id: int, *, official_id: int, text: str) -> bool:
        """An official answers what waits, or was answered to no use; False when somebody did before."""
        result = await self._uow.execute(
            update(inquiry)
            .where(inquiry.c.id == inquiry_id, _OPEN)
            .values(
                state="replied",
                reply_sealed=self._keys.seal_text(QUESTION, text),
                replied_by=official_id,
                replied_at=self._uow.clock.now(),
            )
        )
        return bool(result.rowcount)

    async def inbox(self, place_path: str, *, state: str, limit: int = 100) -> list[Inquiry]:
        """Questions of a list from a place, or from nobody's place; waiting ones oldest first, others newest first."""
        order = inquiry.c.asked_at if state == WAITING else inquiry.c.asked_at.desc()
        query = select(inquiry).where(_IN_LIST[state], self._in_place(place_path))
        rows = await self._uow.read(query.order_by(order, inquiry.c.id).limit(limit))
        return [self._opened(row) for row in rows]

    async def one_of(self, place_path: str, inquiry_id: int) -> Inquiry | None:
        """A question that the officials of a place may see: one of the three lists."""
        shown = or_(_OPEN, _IN_LIST[REPLIED])
        rows = await self._uow.read(
            select(inquiry).where(inquiry.c.id == inquiry_id, shown, self._in_place(place_path))
        )
        return self._opened(rows[0]) if rows else None

    async def counts(self, place_path: str) -> dict[str, int]:
        """How many questions wait, and how many were answered to no use."""
        found: dict[str, int] = {}
        for name in (WAITING, USELESS):
            query = select(func.count()).select_from(inquiry).where(_IN_LIST[name], self._in_place(place_path))
            found[name] = int((await self._uow.read(query))[0][0])
        return found

    async def waiting(self, place_path: str) -> int:
        """How many questions wait for a person."""
        return (await self.counts(place_path))[WAITING]

    async def escalate(self, inquiry_id: int, *, to_path: str, official_id: int, due_on: date, note: str) -> None:
        """Put a question to a place above."""
        await self._uow.execute(
            insert(inquiry_escalation).values(
                inquiry_id=inquiry_id,
                to_path=to_path,
                asked_by=official_id,
                asked_at=self._uow.clock.now(),
                due_on=due_on,
                note_sealed=self._keys.seal_text(NOTE, note),
                overdue_told_at=None,
            )
        )

    async def escalations(self, place_path: str) -> dict[int, list[Escalation]]:
        """What of a place's open and answered questions was put to places above, by question, first asked first."""
        query = (
            select(inquiry_escalation)
            .join(inquiry, inquiry.c.id == inquiry_escalation.c.inquiry_id)
            .where(self._in_place(place_path))
            .order_by(inquiry_escalation.c.asked_at)
        )
        found: dict[int, list[Escalation]] = {}
        for row in await self._uow.read(query):
            found.setdefault(row.inquiry_id, []).append(self._escalation(row))
        return found

    async def take_overdue(self, today: date) -> list[Escalation]:
        """Escalations whose day has passed without a reply and whose officials were not told yet; marked as told."""
        late = (
            select(inquiry_escalation)
            .join(inquiry, inquiry.c.id == inquiry_escalation.c.inquiry_id)
            .where(inquiry_escalation.c.due_on < today, inquiry_escalation.c.overdue_told_at.is_(None), _OPEN)
            .order_by(inquiry_escalation.c.due_on, inquiry_escalation.c.inquiry_id)
        )
        if not await self._uow.read(late.limit(1)):
            return []  # most ticks: nothing is locked or written
        if not self._uow.storage.database.is_sqlite:
            late = late.with_for_update(of=inquiry_escalation, skip_locked=True)
        rows = (await self._uow.execute(late)).all()
        for row in rows:
            await self._uow.execute(
                update(inquiry_escalation)
                .where(inquiry_escalation.c.inquiry_id == row.inquiry_id, inquiry_escalation.c.to_path == row.to_path)
                .values(overdue_told_at=self._uow.clock.now())
            )
        return [self._escalation(row) for row in rows]

    def _escalation(self, row: Any) -> Escalation:
        note = self._keys.open_text(NOTE, row.note_sealed)
        return Escalation(row.inquiry_id, row.to_path, row.asked_by, row.asked_at, row.due_on, note)

    def _in_place(self, place_path: str) -> Any:
        inside = select(place.c.id).where(
            (place.c.path == place_path) | place.c.path.startswith(f"{place_path}/", autoescape=True)
        )
        return inquiry.c.place_id.is_(None) | inquiry.c.place_id.in_(inside)

    def _opened(self, row: Any) -> Inquiry:
        return Inquiry(
            row.id,
            row.person_id,
            self._keys.open_text(QUESTION, row.question_sealed) if row.question_sealed else "",
            row.entry_id,
            row.score,
            row.state,
            row.useful,
            row.place_id,
            row.asked_at,
            self._keys.open_text(QUESTION, row.reply_sealed) if row.reply_sealed else None,
            row.replied_at,
        )
