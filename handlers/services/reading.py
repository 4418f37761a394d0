"""Reading leaves an event too: who opened which case, list, name file or the log itself.

A page that shows several cases leaves one event with what it was narrowed to and how many it showed, not one for each
row. What a newcomer gets wrong: to write down what was shown. The log holds numbers of cases that were opened, and
never a word of them; of a reporter it holds that somebody read, not who.
"""

import re
from typing import Any, Final

from storage.repositories.cases import Case
from storage.repositories.officials import Official
from storage.unit_of_work import UnitOfWork

_NUMBER: Final = re.compile(r"QF[0-9A-Z-]{0,18}")


async def of_list(uow: UnitOfWork, official: Official, what: str, *, shown: int, **narrowed: Any) -> None:
    """An official saw a page of several: `list/cases`, `list/transfers` ... Filters that are off are left out."""
    chosen = {name: value for name, value in narrowed.items() if value}
    if "number" in chosen and not _NUMBER.fullmatch(str(chosen["number"])):
        chosen["number"] = "?"  # people type names and phone numbers into the box for case numbers
    await uow.log.record(
        actor=f"official/{official.id}", act="list_read", subject=f"list/{what}", shown=shown, **chosen
    )


async def of_case(uow: UnitOfWork, official: Official, act: str, number: str, **detail: Any) -> None:
    """An official saw something about one case without opening it whole."""
    await uow.log.record(actor=f"official/{official.id}", act=act, subject=f"case/{number}", **detail)


async def by_reporter(uow: UnitOfWork, case: Case, *, by_code: bool) -> None:
    """Whoever filed a report, or holds its receipt code, looked at it."""
    await uow.log.record(actor="reporter", act="own_case_read", subject=f"case/{case.number}", by_code=by_code)


async def of_own_list(uow: UnitOfWork, *, shown: int) -> None:
    """Somebody looked at the list of their own reports; whose it is, the log does not say."""
    await uow.log.record(actor="reporter", act="own_list_read", subject="list/own", shown=shown)
