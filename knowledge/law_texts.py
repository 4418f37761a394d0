"""A statute as it is downloaded, read into its title, its dates and its articles.

What a newcomer gets wrong: 第十八条 at the beginning of a line is an article only where articles are due. A wrapped
line may begin with a reference to one, a table of contents never holds one, and a decision printed behind a law
begins again with 第一条; the law ends there. Headings of chapters belong to no article.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Final

BOM: Final = "\ufeff"
_NUMBER: Final = r"[\d零\u3007一二两三四五六七八九十百千]+"
_ARTICLE: Final = re.compile(
    rf"第\s?({_NUMBER})\s?条(?:之\s?({_NUMBER}))?(?:\s*[(（【](?P<name>[^)）】]{{2,}})[)）】])?"
)
_HEADING: Final = re.compile(
    rf"第\s?{_NUMBER}\s?(?:编|分编|章|节)(?!的|规定|所|中|第|、|和|至|与)[^。；，：]{{0,40}}$|附\s*则$|总\s*则$"
)
_CONTENTS: Final = re.compile(r"目\s*[录次]$")
_PAGE_NUMBER: Final = re.compile(r"[-—－\s·]*\d{1,4}[-—－\s·]*$|第\s*\d+\s*页.*$")
_COMMENT: Final = re.compile(r"<!--.*?-->", re.DOTALL)
_DECORATION: Final = re.compile(r"^[\s\u3000#*>]+|[\s\u3000*]+$")
_DATE: Final = re.compile(r"(\d{4})\s*[年.\-/]\s*(\d{1,2})\s*[月.\-/]\s*(\d{1,2})(?!\d)")
_SPELLED_DATE: Final = re.compile(rf"([零\u3007○一二三四五六七八九]{{4}})年({_NUMBER})月({_NUMBER})日")
_TITLE_ENDS: Final = re.compile(
    r"[(（\[【]|.*[。；]|.*\d{4}\s*年|.*[零\u3007○一二三四五六七八九]{4}年|.*(?:通过|公布|发布|施行|令)"
)
_TITLE_TAIL: Final = re.compile(r"[(（][^)）]*[)）]$|[0-9]{4}年?(?:版|修订|修正)?$")
_EXCERPT: Final = re.compile(r"节选|摘录|选编")
_REFERENCE: Final = re.compile(r"第|规定|的|、|和|至|与|及|所|中|或|款|项|,|，|。|；")
_COUNTRY: Final = "中华人民共和国"
_DIGITS: Final = {character: value for value, character in enumerate("零一二三四五六七八九")} | {
    "\u3007": 0,
    "○": 0,
    "两": 2,
}
_TENS: Final = {"十": 10, "百": 100, "千": 1000}


@dataclass(frozen=True, slots=True)
class LawFile:
    """A file as handed over: its name without folders, the SHA-256 of its bytes, its words."""

    name: str
    sha256: str
    text: str

    @classmethod
    def of(cls, name: str, data: bytes, text: str) -> "LawFile":
        """A file with the hash of its bytes."""
        return cls(name, hashlib.sha256(data).hexdigest(), text)


@dataclass(frozen=True, slots=True)
class LawText:
    """One downloaded text: `articles` by number as provisions write it (`18`, `253-1`), in their order.

    `dates` are those of the heading (when it was passed, changed, published), earliest first. `is_excerpt` where the
    title says that only some articles are there.
    """

    title: str
    dates: tuple[date, ...]
    articles: Mapping[str, str]
    is_excerpt: bool = False

    @property
    def last_article(self) -> int:
        """The highest number, 之一 not counted."""
        return max((int(number.partition("-")[0]) for number in self.articles), default=0)

    @property
    def missing(self) -> tuple[int, ...]:
        """Numbers below the highest that are not there."""
        there = {int(number.partition("-")[0]) for number in self.articles}
        return tuple(number for number in range(1, self.last_article) if number not in there)


def decode(data: bytes) -> str | None:
    """A text file's words: UTF-8 with or without a mark, UTF-16 with one, else GB18030; None for anything else."""
    encodings = ("utf-16",) if data[:2] in (b"\xff\xfe", b"\xfe\xff") else ("utf-8-sig", "gb18030")
    for encoding in encodings:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        return None if "\x00" in text else text.removeprefix(BOM)
    return None


