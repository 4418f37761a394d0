"""Everything a new report is held against, asked in one statement: its levels, their officials, the next election day.

Filing a report is what must never be slow or lost, and six small questions cost more than its rows. What each part
means stands where it is kept (recusals.py, officials.py, places.py).
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from sqlalchemy import Date, bindparam, text

from knowledge.casework.access import Role
from knowledge.casework.recusal import Seat
from knowledge.casework.transfers import levels
from storage.repositories.base import Repository
from storage.repositories.officials import NOTICE
from storage.repositories.places import Place
from storage.repositories.recusals import KINSHIP

_ASK: Final = text(
    """
    SELECT 'official' AS kind, o.id AS id, o.id AS official_id, o.display_name AS words, o.role AS role,
           o.place_path AS path, CASE WHEN o.is_head THEN 1 ELSE 0 END AS is_head, o.notice_chat_sealed AS sealed
      FROM official o WHERE o.active AND o.place_path IN :levels
    UNION ALL
    SELECT 'alias', a.id, a.official_id, a.words, a.kind, '', 0, NULL
      FROM official_alias a JOIN official o ON o.id = a.official_id WHERE o.active AND o.place_path IN :levels
    UNION ALL
    SELECT 'kin', k.id, k.official_id, coalesce(p.name, ''), k.kind, coalesce(p.path, ''), 0, k.name_sealed
      FROM kinship k JOIN official o ON o.id = k.official_id LEFT JOIN place p ON p.id = k.place_id
     WHERE k.removed_at IS NULL AND o.active AND o.place_path IN :levels
    UNION ALL
    SELECT 'place', p.id, 0, p.name, p.kind, p.path, 0, NULL FROM place p WHERE p.path IN :levels
    UNION ALL
    SELECT 'election', 0, 0, CAST(min(e.election_day) AS varchar(10)), '', '', 0, NULL
      FROM election e JOIN place p ON p.id = e.place_id
     WHERE p.path = :here AND e.election_day >= :today AND e.state <> 'finished'
    """
).bindparams(bindparam("levels", expanding=True), bindparam("today", type_=Date()))


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What lies around a place.

    `levels` are the places from here upwards, nearest first; `notice_chats` the officials' chats for notices.
    """

    levels: tuple[Place, ...]
    seats: tuple[Seat, ...]
    notice_chats: dict[int, int]
    election_on: date | None

    def unit(self, path: str | None) -> Place:
        """The level with this path; the highest there is when it is None."""
        return next((one for one in self.levels if one.path == path), self.levels[-1])


class AskSurroundings(Repository):
    """Asks."""

    async def of(self, place_path: str, today: date) -> Surroundings:
        """What lies around a place on a day (Asia/Shanghai)."""
        found: dict[str, list[Any]] = defaultdict(list)
        given = {"levels": list(levels(place_path)), "here": place_path, "today": today}
        for row in await self._uow.read(_ASK, given):
            found[row.kind].append(row)
        election = found["election"][0].words
        return Surroundings(
            levels=tuple(
                Place(row.id, row.path, row.role, row.words)
                for row in sorted(found["place"], key=lambda row: -len(row.path))
            ),
            seats=self._seats(found),
            notice_chats={
                row.id: int(self._keys.open_text(NOTICE, row.sealed)) for row in found["official"] if row.sealed
            },
            election_on=date.fromisoformat(election) if election else None,
        )

    def _seats(self, found: dict[str, list[Any]]) -> tuple[Seat, ...]:
        words: dict[tuple[int, str], list[str]] = defaultdict(list)
        for row in found["alias"]:
            words[row.official_id, row.role].append(row.words)
        for row in found["kin"]:
            name = self._keys.open_text(KINSHIP, row.sealed)
            if row.path:
                words[row.official_id, "place"].append(row.path)
            if name != row.words:  # without a name of its own, an interest is kept under its village's
                words[row.official_id, "kin"].append(name)
        return tuple(
            Seat(
                official_id=row.id,
                role=Role(row.role),
                place_path=row.path,
                is_head=bool(row.is_head),
                names=(row.words, *words[row.id, "name"]),
                posts=tuple(words[row.id, "post"]),
                relatives=tuple(words[row.id, "kin"]),
                interests=tuple(words[row.id, "place"]),
            )
            for row in sorted(found["official"], key=lambda row: row.id)
        )
