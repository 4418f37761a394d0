"""Statutes made up for tests: the right name, date and number of articles, the figures the content cites, our words."""

import hashlib
from datetime import timedelta
from fractions import Fraction

from knowledge.law_texts import LawFile
from knowledge.loader import load_knowledge
from knowledge.model import KnowledgeBase, Law
from knowledge.rules.against_texts import cited
from knowledge.rules.wording import article_name, chinese_number, fraction_name


def heading(law: Law) -> str:
    """A title page: the name, when it was passed, a table of contents."""
    passed = law.in_force_from - timedelta(days=30)
    return (
        f"中华人民共和国{law.name}\n（{passed.year}年{passed.month}月{passed.day}日样板会议通过）\n\n"
        "目　　录\n第一章　总则\n第二章　正文\n\n第一章　总则\n"
    )


def made_up(law: Law, knowledge: KnowledgeBase | None = None, **articles: str) -> str:
    """A text in which everything the content cites of a law stands; `_18` replaces what article 18 says."""
    knowledge = knowledge or load_knowledge()
    said: dict[str, list[str]] = {}
    for one in cited(knowledge):
        if one.provision.law_id == law.id:
            said.setdefault(one.provision.article, [])
            if one.rule is not None:
                said[one.provision.article] += figures(one.rule.value, one.rule.upper)
    numbers = [str(number) for number in range(1, law.articles + 1)]
    numbers += [number for number in said if "-" in number]
    lines = [heading(law)]
    for number in sorted(numbers, key=lambda number: [int(part) for part in number.split("-")]):
        words = articles.get(
            f"_{number}", f"这是样板的第{number}条" + "".join(f"，{one}" for one in said.get(number, []))
        )
        lines.append(f"{article_name(number)}　{words}。\n")
    return "\n".join(lines)


def figures(*values: int | Fraction | None) -> list[str]:
    """Figures as a statute spells them."""
    found = []
    for value in values:
        if isinstance(value, Fraction):
            found.append("过半数" if value == Fraction(1, 2) else fraction_name(value))
        elif value is not None:
            found.append(f"{chinese_number(value)}个")
    return found


def law_file(name: str, text: str) -> LawFile:
    return LawFile(name, hashlib.sha256(text.encode()).hexdigest(), text)
