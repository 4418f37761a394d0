"""Reading one uploaded file as it comes, so that half a gigabyte is never in memory, nor on disk in clear.

What a newcomer gets wrong: the framework's own form parser spools uploads to a temporary file. Evidence is sealed
piece by piece while it is still arriving.
"""

from collections.abc import AsyncIterator
from typing import Final

from python_multipart.exceptions import ParseError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import Request

_LONGEST_HEADER: Final = 4_096
_CONTROL: Final = dict.fromkeys((*range(32), 127))


class NoFile(Exception):
    """The form holds no file, or is none."""


class CutOff(Exception):
    """The upload ended before its end."""


class TooLarge(Exception):
    """More than one file may be."""


class UploadedFile:
    """The first file of a form: its name as the browser told it, then its bytes, once."""

    def __init__(self, request: Request, most: int) -> None:
        kind, options = parse_options_header(request.headers.get("content-type", ""))
        boundary = options.get(b"boundary")
        if kind != b"multipart/form-data" or not boundary:
            raise NoFile
        self.name = ""
        self.size = 0
        self._most = most
        self._stream = request.stream()
        self._header: list[bytearray] = [bytearray(), bytearray()]
        self._headers: dict[bytes, bytes] = {}
        self._pieces: list[bytes] = []
        self._found = self._inside = self._ended = False
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._part_begins,
                "on_header_field": lambda data, start, end: self._add_to_header(0, data[start:end]),
                "on_header_value": lambda data, start, end: self._add_to_header(1, data[start:end]),
                "on_header_end": self._header_ends,
                "on_headers_finished": self._headers_end,
                "on_part_data": self._data,
                "on_part_end": self._part_ends,
                "on_end": self._form_ends,
            },
        )

    async def open(self) -> None:
        """Read up to the file's first byte.

        Raises:
            NoFile: There is none.
        """
        while not self._pieces:
            if self._ended or not await self._more():
                raise NoFile

    async def chunks(self) -> AsyncIterator[bytes]:
        """The file's bytes.

        Raises:
            CutOff: The sender stopped half way.
            TooLarge: It goes on beyond the limit.
        """
        while True:
            waiting, self._pieces = self._pieces, []
            for piece in waiting:
                yield piece
            if self._ended:
                return
            if not await self._more():
                raise CutOff

    async def _more(self) -> bool:
        """Feed the parser what comes next; False at the end of what comes."""
        async for some in self._stream:
            if some:
                try:
                    self._parser.write(some)
                except ParseError as error:
                    raise CutOff from error
                return True
        return False

    def _part_begins(self) -> None:
        self._headers = {}
        self._header = [bytearray(), bytearray()]

    def _add_to_header(self, which: int, data: bytes) -> None:
        self._header[which] += data
        if len(self._header[which]) > _LONGEST_HEADER:
            raise CutOff

    def _header_ends(self) -> None:
        self._headers[bytes(self._header[0]).lower()] = bytes(self._header[1])
        self._header = [bytearray(), bytearray()]

    def _headers_end(self) -> None:
        _, options = parse_options_header(self._headers.get(b"content-disposition", b""))
        name = options.get(b"filename", b"").decode("utf-8", "replace")
        self._inside = not self._found and bool(name)
        if self._inside:
            self._found = True
            self.name = name.replace("\\", "/").rpartition("/")[2].translate(_CONTROL).strip()

    def _data(self, data: bytes, start: int, end: int) -> None:
        if self._inside:
            self.size += end - start
            if self.size > self._most:
                raise TooLarge
            self._pieces.append(data[start:end])

    def _part_ends(self) -> None:
        self._inside = False

    def _form_ends(self) -> None:
        self._ended = True
