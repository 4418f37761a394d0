"""Reading what a browser posts, within limits and without touching the disk.

What a newcomer gets wrong: the framework's own parser spools uploads above 1 MB to a temporary file in clear.
Evidence is sealed before it is stored anywhere, so here it stays in memory until a service has it.
"""

import re
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import ClassVar, Final

from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import FormParser, MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect, Request

from handlers.services.reports import MAX_FILE_BYTES, MAX_FILES
from knowledge.errors import QingfengError

MAX_BODY: Final = MAX_FILE_BYTES + 1024 * 1024
SMALL_BODY: Final = 64 * 1024
MOST_FIELDS: Final = 100  # a page of a queue with every case ticked, and what is to be done with them
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


@dataclass(slots=True)
class BodyTooLarge(QingfengError):
    """More was sent than a form may hold."""

    code: ClassVar[str] = "body_too_large"


@dataclass(slots=True)
class UnreadableForm(QingfengError):
    """The body is no form, or broke off."""

    code: ClassVar[str] = "unreadable_form"


@dataclass(frozen=True, slots=True)
class Upload:
    """A file as it came: the browser's name for it, and the bytes."""

    name: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Form:
    """Fields as typed, without control characters and with plain line ends; the files, in the order they were sent."""

    fields: dict[str, str] = field(default_factory=dict)
    uploads: tuple[Upload, ...] = ()

    @property
    def upload(self) -> Upload | None:
        """The first file."""
        return self.uploads[0] if self.uploads else None

    def text(self, name: str) -> str:
        """A field, empty when it was not sent."""
        return self.fields.get(name, "")

    def number(self, name: str) -> int | None:
        """A field that must be a whole number; None when it is not."""
        words = self.text(name)
        return int(words) if words.isascii() and words.isdigit() and len(words) <= len(str(2**53)) else None

    def day(self, name: str) -> date | None:
        """A field that must be a date (2026-03-08); None when it is not."""
        try:
            return date.fromisoformat(self.text(name).strip())
        except ValueError:
            return None


class _InMemory(MultiPartParser):
    spool_max_size = MAX_BODY + 1


@dataclass(frozen=True, slots=True)
class FormState:
    """What one form of a page shows: after a refusal its own words and faults, never those of another form.

    `id` begins the ids of its fields, so that forms with fields of the same name stand on one page.
    """

    id: str
    refused: bool = False
    fields: Mapping[str, str] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)

    def was(self, name: str, otherwise: object = "") -> object:
        """What was typed into a field, or what stands in it at first."""
        return self.fields.get(name, otherwise)

    def error(self, name: str) -> str | None:
        """What is wrong with a field."""
        return self.errors.get(name)


async def read_form(request: Request, *, limit: int = MAX_BODY) -> Form:
    """The posted form.

    Raises:
        BodyTooLarge: It is longer than `limit` bytes.
        UnreadableForm: It is neither kind of form a browser sends, or is cut off.
    """
    try:
        return await _kept(await _parsed(request, limit))
    except (MultiPartException, ClientDisconnect, ValueError) as error:
        raise UnreadableForm from error


async def _parsed(request: Request, limit: int) -> FormData:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    body = _limited(request, limit)
    if kind == "multipart/form-data":
        return await _InMemory(request.headers, body, max_files=MAX_FILES + 1, max_fields=50).parse()
    if kind == "application/x-www-form-urlencoded":
        return await FormParser(request.headers, body, max_fields=MOST_FIELDS).parse()
    return FormData()


async def _limited(request: Request, limit: int) -> AsyncGenerator[bytes, None]:
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > limit:
        raise BodyTooLarge
    total = 0
    async for chunk in request.stream():
        total += len(chunk)
        if total > limit:
            raise BodyTooLarge
        yield chunk


async def _kept(data: FormData) -> Form:
    fields: dict[str, str] = {}
    uploads: list[Upload] = []
    for name, value in data.multi_items():
        if isinstance(value, UploadFile):
            if value.filename:
                uploads.append(Upload(_clean(value.filename).replace("\n", " ")[:120], await value.read()))
        else:
            fields.setdefault(name, _clean(value))
    await data.close()
    return Form(fields, tuple(uploads))


def _clean(words: str) -> str:
    return _CONTROL.sub("", words.replace("\r\n", "\n").replace("\r", "\n"))
