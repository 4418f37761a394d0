"""A report read once: normalised text, words found, amounts, sentences and clauses.

People bundle: land, accounts and a bought vote in one breath. So everything is judged by sentence and by
distance in characters, never by the text as a whole. Normalising keeps the length, so a position here is
a position in what the reporter wrote.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
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
# One word for one person, however the dialect says it, so that no list has to know them all.
_DIALECT: Final = str.maketrans("她佢妳您侬恁俺咱哋嘅畀俾咗冇唔", "他他你你你你我我们的给给了没不")
_NORMAL: Final = {**_FULL_WIDTH, **_TRADITIONAL, **_DIALECT, ord("，"): ",", 0xFF05: "%"}
_SENTENCE_END: Final = re.compile(r"[。！？!?；;\n…]+|\.(?!\d)")
# These lists are looked at beside what was found, and not searched for.
_NO_TAGS: Final = frozenset(
    {
        *(
            "surnames",
            "rare_surnames",
            "never_surnames",
            "titles",
            "kin",
            "signing",
            "ask_verbs",
            "held_after",
            "worth",
        ),
        *("indefinite", "indefinite_after"),
    }
)
_LONGEST_SENTENCE: Final = 240
_HALF: Final = _LONGEST_SENTENCE // 2
_MANY: Final = 24  # from here on a binary search beats a walk
_start: Final = attrgetter("start")
_CLAUSE_END: Final = re.compile(r"[,：:\s]")


def normalise(text: str) -> str:
    """Half-width digits and letters, simplified characters, one pronoun for a person; same length as before."""
    return text.translate(_NORMAL)


@dataclass(slots=True)
class Reading:
    """A text and all that was found in it. Invariant: positions refer to both `original` and `text`.

    `is_masked` tells that somebody is named as reports name people (张某); `asked` remembers, by start and end, which
    passages were found to be general questions (intent.py).
    """

    original: str
    text: str
    found: dict[str, list[Token]]
    amounts: list[Amount]
    names: list[int]
    is_masked: bool
    starts: Sequence[int]
    asked: dict[tuple[int, int], bool] = field(default_factory=dict)

    def tokens(self, tag: str) -> list[Token]:
        """The words with a tag, in order."""
        return self.found.get(tag, [])

    def sentence(self, position: int) -> tuple[int, int]:
        """Start and end of the sentence a position stands in, its closing mark included.

        Spoken messages come without marks: of a very long sentence only the surroundings are taken.
        """
        index = bisect_right(self.starts, position)
        start, end = self.starts[index - 1], self.starts[index] if index < len(self.starts) else len(self.text)
        if end - start > _LONGEST_SENTENCE:
            return max(start, position - _HALF), min(end, position + _HALF)
        return start, end

    def clause_start(self, position: int) -> int:
        """Where the clause of a position begins."""
        start = self.sentence(position)[0]
        commas = [match.end() for match in _CLAUSE_END.finditer(self.text, start, position)]
        return commas[-1] if commas else start

    def clause_end(self, position: int) -> int:
        """Where the clause of a position ends, before its comma or closing mark."""
        end = self.sentence(position)[1]
        comma = _CLAUSE_END.search(self.text, position, end)
        return comma.start() if comma else end

    def within(self, tag: str, start: int, end: int) -> list[Token]:
        """The words with a tag that stand between two positions."""
        tokens = self.found.get(tag, [])
        if len(tokens) > _MANY:
            tokens = tokens[bisect_left(tokens, start, key=_start) : bisect_right(tokens, end, key=_start)]
        return [token for token in tokens if start <= token.start and token.end <= end]

    def names_within(self, start: int, end: int) -> list[int]:
        """Where somebody is named between two positions."""
        return self.names[bisect_left(self.names, start) : bisect_left(self.names, end)]

    def amounts_within(self, start: int, end: int) -> list[Amount]:
        """The amounts that stand between two positions."""
        near = self.amounts[bisect_left(self.amounts, start, key=_start) : bisect_left(self.amounts, end, key=_start)]
        return [amount for amount in near if amount.end <= end]


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
            is_masked=self._patterns.masked.search(plain) is not None,
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
    return {tag: tuple(_as_typed(words, content.misspellings)) for tag, words in lists.items()}


def _as_typed(words: Words, misspellings: Mapping[str, Words]) -> Iterator[str]:
    """The words in the form texts are compared in, and as people misspell them."""
    for word in words:
        yield normalise(word)
        for right, wrongs in misspellings.items():
            if right in word:
                yield from (normalise(word.replace(right, wrong)) for wrong in wrongs)
