"""The way in, the way out, and the words that work anywhere."""

from aiogram import Router
from aiogram.filters import Command, CommandObject, CommandStart
from aiogram.fsm.context import FSMContext
from aiogram.types import CallbackQuery, Message

from handlers.chat import commit, follow, texts
from handlers.chat.filters import Says
from handlers.chat.keyboards import MenuTap
from handlers.chat.reply import Reply
from handlers.chat.report import begin
from handlers.services.reports import Reports
from storage.repositories.people import Person
from storage.unit_of_work import UnitOfWork

router = Router(name="menu")


@router.message(CommandStart(deep_link=True))
async def on_deep_link(
    message: Message,
    command: CommandObject,
    state: FSMContext,
    uow: UnitOfWork,
    who: Person,  # noqa: ARG001
) -> Reply:
    """Somebody came by a link: a candidate's invitation, or an unknown one."""
    argument = command.args or ""
    if argument.startswith(commit.INVITATION):
        return await commit.on_invitation_opened(uow, who, state, argument.removeprefix(commit.INVITATION))
    return texts.welcome()


@router.message(CommandStart())
@router.message(Command("help", "menu"))
@router.message(Says("菜单", "帮助", "你好", "您好", "在吗", "开始"))
async def on_start(message: Message) -> Reply:  # noqa: ARG001
    """Somebody says hello."""
    return texts.welcome()


@router.message(Command("stop", "cancel"))
@router.message(Says("停", "停下", "先存着", "取消", "退出", "返回"))
async def on_stop(message: Message, state: FSMContext, uow: UnitOfWork, who: Person, reports: Reports) -> Reply | None:
    """Somebody wants out; what was typed stays."""
    if (message.text or "").strip() == "返回" and await state.get_state() is not None:
        view = await reports.back(uow, who)
        if view:
            return texts.prompt(view)
    await state.clear()
    return texts.paused(has_draft=await uow.drafts.in_writing(who.id) is not None)


@router.message(Command("ask"))
@router.message(Says(texts.ASK, "我要问", "问问题"))
async def on_wants_to_ask(message: Message, state: FSMContext) -> Reply:  # noqa: ARG001
    """Somebody wants to ask; an open report waits."""
    await state.clear()
    return texts.ask_away()


@router.message(Command("report"))
@router.message(Says(texts.REPORT, "我要举报", "举报", "反映", "接着写"))
async def on_wants_to_report(
    message: Message,
    state: FSMContext,
    uow: UnitOfWork,
    who: Person,
    reports: Reports,  # noqa: ARG001
) -> Reply:
    """Somebody wants to report."""
    return await begin(uow, who, state, reports)


@router.message(Command("my"))
@router.message(Says(texts.MINE, "进度", "查进度", "我的举报"))
async def on_wants_own_cases(message: Message, state: FSMContext, uow: UnitOfWork, who: Person) -> Reply:  # noqa: ARG001
    """Somebody wants to know how their reports stand."""
    await state.clear()
    return await follow.own_cases(uow, who)


@router.message(Command("sign"))
@router.message(Says("签承诺书", "承诺书", "签承诺", "现在签"))
async def on_wants_to_sign(message: Message, state: FSMContext, uow: UnitOfWork, who: Person) -> Reply:  # noqa: ARG001
    """A candidate comes back to sign."""
    return await commit.resume(uow, who, state)


@router.callback_query(MenuTap.filter())
async def on_menu_tapped(
    query: CallbackQuery,  # noqa: ARG001
    callback_data: MenuTap,
    state: FSMContext,
    uow: UnitOfWork,
    who: Person,
    reports: Reports,
) -> Reply:
    """A choice of the menu."""
    if callback_data.act == "report":
        return await begin(uow, who, state, reports)
    await state.clear()
    if callback_data.act == "mine":
        return await follow.own_cases(uow, who)
    return texts.ask_away()
