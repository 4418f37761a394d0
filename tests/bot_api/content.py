"""What Telegram checks in a message before it accepts it: text, caption, markup, buttons.

Lengths count characters after the markup is taken out; `callback_data` counts bytes of UTF-8, so that 22
Chinese characters are already too many. Markdown is not modelled and is refused loudly rather than taken as
plain text.
"""

from html.parser import HTMLParser
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

from tests.bot_api.api_error import bad_request

TEXT_CHARACTERS: Final = 4096
CAPTION_CHARACTERS: Final = 1024
CALLBACK_DATA_BYTES: Final = 64
CALLBACK_ANSWER_CHARACTERS: Final = 200
BUTTONS: Final = 100
_HTML_TAGS: Final = frozenset(
    (
        *("a", "b", "blockquote", "code", "del", "em", "i", "ins", "pre", "s", "span", "strike", "strong"),
        *("tg-emoji", "tg-spoiler", "u"),
    )
)


class Button(NamedTuple):
    """A button as seen; `target` is its callback data, its address, or on a reply keyboard its text."""

    text: str
    target: str


class _Plain(HTMLParser):
    """Text without its tags; refuses what Telegram cannot parse."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.text = ""
        self._open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in _HTML_TAGS:
            raise bad_request(f'can\'t parse entities: Unsupported start tag "{tag}"')
        self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self._open or self._open.pop() != tag:
            raise bad_request(f'can\'t parse entities: Unmatched end tag "{tag}"')

    def handle_data(self, data: str) -> None:
        self.text += data

    def close(self) -> None:
        super().close()
        if self._open:
            raise bad_request(f"can't parse entities: Can't find end tag corresponding to start tag {self._open[-1]}")


def readable_text(raw: str, parse_mode: str) -> str:
    """The text a person sees, trimmed as Telegram trims it."""
    if parse_mode.lower() == "html":
        parser = _Plain()
        parser.feed(raw)
        parser.close()
        return parser.text.strip()
    if parse_mode:
        raise bad_request(f"unsupported parse_mode {parse_mode} (this test server reads plain text and HTML)")
    return raw.strip()


def message_text(raw: str, parse_mode: str) -> str:
    """A message's text, or a refusal when it is empty or too long."""
    text = readable_text(raw, parse_mode)
    if not text:
        raise bad_request("message text is empty")
    if len(text) > TEXT_CHARACTERS:
        raise bad_request("message is too long")
    return text


def caption_text(raw: str, parse_mode: str) -> str:
    """A caption, which may be empty."""
    caption = readable_text(raw, parse_mode)
    if len(caption) > CAPTION_CHARACTERS:
        raise bad_request("message caption is too long")
    return caption


def visible_buttons(markup: Any) -> list[list[Button]]:
    """The rows of buttons a markup shows, checked; none for a removed keyboard or a forced reply."""
    if markup is None:
        return []
    if not isinstance(markup, dict):
        raise bad_request("object expected as reply markup")
    rows = markup.get("inline_keyboard") or markup.get("keyboard") or []
    read = _inline_button if markup.get("inline_keyboard") else _keyboard_button
    buttons = [[read(button) for button in row] for row in rows]
    if sum(map(len, buttons)) > BUTTONS:
        raise bad_request("reply markup is too long")
    return buttons


def _keyboard_button(button: Any) -> Button:
    text = button if isinstance(button, str) else str(button.get("text") or "")
    if not text.strip():
        raise bad_request("keyboard button text must be non-empty")
    return Button(text, text)


def _inline_button(button: dict[str, Any]) -> Button:
    text = str(button.get("text") or "")
    if not text.strip():
        raise bad_request("inline keyboard button text must be non-empty")
    if "callback_data" in button:
        return Button(text, _callback_data(str(button["callback_data"])))
    if "url" in button:
        return Button(text, _address(str(button["url"])))
    raise bad_request("text buttons are unallowed in the inline keyboard")


def _callback_data(data: str) -> str:
    if not 1 <= len(data.encode()) <= CALLBACK_DATA_BYTES:
        raise bad_request("BUTTON_DATA_INVALID")
    return data


def _address(url: str) -> str:
    parts = urlsplit(url)
    public = parts.scheme in {"http", "https"} and "." in (parts.hostname or "")
    if not public and parts.scheme != "tg":
        raise bad_request(f"inline keyboard button URL '{url}' is invalid: Wrong HTTP URL")
    return url
