"""Places and elections from a table: all rows or none, and the line that is wrong is named."""

import pytest
from sqlalchemy import text

from handlers.services.places import BadRow, import_elections, import_places
from storage.unit_of_work import Storage

PLACES = [
    {"path": "cn/hill", "kind": "county", "name": "山县"},
    {"path": "cn/hill/ford", "kind": "town", "name": "渡口镇"},
    {"path": "cn/hill/ford/oak", "kind": "village", "name": "橡树村"},
]
ELECTION = {"path": "cn/hill/ford/oak", "election_day": "2026-05-20", "commitments_due_on": "2026-05-10"}


async def enter(storage: Storage, rows: list[dict[str, str]]) -> int:
    async with storage.unit_of_work() as uow:
        new = await import_places(uow, rows)
        await uow.commit()
    return new


async def test_places_are_entered_once(storage: Storage) -> None:
    assert await enter(storage, PLACES) == 3
    assert await enter(storage, PLACES) == 0
    async with storage.unit_of_work() as uow:
        assert [place.name for place in await uow.places.within("cn/hill")] == ["山县", "渡口镇", "橡树村"]


@pytest.mark.parametrize(
    ("change", "line", "field"),
    [
        ({"path": "cn/hill/Ford"}, 4, "path"),
        ({"path": "cn/valley/oak"}, 4, "path"),
        ({"path": "cn/hill/ford"}, 4, "path"),
        ({"kind": "hamlet"}, 4, "kind"),
        ({"name": " "}, 4, "name"),
    ],
)
async def test_a_wrong_row_is_named_and_nothing_is_kept(
    storage: Storage, change: dict[str, str], line: int, field: str
) -> None:
    with pytest.raises(BadRow) as wrong:
        await enter(storage, [*PLACES[:2], {**PLACES[2], **change}])
    assert (wrong.value.line, wrong.value.field) == (line, field)
    async with storage.unit_of_work() as uow:
        assert await uow.places.within("cn") == []


async def test_an_election_gets_its_timetable(storage: Storage) -> None:
    await enter(storage, PLACES)
    async with storage.unit_of_work() as uow:
        assert await import_elections(uow, [ELECTION]) == 1
        await uow.commit()
    async with storage.unit_of_work() as uow:
        election = (await uow.elections.within("cn/hill"))[0]
        tasks = await uow.elections.tasks(election.id)
        assert len(tasks) > 50
        assert {task.code: task.due_on.isoformat() for task in tasks}["handover"] == "2026-05-30"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"path": "cn/hill"}, "path"),
        ({"election_day": "20 May"}, "election_day"),
        ({"commitments_due_on": "2026-05-21"}, "commitments_due_on"),
    ],
)
async def test_an_impossible_election_is_refused(storage: Storage, change: dict[str, str], field: str) -> None:
    await enter(storage, PLACES)
    async with storage.unit_of_work() as uow:
        with pytest.raises(BadRow) as wrong:
            await import_elections(uow, [{**ELECTION, **change}])
    assert (wrong.value.line, wrong.value.field) == (2, field)
    async with storage.unit_of_work() as uow:
        assert (await uow.read(text("SELECT count(*) FROM election")))[0][0] == 0


async def test_a_village_has_one_election_at_a_time(storage: Storage) -> None:
    await enter(storage, PLACES)
    async with storage.unit_of_work() as uow:
        with pytest.raises(BadRow, match="under way"):
            await import_elections(uow, [ELECTION, ELECTION])
