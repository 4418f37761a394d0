"""The page behind a link for one large file. Nothing is kept of whoever opens it: no address, no browser, no cookie."""

from http import HTTPStatus
from typing import Annotated, Final

from fastapi import Path
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from handlers.public.pages import moment, page
from handlers.public.site import Site, site_of
from handlers.public.streaming import CutOff, NoFile, TooLarge, UploadedFile
from handlers.services import uploads
from handlers.services.uploads import Received
from storage.files import Written
from storage.repositories.announcements import Link

Token = Annotated[str, Path(max_length=100)]
_ROUND_THE_FILE: Final = 64 * 1024  # bytes of a form beside the file itself
_SAID: Final = {
    "no_file": "没有看到文件。请点“选文件”，选好了再点“开始传”。",
    "empty": "这个文件是空的，请再选一次。",
    "cut_off": "传到一半断了，没有存下来。链接还能用，请再传一次。",
    "too_large": "这个文件超过500兆，收不下。请剪短一点，或者分成几段，一段用一个链接。",
}


async def show_upload(request: Request, token: Token) -> Response:
    """The form."""
    link = await _link(request, token)
    return _form(request, link) if link else _spent(request)


async def receive_upload(request: Request, token: Token) -> Response:
    """Take the file as it comes; the link is spent once it is there, whole."""
    site, link = site_of(request), await _link(request, token)
    if link is None:
        return _spent(request)
    try:
        written, name = await _store(request, site)
    except NoFile:
        return _form(request, link, "no_file", HTTPStatus.BAD_REQUEST)
    except TooLarge:
        return _form(request, link, "too_large", HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    except CutOff:
        return _form(request, link, "cut_off", HTTPStatus.BAD_REQUEST)
    received = await _receive(site, token, written, name)
    if received is None:
        await site.storage.files.delete(written.id)
        return _spent(request)
    address = f"{site.base_url}/receipt#{received.receipt}" if received.receipt else ""
    return page(request, "uploaded.html", file=received.file, receipt=received.receipt, address=address)


async def _store(request: Request, site: Site) -> tuple[Written, str]:
    announced = request.headers.get("content-length", "")
    if announced.isdigit() and int(announced) > uploads.LARGEST + _ROUND_THE_FILE:
        raise TooLarge
    file = UploadedFile(request, uploads.LARGEST)
    await file.open()
    return await site.storage.files.write(file.chunks()), file.name


async def _receive(site: Site, token: str, written: Written, name: str) -> Received | None:
    async with site.storage.unit_of_work() as uow:
        received = await uploads.receive(uow, token, written, name)
        if received is not None:
            uow.after_commit(site.wake)
            await uow.commit()
        return received


async def _link(request: Request, token: str) -> Link | None:
    async with site_of(request).storage.unit_of_work() as uow:
        return await uploads.look(uow, token)


def _form(request: Request, link: Link, fault: str = "", status: int = 200) -> HTMLResponse:
    said = _SAID[fault] if fault else ""
    return page(
        request,
        "upload.html",
        status=status,
        fault=said,
        until=moment(link.expires_at),
        most=uploads.LARGEST,
        said=_SAID,
    )


def _spent(request: Request) -> HTMLResponse:
    """The same page for a link that was used, has run out, or never was."""
    return page(request, "upload_spent.html", status=HTTPStatus.GONE)
