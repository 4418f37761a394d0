"""Is a question ours at all? Land, divorce, debts, subsidies and property management are not.

What a newcomer gets wrong: a word such as 补贴 does not settle it, because people tell their whole story before
they ask. A matter outside counts against a question only where no word of elections or reports stands beside it.
"""

import re
from dataclasses import dataclass
from typing import Final

from knowledge.model import OutsideMatter, SearchWords
from knowledge.search.lexicon import Lexicon

# Committees and groups exist outside elections too: beside a matter that is not ours they show nothing.
_WEAK_ANCHORS: Final = frozenset(
    ["committee", "village-posts", "petition", "take-money", "report", "chair", "cadre", "by-election", "resign"]
)
_ADDRESS: Final = frozenset({"you"})


@dataclass(frozen=True, slots=True)
class Scope:
    """What speaks for and against a question being ours."""

    anchors: frozenset[str]
    outside: tuple[OutsideMatter, ...]
    is_small_talk: bool

    @property
    def is_outside(self) -> bool:
        """Whether the question should be passed to another door whatever it resembles."""
        if self.is_small_talk:
            return True
        return bool(self.outside) and (not self.anchors or any(m.overrides_anchor for m in self.outside))

    @property
    def door(self) -> str:
        """Who is responsible for the first matter outside that was found; empty if none was."""
        return self.outside[0].door if self.outside else ""


class ScopeJudge:
    """Recognises small talk and matters outside."""

    def __init__(self, words: SearchWords, lexicon: Lexicon) -> None:
        self._lexicon = lexicon
        self._outside = {word: matter for matter in words.outside for word in matter.words}
        longest_first = sorted(self._outside, key=len, reverse=True)
        self._words = re.compile("|".join(map(re.escape, longest_first)) or "(?!)")
        self._small_talk = frozenset(words.small_talk)

    def judge(self, text: str, tokens: dict[str, float]) -> Scope:
        """What a normalised text and its tokens say about their belonging here."""
        outside = tuple(dict.fromkeys(self._outside[word] for word in self._words.findall(text)))
        if "report" in tokens:
            outside = tuple(matter for matter in outside if not matter.reportable)
        weak = _WEAK_ANCHORS if outside else frozenset()
        anchors = frozenset(t for t in tokens if t in self._lexicon.anchors and t not in weak)
        bare = text.strip(",.;:!?。、\n…~-")
        is_small_talk = bare in self._small_talk or _ADDRESS.issuperset(tokens)
        return Scope(anchors, outside, is_small_talk)
