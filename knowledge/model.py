"""The values of the question-answering half: laws, dated rules, entries, answers.

What a newcomer gets wrong: a *rule* is one figure with a date and a citation; an *entry* is one question with its
wording. Figures never stand in an entry's text; they come in through `{{topic}}` placeholders, so that a text and
its rule cannot disagree. One file of an entry that differs between villages and communities becomes two entries.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from fractions import Fraction
from types import MappingProxyType


class Kind(StrEnum):
    """Whose election an entry is about."""

    VILLAGE = "village"
    COMMUNITY = "community"
    BOTH = "both"


class Status(StrEnum):
    """How far the source of an entry or law has been checked."""

    VERIFIED_TWO_COPIES = "verified_two_copies"
    ONE_COPY = "one_copy"
    PARTIAL = "partial"
    LOCAL_POLICY = "local_policy"
    HOUSE = "house"


class Unit(StrEnum):
    """What a rule's value counts, and so how it is spoken."""

    YEARS = "years"
    MONTHS = "months"
    DAYS = "days"
    WORKING_DAYS = "working_days"
    PERSONS = "persons"
    HOUSEHOLDS = "households"
    BALLOTS = "ballots"
    TIMES = "times"
    YUAN = "yuan"
    AGE = "age"
    FRACTION = "fraction"
    WORDS = "words"


class Intent(StrEnum):
    """What somebody who types wants."""

    QUESTION = "question"
    REPORT = "report"
    STATUS = "status"
    PERSON = "person"
    GREETING = "greeting"
    THANKS = "thanks"
    GOODBYE = "goodbye"
    TEST = "test"
    ABUSE = "abuse"
    NONSENSE = "nonsense"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Citation:
    """A versioned pointer into a source, ready to be shown: 村民委员会组织法 / 第十八条 / 2025年修正.

    `law_id` and `number` lead to the article itself where its text was imported.
    """

    source: str
    article: str
    version: str
    law_id: str = ""
    number: str = ""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A related or nearest question; `question` is a button label of at most 16 characters."""

    entry_id: str
    question: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What the bot says to one question.

    `text` is the first message without its citations; `more` stands behind a button. When `answered` is false,
    `text` and `more` are empty; `door` may name who is responsible for a matter outside the bot's scope, and `intent`
    says what somebody wanted who asked nothing. `not_in_force` says that the question was understood, but that nothing
    on file is in force at that place and day. `differs_by_kind` and `differs_by_place` say that the answer would be
    another one if it were known whether the person lives in a village or a community, or in which province.
    """

    question: str
    answered: bool
    entry_id: str | None
    text: str
    more: str
    citations: tuple[Citation, ...]
    score: float
    suggestions: tuple[Suggestion, ...]
    door: str = ""
    intent: Intent = Intent.QUESTION
    not_in_force: bool = False
    differs_by_kind: bool = False
    differs_by_place: bool = False


@dataclass(frozen=True, slots=True)
class Law:
    """A source that may be cited: a statute, a regulation, or the service's own rules."""

    id: str
    name: str
    version: str
    in_force_from: date
    articles: int
    status: Status
    aliases: tuple[str, ...]
    in_force_until: date | None = None

    def in_force(self, day: date) -> bool:
        """Whether the law applies on a day."""
        return _within(day, self.in_force_from, self.in_force_until)


@dataclass(frozen=True, slots=True)
class Provision:
    """An article of a law on file; `article` is a number, with `-1` after it for 之一."""

    law_id: str
    article: str


@dataclass(frozen=True, slots=True)
class Rule:
    """One figure of one jurisdiction between two dates, with the provision it stands in.

    `value` is what arithmetic uses; `upper` closes a range (3 to 7 members); `says` replaces the spoken form.
    `in_force_until` is the last day, None while no end is known. `overtaken_by` is the topic of a later national rule
    that stands although nobody has repealed this one yet.
    """

    topic: str
    jurisdiction: str
    in_force_from: date
    value: int | Fraction | None
    upper: int | None
    unit: Unit
    says: str
    provision: Provision
    in_force_until: date | None = None
    overtaken_by: str = ""
    status: Status | None = None
    last_verified: date | None = None
    due_again: date | None = None
    file: str = ""

    def in_force(self, day: date) -> bool:
        """Whether the rule's window holds a day."""
        return _within(day, self.in_force_from, self.in_force_until)


