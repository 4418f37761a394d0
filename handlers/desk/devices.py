"""What kind of browser somebody uses, as roughly as it helps to recognise one's own: no version, no address."""

from typing import Final

UNKNOWN: Final = "unknown"
#: Looked for in this order: what names others beside itself comes first.
_SYSTEMS: Final = (
    ("OpenHarmony", "harmony"),
    ("HarmonyOS", "harmony"),
    ("iPhone", "iphone"),
    ("iPad", "ipad"),
    ("Android", "android"),
    ("Windows", "windows"),
    ("Macintosh", "mac"),
    ("Linux", "linux"),
)
_BROWSERS: Final = (
    ("MicroMessenger", "wechat"),
    ("Edg", "edge"),
    ("HuaweiBrowser", "huawei"),
    ("QQBrowser", "qq"),
    ("UCBrowser", "uc"),
    ("Firefox", "firefox"),
    ("Chrome", "chrome"),
    ("Safari", "safari"),
)


def device_of(user_agent: str) -> str:
    """`android chrome`, or `unknown` where neither part is recognised."""
    system = next((code for mark, code in _SYSTEMS if mark in user_agent), "")
    browser = next((code for mark, code in _BROWSERS if mark in user_agent), "")
    return " ".join(part for part in (system, browser) if part) or UNKNOWN
