"""Errors of the domain: a code and the data to explain it, never a sentence for a person.

Each edge (chat, desk, command line) maps codes to words once; `tests/architecture` finds an unmapped code.
"""

from dataclasses import dataclass, field, fields
from typing import ClassVar


@dataclass(slots=True, eq=False)
class QingfengError(Exception):
    """Root of every error this project raises on purpose.

    `code` names the fault for the edges; the fields of a subclass carry ids and figures, no personal data.
    """

    code: ClassVar[str] = "qingfeng_error"

    def __str__(self) -> str:
        """The code and its data, for logs."""
        data = ", ".join(f"{part.name}={getattr(self, part.name)!r}" for part in fields(self))
        return f"{self.code}: {data}" if data else self.code


@dataclass(slots=True, eq=False)
class ContentError(QingfengError):
    """A content file is wrong.

    Names the file, the line (1-based; 0 when unknown), the bad value, what is allowed, and how to mend it.
    """

    code: ClassVar[str] = "content_error"
    file: str
    line: int
    fault: str
    cure: str
    allowed: tuple[str, ...] = field(default=())

    def __str__(self) -> str:
        """One line a content editor can act on."""
        allowed = f" (allowed: {', '.join(self.allowed)})" if self.allowed else ""
        return f"{self.file}:{self.line}: {self.fault}{allowed}. {self.cure}"
