"""A look at a signed receipt, and the public keys to look without us.

The receipt comes in the body of a POST, or behind `#`, which a browser sends nowhere; so no log of ours or a proxy's
holds one. What a newcomer gets wrong: the page says that a receipt is genuine, and never of which case.
"""

from http import HTTPStatus
from typing import Any, Final
from urllib.parse import quote

import segno
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from handlers.public.pages import page
from handlers.public.site import site_of
from handlers.services import signed_receipts
from storage.signed_receipt import Looked, Verdict, clean

LARGEST_BODY: Final = 256 * 1024  # bytes
#: A longer address makes a code that a phone's camera does not read.
_LONGEST_QR: Final = 1_600


async def show_receipt(request: Request) -> Response:
    """Where a receipt is pasted, or comes behind `#`."""
    return _page(request, Looked(Verdict.NO_RECEIPT), "", asked=False)


async def look_at_receipt(request: Request) -> Response:
    """Genuine, or not."""
    announced = request.headers.get("content-length", "")
    if not announced.isdigit() or int(announced) > LARGEST_BODY:
        return _page(request, Looked(Verdict.NO_RECEIPT), "", status=HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    text = await _posted(request)
    site = site_of(request)
    async with site.storage.unit_of_work() as uow:
        looked = await signed_receipts.look(uow, text)
    return _page(request, looked, text)


async def show_keys(request: Request) -> Response:
    """Every key this deployment ever signed with."""
    return page(request, "keys.html", keys=await _keys(request))


async def give_keys(request: Request) -> Response:
    """The same for a program: `qingfeng verify-receipt --keys FILE` reads it."""
    return JSONResponse({"algorithm": "Ed25519", "purpose": "receipt", "keys": await _keys(request)})


async def _keys(request: Request) -> list[dict[str, str]]:
    async with site_of(request).storage.unit_of_work() as uow:
        return [
            {"key_id": one.key_id, "public_key": one.public_key.hex(), "since": one.since.date().isoformat()}
            for one in await uow.receipts.published()
        ]


async def _posted(request: Request) -> str:
    async with request.form(max_files=1, max_fields=4) as form:
        file = form.get("file")
        if isinstance(file, UploadFile) and file.filename:
            return (await file.read()).decode("utf-8", "replace")
        text = form.get("receipt")
        return text if isinstance(text, str) else ""


def _page(request: Request, looked: Looked, text: str, *, asked: bool = True, status: int = 200) -> HTMLResponse:
    context: dict[str, Any] = {"verdict": str(looked.verdict) if asked else "", "receipt": looked.receipt}
    code = file = ""
    if looked.receipt is not None:
        spelled = clean(text)
        address = f"{site_of(request).base_url}/receipt#{spelled}"
        if len(address) <= _LONGEST_QR:
            code = segno.make(address, error="l", micro=False).svg_data_uri(scale=3, border=4)
        file = f"data:text/plain;charset=utf-8,{quote(spelled, safe='')}"
    return page(request, "receipt.html", status=status, code=code, file=file, typed=text[:LARGEST_BODY], **context)
