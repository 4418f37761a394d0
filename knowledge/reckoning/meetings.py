"""How many must come to a meeting, and how many representatives a village or community has."""

from math import ceil
from typing import Final

from knowledge.reckoning.asked import Asked, Reckoned
from knowledge.reckoning.figures import read_figures
from knowledge.reckoning.shares import at_least, more_than, plain
from knowledge.rules.wording import fraction_name

_ELECTION: Final = ("election", "vote", "choose")
_CALLING: Final = ("提议", "提出", "要求", "联名", "提就")


def representatives(asked: Asked) -> Reckoned | None:
    """How many representatives must come, to meet or to elect."""
    if "representative" not in asked.tokens and "representatives-assembly" not in asked.tokens:
        return None
    figures = read_figures(asked.text)
    total, came = figures.get("representatives") or figures.get("roll"), figures.get("turnout")
    if not total or (came or 0) > total or (came is None and not asked.asks_how_many):
        return None
    if any(word in asked.text for word in _CALLING):
        return _calling(asked, total)
    if asked.is_community and any(token in asked.tokens for token in _ELECTION):
        share = asked.share("representatives_turnout")
        if share is None:
            return None
        needed, spoken = more_than(share, total), fraction_name(share)
        line = f"至少要来 {needed} 人：要超过{spoken}的居民代表投票（{total} 人的{spoken}是 {plain(share * total)}）。"
        return Reckoned("valid-election-community", line + _reached(came, needed))
    return _quorum(asked, total, came)


def _quorum(asked: Asked, total: int, came: int | None) -> Reckoned | None:
    share = asked.share("representatives_quorum")
    if share is None:
        return None
    needed, spoken = at_least(share, total), fraction_name(share)
    line = (
        f"至少要来 {needed} 人：代表会议要{spoken}以上的组成人员参加，{total} 人的{spoken}是 {plain(share * total)}。"
    )
    return Reckoned(asked.entry("representatives-assembly"), line + _reached(came, needed))


def _calling(asked: Asked, total: int) -> Reckoned | None:
    share = asked.share("representatives_call")
    if share is None:
        return None
    needed, spoken = at_least(share, total), fraction_name(share)
    line = f"至少 {needed} 个代表提议，就应当召集代表会议（{total} 个代表的{spoken}是 {plain(share * total)}）。"
    return Reckoned(asked.entry("representatives-assembly"), line)


def meeting(asked: Asked) -> Reckoned | None:
    """How many people or households must come to a meeting of all."""
    if "assembly" not in asked.tokens:
        return None
    figures = read_figures(asked.text)
    total, households = figures.get("roll"), figures.get("households")
    came, unit = (
        (figures.get("household_turnout"), "户") if households and not total else (figures.get("turnout"), "人")
    )
    by_head, by_household = asked.share("assembly_quorum"), asked.share("assembly_household_quorum")
    lines = []
    needed = 0
    if total and by_head is not None:
        needed = more_than(by_head, total)
        lines.append(f"按人算：至少要来 {needed} 人（{total} 人的一半是 {plain(by_head * total)}，要超过一半）。")
    if households and by_household is not None and not asked.is_community:
        needed = at_least(by_household, households)
        spoken = fraction_name(by_household)
        lines.append(
            f"按户算：至少要来 {needed} 户的代表（{households} 户的{spoken}是 {plain(by_household * households)}）。"
        )
    if not lines or (came is None and not asked.asks_how_many):
        return None
    if len(lines) == 1:
        lines.append(_reached(came, needed, unit))
    return Reckoned(asked.entry("villagers-assembly"), "\n".join(filter(None, lines)))


def household_delegates(asked: Asked) -> Reckoned | None:
    """How many representatives so many households elect."""
    figures = read_figures(asked.text)
    households = figures.get("households")
    if "representative" not in asked.tokens or "assembly" in asked.tokens or not households or not asked.asks_how_many:
        return None
    rule = asked.rule("representative_households")
    if rule is None or not isinstance(rule.value, int) or rule.upper is None:
        return None
    fewest, most = rule.value, rule.upper
    line = (
        f"大约 {ceil(households / most)} 到 {households // fewest} 个代表：每 {fewest} 到 {most} 户选一个，"
        f"{households} 户除以 {most} 是下限，除以 {fewest} 是上限。"
    )
    return Reckoned(asked.entry("representatives"), line)


def _reached(came: int | None, needed: int, unit: str = "人") -> str:
    if came is None:
        return ""
    return f"来了 {came} {unit}，{'够了' if came >= needed else '不够'}。"
