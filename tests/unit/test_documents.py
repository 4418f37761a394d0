"""The documents say what the code is: commands, settings, folders, links, pictures."""

import argparse
import os
import re
import struct
import subprocess
from importlib import import_module
from pathlib import Path

import pytest

from bot.__main__ import COMMANDS
from bot.settings import PREFIX, Settings

ROOT = Path(__file__).parents[2]
PACKAGES = ("bot", "handlers", "storage", "knowledge")
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
README, ARCHITECTURE = (ROOT / name for name in ("README.md", "ARCHITECTURE.md"))
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_PATH = re.compile(rf"`((?:{'|'.join(PACKAGES)}|tests|docs|requirements|\.ci)/[\w./-]*)`")
_SECTION = re.compile(r"^#+ (.+)$", re.MULTILINE)


def table_rows(text: str) -> dict[str, list[str]]:
    """The rows of all tables whose first cell is in backticks, by that cell."""
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line[:3] == "| `"]
    return {row[0].strip("`"): row for row in rows}


def named_paths(text: str) -> list[str]:
    """What the text names as ours, tables' short forms (`telegram.py` beside `bot/channels/`) written out."""
    short = []
    for line in text.splitlines():
        folder = re.match(r"\| `([\w/]+/)` \|(.*)", line)
        if folder:
            short += [folder[1] + name for name in re.findall(r"`([\w-]+(?:\.py|/))`", folder[2])]
    return _PATH.findall(text) + short


def anchors(text: str) -> set[str]:
    """The anchors that a page's headings make."""
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in _SECTION.findall(text)}


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_stands_in_the_readme_with_options_it_takes(command: str) -> None:
    rows = [row for name, row in table_rows(README.read_text("utf-8")).items() if name.split()[0] == command]
    assert len(rows) == 1, f"README.md has no row, or two, for {command}"
    parser = argparse.ArgumentParser()
    import_module(f"bot.commands.{COMMANDS[command][0]}").configure(parser)
    taken = {option for action in parser._actions for option in action.option_strings}
    assert set(re.findall(r"--[a-z-]+", rows[0][2])) <= taken
    assert ("--json" in taken) == ("--json" in rows[0][2])


def test_no_command_stands_in_the_readme_that_does_not_exist() -> None:
    section = README.read_text("utf-8").partition("### Commands")[2].partition("### ")[0]
    assert {name.split()[0] for name in table_rows(section)} == set(COMMANDS)


@pytest.mark.parametrize("field", Settings.model_fields)
def test_every_setting_stands_in_the_readme_with_its_default(field: str) -> None:
    row = table_rows(README.read_text("utf-8"))[f"{PREFIX}{field.upper()}"]
    default = Settings.model_fields[field].default
    if default is not None and default != "":
        assert row[1] == f"`{default}`"
    assert re.search(r"[a-z].* · .*[\u4e00-\u9fff]", row[2]), "each setting is explained in both languages"


def test_no_setting_stands_in_a_document_that_does_not_exist() -> None:
    known = {f"{PREFIX}{field.upper()}" for field in Settings.model_fields} | {"QINGFENG_TEST_POSTGRESQL"}
    for document in DOCUMENTS:
        assert set(re.findall(r"QINGFENG_[A-Z0-9_]+", document.read_text("utf-8"))) <= known, document.name


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_file_and_folder_that_is_named_exists(document: Path) -> None:
    gone = [name for name in named_paths(document.read_text("utf-8")) if not (ROOT / name).exists()]
    assert gone == []


def test_the_codemap_names_every_folder_of_the_house() -> None:
    named = {name.rstrip("/") for name in named_paths(ARCHITECTURE.read_text("utf-8"))}
    folders = {
        f"{package}/{child.name}"
        for package in PACKAGES
        for child in (ROOT / package).iterdir()
        if child.is_dir() and not child.name.startswith(("_", "."))
    }
    missing = {folder for folder in folders if not any(f"{name}/".startswith(f"{folder}/") for name in named)}
    assert missing == set()


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_relative_link_leads_somewhere(document: Path) -> None:
    for target in _LINK.findall(document.read_text("utf-8")):
        if target.startswith(("http://", "https://")):
            continue
        name, _, anchor = target.partition("#")
        page = (document.parent / name).resolve() if name else document
        assert page.exists(), target
        assert not anchor or anchor in anchors(page.read_text("utf-8")), target


def test_the_readme_sends_nobody_to_a_package_index_or_any_other_site() -> None:
    hosts = re.findall(r"https?://([^/\s`:)]+)", README.read_text("utf-8"))
    assert set(hosts) <= {"127.0.0.1"}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_no_document_names_a_path_of_somebodys_machine(document: Path) -> None:
    assert not re.search(r"(?<![\w.])/(home|root|work|Users|tmp)/", document.read_text("utf-8"))


def test_both_languages_of_the_readme_show_the_same_commands_to_type() -> None:
    english, _, chinese = README.read_text("utf-8").partition("## 简体中文")
    typed = [re.findall(r"```sh\n(.*?)```", half, re.DOTALL) for half in (english, chinese)]
    assert [re.sub(r" +#.*", "", block) for block in typed[0]] == [re.sub(r" +#.*", "", block) for block in typed[1]]


def test_the_readme_lists_the_requests_of_the_web_chat() -> None:
    source = (ROOT / "bot" / "channels" / "web" / "api.py").read_text("utf-8")
    served = {
        f"{method.upper()} {re.sub(r'{[^}]*}', 'ID', path)}"
        for method, path in re.findall(r'@router\.(get|post)\("(/api/[^"]+)"', source)
    }
    listed = {name.partition("?")[0] for name in table_rows(README.read_text("utf-8")) if "/api/" in name}
    assert listed == served


@pytest.mark.parametrize(("picture", "width"), [("chat.png", 360), ("desk.png", 1280)])
def test_a_picture_is_small_and_as_wide_as_the_screen_it_shows(picture: str, width: int) -> None:
    data = (ROOT / "docs" / "images" / picture).read_bytes()
    assert data.startswith(b"\x89PNG")
    assert struct.unpack(">I", data[16:20]) == (width,)
    assert len(data) < 150_000


def test_the_check_of_a_clean_clone_can_be_run() -> None:
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    subprocess.run(["bash", "-n", str(script)], check=True)


def test_the_licence_is_whole_and_names_its_holder() -> None:
    text = (ROOT / "LICENSE").read_text("utf-8")
    assert "Version 2.0, January 2004" in text
    assert "END OF TERMS AND CONDITIONS" in text
    assert "Copyright 2026 The Qingfeng authors" in text
