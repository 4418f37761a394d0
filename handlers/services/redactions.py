"""Covering a stretch of text, or taking a file out of view, for good: one person asks, another decides, both on record.

What a newcomer gets wrong: to think that covering deletes. The sealed original stays until the case's time is over, and
an auditor may see it, for a purpose, on record. What a phone has already received cannot be called back.
"""

from collections.abc import Iterator
from typing import Final

from handlers.services.case_moves import find, record, require, worded
from handlers.services.errors import BadInput, NotFound
from knowledge.casework.access import Permission
from storage.repositories.cases import Case
from storage.repositories.officials import Official
from storage.repositories.redactions import Redaction, Span
from storage.unit_of_work import UnitOfWork

SHORTEST_PHRASE: Final = 2
LONGEST_PHRASE: Final = 500
LONGEST_REASON: Final = 200


async def ask(uow: UnitOfWork, official: Official, number: str, what: str, phrase: str, reason: str) -> int:
    """Ask that every occurrence of a phrase in one text be covered, or that a file be taken out of view.

    Raises:
        BadInput: The phrase does not stand there, something of it waits for a decision already, or words are missing.
    """
    reason = worded("redaction_reason", reason, shortest=2, longest=LONGEST_REASON)
    case = await find(uow, official, number, Permission.READ_CASES)
    kind, _, target = what.partition("/")
    original = await _original(uow, case, kind, target)
    if original is None:
        raise BadInput("redaction_of", "unknown")
    spans: tuple[Span, ...] = ()
    if kind != "file":
        phrase = phrase.strip()
        if not SHORTEST_PHRASE <= len(phrase) <= LONGEST_PHRASE:
            raise BadInput("phrase", "too_short" if len(phrase) < SHORTEST_PHRASE else "too_long")
        spans = tuple(_found(original, phrase))
        if not spans:
            raise BadInput("phrase", "not_there")
    if any(one.decision is None and (one.kind, one.target) == (kind, target) for one in await waiting(uow, case)):
        raise BadInput("redaction_of", "asked")
    asked = await uow.redactions.ask(case.id, kind=kind, target=target, spans=spans, reason=reason, by=official.id)
    await record(uow, official, "redaction_asked", case, redaction=asked, kind=kind)
    return asked


async def decide(uow: UnitOfWork, official: Official, number: str, redaction_id: int, *, agrees: bool) -> Case:
    """Approve or refuse what somebody else asked for; from then on every page shows the covered form.

    Raises:
        BadInput: Nothing of the kind waits, or the official asked for it.
    """
    case = await find(uow, official, number, Permission.APPROVE_FINDINGS)
    asked = {one.id: one for one in await waiting(uow, case)}.get(redaction_id)
    if asked is None:
        raise BadInput("redaction", "unknown")
    if asked.asked_by == official.id:
        raise BadInput("redaction", "own")
    phrases = await _phrases(uow, case, asked) if agrees else []
    await uow.redactions.decide(redaction_id, "approved" if agrees else "refused", by=official.id)
    decision = "approved" if agrees else "refused"
    await record(uow, official, "redaction_decided", case, redaction=redaction_id, decision=decision)
    if phrases and case.person_id is not None:
        chat = await uow.people.recipient_of(case.person_id)
        if chat.channel == "web":  # what stands in the chat's own history goes with it
            await uow.messages.empty_saying(chat.chat_id, phrases)
    return case


async def to_decide(uow: UnitOfWork, case: Case) -> list[tuple[Redaction, str]]:
    """What waits, each with the words that would be covered, or the name of the file."""
    found = []
    for one in await waiting(uow, case):
        phrases = await _phrases(uow, case, one)
        found.append((one, "、".join(phrases) or await _original(uow, case, one.kind, one.target) or ""))
    return found


async def waiting(uow: UnitOfWork, case: Case) -> list[Redaction]:
    """What was asked for and not decided."""
    return [one for one in await uow.redactions.of_case(case.id) if one.decision is None]


async def covered(uow: UnitOfWork, auditor: Official, number: str, redaction_id: int) -> tuple[Case, Redaction]:
    """A redaction in force that an auditor may look behind; nothing of what it covers.

    Raises:
        NotAllowed: This is no auditor.
        NotFound: There is no such redaction that this auditor may know of.
    """
    require(auditor, Permission.READ_LOG)
    case = await uow.cases.by_number(number, visible_to=auditor)
    found = [one for one in await uow.redactions.of_case(case.id) if one.id == redaction_id] if case else []
    if case is None or not found or found[0].decision != "approved":
        raise NotFound("redaction")
    return case, found[0]


async def original(uow: UnitOfWork, auditor: Official, number: str, redaction_id: int, purpose: str) -> str:
    """The words that were covered, for an auditor who does not stand back from the case; an event with its purpose.

    Raises:
        NotAllowed: This is no auditor.
        NotFound: There is no such redaction that this auditor may know of.
    """
    case, redaction = await covered(uow, auditor, number, redaction_id)
    purpose = worded("purpose", purpose, shortest=2, longest=LONGEST_REASON)
    await uow.begin()
    await record(uow, auditor, "redaction_original_read", case, redaction=redaction_id, purpose=purpose)
    return "\n".join(await _phrases(uow, case, redaction)) or redaction.target


async def _phrases(uow: UnitOfWork, case: Case, asked: Redaction) -> list[str]:
    text = await _original(uow, case, asked.kind, asked.target) or ""
    return list(dict.fromkeys(text[start : start + length] for start, length in asked.spans))


async def _original(uow: UnitOfWork, case: Case, kind: str, target: str) -> str | None:
    """A text as it came, a file's name; None for what this case does not hold."""
    if kind == "narrative":
        said = (await uow.cases.original_narrative(case.id)).get(target)
        return said if isinstance(said, str) and said else None
    texts: dict[str, str] = {}
    if kind == "message":
        texts = {str(one.id): one.body for one in await uow.dialogue.original_of_case(case.id)}
    elif kind == "note":
        texts = {str(one.id): one.body for one in await uow.cases.original_notes(case.id)}
    elif kind == "file":
        texts = {one.id: one.name for one in await uow.files.of_case(case.id)}
    return texts.get(target)


def _found(text: str, phrase: str) -> Iterator[Span]:
    at = text.find(phrase)
    while at >= 0:
        yield at, len(phrase)
        at = text.find(phrase, at + len(phrase))
