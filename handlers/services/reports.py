"""Filing a report: eight prompts, a summary, a receipt.

The draft is the truth about where a person stands; every call returns a `ReportView` that says which prompt comes
next and what was wrong with the last answer. Nothing typed is thrown away: what does not fit a field is added to the
account of what happened. Name and contact are sealed to the custodians the moment they are read; the draft only
keeps a masked form to show.
"""

import base64
import re
import unicodedata
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any, Final

from handlers.services.place_names import ELECTING, matching
from knowledge.calendar import WorkingCalendar
from knowledge.casework.classification import Classifier, Flag, ReportFacts
from knowledge.clock import local_date
from storage.ids import readable_code
from storage.repositories.cases import CaseFlag, seal_for
from storage.repositories.files import StoredFile
from storage.repositories.people import Person
from storage.repositories.places import Place
from storage.repositories.reports import Draft
from storage.unit_of_work import UnitOfWork

ANSWER_WORKING_DAYS: Final = 15  # rules on handling reports (2020), article 26
MAX_FILE_BYTES: Final = 20 * 1024 * 1024
MAX_FILES: Final = 30
MASS_REACTION_DAYS: Final = 30
_LONGEST: Final = {"what": 10_000}
_LONGEST_STORY: Final = 100_000
_LONGEST_FIELD: Final = 200
_MOBILE: Final = re.compile(r"(?<!\d)1[3-9]\d{9}(?!\d)")
_LANDLINE: Final = re.compile(r"(?<!\d)0\d{2,3}-?\d{7,8}(?!\d)")
_DIGITS: Final = re.compile(r"\d(?:[\d\- ]*\d)?")
_NAME_NOISE: Final = re.compile(
    r"(我的?名字是?|我姓名是?|姓名|名字|我叫|我是|叫|电话号码|手机号码?|联系电话|电话|手机|号码|[是为:：,，。.、;；\s\-])"
)
#: What people type instead of pressing the button that goes on without an answer.
_SAID_NO: Final = {
    "evidence": frozenset({"没有", "没有了", "没", "无", "发完了", "下一步"}),
    "identity": frozenset({"不留名", "不留名字", "不留", "匿名", "不想留名"}),
}
_NAME: Final = re.compile(r"[\u3400-\u9fff·]{2,20}|[A-Za-z][A-Za-z .·]{1,39}")


class Step(StrEnum):
    """The prompts in order, then the summary."""

    WHAT = "what"
    WHO = "who"
    PLACE = "place"
    WHEN = "when"
    WHERE = "where"
    HOW_KNOWN = "how_known"
    EVIDENCE = "evidence"
    IDENTITY = "identity"
    REVIEW = "review"


PROMPTS: Final = tuple(step for step in Step if step is not Step.REVIEW)


class Problem(StrEnum):
    """What was wrong with the last answer; chat has the words."""

    NO_WORDS = "no_words"
    TOO_LONG = "too_long"
    WORDS_WANTED = "words_wanted"
    FILE_TOO_BIG = "file_too_big"
    TOO_MANY_FILES = "too_many_files"
    FILE_EMPTY = "file_empty"
    UNKNOWN_PLACE = "unknown_place"
    SEVERAL_PLACES = "several_places"
    PHONE_WRONG = "phone_wrong"
    PHONE_MISSING = "phone_missing"
    NAME_MISSING = "name_missing"
    NO_CUSTODIAN = "no_custodian"
    NOTHING_YET = "nothing_yet"
    STORY_FULL = "story_full"


