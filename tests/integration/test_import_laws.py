"""Official texts on their way in: by command from every kind of file, into both databases; none that does not fit."""

import io
import json
from pathlib import Path

import pytest
from docx import Document
from sqlalchemy import text

from bot.commands import check_content, import_table
from handlers.services.laws import LawTextsRefused, import_laws, quoted
from knowledge.loader import load_knowledge
from knowledge.model import Citation
from storage.errors import RuleRefused
from storage.unit_of_work import Storage
from tests.integration.test_commands import Said, folder, migrated, qingfeng
from tests.statutes import law_file, made_up

__all__ = ["folder", "migrated", "qingfeng"]
KNOWLEDGE = load_knowledge()
VILLAGE, OLD = KNOWLEDGE.laws["village"], KNOWLEDGE.laws["village-2018"]
TEXT = made_up(VILLAGE)


async def enter(storage: Storage, *texts: str) -> list[bool]:
    async with storage.unit_of_work() as uow:
        files = [law_file(f"{number}.txt", one) for number, one in enumerate(texts)]
        entered = await import_laws(uow, KNOWLEDGE, files)
        await uow.commit()
    return [one.is_new for one in entered]


async def read(storage: Storage, article: str, version: str = VILLAGE.version) -> list[str]:
    async with storage.unit_of_work() as uow:
        citation = Citation(VILLAGE.name, "", version, VILLAGE.id, article)
        return [one.text for one in await quoted(uow, [citation])]


async def test_a_text_can_be_quoted_as_soon_as_it_is_imported(storage: Storage) -> None:
    assert await read(storage, "1") == []
    assert await enter(storage, TEXT) == [True]
    assert (await read(storage, "1"))[0].startswith("这是样板的第1条")
    assert await read(storage, "51") == []


async def test_the_same_file_is_entered_once_and_a_later_one_counts(storage: Storage) -> None:
    assert await enter(storage, TEXT) == [True]
    assert await enter(storage, TEXT) == [False]
    assert await enter(storage, made_up(VILLAGE, _1="后来印得更清楚了")) == [True]
    assert await read(storage, "1") == ["后来印得更清楚了。"]


async def test_a_text_of_another_version_is_not_quoted_for_this_one(storage: Storage) -> None:
    assert await enter(storage, TEXT, made_up(OLD)) == [True, True]
    assert await read(storage, "1", "2030年修正") == []


async def test_one_text_that_does_not_fit_keeps_all_of_them_out(storage: Storage) -> None:
    with pytest.raises(LawTextsRefused) as refused:
        await enter(storage, TEXT, "没有条的东西", made_up(OLD).replace("第三十条", "其三十条"))
    assert len(refused.value.faults) == 2
    assert await read(storage, "1") == []


async def test_a_figure_that_is_not_there_keeps_a_text_out(storage: Storage) -> None:
    with pytest.raises(LawTextsRefused) as refused:
        await enter(storage, made_up(VILLAGE, _17="名单早一点贴就行"))
    assert any("roll_days" in str(fault) for fault in refused.value.faults)


async def test_two_files_of_one_law_are_refused(storage: Storage) -> None:
    with pytest.raises(LawTextsRefused, match="same law"):
        await enter(storage, TEXT, made_up(VILLAGE, _1="另一份"))


@pytest.mark.parametrize(
    "attack",
    [
        "UPDATE law_article SET text = '改了'",
        "DELETE FROM law_article",
        "UPDATE law_import SET version = '改了'",
        "DELETE FROM law_import",
        "INSERT INTO law_article (import_id, article, text) VALUES (1, '51', '多了一条')",
    ],
)
async def test_an_imported_text_cannot_be_changed(storage: Storage, attack: str) -> None:
    await enter(storage, TEXT)
    async with storage.unit_of_work() as uow:
        with pytest.raises(RuleRefused):
            await uow.execute(text(attack))


async def test_an_import_is_in_the_log(storage: Storage) -> None:
    await enter(storage, TEXT)
    async with storage.unit_of_work() as uow:
        assert [row[0] for row in await uow.read(text("SELECT act FROM event"))] == ["law_imported"]


