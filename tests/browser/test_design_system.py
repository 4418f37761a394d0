"""The design system: strict CSP, contrast, size of the scripts, every part renders.

No browser here: these tests read the files and render the macros. `gallery.html.j2` shows every macro with
what officials would see; a new macro that the gallery leaves out fails.
"""

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Final

import pytest
import segno
from jinja2 import ChoiceLoader, Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from knowledge.casework.lifecycle import CaseState

ROOT: Final = Path(__file__).resolve().parents[2]
DESK_TEMPLATES: Final = ROOT / "handlers/desk/templates"
DESK_STATIC: Final = ROOT / "handlers/desk/static"
CHAT: Final = ROOT / "bot/channels/web"
TEMPLATES: Final = sorted([*DESK_TEMPLATES.rglob("*.html"), *(CHAT / "templates").rglob("*.html")])
SHEETS: Final = (DESK_STATIC / "desk.css", CHAT / "static/chat.css")
SCRIPTS: Final = (DESK_STATIC / "desk.js", *sorted((CHAT / "static").glob("*.js")))

TEXT_PAIRS: Final = (
    *((ink, ground) for ink in ("ink", "ink-muted", "accent", "accent-strong") for ground in ("bg", "surface")),
    ("ink", "surface-sunken"),
    ("ink-muted", "surface-sunken"),
    ("surface", "ink"),
    ("header-ink", "header"),
    ("header", "header-ink"),
    *((f"{kind}-ink", kind) for kind in ("accent", "danger", "warn", "ok", "info")),
    *((f"{kind}-soft-ink", f"{kind}-soft") for kind in ("accent", "danger", "warn", "ok", "info")),
    *((kind, "surface") for kind in ("danger", "warn", "ok", "info")),
    ("danger", "bg"),
    ("bubble-bot-ink", "bubble-bot"),
    ("bubble-user-ink", "bubble-user"),
)
LINE_PAIRS: Final = (
    ("line-strong", "surface"),
    ("line-strong", "bg"),
    ("accent", "surface-sunken"),
    ("danger", "surface-sunken"),
    ("warn", "surface-sunken"),
    ("ok", "surface-sunken"),
    ("focus", "bg"),
    ("focus", "surface"),
)


def _tokens(scheme: str) -> dict[str, str]:
    """The colours in force in one scheme: the plain block, overlaid by that scheme's block."""
    css = (DESK_STATIC / "tokens.css").read_text(encoding="utf-8")
    plain, dark_and_print = css.split("@media (prefers-color-scheme: dark)")
    dark, printed = dark_and_print.split("@media print")
    colours = _colours(plain)
    return colours | _colours({"light": "", "dark": dark, "print": printed}[scheme])


def _colours(block: str) -> dict[str, str]:
    return dict(re.findall(r"--([\w-]+):\s*(#[0-9a-f]{6})\s*;", block))


def _luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _contrast(one: str, other: str) -> float:
    bright, dim = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (bright + 0.05) / (dim + 0.05)


