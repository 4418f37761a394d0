"""One API call as it came over HTTP: query, JSON, form and multipart become the same parameters and uploads.

Clients differ: aiogram sends every value as a form string and files as `attach://` references,
python-telegram-bot puts a file straight into the field. Forms carry nested values as JSON text, JSON bodies
carry them as they are.
"""

import json
from dataclasses import dataclass
from typing import Any

from aiohttp import web
from aiohttp.web_request import FileField

from tests.bot_api.api_error import bad_request


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that came with a call."""

    data: bytes
    name: str
    mime_type: str


@dataclass(frozen=True, slots=True)
class Call:
    """A method name with its parameters and uploaded files; missing and empty parameters are the same."""

    method: str
    parameters: dict[str, Any]
    uploads: dict[str, Upload]

    def text(self, name: str) -> str:
        """A string parameter; empty when missing."""
        value = self.parameters.get(name)
        return "" if value is None else str(value)

    def integer(self, name: str, default: int = 0) -> int:
        """A whole number; refuses anything else."""
        value = self.parameters.get(name)
        try:
            return default if value in (None, "") else int(str(value))
        except ValueError:
            raise bad_request(f"{name} must be an integer") from None

    def truth(self, name: str) -> bool:
        """A Boolean parameter; forms say `true`, `True` or `1`."""
        return self.text(name).lower() in {"true", "1"}

    def structure(self, name: str) -> Any:
        """A nested parameter: JSON text in forms, a value in JSON bodies; None when missing."""
        value = self.parameters.get(name)
        if not isinstance(value, str):
            return value
        try:
            return json.loads(value) if value else None
        except ValueError:
            raise bad_request(f"can't parse {name} JSON object") from None

    def upload(self, name: str) -> Upload | None:
        """The file meant by a parameter: in the field itself, or through `attach://other_field`."""
        return self.uploads.get(name) or self.uploads.get(self.text(name).removeprefix("attach://"))


async def read_call(request: web.Request) -> Call:
    """Read a request in any of the ways the Bot API accepts."""
    parameters: dict[str, Any] = dict(request.query)
    uploads: dict[str, Upload] = {}
    if request.content_type == "application/json":
        parameters |= await _json_object(request)
    elif request.method == "POST":
        for name, value in (await request.post()).items():
            if isinstance(value, FileField):
                uploads[name] = Upload(value.file.read(), value.filename, value.content_type)
            else:
                parameters[name] = value
    return Call(request.match_info["method"], parameters, uploads)


async def _json_object(request: web.Request) -> dict[str, Any]:
    try:
        body = await request.json()
    except ValueError:
        raise bad_request("can't parse JSON object") from None
    if not isinstance(body, dict):
        raise bad_request("can't parse JSON object")
    return body
