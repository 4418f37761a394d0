"""Which cases an official may know of is decided in one place: `visible_to` of storage/repositories/cases.py (P8, N4).

Whoever reads cases without it is named below with the reason; a new reader fails until somebody has thought about it.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
READS = {"by_number", "by_id", "matching", "queue", "counts", "late_below", "received_at_place"}
#: These take the official as their first argument and have no other way.
ALWAYS_SCOPED = {"queue", "counts", "late_below"}
#: function -> why it reads cases without asking for whom. None of them hands what it reads to an official who has not
#: been through `find` or `visible_to`, except as the result of their own act.
WITHOUT = {
    "handlers/services/submission.py": "the reporter's own, just filed",
    "handlers/services/intake.py": "the system places a report; nobody reads",
    "handlers/services/notices.py": "the system tells reporters and handlers, without content",
    "handlers/services/messages.py": "the cases merged into one that was found by `find`",
    "handlers/services/flags.py": "flags go on to what a case was merged into",
    "handlers/services/names.py": "one that `_named` has found already",
    "handlers/services/links.py": "the cases merged into one that was found by `find`",
    "handlers/services/missed_dates.py": "the system tells reporters",
    "handlers/services/follow_up.py": "the reporter's own",
    "handlers/services/seats.py": "how many were handed over, counted",
    "handlers/services/transfers.py": "the other side of an offer: it sees what was offered, not the case",
    "handlers/services/case_moves.py": "one that was found by `find`, read again after a change",
    "handlers/services/mass_reaction.py": "a rule counts; nobody reads",
    "handlers/services/calendars.py": "the system reckons dates anew",
    "handlers/services/recusals.py": "the rule that decides who may see",
    "handlers/services/demo_cases.py": "the demo is built",
    "handlers/services/demo.py": "the demo is built",
    "handlers/services/releases.py": "whose name is asked for: a custodian who may decide sees its number and no more",
    "handlers/services/custody.py": "names are split anew; nothing of a case is shown",
    "handlers/services/signed_receipts.py": "the system signs what the case's own reporter is given",
    "handlers/services/uploads.py": "the case that a one-time link belongs to; nothing of it is shown",
}
#: Repositories that read rows of `cases` themselves: what they give back goes by a case that was found, or to nobody.
REPOSITORIES = {
    "storage/repositories/cases.py": "the one place",
    "storage/repositories/clocks.py": "clocks of a case",
    "storage/repositories/escalations.py": "what reporters asked, by units",
    "storage/repositories/flags.py": "flags of a case",
    "storage/repositories/identities.py": "names of a case; conditions for `matching`",
    "storage/repositories/ladder.py": "whom a date concerns, without who stands back",
    "storage/repositories/mass_reactions.py": "a rule counts",
    "storage/repositories/missed_dates.py": "what reporters are to be told",
    "storage/repositories/recusals.py": "who stands back",
    "storage/repositories/reports.py": "a report's own draft",
    "storage/repositories/retention.py": "what is to be erased",
    "storage/repositories/transfers.py": "offers, for the two units",
    "storage/repositories/events.py": "an auditor's log, without the cases the auditor stands back from",
    "storage/repositories/redactions.py": "covered words of a case that was found",
    "storage/repositories/releases.py": "requests for a name, with the number of their case",
}


def reads(path: Path) -> Iterator[tuple[str, bool]]:
    """Every read through `uow.cases`, and whether it says for whom."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        if node.func.attr in READS and ast.unparse(node.func.value).endswith("uow.cases"):
            scoped = node.func.attr in ALWAYS_SCOPED or any(word.arg == "visible_to" for word in node.keywords)
            yield node.func.attr, scoped


def sources(*folders: str) -> list[Path]:
    return [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]


def test_no_service_reads_cases_around_the_one_condition_without_a_reason() -> None:
    found = {
        str(path.relative_to(ROOT))
        for path in sources("handlers/services", "handlers/chat", "handlers/jobs", "bot")
        for _, scoped in reads(path)
        if not scoped
    }
    assert found - set(WITHOUT) == set()


def test_no_page_of_the_desk_reads_cases_around_it_at_all() -> None:
    pages = [(path.name, what) for path in sources("handlers/desk") for what, scoped in reads(path) if not scoped]
    assert pages == []
    assert any(scoped for path in sources("handlers/desk") for _, scoped in reads(path))


def test_no_page_or_service_selects_cases_itself() -> None:
    """What the services name of the table are conditions for `matching`."""
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in sources("handlers", "bot")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and ast.unparse(node.func) in ("select", "text", "exists")
        and any("case_table" in ast.unparse(one) or "FROM cases" in ast.unparse(one) for one in node.args)
    ]
    assert found == []


def test_every_repository_that_reads_the_table_is_known() -> None:
    found = {
        str(path.relative_to(ROOT))
        for path in sources("storage/repositories")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom)
        and node.module == "storage.tables.cases"
        and "cases" in {one.name for one in node.names}
    }
    assert found == set(REPOSITORIES)


def test_the_search_finds_what_it_looks_for(tmp_path: Path) -> None:
    code = "async def f(uow, who):\n    await uow.cases.by_id(1)\n    await uow.cases.by_id(1, visible_to=who)\n"
    (tmp_path / "x.py").write_text(code)
    assert list(reads(tmp_path / "x.py")) == [("by_id", False), ("by_id", True)]