def bare_title(title: str) -> str:
    """A law's name without what differs between the title page and how it is cited.

    >>> bare_title("中华人民共和国 样板法（2025年修正）")
    '样板法'
    """
    name = re.sub(r"\s", "", title).strip("《》")
    while (shorter := _TITLE_TAIL.sub("", name)) != name:
        name = shorter
    return name.removeprefix(_COUNTRY)


def read_law(text: str) -> LawText:
    """Take a text apart.

    A text without articles gives a `LawText` without articles; what that means is for the caller to say.
    """
    lines = [line for line in map(_clean, _COMMENT.sub("", text).splitlines()) if line]
    title_lines, heading, body = _split(lines)
    title = "".join(title_lines)
    return LawText(
        title=re.sub(r"\s", "", title),
        dates=_dates("\n".join(heading)),
        articles=MappingProxyType(_articles(body)),
        is_excerpt=bool(_EXCERPT.search(title)),
    )


def _clean(line: str) -> str:
    line = line.replace("\u3000", " ").replace("\xa0", " ").replace("\t", " ").replace("**", "")
    line = _DECORATION.sub("", line).strip()
    return "" if _PAGE_NUMBER.fullmatch(line) or set(line) <= {"-", "=", "_"} else line


def _split(lines: list[str]) -> tuple[list[str], list[str], list[str]]:
    """Title, heading (title included), body from the first article on. What stands between is no article."""
    first = next((at for at, line in enumerate(lines) if _first_article(line)), len(lines))
    heading = []
    for line in lines[:first]:
        if _CONTENTS.fullmatch(line) or _HEADING.match(line):
            break
        heading.append(line)
    title: list[str] = []
    for line in heading:
        if title and _TITLE_ENDS.match(line):
            break
        title.append(line)
        if len("".join(title)) > len(_COUNTRY) * 4:
            break
    return title, heading, lines[first:]


def _first_article(line: str) -> bool:
    """The body begins with any article: an excerpt's first one may be the 243rd."""
    match = _ARTICLE.match(line)
    return match is not None and _is_head(line, match, expected=_number(match[1]) == 1)


def _is_head(line: str, match: re.Match[str], *, expected: bool) -> bool:
    rest = line[match.end() :]
    if not rest or rest[0].isspace() or rest[0] in "：:":
        return True
    if match["name"] is not None:
        return True
    return expected and not _REFERENCE.match(rest)


def _articles(lines: list[str]) -> dict[str, str]:
    found: dict[str, list[str]] = {}
    last, sub = 0, 0
    for line in lines:
        match = _ARTICLE.match(line)
        number, below = (_number(match[1]), _number(match[2]) if match[2] else 0) if match else (0, 0)
        follows = (number, below) in ((last + 1, 0), (last, sub + 1))
        if match and _is_head(line, match, expected=follows):
            if (number, below) == (1, 0) and last > 1:
                break  # another text printed behind the law
            if (number, below) >= (last, sub):
                last, sub = number, below
                said = line[match.end() :].lstrip(" ：:")
                found[f"{number}-{below}" if below else str(number)] = [said] if said else []
                continue
        if _HEADING.match(line) or not found:
            continue
        found[f"{last}-{sub}" if sub else str(last)].append(line)
    return {number: "\n".join(paragraphs) for number, paragraphs in found.items()}


def _dates(heading: str) -> tuple[date, ...]:
    written = [(int(year), int(month), int(day)) for year, month, day in _DATE.findall(heading)]
    for year, month, day in _SPELLED_DATE.findall(heading):
        written.append((int("".join(str(_DIGITS[digit]) for digit in year)), _number(month), _number(day)))
    found = set()
    for year, month, day in written:
        try:
            found.add(date(year, month, day))
        except ValueError:
            continue
    return tuple(sorted(found))


def _number(written: str) -> int:
    """A numeral as statutes write it.

    >>> _number("二百五十三"), _number("十八"), _number("18"), _number("一百零八")
    (253, 18, 18, 108)
    """
    if written.isdecimal():
        return int(written)
    total, digit = 0, 0
    for character in written:
        if character in _TENS:
            total += (digit or 1) * _TENS[character]
            digit = 0
        else:
            digit = _DIGITS.get(character, 0)
    return total + digit
