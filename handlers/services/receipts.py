"""The receipt code: whoever holds it sees how a report stands and goes on with it, from any chat.

A code is 20 of 30 characters, 98 bits; a case keeps a keyed hash of it, so it cannot be told again. What a newcomer
gets wrong: people copy codes by hand, in small letters, with spaces, in full width, without dashes, with words around.
"""

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from handlers.services import floods
from storage.ids import READABLE
from storage.repositories.cases import Case
from storage.repositories.people import Person
from storage.unit_of_work import UnitOfWork

_GROUP: Final = 4
_CODE: Final = re.compile(f"QC([{READABLE}]{{20}})(?![0-9A-Z])")
_LIKE_A_CODE: Final = re.compile(r"(?<![A-Z])QC[0-9A-Z]{4,40}")
_NUMBER: Final = re.compile(f"QF([{READABLE}]{{4}})([{READABLE}]{{4}})")
_MOST_AROUND: Final = 14  # characters: 我的查询码是……


@dataclass(frozen=True, slots=True)
class Looked:
    """What a code opened: a case; or nothing; or it was not looked up and will be from `again_at` on."""

    case: Case | None = None
    again_at: datetime | None = None


def read_code(text: str) -> str | None:
    """The receipt code a message stands for, in its one spelling; an empty one when it only looks like a code.

    >>> read_code("我的查询码 qc 2222 3333 4444 5555 6666")
    'QC-2222-3333-4444-5555-6666'
    >>> read_code("QC-2222-3333")
    ''
    >>> read_code("他给了两百块") is None
    True
    """
    plain = unicodedata.normalize("NFKC", text).upper()
    squeezed = re.sub(r"[^0-9A-Z]", "", plain)
    around = len(re.sub(r"[0-9A-Z\W_]", "", plain))
    if around > _MOST_AROUND or not _LIKE_A_CODE.search(squeezed):
        return None
    found = _CODE.search(squeezed)
    return _spelled("QC", found[1]) if found else ""


def read_number(text: str) -> str | None:
    """The case number a whole message is, in its one spelling."""
    squeezed = re.sub(r"[\W_]", "", unicodedata.normalize("NFKC", text).upper())
    found = _NUMBER.fullmatch(squeezed)
    return f"QF-{found[1]}-{found[2]}" if found else None


async def look_up(uow: UnitOfWork, who: Person, code: str) -> Looked:
    """The case a code opens. Many wrong ones within the hour are answered later, never refused for good."""
    again_at = await floods.codes_again_at(uow, who.id)
    if again_at is not None:
        return Looked(again_at=again_at)
    case = await uow.cases.by_receipt(code) if code else None
    if case is None:
        await floods.note_wrong_code(uow, who.id)
    return Looked(case)


def _spelled(prefix: str, letters: str) -> str:
    groups = (letters[at : at + _GROUP] for at in range(0, len(letters), _GROUP))
    return "-".join((prefix, *groups))
