"""Content files read field by field, with errors an editor can act on.

What a newcomer gets wrong: line numbers are looked up only when something is wrong, by parsing the file again as a
tree of nodes; reading good content stays fast. A field nobody asked for is a fault too: it is a misspelt one.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar

import yaml

from knowledge.errors import ContentError

_SafeLoader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_Choice = TypeVar("_Choice", bound=StrEnum)
_MISSING: Any = object()
_ID = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")


@dataclass(slots=True)
class Record:
    """One mapping of a content file; every accessor checks the type and marks the field as known."""

    file: Path
    root: Path
    data: dict[str, Any]
    path: tuple[str | int, ...] = ()
    _asked: set[str] = field(default_factory=set)

    @property
    def name(self) -> str:
        """The file as errors name it: relative to the content folder."""
        return self.file.relative_to(self.root).as_posix()

    def fault(self, name: str, fault: str, cure: str, allowed: Sequence[str] = ()) -> ContentError:
        """An error that points at one field of this record."""
        line = _line_of(self.file, (*self.path, name))
        return ContentError(self.name, line, fault, cure, tuple(allowed))

    def _get(self, name: str, kind: type | tuple[type, ...], shape: str, default: Any) -> Any:
        self._asked.add(name)
        if name not in self.data:
            if default is not _MISSING:
                return default
            raise self.fault(name, f"field {name} is missing", f"Add {name}: {shape}")
        value = self.data[name]
        if not isinstance(value, kind) or isinstance(value, bool) is not (kind is bool):
            raise self.fault(name, f"field {name} holds {value!r}", f"Write {shape}")
        return value

    def text(self, name: str, default: str = _MISSING) -> str:
        """A text, stripped; an empty one counts as missing."""
        value = str(self._get(name, str, "a text", default)).strip()
        if not value and default is _MISSING:
            raise self.fault(name, f"field {name} is empty", "Write a text")
        return value

    def texts(self, name: str, default: Sequence[str] = _MISSING) -> tuple[str, ...]:
        """A list of texts."""
        values = self._get(name, (list, tuple), "a list of texts", default)
        for value in values:
            if not isinstance(value, str):
                raise self.fault(name, f"{value!r} in {name} is not a text", "Put it in quotation marks")
        return tuple(values)

    def whole(self, name: str, default: int | None = _MISSING) -> Any:
        """A whole number."""
        return self._get(name, int, "a whole number", default)

    def flag(self, name: str) -> bool:
        """Yes or no; no when absent."""
        return bool(self._get(name, bool, "true or false", default=False))

    def day(self, name: str, default: date | None = _MISSING) -> Any:
        """A date."""
        return self._get(name, date, "a date such as 2026-01-01", default)

    def holds(self, name: str) -> bool:
        """Whether a field is there; it counts as known."""
        self._asked.add(name)
        return name in self.data

    def choice(self, name: str, choices: type[_Choice]) -> _Choice:
        """One of a fixed set of words."""
        value = self.text(name)
        try:
            return choices(value)
        except ValueError:
            fault = f"{name} is {value!r}"
            raise self.fault(name, fault, "Use one of the allowed words", [c.value for c in choices]) from None

    def records(self, name: str) -> Iterator["Record"]:
        """A list of mappings."""
        for number, item in enumerate(self._get(name, list, "a list", ())):
            if not isinstance(item, dict):
                raise self.fault(name, f"item {number + 1} of {name} is not a mapping", "Write its fields one by one")
            yield Record(self.file, self.root, item, (*self.path, name, number))

    def part(self, name: str) -> "Record | None":
        """A mapping inside the record, if there is one."""
        data = self._get(name, dict, "a mapping", None)
        return None if data is None else Record(self.file, self.root, data, (*self.path, name))

    def finish(self) -> None:
        """Refuse fields nobody asked for.

        Raises:
            ContentError: A field is unknown.
        """
        for name in self.data:
            if name not in self._asked:
                raise self.fault(name, f"field {name} is unknown", "Correct its name or remove it", sorted(self._asked))


def read_record(file: Path, root: Path) -> Record:
    """A content file whose top level is a mapping.

    Raises:
        ContentError: The file is no YAML, or holds something else.
    """
    name = file.relative_to(root).as_posix()
    try:
        data = yaml.load(file.read_text(encoding="utf-8"), Loader=_SafeLoader)  # noqa: S506 - it is a safe loader
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        raise ContentError(name, line, f"not YAML: {error.problem}", "Mend the indentation or quotes") from error
    except (UnicodeDecodeError, ValueError) as error:
        raise ContentError(name, 0, f"unreadable: {error}", "Save it as UTF-8; write dates as 2026-01-01") from error
    if not isinstance(data, dict):
        raise ContentError(name, 1, "the file holds no mapping", "Start with `id:` or another field")
    return Record(file, root, data)


def identifier(record: Record, stem: str) -> str:
    """The id of a file, which is its name.

    Raises:
        ContentError: It is not.
    """
    value = record.text("id")
    if value != stem or not _ID.fullmatch(value):
        raise record.fault("id", f"id is {value!r}", f"Use the file's name: {stem} (lower case, digits, hyphens)")
    return value


def _line_of(file: Path, path: Sequence[str | int]) -> int:
    node = yaml.compose(file.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    line = 1
    for step in path:
        child = _child(node, step)
        if child is None:
            return line
        line, node = child
    return line


def _child(node: Any, step: str | int) -> tuple[int, Any] | None:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == step:
                return key.start_mark.line + 1, value
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        return node.value[step].start_mark.line + 1, node.value[step]
    return None
