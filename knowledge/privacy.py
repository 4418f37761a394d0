"""What people are told about their data, as content with a version: a consent names the text it was given to.

What a newcomer gets wrong: changing a word without raising the version. Then nobody can say what was agreed to.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

from knowledge.errors import ContentError

CONTENT: Final = Path(__file__).parent / "content" / "privacy" / "notice.yaml"
_LONGEST_VERSION: Final = 20  # the column of the table
_WORDS: Final = ("version", "consent", "asked", "telegram")
_FIELDS: Final = frozenset({*_WORDS, "sections"})


@dataclass(frozen=True, slots=True)
class Section:
    """A heading of the page and what stands under it."""

    title: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PrivacyNotice:
    """The notice: a line for the prompt, a short form for the chat, a word on Telegram, and the page."""

    version: str
    consent: str
    asked: str
    telegram: str
    sections: tuple[Section, ...]

    def page(self, *, body: str, contact: str) -> tuple[Section, ...]:
        """The sections with who runs this and how to reach them."""
        named = {"body": body, "contact": contact}
        return tuple(
            Section(one.title, tuple(line.format(**named) if "{" in line else line for line in one.lines))
            for one in self.sections
        )


@cache
def privacy_notice(path: Path = CONTENT) -> PrivacyNotice:
    """Read the notice; once in the life of the process.

    Raises:
        ContentError: A field is missing, unknown or empty.
    """
    try:
        data = _whole(yaml.safe_load(path.read_text(encoding="utf-8")))
        sections = tuple(Section(str(one["title"]), tuple(map(str, one["lines"]))) for one in data["sections"])
        version, consent, asked, telegram = (str(data[name]).strip() for name in _WORDS)
        notice = PrivacyNotice(version, consent, asked, telegram, sections)
        notice.page(body="x", contact="x")
    except (OSError, yaml.YAMLError, KeyError, TypeError, ValueError, IndexError) as error:
        raise ContentError(str(path), 0, f"the privacy notice {error}", "See the first lines of the file") from error
    return notice


def _whole(data: dict[str, Any]) -> dict[str, Any]:
    if set(data) != _FIELDS or not all(data.values()) or len(str(data["version"])) > _LONGEST_VERSION:
        raise ValueError(f"needs exactly {', '.join(sorted(_FIELDS))}, none of them empty")
    return data
