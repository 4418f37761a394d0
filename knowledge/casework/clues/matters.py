"""A report read once: normalised text, words found, amounts, sentences and clauses.

People bundle: land, accounts and a bought vote in one breath. So everything is judged by sentence and by
distance in characters, never by the text as a whole. Normalising keeps the length, so a position here is
a position in what the reporter wrote.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Final

from knowledge.casework.categories import CategorySet
from knowledge.casework.clues.amounts import Amount, find_amounts
from knowledge.casework.clues.lexicon import Lexicon, Token
from knowledge.casework.clues.people import name_patterns
from knowledge.casework.clues.sheets import Words

_FULL_WIDTH: Final = {
    code: code - 0xFEE0 for code in (*range(0xFF10, 0xFF1A), *range(0xFF21, 0xFF3B), *range(0xFF41, 0xFF5B))
}
_TRADITIONAL: Final = str.maketrans(
    "選舉賄錢請給發買賣換屆選黨員書記長會計參競爭當們個張戶價飯酒禮紅轉帳賬領導幹貪現遊歲萬億圓塊雞魚麵鄉鎮縣區這說還為對從開關門車時間點條證據檢聽沒讓邊實權",
    "选举贿钱请给发买卖换届选党员书记长会计参竞争当们个张户价饭酒礼红转账账领导干贪现游岁万亿圆块鸡鱼面乡镇县区这说还为对从开关门车时间点条证据检听没让边实权",
)
_NORMAL: Final = {**_FULL_WIDTH, **_TRADITIONAL, ord("，"): ",", 0xFF05: "%"}
_SENTENCE_END: Final = re.compile(r"[。！？!?；;\n…]+|\.(?!\d)")
_NO_TAGS: Final = frozenset({"surnames", "rare_surnames", "titles", "kin", "signing"})
_CLAUSE_REACH: Final = 200
_MANY: Final = 24  # from here on a binary search beats a walk
_start: Final = attrgetter("start")
_CLAUSE_END: Final = re.compile(r"[,：:]")


def normalise(text: str) -> str:
    """Half-width digits and letters, simplified characters; same length as before."""
    return text.translate(_NORMAL)


@dataclass(slots=True)
class Reading:
    """A text and all that was found in it. Invariant: positions refer to both `original` and `text`.

    `asked` remembers, by start and end, which passages were found to be general questions (intent.py).
    """

    original: str
    text: str
    found: dict[str, list[Token]]
    amounts: list[Amount]
    names: list[int]
    starts: Sequence[int]
    asked: dict[tuple[int, int], bool] = field(default_factory=dict)

    def tokens(self, tag: str) -> list[Token]:
        """The words with a tag, in order."""
        return self.found.get(tag, [])

    def sentence(self, position: int) -> tuple[int, int]:
        """Start and end of the sentence a position stands in, its closing mark included."""
        index = bisect_right(self.starts, position)
        end = self.starts[index] if index < len(self.starts) else len(self.text)
        return self.starts[index - 1], end

    def clause_start(self, position: int) -> int:
        """Where the clause of a position begins; looks back no further than any cue reaches."""
        start = max(self.sentence(position)[0], position - _CLAUSE_REACH)
        commas = [match.end() for match in _CLAUSE_END.finditer(self.text, start, position)]
        return commas[-1] if commas else start

    def within(self, tag: str, start: int, end: int) -> list[Token]:
        """The words with a tag that stand between two positions."""
        tokens = self.found.get(tag, [])
        if len(tokens) > _MANY:
            tokens = tokens[bisect_left(tokens, start, key=_start) : bisect_right(tokens, end, key=_start)]
        return [token for token in tokens if start <= token.start and token.end <= end]

    def has_name(self, start: int, end: int) -> bool:
        """Whether somebody is named between two positions."""
        return any(start <= at < end for at in self.names)


class Reader:
    """Reads texts with the words and name patterns of one content version. Holds no state of any text."""

    def __init__(self, content: CategorySet) -> None:
        self._lexicon = Lexicon(_lists(content))
        self._patterns = name_patterns(content)

    def read(self, text: str) -> Reading:
        """Read a text once. Total: any string gives a reading."""
        plain = normalise(text)
        return Reading(
            original=text,
            text=plain,
            found=self._lexicon.scan(plain),
            amounts=find_amounts(plain),
            names=self._patterns.names(plain),
            starts=[0, *(match.end() for match in _SENTENCE_END.finditer(plain))],
        )

    def is_signed(self, text: str) -> bool:
        """Whether the writer gives a name: 我叫..., 举报人:..."""
        return self._patterns.signed.search(normalise(text)) is not None

    def is_name(self, text: str) -> bool:
        """Whether a field of a form holds a name and nothing else."""
        return self._patterns.whole.fullmatch(normalise(text).strip()) is not None


def _lists(content: CategorySet) -> dict[str, Words]:
    """Every word list by its tag; a kind's lists are tagged `role:kind`."""
    lists = {tag: words for tag, words in content.words.items() if tag not in _NO_TAGS}
    lists |= {"pointing": tuple(content.pointing), "supporting": tuple(content.supporting)}
    for kind in content.kinds:
        roles = {"certain": kind.certain, "acts": kind.acts, "things": kind.things, "verbs": kind.verbs}
        lists |= {f"{role}:{kind.id}": words for role, words in roles.items() if words}
        lists |= {f"also:{kind.id}": kind.also} if kind.also else {}
    lists |= {f"matter:{matter.id}": matter.words for matter in content.matters}
    return lists
