"""An old register entered whole (P7): every row begins as it came, all of them or none, and once.

The close attempt by import of N1 stands here too: no column opens a way past `received`.
"""

import argparse
import csv
import json
from pathlib import Path

import pytest
from sqlalchemy import select, text

from bot.commands import import_table
from bot.settings import Settings
from handlers.services.errors import NotAllowed
from handlers.services.filing import COLUMNS, Filings
from handlers.services.intake import Intake
from handlers.services.places import BadRow
from knowledge.casework.access import Role
from knowledge.casework.categories import load_categories
from knowledge.casework.classification import Classifier
from knowledge.casework.lifecycle import CaseState
from knowledge.clock import local_date
from storage.errors import RuleRefused
from storage.repositories.cases import Case
from storage.repositories.officials import Official
from storage.tables.cases import case_message, case_note, cases
from storage.tables.records import event, outbox
from storage.unit_of_work import Storage
from tests import factories

FILINGS = Filings(Intake(Classifier(load_categories())))
ROW = {
    "path": factories.VILLAGE,
    "received_on": "2026-03-02",
    "via": "letter",
    "what": "村里有人挨家送烟，每家两条，让大家投他一票。",
    "who": "李某",
    "when": "3月1日晚上",
    "where": "村口",
    "how_known": "来信",
}
OTHER = {**ROW, "what": "还有一件：村里的账没有贴出来。", "who": "", "via": "walk_in", "path": factories.OTHER_VILLAGE}


@pytest.fixture
async def operator(storage: Storage) -> Official:
    async with storage.unit_of_work() as uow:
        await factories.add_county(uow)
        await factories.add_official(uow, Role.DISCIPLINE_OFFICIAL, display_name="县办甲")
        made = await factories.add_official(uow, Role.TOWNSHIP_STAFF, username="clerk", display_name="镇办乙")
        await uow.commit()
    return made


async def enter(storage: Storage, operator: Official, rows: list[dict]) -> tuple[int, int]:
    async with storage.unit_of_work() as uow:
        entered = await FILINGS.enter(uow, operator, rows)
        await uow.commit()
    return entered


async def entered(storage: Storage) -> list[Case]:
    async with storage.unit_of_work() as uow:
        return await uow.cases.matching(cases.c.id > 0)


async def test_every_row_becomes_a_report_that_was_just_received(storage: Storage, operator: Official) -> None:
    assert await enter(storage, operator, [ROW, OTHER]) == (2, 0)
    found = await entered(storage)
    assert {case.state for case in found} == {CaseState.RECEIVED}
    assert {case.filed_via for case in found} == {"import"}
    assert {case.filed_by for case in found} == {operator.id}
    assert {str(local_date(case.received_at)) for case in found} == {"2026-03-02"}
    first = next(case for case in found if case.place_path == factories.VILLAGE)
    assert "vote_buying" in {flag.category for flag in first.flags}
    async with storage.unit_of_work() as uow:
        assert (await uow.cases.narrative(first.id))["what"] == ROW["what"]
        due = uow.calendar.add_working_days(local_date(first.received_at), 15)
        with pytest.raises(RuleRefused):
            await uow.execute(text("UPDATE cases SET state = 'closed', closed_at = received_at"))
    assert first.answer_due_on == due


async def test_the_same_table_given_again_adds_nothing(storage: Storage, operator: Official) -> None:
    await enter(storage, operator, [ROW])
    assert await enter(storage, operator, [ROW, OTHER]) == (1, 1)
    assert await enter(storage, operator, [{**ROW, "who": " 李某 "}, OTHER]) == (0, 2)
    other = {**ROW, "received_on": "2026-03-03"}
    assert await enter(storage, operator, [other]) == (1, 0)
    assert len(await entered(storage)) == 3


async def test_a_row_that_stands_twice_in_one_table_is_one_report(storage: Storage, operator: Official) -> None:
    assert await enter(storage, operator, [ROW, ROW]) == (1, 1)


@pytest.mark.parametrize(
    ("change", "line", "field"),
    [
        ({"path": "cn/nowhere"}, 3, "path"),
        ({"received_on": "2 March"}, 3, "received_on"),
        ({"received_on": "2026-03-12"}, 3, "received_on"),
        ({"received_on": "1990-03-12"}, 3, "received_on"),
        ({"via": "chat"}, 3, "via"),
        ({"what": " "}, 3, "what"),
        ({"who": "长" * 201}, 3, "who"),
        ({"what": "长" * 10_001}, 3, "what"),
        ({"what": None}, 3, "what"),
        ({None: ["more"]}, 3, "row"),
        ({"state": "closed"}, 1, "state"),
        ({"closed_at": "2026-03-02"}, 1, "closed_at"),
        ({"flags": ""}, 1, "flags"),
        ({"handler": "县办甲"}, 1, "handler"),
        ({"note": "内部"}, 1, "note"),
        ({"message": "好的"}, 1, "message"),
    ],
)
async def test_a_wrong_row_or_column_is_named_and_nothing_is_kept(
    storage: Storage, operator: Official, change: dict, line: int, field: str
) -> None:
    with pytest.raises(BadRow) as wrong:
        await enter(storage, operator, [ROW, {**OTHER, **change}])
    assert (wrong.value.line, wrong.value.field) == (line, field)
    assert await entered(storage) == []
    async with storage.unit_of_work() as uow:
        for table in (case_note, case_message):
            assert await uow.read(select(table)) == []


