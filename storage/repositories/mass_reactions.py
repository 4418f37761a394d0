"""Who else reports the same person in the same village, and for which subjects that was already a crowd."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any, Final

from sqlalchemy import insert, select

from knowledge.casework.mass_reaction import Voice
from knowledge.casework.names import NameState
from knowledge.clock import local_date
from storage.custody import TOKEN_MARK
from storage.repositories.base import Repository
from storage.repositories.cases import unit
from storage.tables.cases import case_matter, cases, mass_reaction
from storage.tables.routing import recusal

SUBJECT: Final = "mass_reaction"


class MassReactions(Repository):
    """Finds groups and keeps what became of them."""

    async def key_of(self, case_id: int) -> str | None:
        """Which group a case belongs to; None where nobody in particular is reported."""
        query = select(cases.c.reported_person_index, cases.c.place_id).where(cases.c.id == case_id)
        row = (await self._uow.read(query))[0]
        return group_key(row.reported_person_index, row.place_id)

    async def of_key(self, key: str, *, anonymous: bool) -> tuple[Voice, ...]:
        """Every report of a group that may count; `anonymous`: with reports whose reporters are not known."""
        index, _, place_id = key.partition("/")
        query = (
            select(cases, unit.c.path)
            .join(unit, unit.c.id == cases.c.unit_id)
            .where(cases.c.reported_person_index == bytes.fromhex(index), cases.c.place_id == int(place_id))
            .order_by(cases.c.id)
        )
        if not anonymous:
            query = query.where(cases.c.person_token.is_not(None), cases.c.name_state == NameState.VERIFIED)
        rows = await self._uow.read(query)
        ids = [row.id for row in rows]
        about = await self._collected(case_matter.c.case_id, case_matter.c.matter, ids)
        apart = await self._collected(recusal.c.case_id, recusal.c.official_id, ids)
        return tuple(_voice(row, frozenset(about[row.id]), frozenset(apart[row.id])) for row in rows)

    def subject(self, key: str, matter: str, unit_path: str, recused: Iterable[int]) -> bytes:
        """What a crowd is counted under: person, village and matter, and who may know of it."""
        stand_back = ",".join(str(who) for who in sorted(recused))
        return self._keys.index(SUBJECT, f"{key}/{matter}/{unit_path}/{stand_back}")

    async def reached(self, subjects: Iterable[bytes]) -> bool:
        """Whether one of some subjects was upgraded before."""
        query = select(mass_reaction.c.id).where(mass_reaction.c.subject.in_(set(subjects))).limit(1)
        return bool(await self._uow.read(query))

    async def reach(self, subject: bytes, people: int) -> None:
        """Write down that a subject is upgraded; the table takes each only once."""
        await self._uow.execute(
            insert(mass_reaction).values(subject=subject, people=people, reached_at=self._uow.clock.now())
        )

    async def _collected(self, case_id: Any, value: Any, ids: list[int]) -> dict[int, set[Any]]:
        found: dict[int, set[Any]] = defaultdict(set)
        if ids:
            for row in await self._uow.read(select(case_id, value).where(case_id.in_(ids))):
                found[row[0]].add(row[1])
        return found


def group_key(reported_person_index: bytes | None, place_id: int) -> str | None:
    """Which group a report about a person in a place belongs to; None where nobody in particular is reported."""
    return f"{reported_person_index.hex()}/{place_id}" if reported_person_index else None


def _voice(row: Any, matters: frozenset[str], recused: frozenset[int]) -> Voice:
    person, mark = f"case/{row.id}", ""
    if row.name_state == NameState.VERIFIED and row.person_token:
        person, mark = row.person_token[TOKEN_MARK:].hex(), row.person_token[:TOKEN_MARK].hex()
    elif row.person_id is not None:
        person = f"person/{row.person_id}"
    return Voice(row.id, local_date(row.received_at), matters, row.path, recused, person, mark)
