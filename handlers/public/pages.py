"""The public pages' templates; they use the desk's styles, which are served at /static."""

from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse

from handlers.public.site import site_of
from knowledge.clock import SHANGHAI

_FOLDER: Final = Path(__file__).parent
STATIC: Final = _FOLDER / "static"


def moment(at: datetime) -> str:
    """An instant as people say it: 2026年3月11日 10:05."""
    local = at.astimezone(SHANGHAI)
    return f"{local.year}年{local.month}月{local.day}日 {local:%H:%M}"


@cache
def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(_FOLDER / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.filters["moment"] = moment
    return made


def page(request: Request, template: str, *, status: int = 200, **context: Any) -> HTMLResponse:
    """One page in answer to a request; its scripts carry the nonce of the answer's policy."""
    frame = {"demo": site_of(request).demo, "nonce": request.state.nonce}
    return HTMLResponse(_environment().get_template(template).render(**frame, **context), status)
