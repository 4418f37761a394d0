"""The main menu: only what the official's role may open, with how much waits there."""

from dataclasses import dataclass
from typing import Final

from handlers.desk import words
from handlers.services import broadcasts, cases, entries, gates, inquiries, names, oversight, releases, transfers
from knowledge.casework.access import Permission, may
from knowledge.casework.lifecycle import CaseState
from storage.repositories.officials import Official
from storage.unit_of_work import UnitOfWork

NavItem = tuple[str, str, str | None, bool]


@dataclass(frozen=True, slots=True)
class Section:
    """One entry of the menu; `needs` is None where every official may go."""

    href: str
    label: str
    needs: Permission | None


HOME: Final = Section("/desk", "今天", None)
CASES: Final = Section("/desk/cases", "反映", Permission.READ_CASES)
FILING: Final = Section("/desk/cases/new", "代录", Permission.FILE_REPORTS)
TRANSFERS: Final = Section("/desk/transfers", "移交", Permission.READ_CASES)
OVERSIGHT: Final = Section("/desk/oversight", "督办", Permission.LEAD_UNIT)
NAMES: Final = Section("/desk/names", "核名字", Permission.CHECK_NAMES)
RELEASES: Final = Section("/desk/releases", "看名申请", Permission.CHECK_NAMES)
KEYS: Final = Section("/desk/keys", "钥匙", Permission.CHECK_NAMES)
CANDIDATES: Final = Section("/desk/candidates", "参选人", Permission.SEE_ELECTIONS)
QUESTIONS: Final = Section("/desk/questions", "提问", Permission.ANSWER_INQUIRIES)
BROADCASTS: Final = Section("/desk/broadcasts", "群发", Permission.SEND_BROADCASTS)
ENTRIES: Final = Section("/desk/entries", "问答", Permission.WRITE_ENTRIES)
TIMETABLE: Final = Section("/desk/timetable", "日程", Permission.SEE_ELECTIONS)
GATES: Final = Section("/desk/gates", "关口", Permission.SEE_ELECTIONS)
RESPONSIBILITY: Final = Section("/desk/responsibility", "责任", Permission.SEE_ELECTIONS)
LOG: Final = Section("/desk/log", "记录", Permission.READ_LOG)
OFFICIALS: Final = Section("/desk/officials", "人员", Permission.MANAGE_OFFICIALS)
SECTIONS: Final = (
    HOME,
    CASES,
    NAMES,
    RELEASES,
    KEYS,
    TRANSFERS,
    FILING,
    OVERSIGHT,
    QUESTIONS,
    ENTRIES,
    CANDIDATES,
    TIMETABLE,
    GATES,
    RESPONSIBILITY,
    BROADCASTS,
    OFFICIALS,
    LOG,
)


async def navigation(uow: UnitOfWork, official: Official, path: str) -> list[NavItem]:
    """The menu for an official who looks at `path`."""
    open_to = [one for one in SECTIONS if one.needs is None or may(official.role, one.needs)]
    return [(one.href, one.label, await _count(uow, official, one), _is_in(path, one)) for one in open_to]


async def _count(uow: UnitOfWork, official: Official, section: Section) -> str | None:
    count = 0
    if section is CASES:
        count = await waiting_cases(uow, official)
    elif section is TRANSFERS and may(official.role, Permission.HANDLE_CASES):
        count = await transfers.waiting(uow, official)
    elif section is OVERSIGHT:
        count = len(await oversight.asked_of(uow, official))
    elif section is NAMES:
        count = len(await names.waiting(uow, official))
    elif section is RELEASES:
        count = len(await releases.waiting(uow, official))
    elif section is QUESTIONS:
        count = await inquiries.waiting(uow, official)
    elif section is GATES:
        count = await gates.waiting(uow, official)
    elif section is BROADCASTS:
        count = await broadcasts.to_approve(uow, official)
    elif section is ENTRIES:
        count = await entries.to_review(uow, official)
    return words.counted(count) if count else None


async def waiting_cases(uow: UnitOfWork, official: Official) -> int:
    """Cases nobody has accepted yet and, for those who may approve, opinions and findings to check."""
    by_state = await cases.counts(uow, official)
    waiting = [CaseState.RECEIVED, CaseState.REGISTERED]
    if may(official.role, Permission.APPROVE_FINDINGS):
        waiting += [CaseState.DISPOSAL_PROPOSED, CaseState.AWAITING_APPROVAL]
    return sum(by_state.get(state, 0) for state in waiting)


def _is_in(path: str, section: Section) -> bool:
    within = section is not HOME and path.startswith(f"{section.href}/")
    return path == section.href or (within and path != FILING.href)
