"""People and days named in a report: 张某, 张主任, 村主任李大明, 3月8日.

A name may be masked (某) as published reports are. Whom the writer greets (尊敬的黎书记：您好) is not
whom they report.
"""

import re
from dataclasses import dataclass
from typing import Final

from knowledge.casework.categories import CategorySet

_DAY: Final = re.compile(
    r"(?:\d{1,2}|[一二三四五六七八九十]{1,2})月(?:份的?)?(?:\d{1,2}|[一二三四五六七八九十]{1,3})[日号]|\d{4}[-./]\d{1,2}[-./]\d{1,2}"
    r"|(?<!\d)\d{1,2}\.\d{1,2}号|(?<![\d第门楼栋])(?:[12]?\d|3[01])[日号](?![楼院门线楼栋])"
)
_DAY_BY_THE_ELECTION: Final = re.compile(
    r"(?:选举|投票|换届|改选|推选|选主任|选村长|选支书)的?[头前后](?:[一两二三四五])?[天日晚夜]"
)
# A passage without any of these is not worth the search.
_DAY_MARKS: Final = frozenset("月日号-/.")
_TIME_MARKS: Final = frozenset("年月届前周期拜")
_TIME: Final = re.compile(
    r"(?:19|20)\d{2}年|(?:\d{1,2}|[一二三四五六七八九十]{1,2})月(?!饼)|[上本这前近]?第?[一二三四五六七八九十\d]{1,2}届"
    r"|[一二三四五六七八九十两\d]{1,4}(?:年|个月|天)前|(?:上|这)(?:周|星期|礼拜)[一二三四五六日天]|星期[一二三四五六日天]"
)


def states_exact_date(passage: str) -> bool:
    """Whether a day is named: 3月8日, 12号."""
    return not _DAY_MARKS.isdisjoint(passage) and _DAY.search(passage) is not None


def counts_from_election_day(passage: str) -> bool:
    """Whether a day is told by its distance from the election: 投票前三天."""
    return _DAY_BY_THE_ELECTION.search(passage) is not None


def states_time(passage: str) -> bool:
    """Whether a year, month, term of office or the like is named."""
    return not _TIME_MARKS.isdisjoint(passage) and _TIME.search(passage) is not None


# What 某 begins when it is nobody's name: 某村, 某些; but 王某组织, 王某领了 are somebody's.
_NOBODY: Final = (
    "[些个人天日村县镇乡区市位次社]|组(?!织)|种(?!地|植)|时(?!任|年)|处(?!理|分|置)|领(?!走|取|了|着|到|头)"
    "|干(?!涉|预|扰|了)|单(?!独)|部(?!署)"
)


@dataclass(frozen=True, slots=True)
class NamePatterns:
    """The patterns of names, built once from the surnames and titles of the content."""

    masked: re.Pattern[str]
    titled: re.Pattern[str]
    plain: re.Pattern[str]
    greeted: re.Pattern[str]
    signed: re.Pattern[str]
    whole: re.Pattern[str]

    def names(self, text: str) -> list[int]:
        """Where people are named who are not merely greeted: a position each, in order."""
        greeted = [match.span() for match in self.greeted.finditer(text)] if "好" in text else []
        found = (
            match.start() for pattern in (self.masked, self.titled, self.plain) for match in pattern.finditer(text)
        )
        return sorted(at for at in found if not any(start <= at < end for start, end in greeted))


def name_patterns(content: CategorySet) -> NamePatterns:
    """Build the patterns of a content version."""
    common = "".join(content.words["surnames"])
    every = common + "".join(content.words["rare_surnames"])
    never = "".join(content.words["never_surnames"])
    titles, kin = _either(content.words["titles"]), _either(content.words["kin"])
    offices, signing = _either(content.words["offices"]), _either(content.words["signing"])
    after = "给送请在为跟让到派挨说是把用向花和叫发带找承许收拉买、的等也又就,。"
    follows = "给送请在的就说叫让找来带拿把跟和他一又到从被家头,。、:;!?！？；："
    return NamePatterns(
        masked=re.compile(
            rf"(?![{never}])[\u4e00-\u9fff]某(?!{_NOBODY})"
            rf"|[{every}](?:[X×x*\uff0a]{{1,2}}|氏兄弟)|姓[{every}]的"
        ),
        titled=re.compile(
            rf"(?:老|小)?[{common}](?:{titles})|老[{common}](?:[{follows}]|$)|小[{common}](?<!小钱)(?:[{follows}]|$)"
            rf"|[{common}]家(?:{kin})"
        ),
        plain=re.compile(
            rf"(?:{offices}|叫|候选人|自荐人|党员)[.\uff0e·]?[{common}](?:(?![{after}])[\u4e00-\u9fff]){{1,2}}?(?=[{after}]|$)"
        ),
        greeted=re.compile(rf"(?:尊敬的|敬爱的)?[{every}]?(?:{titles}|领导)?[们]?[:：,!！ ]{{0,2}}(?:您|你)们?好"),
        whole=re.compile(rf"[{every}][\u4e00-\u9fff]{{1,3}}"),
        signed=re.compile(rf"(?:{signing})(?:是|为|[:：])?\s?[^,。;]{{0,8}}?[{every}][\u4e00-\u9fff]{{1,2}}"),
    )


def _either(words: tuple[str, ...]) -> str:
    return "|".join(sorted(map(re.escape, words), key=lambda word: (-len(word), word)))
