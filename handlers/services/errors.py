"""Errors of use cases: a code and data; chat, desk and command line have the words."""

from dataclasses import dataclass
from typing import ClassVar

from knowledge.casework.lifecycle import Missing
from knowledge.casework.replies import Doubt
from knowledge.errors import QingfengError


@dataclass(slots=True, eq=False)
class NotAllowed(QingfengError):
    """The official's role or place does not cover this."""

    code: ClassVar[str] = "not_allowed"


@dataclass(slots=True, eq=False)
class NotFound(QingfengError):
    """There is no such thing, or none this person may know of."""

    code: ClassVar[str] = "not_found"
    subject: str


@dataclass(slots=True, eq=False)
class DeclarationNeeded(QingfengError):
    """Before a case opens, its reader says what stands between: `what` is `kinship` (once a year) or `case`."""

    code: ClassVar[str] = "declaration_needed"
    what: str
    number: str


@dataclass(slots=True, eq=False)
class CannotMove(QingfengError):
    """A case lacks something before an act; `missing` says what."""

    code: ClassVar[str] = "cannot_move"
    number: str
    missing: tuple[Missing, ...]


@dataclass(slots=True, eq=False)
class BadInput(QingfengError):
    """A field of a form is wrong: `field` names it, `fault` says how (a code)."""

    code: ClassVar[str] = "bad_input"
    field: str
    fault: str


@dataclass(slots=True, eq=False)
class BadFields(QingfengError):
    """Several fields of a form are wrong; `taken` names ways of asking that are answered already, and by what."""

    code: ClassVar[str] = "bad_fields"
    faults: tuple[BadInput, ...]
    taken: tuple[tuple[str, str], ...] = ()


@dataclass(slots=True, eq=False)
class WordsInDoubt(QingfengError):
    """A text for a reporter holds what must not leave, or not without a second look; `field` is where it was typed."""

    code: ClassVar[str] = "words_in_doubt"
    field: str
    doubts: tuple[Doubt, ...]

    @property
    def blocks(self) -> bool:
        """Whether looking again is not enough: the text has to be changed."""
        return any(doubt.blocks for doubt in self.doubts)


@dataclass(slots=True, eq=False)
class WrongEvidence(QingfengError):
    """A gate does not take this kind of evidence; `why` is the sentence of the content that says so."""

    code: ClassVar[str] = "wrong_evidence"
    gate: str
    kind: str
    why: str


@dataclass(slots=True, eq=False)
class CannotStart(QingfengError):
    """An election may not start: gates that are open, by code; members who must leave; likenesses nobody judged."""

    code: ClassVar[str] = "cannot_start"
    election_id: int
    gates: tuple[str, ...]
    clashes: int = 0
    proposals: int = 0


@dataclass(slots=True, eq=False)
class NameNotKept(QingfengError):
    """Too few custodians are left to open a name that was typed; it has to be asked for again."""

    code: ClassVar[str] = "name_not_kept"


@dataclass(slots=True, eq=False)
class SignInRefused(QingfengError):
    """Wrong username, password or code, or too many tries; the three wrongs are not told apart."""

    code: ClassVar[str] = "sign_in_refused"
    wait_seconds: int = 0


@dataclass(slots=True, eq=False)
class LinkSpent(QingfengError):
    """A link was used, has expired, or never was."""

    code: ClassVar[str] = "link_spent"


@dataclass(slots=True, eq=False)
class PasskeyRefused(QingfengError):
    """A passkey's answer does not hold: forged, replayed, for another address, or of a key we do not know."""

    code: ClassVar[str] = "passkey_refused"


@dataclass(slots=True, eq=False)
class RulesChanged(QingfengError):
    """The casework content was changed without a new version, so that old flags could not be judged again."""

    code: ClassVar[str] = "rules_changed"
    version: str

    def __str__(self) -> str:
        """One line for the terminal."""
        return (
            f"The casework content differs from what was first used as version {self.version}. "
            "Raise `version` in categories.yaml, or restore the files of that version"
        )