def docx(words: str) -> bytes:
    """A Word file as people save it: a paragraph for each line, one of them in a table."""
    document = Document()
    for line in words.splitlines():
        document.add_paragraph(line)
    packed = io.BytesIO()
    document.save(packed)
    return packed.getvalue()


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("法.txt", TEXT.encode("utf-8-sig")),
        ("法.txt", TEXT.encode("gb18030")),
        ("法.md", f"# {TEXT}".encode()),
        ("法.docx", docx(TEXT)),
    ],
    ids=["utf-8 with a mark", "gb18030", "markdown", "word"],
)
def test_the_command_takes_a_text_in_every_form_it_is_downloaded_in(qingfeng, migrated, folder, name, data) -> None:
    (folder / name).write_bytes(data)
    said: Said = qingfeng("import", "law", name, "--json")
    assert (said.code, said.err) == (0, "")
    told = said.objects[0]
    assert (told["what"], told["entered"]) == ("law", 1)
    law = told["laws"][0]
    assert (law["law"], law["version"], law["new"], law["file"]) == ("village", VILLAGE.version, True, name)
    assert "以前录过了" in qingfeng("import", "law", name).out


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("旧.doc", bytes.fromhex("d0cf11e0a1b11ae1") + b"\x00" * 100, "另存为"),
        ("假.docx", bytes.fromhex("d0cf11e0a1b11ae1") + b"\x00" * 100, "another format|old format"),
        ("坏.docx", b"PK\x03\x04 broken", "damaged"),
        ("扫描.pdf", b"%PDF-1.7", "neither .docx nor plain text"),
        ("乱.txt", b"\x00\x01\x02", "no text in UTF-8"),
        ("别的.txt", "别的东西\n第一条 甲。".encode(), "no law on file"),
        ("少.txt", made_up(OLD).replace("第三十条", "其三十条").encode(), "第三十条"),
    ],
)
def test_what_cannot_be_taken_is_refused_with_a_cure(qingfeng, migrated, folder, name, data, said) -> None:
    (folder / name).write_bytes(data)
    heard: Said = qingfeng("import", "law", name)
    assert heard.code == 1
    assert heard.out == ""
    assert any(word in heard.err for word in said.split("|")), heard.err
    assert "Nothing was imported" in heard.err


def test_a_file_that_is_not_there_is_named(qingfeng, migrated) -> None:
    heard: Said = qingfeng("import", "law", "nowhere.txt")
    assert heard.code == 1
    assert "nowhere.txt" in heard.err


def test_a_table_comes_alone(qingfeng, migrated) -> None:
    assert qingfeng("import", "places", "a.csv", "b.csv").code == 2
    assert import_table.LAW == "law"


def test_a_folder_of_texts_proves_the_content(qingfeng, folder: Path) -> None:
    texts = folder / "texts"
    texts.mkdir()
    (texts / "a.txt").write_text(TEXT, encoding="utf-8")
    (texts / "b.md").write_text("别的东西", encoding="utf-8")
    (texts / "c.csv").write_text("不看", encoding="utf-8")
    said: Said = qingfeng("check-content", "--texts", "texts", "--json")
    assert said.code == 0, said.err
    told = said.objects[0]["texts"]
    assert told["read"] == {"village": "a.txt"}
    assert [one.split(":")[0] for one in told["passed_over"]] == ["b.md"]
    assert "residents" in told["without_text"]


def test_a_folder_whose_text_contradicts_the_content_fails(qingfeng, folder: Path) -> None:
    (folder / "a.txt").write_text(made_up(VILLAGE, _17="名单早一点贴就行"), encoding="utf-8")
    said: Said = qingfeng("check-content", "--texts", ".", "--json")
    assert said.code == 1
    assert "roll_days" in said.err
    assert json.loads(said.out)["texts"]["faults"]
    assert qingfeng("check-content", "--texts", "nowhere").code == 2


def test_what_wants_another_look_is_listed_by_the_day(qingfeng) -> None:
    said: Said = qingfeng("check-content", "--json", "--date", "2099-01-01")
    assert said.objects[0]["due"]
    assert set(check_content._HEADINGS) <= set(said.objects[0])
