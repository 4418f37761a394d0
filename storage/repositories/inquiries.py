"""Questions, what was answered, and those waiting for a person."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import func, select, update

from storage.repositories.base import Repository
from storage.tables.officials import place
from storage.tables.records import inquiry

QUESTION: Final = "inquiry"


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
        """An official answers; False when somebody did before."""
        result = await self._uow.execute(
            update(inquiry)
            .where(inquiry.c.id == inquiry_id, inquiry.c.state == "waiting")
            .values(
                state="replied",
                reply_sealed=self._keys.seal_text(QUESTION, text),
                replied_by=official_id,
                replied_at=self._uow.clock.now(),
            )
        )
        return bool(result.rowcount)

    async def inbox(self, place_path: str, *, state: str, limit: int = 100) -> list[Inquiry]:
        """Questions in a state from a place, or from nobody's place; waiting ones oldest first, others newest first."""
        order = inquiry.c.asked_at if state == "waiting" else inquiry.c.asked_at.desc()
        query = select(inquiry).where(inquiry.c.state == state, self._in_place(place_path))
        rows = await self._uow.read(query.order_by(order).limit(limit))
        return [self._opened(row) for row in rows]

    async def waiting(self, place_path: str) -> int:
        """How many questions wait for a person."""
        query = (
            select(func.count()).select_from(inquiry).where(inquiry.c.state == "waiting", self._in_place(place_path))
        )
        return int((await self._uow.read(query))[0][0])

    def _in_place(self, place_path: str) -> Any:
        inside = select(place.c.id).where(
            (place.c.path == place_path) | place.c.path.startswith(f"{place_path}/", autoescape=True)
        )
        return inquiry.c.place_id.is_(None) | inquiry.c.place_id.in_(inside)

    def _opened(self, row: Any) -> Inquiry:
        return Inquiry(
            row.id,
            row.person_id,
            self._keys.open_text(QUESTION, row.question_sealed),
            row.entry_id,
            row.score,
            row.state,
            row.useful,
            row.place_id,
            row.asked_at,
            self._keys.open_text(QUESTION, row.reply_sealed) if row.reply_sealed else None,
            row.replied_at,
        )
