"""Is the vote valid, who is elected, how many must sign and come for a recall, is a runoff won."""

import re
from fractions import Fraction
from typing import Final

from knowledge.reckoning.asked import Asked, Reckoned
from knowledge.reckoning.figures import read_figures, read_turnout_share
from knowledge.reckoning.shares import at_least, more_than, plain
from knowledge.rules.wording import fraction_name

_SECOND_TIME: Final = re.compile("第二(?:次|回|轮|遍)|二(?:次|轮)投|再投|另选|补投")
_ABOUT_VOTES: Final = ("turnout", "void-election", "double-majority", "vote", "ballot", "election")


def recall(asked: Asked) -> Reckoned | None:
    """How many must sign, come and agree to recall somebody."""
    if "recall" not in asked.tokens:
        return None
    figures = read_figures(asked.text)
    if "representatives" in figures:
        return _recall_by_representatives(asked, figures["representatives"])
    roll = figures.get("roll")
    signing, turnout, majority = (asked.share(name) for name in ("recall_voters", "turnout", "majority"))
    came, agreed = figures.get("turnout"), figures.get("votes")
    if not roll or signing is None or turnout is None or majority is None:
        return None
    needed = more_than(turnout, roll)
    if came and came <= roll:
        return Reckoned(asked.entry("recall"), _recalled(roll, came, agreed, needed, majority))
    if not asked.asks_how_many:
        return None
    lines = [
        f"至少 {at_least(signing, roll)} 人签名（{roll} 人的{fraction_name(signing)}）。",
        f"至少 {needed} 人来投票（过半数）。",
        f"来投票的人里过半数同意才行：刚好来 {needed} 人，至少要 {more_than(majority, needed)} 人同意。",
    ]
    return Reckoned(asked.entry("recall"), "\n".join(lines))


def _recalled(roll: int, came: int, agreed: int | None, needed: int, majority: Fraction) -> str:
    if came < needed:
        return f"罢免没有成：登记 {roll} 人，至少要 {needed} 人投票，只来了 {came} 人，不够。"
    enough = more_than(majority, came)
    voted = f"投票有效：登记 {roll} 人，至少要 {needed} 人投票，来了 {came} 人，够了。"
    if agreed is None or agreed > came:
        return f"{voted}\n至少要 {enough} 人同意才罢免得成（来投票的人过半数）。"
    if agreed >= enough:
        return f"{voted}\n同意 {agreed} 人，过了半数（至少 {enough} 人），罢免成了。"
    return f"{voted}\n同意 {agreed} 人，没过半数（至少要 {enough} 人），罢免没有成。"


def _recall_by_representatives(asked: Asked, total: int) -> Reckoned | None:
    share = asked.share("recall_representatives")
    if share is None:
        return None
    needed = at_least(share, total)
    line = f"至少 {needed} 个代表联名（{total} 个代表的{fraction_name(share)}）。罢免成不成，还要全体登记的人投票决定。"
    if asked.is_community:
        line = f"至少 {needed} 个居民代表联名（{total} 个代表的{fraction_name(share)}），再按当初选举的方式投票表决。"
    return Reckoned(asked.entry("recall"), line)


def runoff(asked: Asked) -> Reckoned | None:
    """How many votes a runoff takes."""
    if "runoff" not in asked.tokens and not _SECOND_TIME.search(asked.text):
        return None
    figures = read_figures(asked.text)
    cast, votes, share = figures.get("turnout"), figures.get("votes"), asked.share("runoff_share")
    if not cast or share is None or (votes or 0) > cast:
        return None
    needed = at_least(share, cast)
    line = f"另行选举（没选够再选一次）至少要 {needed} 票：不少于投出 {cast} 张票的{fraction_name(share)}，还要得票多。"
    if votes is not None:
        line += f"得了 {votes} 票，{'够线' if votes >= needed else '不够'}。"
    return Reckoned(asked.entry("runoff"), line)


def validity(asked: Asked) -> Reckoned | None:
    """Whether enough people voted, and whether somebody's votes are enough."""
    figures = read_figures(asked.text)
    if not any(token in asked.tokens for token in _ABOUT_VOTES) and len(figures) < 2:  # noqa: PLR2004 - two of them
        return None
    roll, cast, votes = (figures.get(name) for name in ("roll", "turnout", "votes"))
    turnout, majority = asked.share("turnout"), asked.share("majority")
    if turnout is None or majority is None or (votes or 0) > (cast or votes or 0):
        return None
    part = read_turnout_share(asked.text)
    if part is not None:
        return Reckoned(asked.entry("valid-election"), _part_came(part, turnout, roll))
    said = ""
    if roll and (cast or 0) <= roll and (cast or asked.asks_how_many):
        said = _turned_out(roll, cast, more_than(turnout, roll), votes)
    if cast and (not roll or more_than(turnout, roll) <= cast <= roll) and (said or votes is not None):
        said += _elected(cast, votes, majority)
    return Reckoned(asked.entry("valid-election"), said) if said else None


def households(asked: Asked) -> Reckoned | None:
    """Whether enough households voted where a community elects by households."""
    figures = read_figures(asked.text)
    total, came, share = figures.get("households"), figures.get("household_turnout"), asked.share("turnout")
    if not asked.is_community or not total or share is None or not any(t in asked.tokens for t in _ABOUT_VOTES):
        return None
    if came is None and not asked.asks_how_many:
        return None
    needed = more_than(share, total)
    line = f"至少要 {needed} 户的代表投票（{total} 户的一半是 {plain(share * total)}，要超过一半）。"
    if came is not None:
        verdict = "选举有效，够了" if came >= needed else "这次选举无效，不够"
        line = f"{verdict}：来了 {came} 户。{line}"
    return Reckoned(asked.entry("valid-election"), line)


def _part_came(part: Fraction, turnout: Fraction, roll: int | None) -> str:
    share = f"{float(part * 100):g}%"
    if part > turnout:
        return f"选举有效：投票的占{share}，超过了登记人数的一半。"
    heads = f"登记 {roll} 人，至少要 {more_than(turnout, roll)} 人投票。" if roll else ""
    return f"这次选举无效：投票的只占{share}，要超过登记人数的一半才行。{heads}"


def _turned_out(roll: int, cast: int | None, needed: int, votes: int | None) -> str:
    if cast is None:
        return f"至少要来 {needed} 人投票（{roll} 人的一半是 {plain(Fraction(roll, 2))}，要超过一半）。"
    if cast < needed:
        lost = "所以得多少票都不能当选。" if votes is not None else ""
        return f"这次选举无效：登记 {roll} 人，至少要 {needed} 人投票，只来了 {cast} 人，不够。{lost}"
    return f"选举有效：登记 {roll} 人，至少要 {needed} 人投票，来了 {cast} 人，够了。"


def _elected(cast: int, votes: int | None, majority: Fraction) -> str:
    needed = more_than(majority, cast)
    if votes is None:
        return f"要当选，至少得 {needed} 票（超过 {cast} 人的一半）。"
    if votes >= needed:
        return f"得 {votes} 票，过了半数（至少 {needed} 票），够当选的线；名额有限时票多的先当选。"
    return f"得 {votes} 票，没过半数（至少要 {needed} 票），不能当选。"
