"""The matrix of roles: what every address of the desk answers to each role, near, elsewhere, stood back, signed out.

    python -m tests.roles_matrix > tests/expected/roles.csv

writes it anew; the difference is then read line by line, because the table is what the roles are (P8). Whatever is
asked is answered as always and then not kept, so that no line depends on the one before.
"""

import asyncio
import csv
import io
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from handlers.desk.app import PAGES
from handlers.desk.case_acts import CASE_ACTS
from handlers.desk.oversight import ACTS
from handlers.services import recusals
from handlers.services.access import Caller
from knowledge.casework.access import Permission, Role, may
from knowledge.casework.recusal import Ground
from storage.engine import Database
from storage.files import FileStore
from storage.repositories.officials import Official
from storage.unit_of_work import Storage, UnitOfWork
from storage.vault import KeyRing
from tests import databases, factories
from tests.desk_rows import FORMS, filled, furnish
from tests.desk_site import Browser, DeskSite
from tests.fakes import FakeClock

EXPECTED: Final = Path(__file__).parent / "expected" / "roles.csv"
OWN, OTHER, RECUSED = "own place", "other place", "recused"
SITUATIONS: Final = (OWN, OTHER, RECUSED)
NOBODY: Final = "nobody"
COLUMNS: Final = ("method", "path", "situation", NOBODY, *(str(role) for role in Role))
#: Parts of an address that stand for one of the two cases.
OF_A_CASE: Final = ("{number}", "{transfer_id}")

Line = tuple[str, str, str]
Matrix = dict[Line, dict[str, str]]


class _Forgetful(UnitOfWork):
    """A unit of work that does everything, rules of the database included, and keeps nothing."""

    async def commit(self) -> None:
        await self._apply(await self.begin())
        await self._leave()


class _ForgetfulStorage(Storage):
    def unit_of_work(self) -> UnitOfWork:
        return _Forgetful(self)


def addresses() -> Iterator[tuple[str, str]]:
    """Every method and address; an act of a case is an address of its own."""
    for method, path, _ in PAGES:
        acts = CASE_ACTS if "/cases/" in path else ACTS
        for act in acts if "{act}" in path and method == "POST" else ("",):
            yield method, path.replace("{act}", act) if act else path


async def measured(storage: Storage) -> Matrix:
    """Ask everything of an empty deployment on SQLite."""
    site = DeskSite(storage)
    parts = await furnish(site)
    forgetful = _ForgetfulStorage(storage.database, storage.keys, storage.files, storage.clock)
    forgetful.ids = storage.ids  # the clock stands still: two makers of ids would make the same ones
    asked = DeskSite(forgetful)
    found: Matrix = {}
    for role in Role:
        for situation in SITUATIONS:
            browser = await _seated(site, asked, role, situation, parts)
            for method, path in addresses():
                if situation == OTHER and "{" not in path and path not in FORMS:
                    continue
                if situation == RECUSED and not any(part in path for part in OF_A_CASE):
                    continue
                answer = await _ask(browser, method, path, parts)
                found.setdefault((method, path, situation), {})[role] = answer
    stranger = asked.browser()
    await stranger.get("/desk/sign-in")
    for method, path in addresses():
        answer = await _ask(stranger, method, path, parts)
        for situation in SITUATIONS:
            if (method, path, situation) in found:
                found[method, path, situation][NOBODY] = answer
    return _folded(found)


async def _seated(site: DeskSite, asked: DeskSite, role: Role, situation: str, parts: dict[str, str]) -> Browser:
    """A browser of a new official of a role; who may read the cases has said that nothing stands between."""
    path = factories.OTHER_VILLAGE if situation == OTHER else factories.COUNTY

    async def seat(uow: UnitOfWork) -> str:
        official = await factories.add_official(uow, role, path)
        if situation == OWN and may(role, Permission.READ_CASES):
            await recusals.declare_clear(uow, official, parts["number"])
        if situation == RECUSED:
            await _stand_back(uow, official, parts)
        return (await site.access.open(uow, official, "password", Caller("10.0.0.1"))).token

    browser = asked.browser()
    browser.client.cookies.set(asked.session_cookie, await site.do(seat))
    await browser.get("/desk")
    return browser


async def _stand_back(uow: UnitOfWork, official: Official, parts: dict[str, str]) -> None:
    transfer = await uow.transfers.get(int(parts["transfer_id"]))
    assert transfer is not None
    for case in (await uow.cases.by_number(parts["number"]), await uow.cases.by_id(transfer.case_id)):
        assert case is not None
        await recusals.recuse(uow, case, {official.id: Ground.ASKED}, actor="system")


async def _ask(browser: Browser, method: str, path: str, parts: dict[str, str]) -> str:
    address = filled(path, parts)
    if method == "GET":
        return str((await browser.client.get(address)).status_code)
    named = {"election": parts["election_id"], "version": parts["version"]}
    form = FORMS.get(path, FORMS.get("/desk/cases/{number}/{act}", {}) if path.endswith("/note") else {})
    answer = await browser.client.post(address, data={"csrf": browser.csrf, **named, **form})
    return str(answer.status_code)


def _folded(found: Matrix) -> Matrix:
    """One line for all situations that are answered alike."""
    folded: Matrix = {}
    for method, path in addresses():
        lines = {one: found[method, path, one] for one in SITUATIONS if (method, path, one) in found}
        for answers in lines.values():
            alike = [situation for situation, line in lines.items() if line == answers]
            folded[method, path, "any" if len(alike) == len(lines) else ", ".join(alike)] = answers
    return folded


def holds_for(line: Line, situation: str) -> bool:
    """Whether a line of the table speaks of a situation."""
    return line[2] == "any" or situation in line[2].split(", ")


def written(matrix: Matrix) -> str:
    """The table as text."""
    page = io.StringIO()
    table = csv.writer(page, lineterminator="\n")
    table.writerow(COLUMNS)
    for line, answers in matrix.items():
        table.writerow([*line, *(answers[column] for column in COLUMNS[len(line) :])])
    return page.getvalue()


def read(text: str) -> Matrix:
    """The table from its text."""
    rows = csv.DictReader(io.StringIO(text))
    return {
        (row["method"], row["path"], row["situation"]): {column: row[column] for column in COLUMNS[3:]} for row in rows
    }


async def _main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        template = databases.make_sqlite_template(Path(folder))
        keys = KeyRing(bytes(range(32)))
        url = databases.sqlite_database(template, Path(folder))
        storage = Storage(Database(url), keys, FileStore(Path(folder) / "files", keys), FakeClock())
        try:
            sys.stdout.write(written(await measured(storage)))
        finally:
            await storage.close()


if __name__ == "__main__":
    asyncio.run(_main())
