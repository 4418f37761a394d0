"""What an official does to a case: one entry for each act, one way through for all of them.

Each act runs in one unit of work. Whatever refuses it (a field, the rules, the database, a colleague who was
quicker) comes back as the case's page with the reason and with what was typed.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any, Final

from starlette.responses import Response

from handlers.desk import words
from handlers.desk.case_view import open_forms
from handlers.desk.cases import Refusal, case_page
from handlers.desk.forms import Form
from handlers.desk.request import CaseNumber, Signed, Visit
from handlers.services import (
    cases,
    deadlines,
    disposals,
    flags,
    handovers,
    investigations,
    links,
    names,
    outcomes,
    recusals,
    redactions,
    transfers,
)
from handlers.services.errors import BadInput, CannotMove, NotAllowed, NotFound, WordsInDoubt
from handlers.services.reports import MAX_FILE_BYTES
from knowledge.casework.categories import Category
from knowledge.casework.lifecycle import CaseAct, Missing
from knowledge.errors import QingfengError
from storage.errors import RuleRefused, StaleVersion
from storage.repositories.flags import CaseFlag
from storage.repositories.officials import Official
from storage.unit_of_work import UnitOfWork

BY_HAND: Final = "by_hand"
LONGEST_REASON: Final = 200


@dataclass(frozen=True, slots=True)
class Attempt:
    """One act as it was sent."""

    uow: UnitOfWork
    official: Official
    number: str
    form: Form

    @property
    def who(self) -> tuple[UnitOfWork, Official, str]:
        """What every use case begins with."""
        return self.uow, self.official, self.number

    @property
    def seen(self) -> int | None:
        """The version of the case the official was looking at."""
        return self.form.number("version")

    @property
    def looked_again(self) -> bool:
        """Whether the official ticked that a text in doubt is as it should be."""
        return self.form.text("looked_again") == "yes"


Act = Callable[[Attempt], Awaitable[Any]]


async def _assign(one: Attempt) -> None:
    await cases.assign(*one.who, one.form.number("handler") or 0, seen=one.seen)


async def _disposal(one: Attempt) -> None:
    kind, reason = one.form.text("disposal"), one.form.text("reason")
    await disposals.propose(*one.who, kind, reason, review_on=one.form.day("review_on"), seen=one.seen)


async def _step(one: Attempt) -> None:
    form = one.form
    await investigations.add_step(*one.who, form.text("step_kind"), form.day("taken_on"), form.text("step"))


async def _evidence(one: Attempt) -> None:
    upload = one.form.upload
    if upload and not upload.data:
        raise BadInput("file", "empty")
    if upload and len(upload.data) > MAX_FILE_BYTES:
        raise BadInput("file", "too_big")
    words_of_it = one.form.text("description")
    data, name = (upload.data, upload.name) if upload else (None, "")
    await investigations.add_evidence(*one.who, words_of_it, data=data, name=name)


async def _finding(one: Attempt) -> None:
    await investigations.submit_finding(*one.who, one.form.text("finding"), one.form.text("summary"), seen=one.seen)


async def _measure(one: Attempt) -> None:
    form = one.form
    await outcomes.recommend(*one.who, form.text("measure"), form.text("body_name"), form.text("reason"), seen=one.seen)


async def _decision(one: Attempt) -> None:
    form = one.form
    if form.text("taken") not in ("yes", "no"):
        raise BadInput("taken", "unknown")
    await outcomes.record_decision(
        *one.who,
        form.number("measure_id") or 0,
        taken=form.text("taken") == "yes",
        decided_on=form.day("decided_on"),
        document=form.text("document"),
    )


async def _flag(one: Attempt) -> None:
    category, reason = one.form.text("category"), one.form.text("reason").strip()
    if category not in set(Category):
        raise BadInput("category", "unknown")
    if len(reason) < len("两字"):
        raise BadInput("reason", "too_short")
    if len(reason) > LONGEST_REASON:
        raise BadInput("reason", "too_long")
    await flags.add_flag(*one.who, CaseFlag(category, (reason,), BY_HAND))


async def _decide_lowering(one: Attempt) -> None:
    if (said := one.form.text("decision")) not in ("yes", "no"):
        raise BadInput("decision", "unknown")
    await flags.decide_lowering(*one.who, one.form.number("removal") or 0, agrees=said == "yes")


async def _pause(one: Attempt) -> None:
    form = one.form
    await deadlines.pause(
        *one.who,
        form.number("clock") or 0,
        from_on=form.day("from_on"),
        until_on=form.day("until_on"),
        why=form.text("why"),
        seen=one.seen,
    )


async def _offer_transfer(one: Attempt) -> None:
    form, files = one.form, one.form.text("files_released") == "yes"
    to, why = form.text("to_unit"), form.text("reason")
    await transfers.offer(*one.who, to, why, files_released=files, seen=one.seen)


async def _assign_down(one: Attempt) -> None:
    form, files = one.form, one.form.text("files_released") == "yes"
    to, why = form.text("to_unit"), form.text("reason")
    await transfers.assign_down(*one.who, to, why, files_released=files, seen=one.seen)


async def _name_attempt(one: Attempt) -> None:
    await names.record_contact(*one.who, one.form.text("method"), one.form.text("outcome"))


async def _link(one: Attempt) -> None:
    await links.link(*one.who, one.form.text("other"), one.form.text("link_kind"))


#: Address part -> what it does. The address parts are also the codes of the sentences shown afterwards.
CASE_ACTS: Final[dict[str, Act]] = {
    "register": lambda one: cases.register(*one.who, seen=one.seen),
    "accept": lambda one: cases.accept(*one.who, seen=one.seen),
    "assign": _assign,
    "offer-transfer": _offer_transfer,
    "withdraw-transfer": lambda one: transfers.withdraw(*one.who),
    "assign-down": _assign_down,
    "hand-investigation": lambda one: handovers.hand_investigation(
        *one.who, one.form.number("investigator") or 0, seen=one.seen
    ),
    "guide-elsewhere": lambda one: cases.guide_elsewhere(
        *one.who, one.form.text("where"), seen=one.seen, looked_again=one.looked_again
    ),
    "refer": lambda one: cases.refer(*one.who, one.form.text("body_name"), seen=one.seen, noted=words.NOTED["refer"]),
    "take-back": lambda one: cases.take_back(
        *one.who, one.form.text("outside_answer"), seen=one.seen, noted=words.NOTED["take-back"]
    ),
    "take-up": lambda one: cases.take_up(*one.who, seen=one.seen),
    "disposal": _disposal,
    "approve-disposal": lambda one: disposals.approve(*one.who, seen=one.seen),
    "return-disposal": lambda one: disposals.send_back(*one.who, one.form.text("why"), seen=one.seen),
    "step": _step,
    "evidence": _evidence,
    "finding": _finding,
    "return": lambda one: investigations.return_finding(
        *one.who, one.form.text("why"), seen=one.seen, noted=words.NOTED["return"]
    ),
    "approve": lambda one: investigations.approve_finding(*one.who, seen=one.seen),
    "measure": _measure,
    "measure-decision": _decision,
    "tell-result": lambda one: outcomes.tell_result(
        *one.who, one.form.text("result"), by=one.form.text("by"), seen=one.seen, looked_again=one.looked_again
    ),
    "close": lambda one: outcomes.close(*one.who, seen=one.seen),
    "reopen": lambda one: cases.reopen(*one.who, one.form.text("why"), seen=one.seen, noted=words.NOTED["reopen"]),
    "sub-status": lambda one: cases.set_sub_status(*one.who, one.form.text("sub_status"), seen=one.seen),
    "pause": _pause,
    "resume": lambda one: deadlines.resume(*one.who, one.form.number("clock") or 0, seen=one.seen),
    "extend": lambda one: deadlines.extend(
        *one.who, one.form.number("clock") or 0, one.form.text("why"), seen=one.seen
    ),
    "note": lambda one: cases.write_note(*one.who, one.form.text("body")),
    "flag": _flag,
    "lower-flag": lambda one: flags.ask_lowering(*one.who, one.form.text("category"), one.form.text("reason")),
    "decide-lowering": _decide_lowering,
    "name-attempt": _name_attempt,
    "link": _link,
    "unlink": lambda one: links.unlink(*one.who, one.form.number("link") or 0),
    "unmerge": lambda one: links.unmerge(*one.who, seen=one.seen),
    "redact": lambda one: redactions.ask(
        *one.who, one.form.text("redaction_of"), one.form.text("phrase"), one.form.text("redaction_reason")
    ),
    "decide-redaction": lambda one: redactions.decide(
        *one.who, one.form.number("redaction") or 0, agrees=one.form.text("decision") == "yes"
    ),
    "declare": lambda one: recusals.declare_clear(*one.who),
    "stand-back": lambda one: recusals.stand_back(*one.who),
}

#: What must have been said before an act; to stand back, nothing.
_BEFORE: Final = {"declare": cases.require_kin_declared, "stand-back": None}
_ENDINGS: Final = {
    "close": CaseAct.CLOSE,
    "guide-elsewhere": CaseAct.GUIDE_ELSEWHERE,
    "tell-result": CaseAct.TELL_RESULT,
}
_NAMES: Final = {
    **_ENDINGS,
    "register": CaseAct.REGISTER,
    "accept": CaseAct.ACCEPT,
    "refer": CaseAct.REFER,
    "take-back": CaseAct.TAKE_BACK,
    "take-up": CaseAct.TAKE_UP,
    "disposal": CaseAct.PROPOSE_DISPOSAL,
    "approve-disposal": CaseAct.START_INVESTIGATION,
    "return-disposal": CaseAct.RETURN_DISPOSAL,
    "evidence": None,
    "finding": CaseAct.SUBMIT_FINDING,
    "return": CaseAct.RETURN_FINDING,
    "approve": CaseAct.APPROVE_FINDING,
    "reopen": CaseAct.REOPEN,
}


async def show_act(visit: Signed, number: CaseNumber, act: str) -> Response:
    """Somebody reloads or shares the address of an act: show the case itself."""
    if act not in CASE_ACTS:
        raise NotFound("page")
    return visit.go(f"/desk/cases/{number}")


async def act_on_case(visit: Signed, number: CaseNumber, act: str) -> Response:
    """Do an act, or show why not."""
    if act not in CASE_ACTS:
        raise NotFound("page")
    try:
        async with visit.unit_of_work() as uow:
            if (declared := _BEFORE.get(act, cases.require_declared)) is not None:
                await declared(uow, visit.official, number)
            await CASE_ACTS[act](Attempt(uow, visit.official, number, visit.form))
            uow.after_commit(visit.desk.wake)
            await uow.commit()
    except (BadInput, CannotMove, NotAllowed, RuleRefused, StaleVersion, WordsInDoubt) as refused:
        return await case_page(visit, number, replace(await _refusal(visit, number, act, refused), act=act))
    return visit.go("/desk/cases" if act == "stand-back" else f"/desk/cases/{number}", act)


async def _refusal(visit: Visit, number: str, act: str, refused: QingfengError) -> Refusal:
    if isinstance(refused, BadInput):
        errors = {refused.field: words.fault(refused.field, refused.fault)}
        return Refusal("", errors=errors, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    if isinstance(refused, WordsInDoubt):
        return in_doubt(refused)
    if isinstance(refused, StaleVersion):
        return Refusal(words.STALE, words.STALE_WHY)
    if isinstance(refused, NotAllowed):
        return Refusal(words.NOT_YOURS, words.NOT_YOURS_WHY, status=HTTPStatus.FORBIDDEN)
    if isinstance(refused, RuleRefused):
        return Refusal(_title(act), words.RULES.get(refused.rule, words.ERRORS["rule_refused"].happened))
    missing = refused.missing if isinstance(refused, CannotMove) else ()
    return await _explained(visit, number, act, missing)


def in_doubt(refused: WordsInDoubt) -> Refusal:
    """What is to be looked at again in a text for a reporter, and the tick that says so where looking is enough."""
    errors = {refused.field: "".join(words.doubt(one) for one in refused.doubts)}
    if not refused.blocks:
        errors["looked_again"] = words.LOOK_AGAIN
    return Refusal("", errors=errors, status=HTTPStatus.UNPROCESSABLE_ENTITY)


async def _explained(visit: Visit, number: str, act: str, missing: tuple[Missing, ...]) -> Refusal:
    """What a case lacks, with links to where it is done."""
    async with visit.unit_of_work() as uow:
        case = await uow.cases.by_number(number, visible_to=visit.official)
        found = await uow.investigations.of_case(case) if case else None
        opinion = await uow.investigations.opinion_of(case) if case else None
    if case is None:
        raise NotFound("case")
    why = None
    if act in _ENDINGS and case.flags:
        kinds = "、".join(words.category(flag.category) for flag in case.flags)
        why = f"这件属于必查：{kinds}（{sum(len(flag.reasons) for flag in case.flags)} 条理由）。"
    forms = open_forms(case, found, visit.official, opinion)
    return Refusal(_title(act), why, tuple(_with_link(one, forms) for one in missing))


def _with_link(one: Missing, forms: frozenset[str]) -> tuple[str, str]:
    said, href = words.MISSING[one]
    nearer = {Missing.FINDING: "finding", Missing.EVIDENCE: "evidence"}.get(one)
    return (said, f"#{nearer}") if nearer in forms else (said, href)


def _title(act: str) -> str:
    name = _NAMES.get(act)
    return f"还不能{words.ACTS[name]}。" if name else "这一步还不能办。"
