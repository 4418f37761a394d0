"""Checked reading of the YAML files under content/casework.

Every access names what it expects; what is missing or of the wrong type becomes a ContentError with file, line and
cure, so that an editor of word lists never meets a traceback.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from knowledge.errors import ContentError

_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

Words = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A mapping of a content file with checked access: what is missing or of the wrong type is a ContentError."""

    file: str
    raw: str
    values: Mapping[Any, Any]

    def fault(self, key: str, fault: str, cure: str, allowed: Words = ()) -> ContentError:
        """The error for a key, with the line the key stands on."""
        lines = self.raw.splitlines()
        line = next((n for n, text in enumerate(lines, 1) if text.strip().startswith(f"{key}:")), 0)
        return ContentError(file=self.file, line=line, fault=fault, cure=cure, allowed=allowed)

    def text(self, key: str) -> str:
        """A text that is not empty."""
        value = self.values.get(key)
        if not isinstance(value, str) or not value.strip():
            raise self.fault(key, f"{key} is {value!r}", "Write a text in quotes")
        return value.strip()

    def number(self, key: str, default: int | None = None) -> int:
        """A whole number of at least 1."""
        value = self.values.get(key, default)
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            raise self.fault(key, f"{key} is {value!r}", "Write a whole number of at least 1")
        return value

    def sign(self, key: str) -> bool:
        """Yes or no; no where it is left out."""
        value = self.values.get(key, False)
        if not isinstance(value, bool):
            raise self.fault(key, f"{key} is {value!r}", "Write true or false", ("true", "false"))
        return value

    def words(self, key: str, *, optional: bool = False) -> Words:
        """Words with blanks between; no word twice."""
        if optional and key not in self.values:
            return ()
        found = tuple(self.text(key).split())
        twice = sorted({word for word in found if found.count(word) > 1})
        if twice:
            raise self.fault(key, f"{key} has {' '.join(twice)} twice", "Leave each word once")
        return found

    def sheet(self, key: str) -> "Sheet":
        """A mapping inside this one."""
        value = self.values.get(key)
        if not isinstance(value, dict) or not value:
            raise self.fault(key, f"{key} is {value!r}", "Write a mapping")
        return Sheet(self.file, self.raw, value)


def open_sheet(path: Path) -> Sheet:
    """Read a content file.

    Raises:
        ContentError: It cannot be read, is no YAML, or holds no mapping.
    """
    try:
        raw = path.read_text(encoding="utf-8")
        values = yaml.load(raw, Loader=_LOADER)  # noqa: S506 (a safe loader, the C one where there is one)
    except OSError as error:
        raise ContentError(file=path.name, line=0, fault="cannot be read", cure="Restore the file") from error
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        raise ContentError(file=path.name, line=line, fault="is no YAML", cure=f"{error.problem}") from error
    if not isinstance(values, dict):
        raise ContentError(file=path.name, line=1, fault="is no mapping", cure="Write keys and values")
    return Sheet(path.name, raw, values)
