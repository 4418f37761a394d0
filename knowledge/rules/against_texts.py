"""The content held against the texts of the laws themselves: the right version, the article there, the figure in it.

What a newcomer gets wrong: a law is recognised by its name, but its *version* by the last date in the heading and the
number of its articles. The last article of an amended law still says when the first version came into force.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar, Final

from knowledge.errors import ContentError, QingfengError
from knowledge.law_texts import LawText, bare_title
from knowledge.model import Entry, KnowledgeBase, Law, Provision, Rule, Unit
from knowledge.rules.wording import article_name, chinese_number, fraction_name

#: A law is passed before it comes into force, but hardly a year before.
_LONGEST_WAIT_DAYS: Final = 400
_MONTHS: Final = 12
_NUMERALS: Final = "零\u3007一二三四五六七八九十百千万"


@dataclass(slots=True, eq=False)
class LawTextRefused(QingfengError):
    """A text cannot be taken for a law on file."""

    code: ClassVar[str] = "law_text_refused"
    file: str
    fault: str
    cure: str

    def __str__(self) -> str:
        """One line for the terminal."""
        return f"{self.file}: {self.fault}. {self.cure}"


@dataclass(frozen=True, slots=True)
class Cited:
    """Who cites a provision: a file of the content, and a word that finds the line."""

    provision: Provision
    file: str
    mark: str
    rule: Rule | None = None


def recognise(file: str, text: LawText, laws: Mapping[str, Law], *, excerpts: bool = False) -> Law:
    """The law, in the very version, that a text is.

    Args:
        file: The text's name, for the message.
        text: The text.
        laws: The laws on file.
        excerpts: Take a text that says it is an excerpt; its version cannot be proved.

    Raises:
        LawTextRefused: It is none of them, or incomplete.
    """
    if not text.articles:
        cure = "If Word numbers its articles by itself, save it as plain text (.txt) and try that"
        raise LawTextRefused(file, "no line begins with an article such as 第一条", cure)
    title = bare_title(text.title)
    named = [law for law in laws.values() if title in {bare_title(name) for name in (law.name, *law.aliases)}]
    if not named:
        known = ", ".join(sorted({law.name for law in laws.values()}))
        raise LawTextRefused(file, f"no law on file is called {title[:40]!r}", f"On file are: {known}")
    if text.is_excerpt:
        if excerpts:
            return max(named, key=lambda law: law.in_force_from)
        raise LawTextRefused(file, "it is an excerpt", "Import the whole text")
    return _version(file, text, named)


def _version(file: str, text: LawText, named: list[Law]) -> Law:
    if not text.dates:
        cure = "Keep the lines under the title that say when it was passed and changed"
        raise LawTextRefused(file, "its heading names no date, so its version is unknown", cure)
    if text.missing:
        gaps = "、".join(article_name(str(number)) for number in text.missing[:5])
        raise LawTextRefused(file, f"{gaps} cannot be found", "Import the whole text, each article on its own line")
    latest = text.dates[-1]
    of_its_time = [law for law in named if 0 <= (law.in_force_from - latest).days <= _LONGEST_WAIT_DAYS]
    for law in of_its_time:
        if law.articles == text.last_article:
            return law
    versions = "; ".join(f"{law.version}, {law.articles} articles" for law in named)
    if of_its_time:
        fault = f"it has {text.last_article} articles"
        raise LawTextRefused(file, fault, f"On file: {versions}. Import the text of that version, whole")
    if latest > max(law.in_force_from for law in named):
        cure = f"On file: {versions}. Enter the new version under laws and check what cites it, then import"
        raise LawTextRefused(file, f"its last change is of {latest}, after every version on file", cure)
    raise LawTextRefused(file, f"its last change is of {latest}", f"On file: {versions}. Import one of these")


def cited(knowledge: KnowledgeBase) -> Iterator[Cited]:
    """Every provision the content stands on, with who cites it."""
    for entry in knowledge.entries.values():
        for wording in _wordings(entry):
            for provision in wording.provisions:
                yield Cited(provision, entry.file, f"{provision.law_id} {provision.article}")
    for rule in knowledge.rules:
        yield Cited(rule.provision, rule.file, rule.topic, rule)


def mismatches(knowledge: KnowledgeBase, texts: Mapping[str, LawText]) -> list[ContentError]:
    """What the content says and the texts (by law id) do not; laws without a text are passed over."""
    found = []
    for one in cited(knowledge):
        text = texts.get(one.provision.law_id)
        if text is None:
            continue
        article = text.articles.get(one.provision.article)
        name = f"{one.provision.law_id} {article_name(one.provision.article)}"
        if article is None:
            found.append(ContentError(one.file, 0, f"{name} is cited ({one.mark}), but is not in the text", _CURE))
        elif one.rule is not None and not holds_figure(one.rule, article):
            said = f"{one.rule.value}" + (f" to {one.rule.upper}" if one.rule.upper is not None else "")
            fault = f"the figure {said} of {one.mark} does not stand in {name}"
            found.append(ContentError(one.file, 0, fault, _CURE))
    return found


_CURE: Final = "Correct the citation or the figure; if the law has changed, enter the new version"


def holds_figure(rule: Rule, article: str) -> bool:
    """Whether an article says a rule's figure, in any of the ways statutes spell one; a rule in words always passes."""
    if rule.value is None:
        return True
    if isinstance(rule.value, Fraction):
        ways = ("过半数", "半数") if rule.value == Fraction(1, 2) else (fraction_name(rule.value),)
        return any(way in article for way in ways)
    return all(_holds_number(article, number, rule.unit) for number in (rule.value, rule.upper) if number is not None)


def _holds_number(article: str, number: int, unit: Unit) -> bool:
    spelled = [chinese_number(number)]
    if unit is Unit.MONTHS and number % _MONTHS == 0:
        spelled.append(f"{chinese_number(number // _MONTHS)}年")
    if number == len("两人"):
        spelled.append("两")
    if re.search(rf"(?<!\d){number}(?!\d)", article):
        return True
    return any(re.search(rf"(?<![{_NUMERALS}]){word}(?![{_NUMERALS}分])", article) for word in spelled)


def _wordings(entry: Entry) -> Iterator[Entry]:
    wording: Entry | None = entry
    while wording is not None:
        yield wording
        wording = wording.earlier