async def test_a_refused_column_says_what_to_do(storage: Storage, operator: Official) -> None:
    with pytest.raises(BadRow, match="every report begins as it came"):
        await enter(storage, operator, [{**ROW, "state": "closed"}])


async def test_only_who_may_file_for_others_enters_a_register(storage: Storage, operator: Official) -> None:
    async with storage.unit_of_work() as uow:
        auditor = await factories.add_official(uow, Role.AUDITOR)
        await uow.commit()
    with pytest.raises(NotAllowed):
        await enter(storage, auditor, [ROW])
    assert await entered(storage) == []


async def test_officials_hear_of_a_register_once_and_only_of_what_they_may_know(storage: Storage) -> None:
    async with storage.unit_of_work() as uow:
        await factories.add_county(uow)
        seats = [await factories.add_official(uow, display_name=name) for name in ("县办甲", "县办丙")]
        for one in seats:
            await uow.officials.set_notice_chat(one.id, 7000 + one.id)
        await uow.commit()
    await enter(
        storage, seats[0], [{**ROW, "who": "县办丙"}, {**ROW, "who": "县办丙和李某"}, {**ROW, "who": "丙，县办丙"}]
    )
    async with storage.unit_of_work() as uow:
        keys = [row.dedupe_key for row in await uow.read(select(outbox).where(outbox.c.kind == "notice"))]
    assert len(keys) == 1
    assert keys[0].endswith(f"/{seats[0].id}")


async def test_the_log_names_who_entered_it(storage: Storage, operator: Official) -> None:
    await enter(storage, operator, [ROW])
    async with storage.unit_of_work() as uow:
        rows = await uow.read(select(event).where(event.c.act.in_(("report_submitted", "register_entered"))))
    assert {row.actor for row in rows} == {f"official/{operator.id}"}
    assert "李某" not in str([tuple(row) for row in rows])


# The command


def written(folder: Path, rows: list[dict], columns: tuple[str, ...] = COLUMNS) -> Path:
    path = folder / "register.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, columns)
        table.writeheader()
        table.writerows(rows)
    return path


@pytest.fixture
async def run(sqlite_storage: Storage, monkeypatch: pytest.MonkeyPatch):
    """The command on a database that is open already."""
    from contextlib import asynccontextmanager

    async with sqlite_storage.unit_of_work() as uow:
        await factories.add_county(uow)
        await factories.add_official(uow)
        await factories.add_official(uow, Role.TOWNSHIP_STAFF, username="clerk")
        await factories.add_official(uow, Role.AUDITOR, username="auditor")
        await uow.commit()

    @asynccontextmanager
    async def opened(_settings: Settings):
        yield sqlite_storage

    monkeypatch.setattr(import_table, "open_storage", opened)

    async def act(path: Path, *more: str) -> int:
        parser = argparse.ArgumentParser()
        import_table.configure(parser)
        arguments = parser.parse_args(["cases", str(path), *more])
        return await import_table._enter_cases(Settings(), arguments)

    return act


async def test_the_command_enters_a_table_and_says_how_much_was_new(run, tmp_path, capsys) -> None:
    path = written(tmp_path, [ROW, OTHER])
    assert await run(path, "--username", "clerk", "--json") == 0
    assert json.loads(capsys.readouterr().out) == {"what": "cases", "entered": 2, "known": 0}
    assert await run(path, "--username", "clerk") == 0
    assert "Entered 0 cases; 2 were there already" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("columns", "more", "said"),
    [
        (COLUMNS, (), "--username"),
        (COLUMNS, ("--username", "nobody"), "no official nobody"),
        (COLUMNS, ("--username", "auditor"), "may not file"),
        (COLUMNS[:-1], ("--username", "clerk"), "lacks the column how_known"),
        ((*COLUMNS, "state"), ("--username", "clerk"), "line 1, state"),
    ],
)
async def test_the_command_refuses_in_one_line(run, tmp_path, capsys, columns, more, said) -> None:
    row = {name: {**ROW, "state": "closed"}[name] for name in columns}
    assert await run(written(tmp_path, [row], columns), *more) == 2
    assert said in capsys.readouterr().err


async def test_a_file_that_is_no_table_is_named(run, tmp_path, capsys) -> None:
    path = tmp_path / "register.csv"
    path.write_bytes(b"\xff\xfe\x00")
    assert await run(path, "--username", "clerk") == 2
    assert "Save it as CSV in UTF-8" in capsys.readouterr().err
    assert await run(path, str(path), "--username", "clerk") == 2
    assert "one table at a time" in capsys.readouterr().err
