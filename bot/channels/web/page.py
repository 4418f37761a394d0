"""The web chat's page, without anything that chats: it is served before the rest of the program is there."""

from functools import cache
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template, select_autoescape

_FOLDER: Final = Path(__file__).parent
STATIC: Final = _FOLDER / "static"


def render_page(*, demo: bool, contact: str, nonce: str) -> str:
    """The page; `contact` is a sentence with a phone number for browsers that cannot chat, `nonce` this answer's."""
    return _template().render(demo=demo, contact=contact or None, nonce=nonce)


@cache
def _template() -> Template:
    environment = Environment(
        loader=FileSystemLoader(_FOLDER / "templates"),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
    )
    return environment.get_template("chat.html")
