"""Errors of storage: what the database refused, and what stops a start."""

from dataclasses import dataclass
from typing import ClassVar

from knowledge.errors import QingfengError


@dataclass(slots=True, eq=False)
class RuleRefused(QingfengError):
    """A trigger or constraint refused a statement; `rule` is the word behind `qf:` in the trigger."""

    code: ClassVar[str] = "rule_refused"
    rule: str


@dataclass(slots=True, eq=False)
class StaleVersion(QingfengError):
    """Somebody else changed the row since it was read."""

    code: ClassVar[str] = "stale_version"
    subject: str


@dataclass(slots=True, eq=False)
class UnsafeDatabase(QingfengError):
    """The database would not keep the guarantees; `fault` says which, `cure` what to do."""

    code: ClassVar[str] = "unsafe_database"
    fault: str
    cure: str

    def __str__(self) -> str:
        """One line for the terminal."""
        return f"{self.fault}. {self.cure}"


@dataclass(slots=True, eq=False)
class DatabaseUnavailable(QingfengError):
    """The database cannot be opened or reached."""

    code: ClassVar[str] = "database_unavailable"
    reason: str


@dataclass(slots=True, eq=False)
class KeyFileProblem(QingfengError):
    """The key file is missing, unreadable, open to others, or not the one of this database."""

    code: ClassVar[str] = "key_file_problem"
    fault: str
    cure: str

    def __str__(self) -> str:
        """One line for the terminal."""
        return f"{self.fault}. {self.cure}"


@dataclass(slots=True, eq=False)
class NoCustodian(QingfengError):
    """A name cannot be sealed: no custodian has a key yet."""

    code: ClassVar[str] = "no_custodian"


@dataclass(slots=True, eq=False)
class WrongPassword(QingfengError):
    """A password or recovery key does not open the private key."""

    code: ClassVar[str] = "wrong_password"


@dataclass(slots=True, eq=False)
class Unopened(QingfengError):
    """Something sealed opens with no key of the key file; `subject` says where it lies."""

    code: ClassVar[str] = "unopened"
    subject: str
    cure: str = "Restore it from a backup; nothing else of its batch was changed"

    def __str__(self) -> str:
        """One line for the terminal."""
        return f"{self.subject} opens with no key of the key file. {self.cure}"


@dataclass(slots=True, eq=False)
class StillSealed(QingfengError):
    """An older generation of keys is still needed; `left` counts what it sealed, by table."""

    code: ClassVar[str] = "still_sealed"
    left: dict[str, int]
    cure: str = "Run: qingfeng rotate-key --continue"

    def __str__(self) -> str:
        """One line for the terminal."""
        counts = ", ".join(f"{count} in {name}" for name, count in sorted(self.left.items()))
        return f"Older keys are still needed ({counts}). {self.cure}"


@dataclass(slots=True, eq=False)
class SharesDoNotFit(QingfengError):
    """Too few shares to open a name, or shares that do not belong together."""

    code: ClassVar[str] = "shares_do_not_fit"
