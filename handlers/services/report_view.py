"""Where a report stands and what its reporter is given: what the use cases of reporting hand to an edge."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final

from storage.repositories.files import StoredFile
from storage.repositories.places import Place


class Step(StrEnum):
    """The prompts in order, then the summary."""

    WHAT = "what"
    WHO = "who"
    PLACE = "place"
    WHEN = "when"
    WHERE = "where"
    HOW_KNOWN = "how_known"
    EVIDENCE = "evidence"
    IDENTITY = "identity"
    REVIEW = "review"


PROMPTS: Final = tuple(step for step in Step if step is not Step.REVIEW)


class Problem(StrEnum):
    """What was wrong with the last answer; chat has the words."""

    NO_WORDS = "no_words"
    TOO_LONG = "too_long"
    WORDS_WANTED = "words_wanted"
    FILE_EMPTY = "file_empty"
    UNKNOWN_PLACE = "unknown_place"
    SEVERAL_PLACES = "several_places"
    PHONE_WRONG = "phone_wrong"
    PHONE_MISSING = "phone_missing"
    NAME_MISSING = "name_missing"
    NO_CUSTODIAN = "no_custodian"
    NAME_AGAIN = "name_again"
    NOTHING_YET = "nothing_yet"
    STORY_FULL = "story_full"
    CONSENT_FIRST = "consent_first"


@dataclass(frozen=True, slots=True)
class ReportView:
    """Where a report stands, for an edge to put into words."""

    step: Step
    answers: dict[str, Any]
    files: tuple[StoredFile, ...] = ()
    problem: Problem | None = None
    detail: str = ""
    places: tuple[Place, ...] = ()
    announced: int = 0  # files that are to come by a link
    kept: str = ""  # what was just understood and stored
    remove_incoming: bool = False  # the message held a name or number and should not stay in the chat

    @property
    def number(self) -> int:
        """The prompt's number, from 1; 0 for the summary."""
        return PROMPTS.index(self.step) + 1 if self.step in PROMPTS else 0

    @property
    def editing(self) -> bool:
        """Whether a single field is being changed from the summary."""
        return bool(self.answers.get("editing"))

    @property
    def is_named(self) -> bool:
        """Whether a name and a contact were left."""
        return bool(self.answers.get("identity", {}).get("sealed"))

    @property
    def keeps_chat(self) -> bool:
        """Whether news go to this chat: to whoever left a name, and to whoever asked for it without one."""
        return keeps_chat(self.answers)


def keeps_chat(answers: dict[str, Any]) -> bool:
    """Whether a report's news go to the chat it was written in."""
    return bool(answers.get("identity", {}).get("sealed")) or answers.get("notify") == "chat"


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a reporter is given: no content of the report.

    `keeps_chat`: news come to the chat. `missing`: what would help, in Chinese; asked for once. `signed`: the same as a
    signed text that proves it to others. `name_not_kept`: a name was left, and
    too few custodians were there to keep it.
    """

    number: str
    code: str
    answer_due_on: date
    received_at: datetime
    file_hashes: tuple[str, ...] = ()
    keeps_chat: bool = True
    missing: tuple[str, ...] = ()
    signed: str = ""
    name_not_kept: bool = False


@dataclass(frozen=True, slots=True)
class Queued:
    """A finished report that waits its turn: when it is filed by itself."""

    submit_at: datetime
    keeps_chat: bool
