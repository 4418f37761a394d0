"""The main menu: only what the official's role may open, with how much waits there."""

from dataclasses import dataclass
from typing import Final

from handlers.services import cases, entries, inquiries
from knowledge.casework.access import Permission, may
from knowledge.casework.lifecycle import CaseState
from storage.repositories.officials import Official
from storage.unit_of_work import UnitOfWork

NavItem = tuple[str, str, int | None, bool]


@dataclass(frozen=True, slots=True)
class Section:
    """One entry of the menu; `needs` is None where every official may go."""

    href: str
    label: str
    needs: Permission | None


HOME: Final = Section("/desk", "今天", None)
CASES: Final = Section("/desk/cases", "反映", Permission.READ_CASES)
CANDIDATES: Final = Section("/desk/candidates", "参选人", Permission.SEE_ELECTIONS)
QUESTIONS: Final = Section("/desk/questions", "提问", Permission.ANSWER_INQUIRIES)
ENTRIES: Final = Section("/desk/entries", "问答", Permission.WRITE_ENTRIES)
TIMETABLE: Final = Section("/desk/timetable", "日程", Permission.SEE_ELECTIONS)
SECTIONS: Final = (HOME, CASES, QUESTIONS, ENTRIES, CANDIDATES, TIMETABLE)


async def navigation(uow: UnitOfWork, official: Official, path: str) -> list[NavItem]:
    """The menu for an official who looks at `path`."""
    open_to = [one for one in SECTIONS if one.needs is None or may(official.role, one.needs)]
    return [(one.href, one.label, await _count(uow, official, one), _is_in(path, one)) for one in open_to]


async def _count(uow: UnitOfWork, official: Official, section: Section) -> int | None:
    if section is CASES:
        return await waiting_cases(uow, official) or None
    if section is QUESTIONS:
        return await inquiries.waiting(uow, official) or None
    if section is ENTRIES:
        return await entries.to_review(uow, official) or None
    return None


async def waiting_cases(uow: UnitOfWork, official: Official) -> int:
    """Cases nobody has accepted yet and, for those who may approve, findings to check."""
    by_state = await cases.counts(uow, official)
    approving = may(official.role, Permission.APPROVE_FINDINGS)
    return by_state.get(CaseState.RECEIVED, 0) + approving * by_state.get(CaseState.AWAITING_APPROVAL, 0)


def _is_in(path: str, section: Section) -> bool:
    return path == section.href or (section is not HOME and path.startswith(f"{section.href}/"))
