"""Whether a reporter is who they say: claimed, verified, or not to be reached.

A real name is a true name and a way to be reached (rules on handling reports, 2020, article 24); nobody is asked for
an ID card. It is checked by a call or a visit, by somebody who may open the name and who does not see the report. A
name that cannot be checked makes the report an anonymous one (article 30): it goes on, and is never rejected.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Final

from knowledge.casework.access import covers

#: After so many recorded attempts, by so many people, a name counts as not to be checked. The database knows both.
ATTEMPTS: Final = 3
PEOPLE: Final = 2

#: A mobile number wherever it stands, with the country's code or without; else a landline with its area code.
_MOBILE: Final = re.compile(r"(?<!\d)(?:86|0086)?(1[3-9]\d{9})(?!\d)")
_LANDLINE: Final = re.compile(r"(?<!\d)(0\d{9,11})(?!\d)")
_LABEL: Final = re.compile(r"^(?:我的)?(?:微信|wechat|wx|vx|qq|邮箱|e-?mail)号?是?[:,]?")
_BETWEEN_DIGITS: Final = re.compile(r"(?<=\d)[-.)\u2010-\u2015]+(?=\d)")


class NameState(StrEnum):
    """What is known of the reporter's name."""

    NONE = "none"
    CLAIMED = "claimed"
    VERIFIED = "verified"
    UNVERIFIABLE = "unverifiable"


class ContactMethod(StrEnum):
    """How a reporter was contacted."""

    CALL = "call"
    VISIT = "visit"


class AttemptOutcome(StrEnum):
    """What came of it; only `confirmed` is about the person, the others count towards giving up."""

    CONFIRMED = "confirmed"
    NOT_REACHED = "not_reached"
    WRONG_NUMBER = "wrong_number"
    DENIED = "denied"


class Purpose(StrEnum):
    """What a custodian opens a name for; kept with the event."""

    CALL = "call"
    VISIT = "visit"
    RECOGNISE = "recognise"  # so that several reports of one person are counted as one


class ReleasePurpose(StrEnum):
    """What an official who works on a report asks for its reporter's name for."""

    TALK = "talk"  # to ask the reporter in person
    PROTECT = "protect"  # the reporter is threatened
    PASS_ON = "pass_on"  # noqa: S105 - no password; another organ takes over and may know
    OTHER = "other"


class RefusalReason(StrEnum):
    """Why a custodian does not release a name; `none_left`: the reporter left none."""

    NOT_NEEDED = "not_needed"
    ASK_IN_CHAT = "ask_in_chat"  # the reporter can be asked through the case, without a name
    RISK = "risk"
    NONE_LEFT = "none_left"
    OTHER = "other"


#: A name that was released is open to its asker for so long at most; the database knows the same figure.
LONGEST_RELEASE: Final = timedelta(hours=72)


#: What an official who handles the case, and does not know the name, can say of it: the reporter came or called.
HANDLERS_OUTCOMES: Final = ("confirmed", "not_reached")


@dataclass(frozen=True, slots=True)
class Attempt:
    """One recorded attempt and who made it."""

    official_id: int
    outcome: AttemptOutcome


def name_state_after(state: NameState, attempts: Sequence[Attempt]) -> NameState:
    """The state that follows from everything recorded so far.

    >>> name_state_after(NameState.CLAIMED, [Attempt(1, AttemptOutcome.NOT_REACHED)] * 3)
    <NameState.CLAIMED: 'claimed'>
    """
    if state in (NameState.NONE, NameState.VERIFIED):
        return state
    if any(attempt.outcome is AttemptOutcome.CONFIRMED for attempt in attempts):
        return NameState.VERIFIED
    if len(attempts) >= ATTEMPTS and len({attempt.official_id for attempt in attempts}) >= PEOPLE:
        return NameState.UNVERIFIABLE
    return state


def attempts_left(attempts: Sequence[Attempt]) -> tuple[int, int]:
    """How many attempts, and how many other people, are missing before a name counts as not to be checked."""
    people = len({attempt.official_id for attempt in attempts})
    return max(0, ATTEMPTS - len(attempts)), max(0, PEOPLE - people)


def normal_contact(contact: str) -> str:
    """A contact in one spelling, so that one person is found again however it was typed, and in whatever channel.

    >>> normal_contact("＋86 138-0013 8000"), normal_contact("微信：13800138000"), normal_contact("WeChat: Li_Si ")
    ('13800138000', '13800138000', 'li_si')
    """
    plain = "".join(unicodedata.normalize("NFKC", contact).casefold().split())
    digits = _BETWEEN_DIGITS.sub("", plain)
    number = _MOBILE.search(digits) or _LANDLINE.search(digits)
    return number.group(1) if number else _LABEL.sub("", plain) or plain


def holders(custodians: Mapping[int, str], recused: Iterable[int], unit_path: str) -> frozenset[int]:
    """Which custodians a report's name is kept for: those who answer for its unit and do not stand back from it.

    Where nobody does, it waits for those who at least are not named in it: a name that is nobody's to open cannot be
    checked, and one that is gone cannot be brought back.

    Args:
        custodians: Whom it could be kept for, with their places' paths.
        recused: Who stands back from the report.
        unit_path: The unit that answers for it.
    """
    apart = {who: path for who, path in custodians.items() if who not in set(recused)}
    fitting = {who for who, path in apart.items() if covers(path, unit_path)}
    return frozenset(fitting or apart)
