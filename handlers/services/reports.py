"""Filing a report: eight prompts, a summary, a receipt.

The draft is the truth about where a person stands; every call returns a `ReportView` that says which prompt comes
next and what was wrong with the last answer. Nothing typed is thrown away: what does not fit a field is added to the
account of what happened. Name and contact are sealed for the custodians the moment they are read; the draft only
keeps a masked form to show. Where too few custodians are left to open it, the name is asked for again.
"""

import unicodedata
from typing import Final

from handlers.services import floods, given_names
from handlers.services.errors import NameNotKept
from handlers.services.intake import NARRATIVE, Intake, begin_name
from handlers.services.place_names import ELECTING, matching
from handlers.services.report_view import PROMPTS, Problem, Queued, Receipt, ReportView, Step
from handlers.services.submission import Submission
from knowledge.privacy import privacy_notice
from storage.custody import SealedName
from storage.repositories.people import Person
from storage.repositories.places import Place
from storage.repositories.reports import Draft
from storage.unit_of_work import UnitOfWork

MAX_FILE_BYTES: Final = 20 * 1024 * 1024
MAX_FILES: Final = 30
NOTICE: Final = "notice"
_LONGEST: Final = {"what": 10_000}
_LONGEST_STORY: Final = 100_000
_LONGEST_FIELD: Final = 200
#: What people type instead of pressing the button that goes on without an answer.
_SAID_NO: Final = {
    "evidence": frozenset({"没有", "没有了", "没", "无", "发完了", "下一步"}),
    "identity": frozenset({"不留名", "不留名字", "不留", "匿名", "不想留名"}),
}


