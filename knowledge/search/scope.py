"""Is a question ours at all? Land, divorce, debts, subsidies and property management are not.

What a newcomer gets wrong: a word such as 补贴 does not settle it, because people tell their whole story before
they ask. A matter outside counts against a question only where no word of elections or reports stands beside it.
"""

from dataclasses import dataclass

from knowledge.model import OutsideMatter, SearchWords
from knowledge.search.lexicon import Lexicon


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


# Words that show nothing about elections by themselves: anybody may be a cadre, a secretary or a relative.
_WEAK_ANCHORS = frozenset({"committee", "cadre", "chair", "secretary", "kin-avoid", "group", "party-member", "evidence"})
_WEAK_BESIDE_OUTSIDE = _WEAK_ANCHORS | frozenset({"id-card", "material", "term", "openness", "secrecy", "resign", "office-end"})


class ScopeJudge:
    """Recognises small talk and matters outside."""

    def __init__(self, words: SearchWords, lexicon: Lexicon) -> None:
        self._lexicon = lexicon
        self._outside = words.outside
        self._small_talk = frozenset(words.small_talk)

    def judge(self, text: str, tokens: dict[str, float]) -> Scope:
        """What a normalised text and its tokens say about their belonging here."""
        outside = tuple(matter for matter in self._outside if any(word in text for word in matter.words))
        weak = _WEAK_BESIDE_OUTSIDE if outside else frozenset()
        anchors = frozenset(t for t in tokens if t in self._lexicon.anchors and t not in weak)
        bare = text.strip(",.;:!?。、\n…~-")
        return Scope(anchors, outside, bare in self._small_talk or not bare)
