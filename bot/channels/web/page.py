"""The web chat's page, without anything that chats: it is served before the rest of the program is there."""

from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

_FOLDER: Final = Path(__file__).parent
STATIC: Final = _FOLDER / "static"


def render_page(*, demo: bool, contact: str) -> str:
    """The page; `contact` is a sentence with a phone number for browsers that cannot chat."""
    environment = Environment(
        loader=FileSystemLoader(_FOLDER / "templates"),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
    )
    return environment.get_template("chat.html").render(demo=demo, contact=contact or None)
