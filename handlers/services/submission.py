"""A finished draft becomes a case: now, or by itself when a chat has filed many within the hour.

Whoever leaves no name leaves no trace, unless they ask to hear of it in the chat: the case knows no chat, the draft is
deleted, the files forget where they came from, and the web chat empties what was said from the report's first word on.
What a newcomer gets wrong: a question the report began with says the same as the report, and stands in other tables.
"""

import re
import secrets
import unicodedata
from dataclasses import replace
from typing import Any, Final

from handlers.services import floods, signed_receipts
from handlers.services.errors import NameNotKept, NotFound
from handlers.services.given_names import is_lost, sealed_of
from handlers.services.intake import NARRATIVE, Intake, NewReport
from handlers.services.report_view import Queued, Receipt, keeps_chat
from storage.outbox import Recipient
from storage.repositories.places import Place
from storage.repositories.reports import Draft
from storage.unit_of_work import UnitOfWork

_LONGEST_NAME: Final = 60


class Submission:
    """Files drafts."""

    def __init__(self, intake: Intake) -> None:
        self._intake = intake

    async def submit(self, uow: UnitOfWork, draft: Draft, recipient: Recipient) -> Receipt | Queued:
        """File a draft, or let it wait for its turn; either way its chat is forgotten if it is to be.

        Raises:
            NameNotKept: Its name has to be asked for again; the draft is as it was.
        """
        await uow.begin()
        slot = await floods.next_slot(uow, draft.person_id)
        keeps = keeps_chat(draft.answers)
        if not keeps:
            await _forget_said(uow, draft, recipient)
        if slot is not None:
            await uow.drafts.queue(draft, slot)
            return Queued(slot, keeps)
        return await self._file(uow, draft)

    async def file_queued(self, uow: UnitOfWork, draft_id: int) -> bool:
        """File a draft whose turn has come and queue its receipt; False when somebody else does."""
        draft = await uow.drafts.take(draft_id)
        if draft is None:
            return False
        recipient = await uow.people.recipient_of(draft.person_id)
        try:
            given = await self._file(uow, draft)
        except NameNotKept:  # nobody is there to be asked: the report goes on, its reporter hears of it here
            draft.answers |= {"identity": {"anonymous": True}, "notify": "chat"}
            given = replace(await self._file(uow, draft), name_not_kept=True)
        # The key of an outbox row stays for good: it may not join a number to a chat.
        await uow.outbox.put(
            kind="reply",
            dedupe_key=f"filed/{secrets.token_hex(12)}",
            recipient=recipient,
            payload={"notice": "report_filed", "data": _as_data(given)},
        )
        return True

    async def _file(self, uow: UnitOfWork, draft: Draft) -> Receipt:
        keeps, answers = keeps_chat(draft.answers), draft.answers
        if is_lost(answers.get("identity", {})):
            raise NameNotKept
        files = await uow.files.of_draft(draft.id)
        filed = await self._intake.file(
            uow,
            NewReport(
                place=await _place(uow, answers),
                narrative={name: answers.get(name, "") for name in NARRATIVE},
                reported_person=name_reported(answers.get("who", "")),
                evidence_count=len(files),
                name=sealed_of(answers.get("identity", {})),
                person_id=draft.person_id if keeps else None,
                draft_id=draft.id if keeps else None,
            ),
        )
        hashes = tuple(one.sha256 for one in files)
        await uow.files.move_to_case(draft.id, filed.case_id, keep_chat=keeps)
        await uow.announcements.move_to_case(draft.id, filed.case_id, keep_draft=keeps)
        if keeps:
            await uow.drafts.submitted(draft)
        else:
            chats = {one.chat_id for one in files if one.chat_id is not None}
            for chat_id in chats:
                await uow.files.delete_copies(chat_id, hashes)
            await uow.drafts.delete(draft)
        case = await uow.cases.by_id(filed.case_id)
        if case is not None:
            await floods.note_filing(uow, draft.person_id, case.place_id)
            await floods.tell_of_flood(uow, case)
        return Receipt(
            filed.number,
            filed.receipt_code,
            filed.answer_due_on,
            filed.received_at,
            hashes,
            keeps,
            filed.missing,
            await signed_receipts.issue(uow, filed.case_id),
        )


async def _forget_said(uow: UnitOfWork, draft: Draft, recipient: Recipient) -> None:
    """Take out of a chat, and out of what is kept of its questions, everything that tells of a report."""
    account = "\n".join(str(draft.answers.get(name, "")) for name in NARRATIVE)
    questions = await uow.inquiries.empty_told(draft.person_id, account)
    await uow.messages.empty_from(recipient.chat_id, await uow.messages.begun_with(recipient.chat_id, draft.id))
    if questions:
        await uow.messages.empty_saying(recipient.chat_id, questions)
    if draft.answers.get("told_home"):
        uow.people.set_place(draft.person_id, None)


async def _place(uow: UnitOfWork, answers: dict[str, Any]) -> Place:
    place = await uow.places.get(answers["place"]["id"])
    if place is None:
        raise NotFound("place")
    return place


def name_reported(text: str) -> str:
    """The name a person reported is found by, however it was typed."""
    return re.sub(r"\s", "", unicodedata.normalize("NFKC", text))[:_LONGEST_NAME]


def _as_data(given: Receipt) -> dict[str, Any]:
    """A receipt in a form that survives JSON."""
    return {
        "number": given.number,
        "code": given.code,
        "answer_due_on": given.answer_due_on.isoformat(),
        "received_at": given.received_at.isoformat(),
        "file_hashes": list(given.file_hashes),
        "keeps_chat": given.keeps_chat,
        "missing": list(given.missing),
        "signed": given.signed,
        "name_not_kept": given.name_not_kept,
    }
