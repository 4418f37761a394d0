"""What an official does to a case: one entry for each act, one way through for all of them.

Each act runs in one unit of work. Whatever refuses it (a field, the rules, the database, a colleague who was
quicker) comes back as the case's page with the reason and with what was typed.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

from starlette.responses import Response

from handlers.desk import words
from handlers.desk.case_view import open_forms
from handlers.desk.cases import Refusal, case_page
from handlers.desk.forms import Form
from handlers.desk.request import CaseNumber, Signed, Visit
from handlers.services import cases
from handlers.services.errors import BadInput, CannotMove, NotAllowed, NotFound
from handlers.services.reports import MAX_FILE_BYTES
from knowledge.casework.categories import Category
from knowledge.casework.lifecycle import CaseAct, Missing
from knowledge.errors import QingfengError
from storage.errors import RuleRefused, StaleVersion
from storage.repositories.cases import CaseFlag
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


Act = Callable[[Attempt], Awaitable[Any]]


async def _assign(one: Attempt) -> None:
    await cases.assign(*one.who, one.form.number("handler") or 0, seen=one.seen)


async def _evidence(one: Attempt) -> None:
    upload = one.form.upload
    if upload and not upload.data:
        raise BadInput("file", "empty")
    if upload and len(upload.data) > MAX_FILE_BYTES:
        raise BadInput("file", "too_big")
    words_of_it = one.form.text("description")
    data, name = (upload.data, upload.name) if upload else (None, "")
    await cases.add_evidence(*one.who, words_of_it, data=data, name=name)


async def _flag(one: Attempt) -> None:
    category, reason = one.form.text("category"), one.form.text("reason").strip()
    if category not in set(Category):
        raise BadInput("category", "unknown")
    if len(reason) < len("两字"):
        raise BadInput("reason", "too_short")
    if len(reason) > LONGEST_REASON:
        raise BadInput("reason", "too_long")
    await cases.add_flag(*one.who, CaseFlag(Category(category), (reason,), BY_HAND))


#: Address part -> what it does. The address parts are also the codes of the sentences shown afterwards.
CASE_ACTS: Final[dict[str, Act]] = {
    "accept": lambda one: cases.accept(*one.who, seen=one.seen),
    "assign": _assign,
    "guide-elsewhere": lambda one: cases.guide_elsewhere(*one.who, one.form.text("where"), seen=one.seen),
    "start-investigation": lambda one: cases.start_investigation(*one.who, seen=one.seen),
    "evidence": _evidence,
    "finding": lambda one: cases.submit_finding(
        *one.who, one.form.text("finding"), one.form.text("summary"), seen=one.seen
    ),
    "return": lambda one: cases.return_finding(*one.who, one.form.text("why"), seen=one.seen),
    "approve": lambda one: cases.approve_finding(*one.who, seen=one.seen),
    "close": lambda one: cases.close(*one.who, seen=one.seen),
    "reopen": lambda one: cases.reopen(*one.who, one.form.text("why"), seen=one.seen),
    "note": lambda one: cases.write_note(*one.who, one.form.text("body")),
    "flag": _flag,
    "stand-back": lambda one: cases.stand_back(*one.who),
}

_ENDINGS: Final = {"close": CaseAct.CLOSE, "guide-elsewhere": CaseAct.GUIDE_ELSEWHERE}
_NAMES: Final = {
    **_ENDINGS,
    "accept": CaseAct.ACCEPT,
    "start-investigation": CaseAct.START_INVESTIGATION,
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
            await CASE_ACTS[act](Attempt(uow, visit.official, number, visit.form))
            uow.after_commit(visit.desk.wake)
            await uow.commit()
    except (BadInput, CannotMove, NotAllowed, RuleRefused, StaleVersion) as refused:
        return await case_page(visit, number, await _refusal(visit, number, act, refused))
    return visit.go("/desk/cases" if act == "stand-back" else f"/desk/cases/{number}", act)


async def _refusal(visit: Visit, number: str, act: str, refused: QingfengError) -> Refusal:
    if isinstance(refused, BadInput):
        errors = {refused.field: words.fault(refused.field, refused.fault)}
        return Refusal("", errors=errors, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    if isinstance(refused, StaleVersion):
        return Refusal(words.STALE, words.STALE_WHY)
    if isinstance(refused, NotAllowed):
        return Refusal(words.NOT_YOURS, words.NOT_YOURS_WHY, status=HTTPStatus.FORBIDDEN)
    if isinstance(refused, RuleRefused):
        return Refusal(_title(act), words.RULES.get(refused.rule, words.ERRORS["rule_refused"].happened))
    missing = refused.missing if isinstance(refused, CannotMove) else ()
    return await _explained(visit, number, act, missing)


async def _explained(visit: Visit, number: str, act: str, missing: tuple[Missing, ...]) -> Refusal:
    """What a case lacks, with links to where it is done."""
    async with visit.unit_of_work() as uow:
        case = await uow.cases.by_number(number, visible_to=visit.official)
        found = await uow.cases.investigation_of(case) if case else None
    if case is None:
        raise NotFound("case")
    why = None
    if act in _ENDINGS and case.flags:
        kinds = "、".join(words.CATEGORIES[flag.category] for flag in case.flags)
        why = f"这件属于必查：{kinds}（{sum(len(flag.reasons) for flag in case.flags)} 条理由）。"
    forms = open_forms(case, found, visit.official)
    return Refusal(_title(act), why, tuple(_with_link(one, forms) for one in missing))


def _with_link(one: Missing, forms: frozenset[str]) -> tuple[str, str]:
    said, href = words.MISSING[one]
    nearer = {Missing.FINDING: "finding", Missing.EVIDENCE: "evidence"}.get(one)
    return (said, f"#{nearer}") if nearer in forms else (said, href)


def _title(act: str) -> str:
    name = _NAMES.get(act)
    return f"还不能{words.ACTS[name]}。" if name else "这一步还不能办。"
