"""Words for reporters: canned answers with blanks, and what must not be said to one, as versioned content.

Answers and cautions stand in content/casework/replies.yaml. Here they are read, filled in for a case, and a finished
text is held against what a reporter must not be told, and against the numbers and villages of other cases.

What a newcomer gets wrong: a blank nobody filled in is not an empty one. It stays in the text in its braces, and the
text is not sent.
"""

import re
import unicodedata
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Final

from knowledge.casework.lifecycle import CaseState
from knowledge.errors import ContentError
from knowledge.records import Record, read_record

CONTENT: Final = Path(__file__).parent.parent / "content" / "casework"
_FILE: Final = "replies.yaml"
#: What is known of every case, and what only the person who writes knows.
OF_CASE: Final = ("number", "place", "unit", "received_on", "due_on", "today")
BY_HAND: Final = ("phone", "office", "hours", "reason")
LONGEST: Final = 2_000  # characters of a message, so that every channel carries it whole
_LONGEST_LABEL: Final = 20
_BLANK: Final = re.compile(r"\{([^{}\n]{0,40})\}")
_ID: Final = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
#: A case number however it was typed: small letters, full width, any dash or blank between.
_NUMBER: Final = re.compile(r"(?<![0-9A-Z])QF[\W_]{0,3}([0-9A-Z]{4})[\W_]{0,3}([0-9A-Z]{4})(?![0-9A-Z])")
_FULL_WIDTH: Final = {ord("！") - ord("!") + ord(sign): sign for sign in map(chr, range(ord("!"), ord("~") + 1))}


class ReplyKind(StrEnum):
    """What a canned answer is for."""

    MESSAGE = "message"
    EXPLANATION = "explanation"
    RESULT = "result"


class DoubtKind(StrEnum):
    """Why a text wants a second look before it leaves."""

    BLANK = "blank"
    LABEL = "label"
    CAUTION = "caution"
    OTHER_CASE = "other_case"
    OTHER_PLACE = "other_place"


@dataclass(frozen=True, slots=True)
class CannedReply:
    """One canned answer; it fits cases in some states, or in all when `states` is empty."""

    id: str
    label: str
    states: frozenset[CaseState]
    kind: ReplyKind
    text: str

    def fits(self, state: CaseState) -> bool:
        """Whether it can be said of a case in a state."""
        return not self.states or state in self.states

    def filled(self, values: Mapping[str, str]) -> str:
        """The text with what is known put in; a blank without a value stays as it is."""
        return _BLANK.sub(lambda found: values.get(found[1]) or found[0], self.text)


@dataclass(frozen=True, slots=True)
class Caution:
    """Words a reporter should not be sent, why, and how to say it instead; `refused`: not sent at all."""

    id: str
    refused: bool
    words: tuple[str, ...]
    why: str
    instead: str


@dataclass(frozen=True, slots=True)
class Doubt:
    """One thing in a text that wants a second look; `found` is what stands there.

    `blocks`: it does not leave like this. Everything else leaves once its writer has looked again.
    """

    kind: DoubtKind
    found: str
    why: str = ""
    instead: str = ""
    blocks: bool = False


@dataclass(frozen=True, slots=True)
class ReplyBook:
    """Everything the content says about answers. Invariant: ids are unique, every blank is a known one."""

    version: str
    replies: tuple[CannedReply, ...]
    cautions: tuple[Caution, ...]

    def fitting(self, state: CaseState, *kinds: ReplyKind) -> tuple[CannedReply, ...]:
        """The answers of some kinds that fit a state, in the order of the file."""
        return tuple(one for one in self.replies if one.kind in kinds and one.fits(state))

    def get(self, reply_id: str) -> CannedReply | None:
        """An answer by its id."""
        return next((one for one in self.replies if one.id == reply_id), None)


def blanks(text: str) -> tuple[str, ...]:
    """The blanks a text still has, each once: `最晚{due_on}` has `due_on`."""
    return tuple(dict.fromkeys(found[1] for found in _BLANK.finditer(text)))


def doubts(
    text: str, book: ReplyBook, *, number: str, place: str, places: Collection[str], also: Collection[str] = ()
) -> tuple[Doubt, ...]:
    """What in a text for a reporter wants a second look, most serious first.

    Args:
        text: As it would leave.
        book: Holds the cautions.
        number: The case it is about.
        place: The village it is about.
        places: The names of all villages and communities of the deployment.
        also: Further numbers that may stand in it.
    """
    found = [
        *(Doubt(DoubtKind.BLANK, f"{{{name}}}", blocks=True) for name in blanks(text)),
        *careless(text, book),
        *(Doubt(DoubtKind.OTHER_CASE, other) for other in numbers_in(text) if other not in {number, *also}),
        *(Doubt(DoubtKind.OTHER_PLACE, other) for other in _places_in(text, {place, *places}) if other != place),
    ]
    return tuple(sorted(found, key=lambda one: not one.blocks))


