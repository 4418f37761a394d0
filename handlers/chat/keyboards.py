"""Typed data behind buttons: ids only, 64 bytes at most.

Packing by pydantic costs 8 microseconds a button, and an answer has seven; so what every answer carries is packed by
`entry_data` and `inquiry_data`, to the same text (tests/unit/test_reply.py).
"""

from functools import lru_cache
from typing import Annotated

from aiogram.filters.callback_data import CallbackData
from pydantic import Field

#: An id as a database holds it; a button that somebody made up may say anything.
RowId = Annotated[int, Field(ge=0, lt=2**63)]


class MenuTap(CallbackData, prefix="m"):
    """A choice of the main menu: ask, report, mine, home, dates."""

    act: str


class EntryTap(CallbackData, prefix="e"):
    """A question of the knowledge base."""

    entry_id: str


class InquiryTap(CallbackData, prefix="q"):
    """What to do with an answered question.

    useful, useless, person, more, report; articles: the official text.
    """

    act: str
    inquiry_id: RowId


class ReportTap(CallbackData, prefix="r"):
    """An act at one step of a report; a press that belongs to another step is out of date."""

    act: str
    step: str
    value: str = ""


class HomeTap(CallbackData, prefix="h"):
    """Where somebody is at home: place, province, elsewhere, village, community, never, forget, change, provinces.

    `inquiry_id` is the question to answer again once that is known; 0 for none.
    """

    act: str
    value: str = ""
    inquiry_id: RowId = 0


class SubscribeTap(CallbackData, prefix="n"):
    """Reminders of a village's election: on, off."""

    act: str
    place_id: RowId


class CaseTap(CallbackData, prefix="c"):
    """An act on one's own case.

    noted: a receipt; receipt: the signed one; show: the page; add, reply, evidence, object: what is sent next; done;
    above: ask the level above;
    withdraw, and withdrawn once it is confirmed.
    """

    act: str
    number: str


class SignTap(CallbackData, prefix="s"):
    """An act while signing: read, type, ask."""

    act: str
    candidate_id: RowId
    kind: str = ""


@lru_cache(maxsize=2_048)
def entry_data(entry_id: str) -> str:
    """`EntryTap` packed; there are only so many entries."""
    return EntryTap(entry_id=entry_id).pack()


def inquiry_data(act: str, inquiry_id: int) -> str:
    """`InquiryTap` packed."""
    return f"{InquiryTap.__prefix__}:{act}:{inquiry_id}"
