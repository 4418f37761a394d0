"""What a person sees when a request cannot be answered; the desk's outermost boundary.

An unexpected error becomes a page with a reference number. The log has the number, the route and the stack, but
neither the address (it may hold a link's token) nor the error's own text (it may quote a row).
"""

from collections.abc import Callable, Coroutine
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import quote

import structlog
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from handlers.desk import words
from handlers.desk.confirm import StepUpNeeded, ask_again
from handlers.desk.declarations import to_declaration
from handlers.desk.pages import render
from handlers.desk.request import SignInNeeded, Visit, outside
from handlers.services.errors import DeclarationNeeded, NotFound
from knowledge.errors import QingfengError
from storage.ids import readable_code

log = structlog.stdlib.get_logger(__name__)

STATUS: Final = {
    "not_found": HTTPStatus.NOT_FOUND,
    "not_allowed": HTTPStatus.FORBIDDEN,
    "csrf_missing": HTTPStatus.FORBIDDEN,
    "link_spent": HTTPStatus.GONE,
    "passkey_refused": HTTPStatus.UNPROCESSABLE_ENTITY,
    "body_too_large": HTTPStatus.CONTENT_TOO_LARGE
    if hasattr(HTTPStatus, "CONTENT_TOO_LARGE")
    else HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    "unreadable_form": HTTPStatus.BAD_REQUEST,
    "bad_input": HTTPStatus.UNPROCESSABLE_ENTITY,
    "bad_fields": HTTPStatus.UNPROCESSABLE_ENTITY,
    "words_in_doubt": HTTPStatus.UNPROCESSABLE_ENTITY,
    "impossible_day": HTTPStatus.UNPROCESSABLE_ENTITY,
    "nothing_in_force": HTTPStatus.UNPROCESSABLE_ENTITY,
    "cannot_move": HTTPStatus.CONFLICT,
    "rule_refused": HTTPStatus.CONFLICT,
    "stale_version": HTTPStatus.CONFLICT,
    "database_unavailable": HTTPStatus.SERVICE_UNAVAILABLE,
}

#: Under these addresses a thing one may not see and a thing that is not there look the same.
NO_DIFFERENCE: Final = "/desk/cases"


class DeskRoute(APIRoute):
    """A route whose every error becomes a page."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler, guarded."""
        handle = super().get_route_handler()
        route = self.path_format

        async def guarded(request: Request) -> Response:
            try:
                return await handle(request)
            except Exception as error:  # noqa: BLE001 - the outer boundary
                return await explain(request, error, route)

        return guarded


async def explain(request: Request, error: Exception, route: str) -> Response:
    """The page for an error."""
    if isinstance(error, SignInNeeded):
        return _to_sign_in(request, error)
    if isinstance(error, StepUpNeeded):
        return await ask_again(error)
    if isinstance(error, DeclarationNeeded):
        return to_declaration(error)
    if isinstance(error, RequestValidationError | HTTPException):
        error = NotFound("page")
    code = error.code if isinstance(error, QingfengError) else "unexpected"
    if code == "not_allowed" and request.url.path.startswith(NO_DIFFERENCE):
        code = "not_found"
    status = STATUS.get(code, HTTPStatus.INTERNAL_SERVER_ERROR)
    reference = _logged(error, route, request.method) if status >= HTTPStatus.INTERNAL_SERVER_ERROR else None
    return await error_page(request, words.ERRORS.get(code, words.ERRORS["unexpected"]), status, reference)


async def error_page(
    request: Request, said: words.Explanation, status: int, reference: str | None = None
) -> HTMLResponse:
    """The calm page; with the menu where the official is known and the database answers."""
    context = {"title": said.title, "happened": said.happened, "to_do": said.to_do, "reference": reference}
    visit: Visit | None = getattr(request.state, "visit", None)
    if visit is not None:
        try:
            return await visit.page("error.html", status=status, **context)
        except Exception as error:  # noqa: BLE001 - the menu needs the database, this page must not
            _logged(error, "error page", request.method)
    return HTMLResponse(render("error.html", **outside(request), **context), status)


def _logged(error: Exception, route: str, method: str) -> str:
    reference = readable_code("QF-E", groups=1, length=6)
    log.error("desk_failed", reference=reference, route=route, method=method, exc_info=error)
    return reference


def _to_sign_in(request: Request, needed: SignInNeeded) -> Response:
    path = request.url.path
    is_post = request.method not in ("GET", "HEAD")
    back = path.rpartition("/")[0] if is_post and path.count("/") > len(("", "desk")) else path
    href = "/desk/sign-in" if back in ("", "/desk") else f"/desk/sign-in?next={quote(back, safe='/')}"
    frame = outside(request)
    typed = [text for name, text in needed.form.fields.items() if name in words.TYPED and text.strip()]
    if is_post:
        return HTMLResponse(render("expired.html", **frame, href=href, typed=typed), HTTPStatus.UNAUTHORIZED)
    if request.headers.get("sec-fetch-site") == "cross-site":
        # A link from elsewhere comes without our strict cookie: ask once more from our own page.
        query = f"?{request.url.query}" if request.url.query else ""
        return HTMLResponse(render("again.html", **frame, href=f"{path}{query}"))
    return RedirectResponse(href, HTTPStatus.SEE_OTHER)