def numbers_in(text: str) -> tuple[str, ...]:
    """The case numbers a text names, each once, as they are written in full: QF-7K2M-9D4X."""
    return tuple(dict.fromkeys(_written(found) for found in _NUMBER.finditer(_plain(text))))


def renumbered(text: str, number: str, other: str) -> str:
    """The text with one case number in place of another, however it was typed."""
    for found in reversed(list(_NUMBER.finditer(_plain(text)))):
        if _written(found) == number:
            text = f"{text[: found.start()]}{other}{text[found.end() :]}"
    return text


def _written(found: re.Match[str]) -> str:
    return f"QF-{found[1]}-{found[2]}"


def _plain(text: str) -> str:
    """The text in capitals of ordinary width, as long as before: what is found in it stands at the same place."""
    narrow = text.translate(_FULL_WIDTH)
    return "".join(sign.upper() if sign.isascii() else sign for sign in narrow)


def careless(text: str, book: ReplyBook) -> Iterator[Doubt]:
    """What the cautions warn of in a text, whoever it is for."""
    squeezed = _squeezed(text)
    for caution in book.cautions:
        kind = DoubtKind.LABEL if caution.refused else DoubtKind.CAUTION
        for word in _longest(word for word in caution.words if _squeezed(word) in squeezed):
            yield Doubt(kind, word, caution.why, caution.instead, blocks=caution.refused)


def _longest(words: Iterator[str]) -> list[str]:
    """Words without those that are part of another: 保证查 says nothing beside 保证查清."""
    found = list(words)
    return [word for word in found if not any(word != other and word in other for other in found)]


def _squeezed(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).upper().split())


def _places_in(text: str, places: set[str]) -> tuple[str, ...]:
    """The villages a text names; where one name holds another, the longer one stands there."""
    names = sorted((name for name in places if name), key=len, reverse=True)
    if not names:
        return ()
    pattern = re.compile("|".join(map(re.escape, names)))
    return tuple(dict.fromkeys(pattern.findall("".join(text.split()))))


def load_replies(folder: Path = CONTENT) -> ReplyBook:
    """Read the answers and cautions; a folder is read once in the life of the process.

    Args:
        folder: Where replies.yaml stands.

    Raises:
        ContentError: The file is missing, no YAML, or something in it is; names file, line and cure.
    """
    return _load(folder)


@cache
def _load(folder: Path) -> ReplyBook:
    try:
        record = read_record(folder / _FILE, folder)
    except OSError as error:
        raise ContentError(_FILE, 0, "cannot be read", "Restore the file") from error
    cautions = tuple(map(_caution, record.records("cautions")))
    book = ReplyBook(record.text("version"), _replies(record, cautions), cautions)
    record.finish()
    return book


def _replies(record: Record, cautions: tuple[Caution, ...]) -> tuple[CannedReply, ...]:
    replies: dict[str, CannedReply] = {}
    for item in record.records("replies"):
        reply = _reply(item)
        if reply.id in replies:
            raise item.fault("id", f"answer {reply.id} stands twice", "Give one of them another id")
        doubt = next(careless(reply.text, ReplyBook("", (), cautions)), None)
        if doubt:
            raise item.fault("text", f"{doubt.found} is what the cautions warn of", "Say it another way")
        replies[reply.id] = reply
    if not replies:
        raise record.fault("replies", "there is no answer", "Write at least one")
    return tuple(replies.values())


def _reply(item: Record) -> CannedReply:
    reply_id, label, text = item.text("id"), item.text("label"), item.text("text")
    if not _ID.fullmatch(reply_id):
        raise item.fault("id", f"id is {reply_id!r}", "Use small letters, digits and hyphens")
    if len(label) > _LONGEST_LABEL:
        raise item.fault("label", f"label has {len(label)} characters", f"Use {_LONGEST_LABEL} at most")
    if len(text) > LONGEST:
        raise item.fault("text", f"text has {len(text)} characters", f"Use {LONGEST} at most")
    unknown = [name for name in blanks(text) if name not in (*OF_CASE, *BY_HAND)]
    if unknown or "{" in _BLANK.sub("", text) or "}" in _BLANK.sub("", text):
        fault = f"blank {{{unknown[0]}}} is unknown" if unknown else "a brace stands alone"
        raise item.fault("text", fault, "Use one of the known blanks", (*OF_CASE, *BY_HAND))
    states = frozenset(_states(item))
    kind = item.choice("kind", ReplyKind)
    item.finish()
    return CannedReply(reply_id, label, states, kind, text)


def _states(item: Record) -> Iterator[CaseState]:
    allowed = [state.value for state in CaseState]
    for word in item.texts("states", ()):
        if word not in allowed:
            raise item.fault("states", f"state {word} is unknown", "Use one of the states of a case", allowed)
        yield CaseState(word)


def _caution(item: Record) -> Caution:
    words = item.texts("words")
    if not words or not all(word.strip() for word in words):
        raise item.fault("words", "a word is empty", "List the words, or take the caution out")
    caution = Caution(item.text("id"), item.flag("refused"), words, item.text("why"), item.text("instead"))
    item.finish()
    return caution
