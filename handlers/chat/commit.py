"""A candidate reads and signs commitments: one paper at a time, by typing the full name."""

from aiogram import Router
from aiogram.filters import StateFilter
from aiogram.fsm.context import FSMContext
from aiogram.types import CallbackQuery, Message

from handlers.chat import texts
from handlers.chat.filters import Flow, HasText
from handlers.chat.keyboards import SignTap
from handlers.chat.reply import Reply
from handlers.chat.transaction import Channel
from handlers.services import commitments
from handlers.services.commitments import SigningView
from handlers.services.errors import LinkSpent
from storage.repositories.people import Person
from storage.unit_of_work import UnitOfWork


async def on_invitation_opened(uow: UnitOfWork, who: Person, state: FSMContext, token: str) -> Reply:
    """A candidate opens the link."""
    try:
        view = await commitments.open_invitation(uow, who, token)
    except LinkSpent:
        return texts.link_spent()
    return await _show(state, view, opening=True)


async def resume(uow: UnitOfWork, who: Person, state: FSMContext) -> Reply:
    """A candidate comes back."""
    view = await commitments.where_am_i(uow, who)
    return await _show(state, view) if view else texts.not_a_candidate()


async def on_name_typed(message: Message, state: FSMContext, uow: UnitOfWork, who: Person, channel: Channel) -> Reply:
    """A typed full name signs the paper that was shown."""
    data = await state.get_data()
    result = await commitments.sign(
        uow,
        who,
        candidate_id=data["candidate_id"],
        kind=data["kind"],
        typed_name=message.text or "",
        channel=channel.name,
    )
    if isinstance(result, SigningView):
        return texts.signing(result)
    await _remember(state, result.view)
    return texts.signed(result)


async def on_no_name_typed(message: Message, uow: UnitOfWork, who: Person, state: FSMContext) -> Reply:
    """Anything but words while a name is wanted."""
    return await resume(uow, who, state)


async def on_signing_tapped(
    query: CallbackQuery,
    callback_data: SignTap,
    state: FSMContext,
    uow: UnitOfWork,
    who: Person,
) -> Reply:
    """Read on, sign later, or ask somebody."""
    view = await commitments.where_am_i(uow, who)
    if view is None:
        return texts.not_a_candidate()
    if callback_data.act == "read":
        return await _show(state, view)
    await state.clear()
    return texts.sign_later(view) if callback_data.act == "later" else texts.candidate_question()


async def _show(state: FSMContext, view: SigningView, *, opening: bool = False) -> Reply:
    await _remember(state, view)
    return texts.signing(view, opening=opening)


async def _remember(state: FSMContext, view: SigningView) -> None:
    if view.next_paper is None:
        await state.clear()
        return
    await state.set_state(Flow.signing)
    await state.set_data({"candidate_id": view.candidate.id, "kind": view.next_paper.kind})


def add_routes(router: Router) -> None:
    """The routes of this module; the first that fits answers."""
    router.message.register(on_name_typed, StateFilter(Flow.signing), HasText())
    router.message.register(on_no_name_typed, StateFilter(Flow.signing))
    router.callback_query.register(on_signing_tapped, SignTap.filter())
