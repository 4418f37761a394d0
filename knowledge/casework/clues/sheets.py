"""Checked reading of the YAML files under content/casework.

Every access names what it expects; what is missing or of the wrong type becomes a ContentError with file, line and
cure, so that an editor of word lists never meets a traceback. Files come as bytes, because an old version's may lie
in the database and not on the disk.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import yaml

from knowledge.errors import ContentError

_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

Words = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A mapping of a content file with checked access: what is missing or of the wrong type is a ContentError.

    `path` holds the keys that lead to this mapping from the top of the file.
    """

    file: str
    raw: str
    values: Mapping[Any, Any]
    path: tuple[Any, ...] = ()

    def fault(self, key: Any, fault: str, cure: str, allowed: Words = ()) -> ContentError:
        """The error for a key, with the line the key stands on, or the line of this mapping where it is missing."""
        line = _line_of(self.raw, (*self.path, key))
        return ContentError(file=self.file, line=line, fault=fault, cure=cure, allowed=allowed)

    def text(self, key: str) -> str:
        """A text that is not empty."""
        value = self.values.get(key)
        if not isinstance(value, str) or not value.strip():
            raise self.fault(key, f"{key} is {value!r}", "Write a text in quotes")
        return value.strip()

    def choice(self, key: str, allowed: Words) -> str:
        """One of several texts."""
        value = self.text(key)
        if value not in allowed:
            raise self.fault(key, f"{key} is {value!r}", "Use one that is known", allowed)
        return value

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

    def words(self, key: Any, *, optional: bool = False) -> Words:
        """Words with blanks between; no word twice."""
        if optional and key not in self.values:
            return ()
        found = tuple(self.text(key).split())
        twice = sorted({word for word in found if found.count(word) > 1})
        if twice:
            raise self.fault(key, f"{key} has {' '.join(twice)} twice", "Leave each word once")
        return found

    def sheet(self, key: Any) -> "Sheet":
        """A mapping inside this one."""
        value = self.values.get(key)
        if not isinstance(value, dict) or not value:
            raise self.fault(key, f"{key} is {value!r}", "Write a mapping")
        return Sheet(self.file, self.raw, value, (*self.path, key))

    def only(self, known: Words) -> None:
        """Refuse a key that nobody asks for: it is a misspelt one.

        Raises:
            ContentError: There is one.
        """
        for key in self.values:
            if key not in known:
                raise self.fault(key, f"{key!r} is unknown", "Use a known key", known)


def open_sheet(file: str, data: bytes) -> Sheet:
    """Read a content file.

    Args:
        file: Its name, for errors.
        data: What it holds.

    Raises:
        ContentError: It is no text in UTF-8, no YAML, or holds no mapping.
    """
    try:
        raw = data.decode("utf-8")
        values = yaml.load(raw, Loader=_LOADER)  # noqa: S506 (a safe loader, the C one where there is one)
    except UnicodeDecodeError as error:
        raise ContentError(file=file, line=0, fault="is no UTF-8", cure="Save the file as UTF-8") from error
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        raise ContentError(file=file, line=line, fault="is no YAML", cure=f"{error.problem}") from error
    except yaml.YAMLError as error:
        raise ContentError(file=file, line=0, fault="is no YAML", cure=str(error).splitlines()[0]) from error
    if not isinstance(values, dict):
        raise ContentError(file=file, line=1, fault="is no mapping", cure="Write keys and values")
    return Sheet(file, raw, values)


def _line_of(raw: str, path: tuple[Any, ...]) -> int:
    """The line of the last key that exists on a path; found by parsing again, since only faults need it."""
    node, line = yaml.compose(raw, Loader=yaml.SafeLoader), 1
    for step in path:
        pairs = node.value if isinstance(node, yaml.MappingNode) else ()
        child = next(((key, value) for key, value in pairs if str(key.value) == str(step)), None)
        if child is None:
            return line
        line, node = child[0].start_mark.line + 1, child[1]
    return line