class Reports:
    """The use cases of a reporter."""

    def __init__(self, intake: Intake) -> None:
        self._submission = Submission(intake)

    async def current(self, uow: UnitOfWork, who: Person) -> ReportView | None:
        """The open draft's prompt, or None."""
        draft = await uow.drafts.in_writing(who.id)
        return await self._view(uow, draft) if draft else None

    async def start(self, uow: UnitOfWork, who: Person, *, opening: str = "") -> tuple[ReportView, bool]:
        """Begin, or find the draft that is open; the second value tells whether it is new.

        `opening` is what the person already wrote; it becomes the account of what happened.
        """
        draft = await uow.drafts.in_writing(who.id)
        if draft:
            return await self._view(uow, draft), False
        answers = {"what": opening} if opening else {}
        step = Step.WHO if opening else Step.WHAT
        draft = await uow.drafts.start(who.id, step, answers)
        return await self._view(uow, draft), True

    async def answer(self, uow: UnitOfWork, who: Person, text: str) -> ReportView | None:
        """Take a typed answer to the present prompt."""
        draft = await uow.drafts.in_writing(who.id)
        if draft is None:
            return None
        words = text.strip()
        if not _has_words(words):
            return await self._view(uow, draft, Problem.NO_WORDS)
        step = Step(draft.step)
        if words.strip("。.！! ") in _SAID_NO.get(step, ()):
            return await self.skip(uow, who)
        if step in (Step.EVIDENCE, Step.REVIEW):
            return await self._add_words(uow, draft, words)
        if len(words) > _LONGEST.get(step, _LONGEST_FIELD):
            return await self._keep_story(uow, draft, words)
        return await self._take_words(uow, who, draft, words)

    async def add_file(
        self, uow: UnitOfWork, who: Person, data: bytes, name: str, caption: str = "", *, album: str | None = None
    ) -> ReportView | None:
        """Keep a photo, recording or document with the draft, at whatever prompt it comes."""
        draft = await uow.drafts.in_writing(who.id)
        if draft is None:
            return None
        if not data:
            return await self._refuse(uow, draft, Problem.FILE_EMPTY, caption)
        stored = await uow.files.add(
            data,
            name=name,
            origin="reporter",
            draft_id=draft.id,
            chat_id=who.recipient.chat_id,
            album=album,
            shown_from=await floods.draft_file_slot(uow, draft.id),
        )
        full = None
        if caption.strip():
            full = _append_what(draft, caption.strip())
            await uow.drafts.save(draft)
        return await self._view(uow, draft, full, kept=stored.sha256[:8])

    async def keep_caption(self, uow: UnitOfWork, who: Person, caption: str) -> ReportView | None:
        """A file was too big for the chat and comes by a link: keep the words sent with it, stay where we are."""
        draft = await uow.drafts.in_writing(who.id)
        return await self._refuse(uow, draft, None, caption) if draft else None

    async def words_wanted(self, uow: UnitOfWork, who: Person) -> ReportView | None:
        """Something came that is neither words nor a file (a sticker): stay where we are."""
        draft = await uow.drafts.in_writing(who.id)
        return await self._view(uow, draft, Problem.WORDS_WANTED) if draft else None

    async def choose_place(self, uow: UnitOfWork, who: Person, place_id: int) -> ReportView | None:
        """Take a village pressed as a button."""
        draft = await uow.drafts.in_writing(who.id)
        place = await uow.places.get(place_id)
        if draft is None or place is None or place.kind not in ELECTING:
            return await self._view(uow, draft) if draft else None
        return await self._set_place(uow, who, draft, place)

    async def elsewhere(self, uow: UnitOfWork, who: Person) -> ReportView | None:
        """The village is not on our list: the report goes to the county, with the name as it was typed."""
        draft = await uow.drafts.in_writing(who.id)
        counties = await uow.places.all_of("county")
        if draft is None or not counties:
            return await self._view(uow, draft) if draft else None
        county, typed = counties[-1], draft.answers.pop("place_typed", "")
        draft.answers["place"] = {"id": county.id, "name": f"{typed}（{county.name}）" if typed else county.name}
        if typed:
            _append_what(draft, f"村名：{typed}")
        return await self._advance(uow, draft)

    async def add_account(self, uow: UnitOfWork, who: Person, words: str) -> ReportView | None:
        """Add what was written before the draft was taken up again."""
        draft = await uow.drafts.in_writing(who.id)
        if draft is None:
            return None
        problem = _append_what(draft, words)
        await uow.drafts.save(draft)
        return await self._view(uow, draft, problem)

    async def skip(self, uow: UnitOfWork, who: Person) -> ReportView | None:
        """Leave a prompt without an answer: not known, no evidence, or done with files."""
        draft = await uow.drafts.in_writing(who.id)
        if draft is None:
            return None
        step = Step(draft.step)
        if step in (Step.WHAT, Step.PLACE, Step.REVIEW):
            return await self._view(uow, draft, Problem.NOTHING_YET if step is Step.WHAT else None)
        if step is Step.IDENTITY:
            draft.answers["identity"] = {"anonymous": True}
            await uow.drafts.disagree(draft)
        elif step is not Step.EVIDENCE:
            draft.answers.setdefault(step, "")
        return await self._advance(uow, draft)

    async def other_contact(self, uow: UnitOfWork, who: Person) -> ReportView | None:
        """The person would rather leave another contact than a phone number."""
        draft = await uow.drafts.in_writing(who.id)
        if draft is None or Step(draft.step) is not Step.IDENTITY:
            return await self._view(uow, draft) if draft else None
        draft.answers["identity"] = {**draft.answers.get("identity", {}), "other_contact": True}
        draft.answers["identity"].pop("anonymous", None)
        await uow.drafts.save(draft)
        return await self._view(uow, draft)

    async def back(self, uow: UnitOfWork, who: Person) -> ReportView | None:
        """Return to the prompt before; answers stay."""
        draft = await uow.drafts.in_writing(who.id)
        if draft is None:
            return None
        step = Step(draft.step)
        if draft.answers.pop("editing", None):
            draft.step = Step.REVIEW
        elif step in PROMPTS[1:]:
            draft.step = PROMPTS[PROMPTS.index(step) - 1]
        elif step is Step.REVIEW:
            draft.step = PROMPTS[-1]
        await uow.drafts.save(draft)
        return await self._view(uow, draft)

    async def edit(self, uow: UnitOfWork, who: Person, step: Step) -> ReportView | None:
        """Change one field from the summary."""
        draft = await uow.drafts.in_writing(who.id)
        if draft is None:
            return None
        if Step(draft.step) is Step.REVIEW:
            draft.step, draft.answers["editing"] = step, True
            await uow.drafts.save(draft)
        return await self._view(uow, draft)

    async def drop(self, uow: UnitOfWork, who: Person) -> bool:
        """Forget the open draft; False when there is none."""
        draft = await uow.drafts.in_writing(who.id)
        if draft is None:
            return False
        await uow.announcements.delete_of_draft(draft.id)
        await uow.files.delete_of_draft(draft.id)
        await uow.drafts.finish(draft, "dropped")
        return True

    async def choose_news(self, uow: UnitOfWork, who: Person, *, here: bool) -> ReportView | None:
        """Whoever left no name says whether this chat may be kept for news, or only the receipt code."""
        draft = await uow.drafts.in_writing(who.id)
        if draft is None:
            return None
        draft.answers["notify"] = "chat" if here else "code"
        await uow.drafts.save(draft)
        return await self._view(uow, draft)

    async def corrected(self, uow: UnitOfWork, who: Person, words: str) -> ReportView | None:
        """A message was changed after it was sent: both versions stay, the new one in the account.

        Where a name is asked for it is an answer like any other.
        """
        draft = await uow.drafts.in_writing(who.id)
        if draft is None:
            return None
        step = Step(draft.step)
        if step is Step.IDENTITY:
            return await self.answer(uow, who, words)
        problem = _append_what(draft, given_names.without_numbers(words) if step is Step.REVIEW else words)
        await uow.drafts.save(draft)
        return await self._view(uow, draft, problem)

    async def submit(self, uow: UnitOfWork, who: Person) -> Receipt | Queued | ReportView | None:
        """Turn the draft into a case with its flags; a second submission finds no draft and makes no second case.

        Returns:
            The receipt; or when it is filed by itself, because this chat has filed many within the hour; or the view
            when something is still open; or None when there is nothing to submit.
        """
        draft = await uow.drafts.in_writing(who.id)
        if draft is None:
            return None
        if Step(draft.step) is not Step.REVIEW:
            return await self._view(uow, draft)
        if "sealed" in draft.answers.get("identity", {}) and not await uow.drafts.agreed(draft.id):
            draft.step = Step.IDENTITY  # a name of before there was a notice: it is asked for once more
            del draft.answers["identity"]
            await uow.drafts.save(draft)
            return await self._view(uow, draft, Problem.CONSENT_FIRST)
        try:
            given = await self._submission.submit(uow, draft, who.recipient)
        except NameNotKept:
            draft.answers.pop("identity", None)
            draft.step, draft.answers["editing"] = Step.IDENTITY, True
            await uow.drafts.save(draft)
            return await self._view(uow, draft, Problem.NAME_AGAIN)
        if not given.keeps_chat and draft.answers.get("told_home"):
            who.place_id = None
        return given

    async def file_queued(self, uow: UnitOfWork, draft_id: int) -> bool:
        """File a waiting report whose turn has come, and queue its receipt; False when somebody else does."""
        return await self._submission.file_queued(uow, draft_id)

    async def _take_words(self, uow: UnitOfWork, who: Person, draft: Draft, words: str) -> ReportView:
        step = Step(draft.step)
        if step is Step.IDENTITY:
            return await self._take_identity(uow, draft, words)
        if step is Step.PLACE:
            return await self._take_place_name(uow, who, draft, words)
        came_before = draft.answers["what"] if draft.answers.pop("what_begun", False) and step is Step.WHAT else ""
        draft.answers[step] = f"{came_before}\n{words}".strip()
        return await self._advance(uow, draft)

    async def _keep_story(self, uow: UnitOfWork, draft: Draft, words: str) -> ReportView:
        """Words too long for their prompt join the account of what happened.

        A phone number given where the name is asked for is not for everybody who reads that account.
        """
        kept = given_names.without_numbers(words) if draft.step == Step.IDENTITY else words
        full = _append_what(draft, kept)
        await uow.drafts.save(draft)
        return await self._view(uow, draft, full or Problem.TOO_LONG, remove_incoming=kept != words)

    async def _add_words(self, uow: UnitOfWork, draft: Draft, words: str) -> ReportView:
        full = _append_what(draft, words)
        await uow.drafts.save(draft)
        return await self._view(uow, draft, full, kept=words[:20])

    async def _take_place_name(self, uow: UnitOfWork, who: Person, draft: Draft, words: str) -> ReportView:
        known = await uow.places.all_of(*ELECTING)
        hits = matching(words, known)
        if len(hits) == 1:
            return await self._set_place(uow, who, draft, hits[0])
        problem = Problem.SEVERAL_PLACES if hits else Problem.UNKNOWN_PLACE
        draft.answers["place_typed"] = words[:_LONGEST_FIELD]
        await uow.drafts.save(draft)
        return await self._view(uow, draft, problem, detail=words[:20], places=tuple(hits or known))

    async def _set_place(self, uow: UnitOfWork, who: Person, draft: Draft, place: Place) -> ReportView:
        draft.answers["place"] = {"id": place.id, "name": place.name}
        draft.answers.pop("place_typed", None)
        if who.place_id is None:
            who.place_id = place.id
            draft.answers["told_home"] = True
            uow.people.set_place(who.id, place.id)
        return await self._advance(uow, draft)

    async def _take_identity(self, uow: UnitOfWork, draft: Draft, words: str) -> ReportView:
        empty = await _begin_name(uow, draft)
        if empty is None:
            return await self._view(uow, draft, Problem.NO_CUSTODIAN, remove_incoming=True)
        if draft.answers.get(NOTICE) != privacy_notice().version:  # the text was not the one that is agreed to
            return await self._view(uow, draft, Problem.CONSENT_FIRST, remove_incoming=True)
        known = draft.answers.get("identity", {})
        draft.answers["identity"], problem, detail = given_names.take(words, known, lambda: empty)
        if len(draft.answers["identity"]) > len(known):
            await uow.drafts.agree(draft, privacy_notice().version)
        if problem is None:
            return await self._advance(uow, draft, remove_incoming=True)
        await uow.drafts.save(draft)
        return await self._view(uow, draft, problem, detail=detail, remove_incoming=True)

    async def _refuse(self, uow: UnitOfWork, draft: Draft, problem: Problem | None, caption: str) -> ReportView:
        words = caption.strip()
        if words:
            _append_what(draft, words)
            await uow.drafts.save(draft)
        return await self._view(uow, draft, problem, detail=words[:20])

    async def _advance(self, uow: UnitOfWork, draft: Draft, *, remove_incoming: bool = False) -> ReportView:
        if draft.answers.pop("editing", None):
            draft.step = Step.REVIEW
        else:
            position = PROMPTS.index(Step(draft.step)) + 1
            draft.step = PROMPTS[position] if position < len(PROMPTS) else Step.REVIEW
        await uow.drafts.save(draft)
        return await self._view(uow, draft, remove_incoming=remove_incoming)

    async def _view(
        self,
        uow: UnitOfWork,
        draft: Draft,
        problem: Problem | None = None,
        *,
        detail: str = "",
        places: tuple[Place, ...] = (),
        kept: str = "",
        remove_incoming: bool = False,
    ) -> ReportView:
        step = Step(draft.step)
        if step is Step.IDENTITY and draft.answers.get(NOTICE) != privacy_notice().version:
            draft.answers[NOTICE] = privacy_notice().version  # what is shown now is what a name sent next agrees to
            await uow.drafts.save(draft)
        if step is Step.PLACE and not places:
            places = tuple(await uow.places.all_of(*ELECTING))
        tells_files = step in (Step.EVIDENCE, Step.REVIEW) or bool(kept)
        files = tuple(await uow.files.of_draft(draft.id)) if tells_files else ()
        announced = len(await uow.announcements.waiting_of_draft(draft.id)) if tells_files else 0
        return ReportView(step, draft.answers, files, problem, detail, places, announced, kept, remove_incoming)


async def _begin_name(uow: UnitOfWork, draft: Draft) -> SealedName | None:
    """An empty name for those who may keep it, by what the draft says so far."""
    chosen = draft.answers.get("place", {}).get("id")
    place = await uow.places.get(chosen) if chosen else next(iter(await uow.places.all_of("county")), None)
    narrative = {name: str(draft.answers.get(name, "")) for name in NARRATIVE}
    return None if place is None else await begin_name(uow, place, narrative)


def _has_words(text: str) -> bool:
    return any(unicodedata.category(character)[0] in "LN" for character in text)


def _append_what(draft: Draft, words: str) -> Problem | None:
    """Add to the account of what happened, whole or not at all."""
    longer = f"{draft.answers.get('what', '')}\n{words}".strip()
    if len(longer) > _LONGEST_STORY:
        return Problem.STORY_FULL
    draft.answers["what"] = longer
    if draft.step == Step.WHAT:
        draft.answers["what_begun"] = True  # a caption is no answer yet, and the answer must not overwrite it
    return None