@dataclass(frozen=True, slots=True)
class ReportView:
    """Where a report stands, for an edge to put into words."""

    step: Step
    answers: dict[str, Any]
    files: tuple[StoredFile, ...] = ()
    problem: Problem | None = None
    detail: str = ""
    places: tuple[Place, ...] = ()
    kept: str = ""  # what was just understood and stored
    remove_incoming: bool = False  # the message held a name or number and should not stay in the chat

    @property
    def number(self) -> int:
        """The prompt's number, from 1; 0 for the summary."""
        return PROMPTS.index(self.step) + 1 if self.step in PROMPTS else 0

    @property
    def editing(self) -> bool:
        """Whether a single field is being changed from the summary."""
        return bool(self.answers.get("editing"))


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a reporter is given: no content of the report."""

    number: str
    answer_due_on: Any
    received_at: Any
    file_hashes: tuple[str, ...]


class Reports:
    """The use cases of a reporter."""

    def __init__(self, classifier: Classifier, calendar: WorkingCalendar) -> None:
        self._classifier = classifier
        self._calendar = calendar

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
        self, uow: UnitOfWork, who: Person, data: bytes, name: str, caption: str = ""
    ) -> ReportView | None:
        """Keep a photo, recording or document with the draft, at whatever prompt it comes."""
        draft = await uow.drafts.in_writing(who.id)
        if draft is None:
            return None
        problem = await self._file_problem(uow, draft, data)
        if problem:
            return await self._view(uow, draft, problem)
        stored = await uow.files.add(
            data, name=name, origin="reporter", draft_id=draft.id, chat_id=who.recipient.chat_id
        )
        full = None
        if caption.strip():
            full = _append_what(draft, caption.strip())
            await uow.drafts.save(draft)
        return await self._view(uow, draft, full, kept=stored.sha256[:8])

    async def refuse_file(self, uow: UnitOfWork, who: Person) -> ReportView | None:
        """A file was too big to be fetched: say so, stay where we are."""
        draft = await uow.drafts.in_writing(who.id)
        return await self._view(uow, draft, Problem.FILE_TOO_BIG) if draft else None

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
        await uow.files.delete_of_draft(draft.id)
        await uow.drafts.finish(draft, "dropped")
        return True

    async def submit(self, uow: UnitOfWork, who: Person) -> Receipt | ReportView | None:
        """Turn the draft into a case with its flags; a second submission finds no draft and makes no second case.

        Returns:
            The receipt; or the view when something is still open; or None when there is nothing to submit.
        """
        draft = await uow.drafts.in_writing(who.id)
        if draft is None:
            return None
        if Step(draft.step) is not Step.REVIEW:
            return await self._view(uow, draft)
        return await self._open_case(uow, who, draft)

    async def _open_case(self, uow: UnitOfWork, who: Person, draft: Draft) -> Receipt:
        answers, now = draft.answers, uow.clock.now()
        files = await uow.files.of_draft(draft.id)
        facts, flags = await self._judge(uow, who, answers, len(files))
        due_on = self._calendar.add_working_days(local_date(now), ANSWER_WORKING_DAYS)
        number = readable_code("QF")
        case_id = await uow.cases.open_case(
            number=number,
            draft_id=draft.id,
            person_id=who.id,
            place_id=answers["place"]["id"],
            narrative={step: answers.get(step, "") for step in ("what", "who", "when", "where", "how_known")},
            reported_person=_normal_name(answers.get("who", "")),
            rule_version=self._classifier.rule_version,
            answer_due_on=due_on,
        )
        for flag in flags:
            kept = CaseFlag(flag.category, flag.reasons, self._classifier.rule_version)
            await uow.cases.add_flag(case_id, kept, {"facts": facts})
        identity = answers.get("identity", {})
        if identity.get("sealed"):
            await uow.cases.seal_identity(case_id, _unpacked(identity["sealed"]))
        await uow.files.move_to_case(draft.id, case_id)
        await uow.drafts.finish(draft, "submitted")
        await uow.log.record(
            actor="reporter", act="report_submitted", subject=f"case/{number}", flags=[str(f.category) for f in flags]
        )
        return Receipt(number, due_on, now, tuple(file.sha256 for file in files))

    async def _judge(
        self, uow: UnitOfWork, who: Person, answers: dict[str, Any], evidence: int
    ) -> tuple[dict[str, Any], tuple[Flag, ...]]:
        identity, reported = answers.get("identity", {}), _normal_name(answers.get("who", ""))
        others = 0
        if reported:
            since = uow.clock.now() - timedelta(days=MASS_REACTION_DAYS)
            others = await uow.cases.reports_on(reported, answers["place"]["id"], since, besides=who.id)
        facts = {
            "what": answers.get("what", ""),
            "who": answers.get("who", ""),
            "place": answers["place"]["name"],
            "when": answers.get("when", ""),
            "where": answers.get("where", ""),
            "how_known": answers.get("how_known", ""),
            "evidence_count": evidence,
            "has_name": bool(identity.get("sealed")),
            "has_contact": bool(identity.get("sealed")),
            "distinct_reporters": others + 1,
        }
        return facts, self._classifier.judge(ReportFacts(**facts))

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
        kept = _MOBILE.sub(lambda number: _masked(number.group()), words) if draft.step == Step.IDENTITY else words
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
            uow.people.set_place(who.id, place.id)
        return await self._advance(uow, draft)

    async def _take_identity(self, uow: UnitOfWork, draft: Draft, words: str) -> ReportView:
        custodians = await uow.officials.custodians()
        if not custodians:
            return await self._view(uow, draft, Problem.NO_CUSTODIAN, remove_incoming=True)
        keys = {who: pair.public_key for who, pair in custodians.items()}
        identity = {k: v for k, v in draft.answers.get("identity", {}).items() if k != "anonymous"}
        name, contact, problem, detail = _read_identity(words, identity)
        if name:
            identity["name_sealed"] = _packed(seal_for(keys, name, ""))
            identity["name_shown"] = f"{name[0]}{'*' * (len(name) - 1)}"
        if contact:
            identity["contact_sealed"] = _packed(seal_for(keys, "", contact))
            identity["contact_shown"] = _masked(contact)
        if "name_sealed" in identity and "contact_sealed" in identity:
            identity = _completed(identity)
            draft.answers["identity"] = identity
            return await self._advance(uow, draft, remove_incoming=True)
        draft.answers["identity"] = identity
        await uow.drafts.save(draft)
        missing = Problem.PHONE_MISSING if "name_sealed" in identity else Problem.NAME_MISSING
        return await self._view(uow, draft, problem or missing, detail=detail, remove_incoming=True)

    async def _file_problem(self, uow: UnitOfWork, draft: Draft, data: bytes) -> Problem | None:
        if not data:
            return Problem.FILE_EMPTY
        if len(data) > MAX_FILE_BYTES:
            return Problem.FILE_TOO_BIG
        if len(await uow.files.of_draft(draft.id)) >= MAX_FILES:
            return Problem.TOO_MANY_FILES
        return None

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
        if step is Step.PLACE and not places:
            places = tuple(await uow.places.all_of(*ELECTING))
        files = tuple(await uow.files.of_draft(draft.id)) if step in (Step.EVIDENCE, Step.REVIEW) or kept else ()
        return ReportView(step, draft.answers, files, problem, detail, places, kept, remove_incoming)


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


def _normal_name(text: str) -> str:
    return re.sub(r"\s", "", unicodedata.normalize("NFKC", text))[:60]


def _read_identity(words: str, identity: dict[str, Any]) -> tuple[str, str, Problem | None, str]:
    """Name, contact, problem and its detail, from one message; either part may be missing."""
    text = unicodedata.normalize("NFKC", words)
    packed = re.sub(r"(?<=\d)[\s\-]+(?=\d)", "", text)
    phone = _MOBILE.search(packed) or _LANDLINE.search(packed)
    rest = _NAME_NOISE.sub(" ", _DIGITS.sub(" ", packed)).strip()
    if identity.get("other_contact"):
        if "name_sealed" in identity:
            return "", text.strip()[:60], None, ""
        name, _, contact = text.strip().partition(" ")
        return name[:20], contact.strip()[:60], None, ""
    found = _NAME.search(rest)
    name = found.group().strip() if found else ""
    if phone:
        return name, phone.group(), None, ""
    digits = re.sub(r"\D", "", packed)
    if digits:
        return name, "", Problem.PHONE_WRONG, str(len(digits))
    return name, "", None, ""


def _masked(contact: str) -> str:
    return f"{contact[:3]}****{contact[-4:]}" if len(contact) >= len("12345678") else f"{contact[:1]}****"


def _packed(sealed: dict[int, tuple[bytes, bytes]]) -> dict[str, list[str]]:
    return {str(who): [base64.b64encode(part).decode() for part in parts] for who, parts in sealed.items()}


def _completed(identity: dict[str, Any]) -> dict[str, Any]:
    names, contacts = identity["name_sealed"], identity["contact_sealed"]
    sealed = {who: [names[who][0], contacts[who][1]] for who in names if who in contacts}
    shown = f"{identity['name_shown']} {identity['contact_shown']}"
    return {**identity, "sealed": sealed, "shown": shown}


def _unpacked(sealed: dict[str, list[str]]) -> dict[int, tuple[bytes, bytes]]:
    return {int(who): (base64.b64decode(parts[0]), base64.b64decode(parts[1])) for who, parts in sealed.items()}
