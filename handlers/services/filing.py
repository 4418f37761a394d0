"""Writing down what somebody says or writes to an official: a visit, a call, a letter, an old register.

It goes the way of every report (Intake), with the official on record as the one who wrote it down; from then on the
text is nobody's to change. What a newcomer gets wrong: the official is no reporter and need not be a reader. Who may
not read the case sees nothing of it afterwards, and who is named in it does not learn that either: the receipt is the
same for every report.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from typing import Final

from handlers.services import deadlines, signed_receipts
from handlers.services.case_moves import require
from handlers.services.errors import BadFields, BadInput
from handlers.services.given_names import is_wrong_phone
from handlers.services.intake import CODE_GROUPS, NARRATIVE, Intake, NewReport, begin_name
from handlers.services.places import BadRow
from handlers.services.reports import MAX_FILE_BYTES, MAX_FILES
from handlers.services.submission import name_reported
from knowledge.casework.access import Permission
from knowledge.clock import SHANGHAI
from storage.files import sha256
from storage.ids import readable_digest
from storage.repositories.officials import Official
from storage.repositories.places import Place
from storage.unit_of_work import UnitOfWork

#: How it came to the official; `import` is for registers that are entered whole.
WAYS: Final = ("walk_in", "phone", "letter")
LONGEST: Final = {"what": 10_000, "who": 200, "when": 200, "where": 200, "how_known": 200}
#: The columns of a register's table, all of them and no other.
COLUMNS: Final = ("path", "received_on", "via", *NARRATIVE)
_ROW_FAULTS: Final = {
    "too_short": ("says nothing", "Write what happened"),
    "too_long": ("is too long", "Use {most} characters at most"),
}
LONGEST_NAME: Final = 20
LONGEST_CONTACT: Final = 60
LONGEST_ADDRESS: Final = 100
#: Nobody writes down today what came longer ago.
OLDEST: Final = timedelta(days=3_653)
_NOON: Final = time(12, tzinfo=SHANGHAI)
_MARK: Final = "written_down"
_MARKED_FOR: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file handed in with it."""

    name: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Statement:
    """What was said, as the official wrote it down.

    `token` is of one form on one page: the same words with the same token are one report, however often they are
    sent. `anonymous`: no name was left; then `name`, `contact` and `address` are not looked at.
    """

    token: str
    via: str
    received_on: date | None
    place_path: str
    narrative: dict[str, str]
    anonymous: bool = True
    name: str = ""
    contact: str = ""
    address: str = ""
    files: tuple[Attachment, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Given:
    """What the reporter is handed: nothing of the report, and nothing of what becomes of it.

    `signed` proves to others that it was filed.
    """

    number: str
    receipt_code: str
    answer_due_on: date
    received_on: date
    file_hashes: tuple[str, ...]
    has_name: bool
    signed: str = ""


class Filings:
    """Files what officials write down."""

    def __init__(self, intake: Intake) -> None:
        self._intake = intake

    async def token(self, uow: UnitOfWork, official: Official, session: str) -> str:
        """What tells this form from the one before: another after each filing, and nothing that comes of chance.

        Args:
            uow: The unit of work.
            official: Who has the form before them.
            session: A secret of the browser's session that is stored nowhere.
        """
        now = uow.clock.now()
        filed = await uow.filing_marks.since(_MARK, official.id, now - _MARKED_FOR)
        last = filed[-1].isoformat() if filed else ""
        return uow.keys.index("filing/token", f"{session}/{now.date()}/{last}").hex()

    async def file(self, uow: UnitOfWork, official: Official, said: Statement) -> Given:
        """Open a case for somebody; the name is sealed to the custodians before anything is kept.

        Raises:
            NotAllowed: The role does not carry it.
            BadFields: Something is missing or wrong; every fault is in it.
        """
        require(official, Permission.FILE_REPORTS)
        await uow.begin()
        place = await uow.places.by_path(said.place_path)
        custodians = await uow.officials.custodians()
        today = deadlines.today(uow)
        faults = [*_faults(said, today), *_name_faults(said, has_custodian=bool(custodians))]
        if place is None:
            faults.append(BadInput("place", "unknown"))
        if place is None or said.received_on is None or faults:
            raise BadFields(tuple(faults))
        code = code_for(uow, "filing", [official.id, said.token, *_content(said)])
        await uow.officials.take_turns((f"filing/{code}",))
        known = await uow.cases.by_receipt(code)
        number, due_on, signed = (
            (known.number, known.answer_due_on, await uow.receipts.newest(known.id) or "")
            if known
            else await self._open(uow, official, said, place, code)
        )
        hashes = tuple(sha256(one.data) for one in said.files)
        return Given(number, code, due_on, said.received_on, hashes, has_name=not said.anonymous, signed=signed)

    async def enter(self, uow: UnitOfWork, official: Official, rows: Sequence[Mapping[str, str]]) -> tuple[int, int]:
        """Enter an old register: every row becomes a report as it came; returns how many are new, and known already.

        A row is known by its words: the same table can be given again. Officials are told once, not row by row.

        Raises:
            NotAllowed: The role does not carry it.
            BadRow: A row is wrong; nothing is kept.
        """
        require(official, Permission.FILE_REPORTS)
        await uow.begin()
        await uow.officials.take_turns(("filing/register",))
        read = [await _read_row(uow, line, row) for line, row in enumerate(rows, 2)]
        notice = f"register/{uow.keys.index('register', '/'.join(one.receipt_code for one in read)).hex()}"
        new = 0
        for report in read:
            if await uow.cases.by_receipt(report.receipt_code) is None:
                filed = await self._intake.file(uow, replace(report, filed_by=official.id, notice=notice))
                await signed_receipts.issue(uow, filed.case_id)
                new += 1
        await uow.log.record(actor=f"official/{official.id}", act="register_entered", subject="case", new=new)
        return new, len(read) - new

    async def _open(
        self, uow: UnitOfWork, official: Official, said: Statement, place: Place, code: str
    ) -> tuple[str, date, str]:
        narrative, name = _narrative(said.narrative), None
        if not said.anonymous:
            empty = await begin_name(uow, place, narrative)
            if empty is None:
                raise BadFields((BadInput("anonymous", "no_custodian"),))
            name = empty.with_part("name", said.name.strip()).with_part("contact", said.contact.strip())
            if said.address.strip():
                name = name.with_part("address", said.address.strip())
        report = NewReport(
            place=place,
            narrative=narrative,
            reported_person=name_reported(said.narrative.get("who", "")),
            evidence_count=len(said.files),
            name=name,
            filed_via=said.via,
            filed_by=official.id,
            received_at=moment_of(said.received_on, uow.clock.now()),
            receipt_code=code,
        )
        filed = await self._intake.file(uow, report)
        await uow.filing_marks.add(_MARK, official.id)
        for one in said.files:
            await uow.files.add(one.data, name=one.name, origin="reporter", case_id=filed.case_id)
        return filed.number, filed.answer_due_on, await signed_receipts.issue(uow, filed.case_id)


async def _read_row(uow: UnitOfWork, line: int, row: Mapping[str, str]) -> NewReport:
    _refuse_columns(line, row)
    cells = {column: (row.get(column) or "").strip() for column in COLUMNS}
    place = await uow.places.by_path(cells["path"])
    if place is None:
        raise BadRow(line, "path", f"there is no place {cells['path']!r}", "Import places first")
    if cells["via"] not in WAYS:
        raise BadRow(line, "via", f"{cells['via']!r} is unknown", f"One of: {', '.join(WAYS)}")
    faults = narrative_faults(cells)
    if faults:
        name = faults[0].field.removeprefix("said_")
        fault, cure = _ROW_FAULTS[faults[0].fault]
        raise BadRow(line, name, fault, cure.format(most=LONGEST[name]))
    received_on = _row_day(line, cells["received_on"], deadlines.today(uow))
    return NewReport(
        place=place,
        narrative=_narrative(cells),
        reported_person=name_reported(cells["who"]),
        filed_via="import",
        received_at=moment_of(received_on, uow.clock.now()),
        receipt_code=code_for(uow, "register", [cells[column] for column in COLUMNS]),
    )


def _refuse_columns(line: int, row: Mapping[str, str]) -> None:
    extra = [column for column in row if column not in COLUMNS]
    if not extra:
        return
    if extra[0] is None:
        raise BadRow(line, "row", "it has more cells than the first line", "Put a text with commas in quotation marks")
    cure = f"Leave it out: every report begins as it came. Columns: {', '.join(COLUMNS)}"
    raise BadRow(1, str(extra[0]), "is no column of a register", cure)


def _row_day(line: int, written: str, today: date) -> date:
    try:
        received_on = date.fromisoformat(written)
    except ValueError:
        raise BadRow(line, "received_on", f"{written!r} is no date", "Write it like 2026-03-08") from None
    fault = day_fault(received_on, today)
    if fault:
        raise BadRow(
            line, "received_on", f"{written} is {fault.fault.replace('_', ' ')}", "Correct the year or the day"
        )
    return received_on


def code_for(uow: UnitOfWork, purpose: str, parts: list[object]) -> str:
    """The receipt code of a report that may be sent twice: the same for the same words, and secret like any other."""
    digest = uow.keys.index(f"receipt/{purpose}", json.dumps(parts, ensure_ascii=False))
    return readable_digest("QC", digest, groups=CODE_GROUPS)


def moment_of(received_on: date | None, now: datetime) -> datetime:
    """The instant a report that came on a day counts as received: now for today, else noon of that day."""
    if received_on is None or received_on >= now.astimezone(SHANGHAI).date():
        return now
    return datetime.combine(received_on, _NOON).astimezone(now.tzinfo)


def narrative_faults(narrative: dict[str, str]) -> list[BadInput]:
    """What is wrong with the account: it says what happened, and no field is too long."""
    faults = [
        BadInput(f"said_{name}", "too_long")
        for name in NARRATIVE
        if len(narrative.get(name, "").strip()) > LONGEST[name]
    ]
    if len(narrative.get("what", "").strip()) < len("两字"):
        faults.insert(0, BadInput("said_what", "too_short"))
    return faults


def day_fault(received_on: date | None, today: date) -> BadInput | None:
    """What is wrong with the day it came."""
    if received_on is None:
        return BadInput("received_on", "no_date")
    if received_on > today:
        return BadInput("received_on", "future")
    return BadInput("received_on", "too_long_ago") if today - received_on > OLDEST else None


def _narrative(narrative: dict[str, str]) -> dict[str, str]:
    return {name: narrative.get(name, "").strip() for name in NARRATIVE}


def _faults(said: Statement, today: date) -> list[BadInput]:
    faults = [] if said.via in WAYS else [BadInput("via", "unknown")]
    wrong_day = day_fault(said.received_on, today)
    faults += [wrong_day] if wrong_day else []
    faults += narrative_faults(said.narrative)
    if len(said.files) > MAX_FILES:
        faults.append(BadInput("file", "too_many"))
    if any(not one.data for one in said.files):
        faults.append(BadInput("file", "empty"))
    if any(len(one.data) > MAX_FILE_BYTES for one in said.files):
        faults.append(BadInput("file", "too_big"))
    return faults


def _name_faults(said: Statement, *, has_custodian: bool) -> list[BadInput]:
    if said.anonymous:
        return []
    if not has_custodian:
        return [BadInput("anonymous", "no_custodian")]
    faults: list[BadInput] = []
    name, contact = said.name.strip(), said.contact.strip()
    if len(name) < len("两字"):
        faults.append(BadInput("reporter_name", "too_short"))
    elif len(name) > LONGEST_NAME:
        faults.append(BadInput("reporter_name", "too_long"))
    if not contact:
        faults.append(BadInput("contact", "empty"))
    elif len(contact) > LONGEST_CONTACT:
        faults.append(BadInput("contact", "too_long"))
    elif is_wrong_phone(contact):
        faults.append(BadInput("contact", "phone_wrong"))
    if len(said.address.strip()) > LONGEST_ADDRESS:
        faults.append(BadInput("address", "too_long"))
    return faults


def _content(said: Statement) -> list[object]:
    names = [] if said.anonymous else [said.name.strip(), said.contact.strip(), said.address.strip()]
    account = [_narrative(said.narrative)[name] for name in NARRATIVE]
    hashes = [sha256(one.data) for one in said.files]
    return [said.via, str(said.received_on), said.place_path, account, names, hashes]