class _Forbidden(HTMLParser):
    """Collects what a strict Content-Security-Policy would block."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._in_script = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = dict(attrs)
        self.found += [f"<{tag} {name}>" for name in names if name == "style" or name.startswith("on")]
        self.found += [f"<{tag} {v}>" for v in names.values() if (v or "").strip().lower().startswith("javascript:")]
        if tag == "style" or (tag == "script" and not names.get("src")):
            self.found.append(f"<{tag}> inline")
        for name in ("src", "href", "action"):
            if re.match(r"(https?:)?//", names.get(name) or "") and tag in {"script", "link", "img", "form"}:
                self.found.append(f"<{tag} {name}={names[name]}> from elsewhere")


def _environment() -> Environment:
    loader = ChoiceLoader([FileSystemLoader(DESK_TEMPLATES), FileSystemLoader(ROOT / "tests/browser")])
    return Environment(loader=loader, undefined=StrictUndefined, autoescape=True)


def _frame(**more: object) -> dict[str, object]:
    nav = [
        ("/desk/cases", "案件", 12, True),
        ("/desk/inquiries", "提问", 3, False),
        ("/desk/villages", "各村", None, False),
    ]
    official = {"display_name": "李敏", "role_label": "县纪委办案人"}
    return {
        "official": official,
        "demo": True,
        "csrf": "token-1",
        "nonce": "nonce-1",
        "nav": nav,
        "flashes": [("ok", "已经存好")],
        **more,
    }


def _cases() -> list[dict[str, object]]:
    bought = {"category": "vote_buying", "reasons": ["写明给钱换票", "有时间和地点"]}
    named = {"category": "real_name", "reasons": ["留了姓名和电话"]}
    row = {"number": "QF-7K2M-9D4X", "href": "/desk/cases/1", "place": "向阳村", "evidence": 3}
    return [
        row | {"flags": [bought, named], "state": "investigating", "due": "超了 2 天", "urgent": True},
        row | {"flags": [], "state": "received", "due": "还剩 5 天", "urgent": False},
    ]


def render_gallery() -> str:
    drawing = Markup(segno.make("https://qingfeng.example/c/8Kd2").svg_inline(omitsize=True, border=0))  # noqa: S704
    return _environment().get_template("gallery.html.j2").render(_frame(cases=_cases(), qr=drawing))


def render_error() -> str:
    page = _environment().get_template("error.html")
    return page.render(
        _frame(
            title="这一页没打开",
            happened="我们这边出了点问题，您写的都还在。",
            to_do=["过一分钟再试一次。"],
            reference="E-4F7Q",
        )
    )


def render_sign_in(**more: object) -> str:
    page = _environment().get_template("sign_in.html")
    shown = {"error": None, "username": "", "passkeys": True}
    return page.render(_frame(official=None, nav=[], flashes=[]) | shown | more)


@pytest.mark.parametrize("scheme", ["light", "dark", "print"])
def test_words_reach_the_contrast_of_level_aa(scheme: str) -> None:
    tokens = _tokens(scheme)
    weak = {pair: round(_contrast(tokens[pair[0]], tokens[pair[1]]), 2) for pair in TEXT_PAIRS}
    assert {pair: ratio for pair, ratio in weak.items() if ratio < 4.5} == {}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_lines_marks_and_the_focus_ring_stand_out(scheme: str) -> None:
    tokens = _tokens(scheme)
    weak = {pair: round(_contrast(tokens[pair[0]], tokens[pair[1]]), 2) for pair in LINE_PAIRS}
    assert {pair: ratio for pair, ratio in weak.items() if ratio < 3} == {}


def test_the_contrast_formula_agrees_with_the_published_extremes() -> None:
    assert _contrast("#000000", "#ffffff") == pytest.approx(21)
    assert _contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


def test_every_scheme_redefines_every_colour() -> None:
    light = set(_tokens("light"))
    css = (DESK_STATIC / "tokens.css").read_text(encoding="utf-8")
    dark = set(_colours(css.split("@media (prefers-color-scheme: dark)")[1].split("@media print")[0]))
    assert light == dark


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda p: p.name)
def test_a_style_sheet_uses_only_tokens_that_exist(sheet: Path) -> None:
    known = set(re.findall(r"^\s*--([\w-]+):", (DESK_STATIC / "tokens.css").read_text(encoding="utf-8"), re.MULTILINE))
    used = set(re.findall(r"var\(--([\w-]+)\)", sheet.read_text(encoding="utf-8")))
    assert used - known == set()


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda p: p.name)
def test_a_style_sheet_writes_no_colour_of_its_own_but_black_and_white(sheet: Path) -> None:
    colours = set(re.findall(r"#[0-9a-fA-F]{3,8}\b", sheet.read_text(encoding="utf-8")))
    assert colours <= {"#000000", "#ffffff"}


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda p: p.name)
def test_a_template_holds_nothing_that_a_strict_policy_blocks(template: Path) -> None:
    source = re.sub(r"{#.*?#}|{%.*?%}|{{.*?}}", "", template.read_text(encoding="utf-8"), flags=re.DOTALL)
    parser = _Forbidden()
    parser.feed(source)
    assert parser.found == []


def test_the_policy_check_sees_what_it_must_see() -> None:
    parser = _Forbidden()
    parser.feed('<p style="x"><a onclick="y" href="javascript:z"><style></style><script>1</script>')
    parser.feed('<script src="//cdn.example/a.js"></script>')
    assert len(parser.found) == 6


@pytest.mark.parametrize("render", [render_gallery, render_error, render_sign_in], ids=lambda f: f.__name__)
def test_a_rendered_page_holds_nothing_that_a_strict_policy_blocks(render) -> None:
    parser = _Forbidden()
    parser.feed(render())
    assert parser.found == []


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda p: p.name)
def test_a_script_never_turns_text_from_outside_into_markup_or_code(script: Path) -> None:
    source = script.read_text(encoding="utf-8")
    assert re.findall(r"insertAdjacentHTML|document\.write|\beval\(|new Function|\.innerHTML\s*=[^=]", source) == []


def test_the_scripts_stay_small_enough_for_a_cheap_phone() -> None:
    assert (CHAT / "static/chat.js").stat().st_size < 30_000
    assert sum(script.stat().st_size for script in SCRIPTS) < 40_000


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda p: p.name)
def test_a_script_avoids_syntax_that_old_phones_cannot_read(script: Path) -> None:
    source = script.read_text(encoding="utf-8")
    assert re.findall(r"\?\.[a-zA-Z(\[]|\?\?|\|\|=|&&=|\.replaceAll\(|\.at\(|(?<![\w])#[a-z]+\s*[=(]", source) == []


def test_the_gallery_shows_every_macro() -> None:
    macros = (DESK_TEMPLATES / "macros.html").read_text(encoding="utf-8")
    pages = "".join(p.read_text(encoding="utf-8") for p in (ROOT / "tests/browser/gallery.html.j2", *TEMPLATES))
    names = set(re.findall(r"macro (\w+)\(", macros))
    inner = {"described", "notes", "label_for", "choices"}
    assert {name for name in names - inner if f"ui.{name}(" not in pages} == set()


def test_ids_on_the_gallery_are_unique_and_every_description_exists() -> None:
    html = render_gallery()
    ids = re.findall(r'\sid="([^"]+)"', html)
    assert sorted(ids) == sorted(set(ids))
    named = {name for value in re.findall(r'aria-(?:describedby|labelledby)="([^"]+)"', html) for name in value.split()}
    assert named - set(ids) == set()
    assert set(re.findall(r'<label[^>]* for="([^"]+)"', html)) - set(ids) == set()


def test_every_form_that_acts_carries_the_csrf_token() -> None:
    forms = re.findall(r'<form[^>]*method="post".*?</form>', render_gallery() + render_sign_in(), re.DOTALL)
    assert len(forms) >= 5
    assert [f[:80] for f in forms if '<input type="hidden" name="csrf" value="token-1">' not in f] == []


def test_every_case_state_has_a_word_of_its_own() -> None:
    macros = _environment().get_template("macros.html").module
    words = [re.sub(r"<.*?>", "", macros.state_badge(state)) for state in CaseState]
    assert len(set(words)) == len(CaseState)
    assert not [word for word in words if word.isascii()]


def test_what_people_wrote_is_shown_as_text_not_as_markup() -> None:
    macros = _environment().get_template("macros.html").module
    nasty = '<img src=x onerror="1">'
    parts = (
        macros.alert("danger", nasty, nasty, [(nasty, None)]),
        macros.definition_list([(nasty, nasty)]),
        macros.field("name", nasty, nasty, error=nasty),
        macros.textarea("text", "说明", nasty),
        macros.data_table([{"key": "a", "label": nasty}], [{"a": nasty}], nasty),
        macros.timeline([{"when": nasty, "title": nasty}]),
        macros.flag_badge("vote_buying", [nasty]),
    )
    assert [part for part in parts if "<img" in part] == []


def test_a_field_ties_its_error_and_hint_to_its_input() -> None:
    html = _environment().get_template("macros.html").module.field("code", "验证码", hint="看手机", error="少了一位")
    assert 'aria-describedby="f-code-error f-code-hint"' in html
    assert 'aria-invalid="true"' in html


def test_the_sign_in_page_keeps_the_username_and_says_what_was_wrong() -> None:
    html = render_sign_in(error="用户名、密码或验证码不对，请再看一眼。", username="limin")
    assert 'value="limin"' in html
    assert "请再看一眼" in html
    assert "/desk/sign-out" not in html


def test_the_demo_banner_stands_only_on_demo_pages() -> None:
    assert "演示数据，不是真实情况" in render_sign_in()
    assert "演示数据" not in render_sign_in(demo=False)
