"""What a reporter adds to a case after filing, open or closed; the officials who handle it are told."""

from handlers.services.notices import tell_officials
from knowledge.casework.access import Permission, Role, may
from storage.repositories.cases import Case
from storage.repositories.people import Person
from storage.unit_of_work import UnitOfWork

_HANDLERS = tuple(role for role in Role if may(role, Permission.HANDLE_CASES))


async def own_case(uow: UnitOfWork, who: Person, number: str) -> Case | None:
    """A case of this person's own; None for anybody else's, as for none at all."""
    case = await uow.cases.by_number(number)
    return case if case and case.person_id == who.id else None


async def add_words(uow: UnitOfWork, who: Person, number: str, words: str) -> bool:
    """Keep words with a case."""
    case = await own_case(uow, who, number)
    if case is None:
        return False
    await uow.cases.add_note(case.id, words, author_id=None)
    await _tell(uow, case)
    return True


async def add_file(uow: UnitOfWork, who: Person, number: str, data: bytes, name: str, caption: str) -> bool:
    """Keep a file with a case."""
    case = await own_case(uow, who, number)
    if case is None or not data:
        return False
    await uow.files.add(data, name=name, origin="reporter", case_id=case.id, chat_id=who.recipient.chat_id)
    if caption.strip():
        await uow.cases.add_note(case.id, caption.strip(), author_id=None)
    await _tell(uow, case)
    return True


async def _tell(uow: UnitOfWork, case: Case) -> None:
    await uow.log.record(actor="reporter", act="material_added", subject=f"case/{case.number}")
    hour = uow.clock.now().strftime("%Y-%m-%dT%H")
    await tell_officials(uow, case, _HANDLERS, cause=f"added/{case.number}/{hour}")
