"""The web chat's page, without anything that chats: it is served before the rest of the program is there."""

from functools import cache
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template, select_autoescape

from knowledge.privacy import privacy_notice

_FOLDER: Final = Path(__file__).parent
STATIC: Final = _FOLDER / "static"
#: Where a deployment did not say who it is.
NO_BODY: Final = "本地负责换届监督的机关"
NO_CONTACT: Final = "村公告栏上的换届公开电话"


def render_page(*, demo: bool, contact: str, nonce: str) -> str:
    """The page; `contact` is a sentence with a phone number for browsers that cannot chat, `nonce` this answer's."""
    return _template("chat.html").render(demo=demo, contact=contact or None, nonce=nonce)


def render_privacy(*, demo: bool, body: str, contact: str) -> str:
    """The privacy notice; `body` is who runs this, `contact` how to reach them."""
    notice = privacy_notice()
    sections = notice.page(body=body or NO_BODY, contact=contact or NO_CONTACT)
    return _template("privacy.html").render(demo=demo, sections=sections, version=notice.version)


@cache
def _template(name: str) -> Template:
    environment = Environment(
        loader=FileSystemLoader(_FOLDER / "templates"),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
    )
    return environment.get_template(name)
