"""Questions that bring their own numbers: is the vote valid, who is elected, how many must sign.

What a newcomer gets wrong: every share comes from a dated rule, none stands here; and without the numbers a
reckoning needs there is no reckoning, so that the ordinary answer stands.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Final

from knowledge.model import Kind, Rule
from knowledge.rules.arithmetic import at_least, more_than
from knowledge.rules.figures import read_figures, with_digits
from knowledge.rules.rulebook import Rulebook
from knowledge.rules.wording import fraction_name

SCORE: Final = 0.95
_ABOUT_VOTES: Final = ("turnout", "void-election", "double-majority", "vote", "ballot")


@dataclass(frozen=True, slots=True)
class Calculation:
    """A reckoned answer and the entry whose rule it follows."""

    entry_id: str
    text: str
    score: float = SCORE


@dataclass(frozen=True, slots=True)
class _Case:
    figures: Mapping[str, int]
    is_community: bool
    share: Callable[[str], Fraction | None]

    def rule(self, name: str) -> Fraction | None:
        return self.share(("community." if self.is_community else "village.") + name) or self.share(name)

    def entry(self, entry_id: str) -> str:
        return entry_id + ("-community" if self.is_community else "")


def calculate(
    text: str, tokens: Mapping[str, float], kind: Kind | None, rules: Rulebook, as_of: date
) -> Calculation | None:
    """The reckoning a question asks for, or None."""
    text = with_digits(text)
    if not any(character.isdigit() for character in text):
        return None

    def share(topic: str) -> Fraction | None:
        rule: Rule | None = rules.find(topic, "cn", as_of)
        return rule.value if rule is not None and isinstance(rule.value, Fraction) else None

    case = _Case(read_figures(text), kind is Kind.COMMUNITY, share)
    if "recall" in tokens:
        return _recall(case)
    if "representative" in tokens or "representatives-assembly" in tokens:
        return _representatives(case, is_election="election" in tokens or "vote" in tokens)
    if "runoff" in tokens:
        return _runoff(case)
    about_votes = any(token in tokens for token in _ABOUT_VOTES)
    return _validity(case) if about_votes or len(case.figures) > 1 else None


def _recall(case: _Case) -> Calculation | None:
    roll, signing, turnout, majority = (
        case.figures.get("roll"),
        *map(case.rule, ("recall_voters", "turnout", "majority")),
    )
    if not roll or signing is None or turnout is None or majority is None:
        return None
    needed = more_than(turnout, roll)
    lines = [
        f"至少 {at_least(signing, roll)} 人签名（{roll} 人的{fraction_name(signing)}）。",
        f"至少 {needed} 人来投票（过半数）。",
        f"来投票的人里过半数同意才行：刚好来 {needed} 人，至少要 {more_than(majority, needed)} 人同意。",
    ]
    return Calculation(case.entry("recall"), "\n".join(lines))


def _representatives(case: _Case, *, is_election: bool) -> Calculation | None:
    total = case.figures.get("representatives") or case.figures.get("roll")
    if not total:
        return None
    if is_election and case.is_community:
        share = case.rule("representatives_turnout")
        if share is None:
            return None
        needed = more_than(share, total)
        spoken = fraction_name(share)
        line = f"至少要来 {needed} 人：要超过{spoken}的居民代表投票（{total} 人的{spoken}是 {_plain(share * total)}）。"
        return Calculation("valid-election-community", line + _reached(case.figures.get("turnout"), needed))
    share = case.rule("representatives_quorum")
    if share is None:
        return None
    needed = at_least(share, total)
    line = f"至少要来 {needed} 人：代表会议要三分之二以上的组成人员参加，按 {total} 人算。"
    return Calculation(case.entry("representatives-assembly"), line + _reached(case.figures.get("turnout"), needed))


def _runoff(case: _Case) -> Calculation | None:
    cast, votes, share = case.figures.get("turnout"), case.figures.get("votes"), case.rule("runoff_share")
    if not cast or share is None:
        return None
    needed = at_least(share, cast)
    line = f"另行选举（没选够再选一次）至少要 {needed} 票：不少于投出 {cast} 张票的三分之一，还要得票多。"
    if votes is not None:
        line += f"得了 {votes} 票，{'够线' if votes >= needed else '不够'}。"
    return Calculation(case.entry("runoff"), line)


def _validity(case: _Case) -> Calculation | None:
    roll, cast, votes = (case.figures.get(name) for name in ("roll", "turnout", "votes"))
    turnout, majority = case.rule("turnout"), case.rule("majority")
    if turnout is None or majority is None or (votes or 0) > (cast or votes or 0):
        return None
    said = ""
    if roll and (cast or 0) <= roll:
        said = _turned_out(roll, cast, more_than(turnout, roll), votes)
    if cast and (not roll or more_than(turnout, roll) <= cast <= roll) and (said or votes is not None):
        said += _elected(cast, votes, majority)
    return Calculation(case.entry("valid-election"), said) if said else None


def _turned_out(roll: int, cast: int | None, needed: int, votes: int | None) -> str:
    if cast is None:
        return f"至少要来 {needed} 人投票（{roll} 人的一半是 {_plain(Fraction(roll, 2))}，要超过一半）。"
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


def _reached(came: int | None, needed: int) -> str:
    if came is None:
        return ""
    return f"来了 {came} 人，{'够了' if came >= needed else '不够'}。"


def _plain(value: Fraction) -> str:
    return str(value.numerator) if value.denominator == 1 else f"{float(value):.1f}"