@dataclass(frozen=True, slots=True)
class Entry:
    """One question the bot can answer, as it stands in its file, with placeholders still in the texts.

    `questions[0]` is the button label. `local_topic` names a rule on which provinces differ. `earlier` is what the
    entry said before, with the law of that time; an entry is its own latest wording. `place_path` is set for one
    that was written at the desk and is said to people of that place only.
    """

    id: str
    topic: str
    kind: Kind
    questions: tuple[str, ...]
    answer: str
    more: str
    provisions: tuple[Provision, ...]
    related: tuple[str, ...]
    local_topic: str
    status: Status
    last_verified: date
    due_again: date
    in_force_from: date
    in_force_until: date | None = None
    earlier: "Entry | None" = None
    counterpart: str = ""
    file: str = ""
    place_path: str = ""

    @property
    def label(self) -> str:
        """The question as a button says it."""
        return self.questions[0]

    def on(self, day: date) -> "Entry | None":
        """The wording in force on a day, or None."""
        if _within(day, self.in_force_from, self.in_force_until):
            return self
        return self.earlier.on(day) if self.earlier else None


class ConceptGroup(StrEnum):
    """What a concept shows about a question."""

    ANCHORS = "anchors"
    CONTEXT = "context"
    MATTERS = "matters"
    ASPECTS = "aspects"
    WEAK_ASPECTS = "weak_aspects"


@dataclass(frozen=True, slots=True)
class Concept:
    """Words that mean one thing to a villager: what they type, in any dialect, against what we index.

    An anchor shows that a question is about elections or reports and what of them, context shows only that it is
    about elections (vote, committee, village head), a matter may occur anywhere, an aspect says what
    is asked (how many, when, who), a weak aspect hardly tells questions apart (may one, what is).
    """

    id: str
    words: tuple[str, ...]
    group: ConceptGroup


@dataclass(frozen=True, slots=True)
class Compound:
    """Concepts that together mean a third one: on-behalf and vote mean proxy."""

    parts: frozenset[str]
    means: str


@dataclass(frozen=True, slots=True)
class OutsideMatter:
    """A matter that is not ours: words and ways of asking that betray it, and the door that is right for it.

    Beside a `reportable` matter (embezzlement) a question about reporting is still ours.
    """

    id: str
    door: str
    words: tuple[str, ...]
    questions: tuple[str, ...]
    reportable: bool


@dataclass(frozen=True, slots=True)
class Talk:
    """Messages that ask nothing of the content: a greeting, thanks, a wish to report or to reach a person."""

    id: str
    intent: Intent
    questions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SearchWords:
    """Everything retrieval knows about language, read from content/search."""

    concepts: tuple[Concept, ...]
    compounds: tuple[Compound, ...]
    fillers: tuple[str, ...]
    corrections: Mapping[str, str]
    outside: tuple[OutsideMatter, ...]
    talk: tuple[Talk, ...]
    village_words: tuple[str, ...]
    community_words: tuple[str, ...]
    ordinary_words: tuple[str, ...]
    sound_terms: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Clock:
    """A period some rule sets, and by which words a question that names a day asks for its end.

    `begins` are words of the event it runs from, `about` words of what it is for; `back` counts before that event.
    """

    rule: str
    entry: str
    about: tuple[str, ...]
    begins: tuple[str, ...]
    says: str
    back: bool


@dataclass(frozen=True, slots=True)
class Clocks:
    """Every clock, the more particular ones first, and the words that ask for a time at all."""

    asks_when: tuple[str, ...]
    clocks: tuple[Clock, ...]


@dataclass(frozen=True, slots=True)
class Jurisdiction:
    """A place rules are made for; `names` are how people write it in a question."""

    id: str
    name: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class KnowledgeBase:
    """All content, checked: every id named anywhere in it exists. Two are the same only if they are one object.

    Built by `knowledge.loader.load_knowledge` only, which enforces the invariant.
    """

    laws: Mapping[str, Law]
    rules: tuple[Rule, ...]
    entries: Mapping[str, Entry]
    jurisdictions: Mapping[str, Jurisdiction]
    words: SearchWords
    clocks: Clocks
    files: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


def _within(day: date, first: date, last: date | None) -> bool:
    return first <= day and (last is None or day <= last)
