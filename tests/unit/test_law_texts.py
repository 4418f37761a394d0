"""A statute as it is downloaded, in the shapes it comes in. All texts here are made up."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.law_texts import bare_title, decode, read_law

PLAIN = """
　　　　中华人民共和国样板议事法

（2001年3月4日样板会议第一次会议通过　2019年12月31日样板会议第五次会议
《关于改样板的决定》修正　自2020年2月1日起施行）

目　　录
　　第一章　总　　则
　　第二章　议　　事
　　　第一节　开会
　　第三章　附　　则

第一章　总　　则

　　第一条　为了试一试，写这个样板。
　　第二条　样板里的人是编的。
　　编的人也不少于三个。

第二章　议　　事
第一节　开会
　　第三条　开会要看
第二条第二款规定的人到没到齐：
　　（一）到齐了，就开；
　　（二）没到齐，就等。
　　第三条之一　等不到，改天再开。

第三章　附　　则
　　第四条　本样板说到做到。
— 3 —
"""
MARKDOWN = """<!--
题名: 不是题名
第九条 注释里的不算
-->
---
# **样板议事法**

2001年3月4日 样板会议通过

## 第一章 总则

**第一条** 甲。

第2条 乙。

第三条：丙。
"""


def test_a_plain_text_gives_title_dates_and_articles() -> None:
    law = read_law(PLAIN)
    assert bare_title(law.title) == "样板议事法"
    assert law.dates == (date(2001, 3, 4), date(2019, 12, 31), date(2020, 2, 1))
    assert list(law.articles) == ["1", "2", "3", "3-1", "4"]
    assert (law.last_article, law.missing, law.is_excerpt) == (4, (), False)


def test_an_article_keeps_its_paragraphs_and_no_heading() -> None:
    law = read_law(PLAIN)
    assert law.articles["2"] == "样板里的人是编的。\n编的人也不少于三个。"
    assert law.articles["3"].endswith("（二）没到齐，就等。")
    assert law.articles["4"] == "本样板说到做到。"
    assert not any("章" in text or "节" in text for text in law.articles.values())


def test_a_reference_at_the_beginning_of_a_line_is_no_article() -> None:
    assert "第二条第二款规定的人" in read_law(PLAIN).articles["3"]


def test_a_heading_without_a_space_belongs_to_no_article_and_a_reference_to_a_chapter_does() -> None:
    law = read_law("样板法\n第一条 甲，照\n第二章规定的办。\n第二章怎么办\n第二条 乙，有\n第二条（一）项的也算。")
    assert dict(law.articles) == {"1": "甲，照\n第二章规定的办。", "2": "乙，有\n第二条（一）项的也算。"}


def test_markdown_is_read_without_its_marks_and_comments() -> None:
    law = read_law(MARKDOWN)
    assert law.title == "样板议事法"
    assert dict(law.articles) == {"1": "甲。", "2": "乙。", "3": "丙。"}


def test_articles_without_a_space_after_them_are_found_in_their_order() -> None:
    law = read_law("样板法\n第一条为了试。\n第二条为了再试，照\n第一条的规定办。\n第三条完。")
    assert list(law.articles) == ["1", "2", "3"]
    assert law.articles["2"].endswith("第一条的规定办。")


def test_a_decision_printed_behind_a_law_is_not_part_of_it() -> None:
    law = read_law("样板法\n第一条 甲。\n第二条 乙。\n关于改样板的决定\n第一条 丁。\n第二条 戊。")
    assert dict(law.articles) == {"1": "甲。", "2": "乙。\n关于改样板的决定"}


def test_gaps_are_counted() -> None:
    assert read_law("样板法\n第一条 甲。\n第四条 丁。").missing == (2, 3)


def test_a_title_over_two_lines_is_one() -> None:
    law = read_law("中华人民共和国\n样板议事法\n二零一九年十二月三十一日通过\n第一条 甲。")
    assert bare_title(law.title) == "样板议事法"
    assert law.dates == (date(2019, 12, 31),)


def test_an_excerpt_says_so() -> None:
    law = read_law("样板法（节选）\n第二十条（偷懒）\n第二十条 偷懒的，补上。")
    assert law.is_excerpt
    assert dict(law.articles) == {"20": "偷懒的，补上。"}


@pytest.mark.parametrize(
    ("title", "bare"),
    [
        ("中华人民共和国样板法", "样板法"),
        ("《样板条例》", "样板条例"),
        ("样板条例 2023", "样板条例"),
        ("样板法（2025年修正）", "样板法"),
        ("样板规定（试行）", "样板规定"),
    ],
)
def test_a_title_is_compared_without_what_differs_between_copies(title: str, bare: str) -> None:
    assert bare_title(title) == bare


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_text_files_are_read_in_the_encodings_they_come_in(encoding: str) -> None:
    assert decode(PLAIN.encode(encoding)) == PLAIN


def test_what_is_no_text_is_nothing() -> None:
    assert decode(b"\x00\x01\x02\x03") is None
    assert decode(b"\xff\xfe\x00") is None
    assert decode(b"\x81") is None


@given(st.text())
def test_any_text_at_all_is_read(text: str) -> None:
    law = read_law(text)
    assert law.last_article >= 0
    assert bare_title(law.title) is not None
