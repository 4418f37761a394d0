"""The way in, the way out, and the words that work anywhere."""

from typing import Final

from aiogram import Router
from aiogram.filters import Command, CommandObject, CommandStart
from aiogram.fsm.context import FSMContext
from aiogram.types import CallbackQuery, Message

from handlers.chat import commit, follow, home, official, subscribe, texts, wording
from handlers.chat.filters import CommandOrWord, Flow, Says, TapsOwnData, bare
from handlers.chat.follow import leave
from handlers.chat.keyboards import MenuTap
from handlers.chat.reply import Reply
from handlers.chat.report import begin
from handlers.chat.transaction import Channel
from handlers.services import own_data, own_dates
from handlers.services.access import NOTICES
from handlers.services.commitments import INVITATION
from handlers.services.home import Homes
from handlers.services.reports import Reports
from storage.repositories.people import Person
from storage.unit_of_work import UnitOfWork

#: Where a web chat's page fetches what is held about it.
OWN_DATA_LINK: Final = "/api/chat/own-data"


async def on_deep_link(
    message: Message,
    command: CommandObject,
    state: FSMContext,
    uow: UnitOfWork,
    who: Person,
    channel: Channel,
) -> Reply:
    """Somebody came by a link: a candidate's invitation, an official's notices, or an unknown one."""
    argument = command.args or ""
    if argument.startswith(INVITATION):
        return await commit.on_invitation_opened(uow, who, state, argument.removeprefix(INVITATION))
    if argument.startswith(NOTICES):
        return await official.on_notice_link_opened(uow, who, channel, argument.removeprefix(NOTICES))
    return texts.welcome()


async def on_start(message: Message) -> Reply:
    """Somebody says hello."""
    return texts.welcome()


async def on_stop(message: Message, state: FSMContext, uow: UnitOfWork, who: Person, reports: Reports) -> Reply | None:
    """Somebody wants out; what was typed stays."""
    if bare(message.text) in _BACK and await state.get_state() == Flow.report.state:
        view = await reports.back(uow, who)
        if view:
            return texts.prompt(view)
    await leave(state, uow, who)
    return texts.paused(has_draft=await uow.drafts.in_writing(who.id) is not None)


async def on_wants_to_drop(message: Message, uow: UnitOfWork, who: Person) -> Reply:
    """Somebody would rather not report; asked once more, because a dropped draft does not come back."""
    has_draft = await uow.drafts.in_writing(who.id) is not None
    return texts.confirm_drop() if has_draft else texts.paused(has_draft=False)


async def on_wants_to_ask(message: Message, state: FSMContext, uow: UnitOfWork, who: Person) -> Reply:
    """Somebody wants to ask; an open report waits."""
    await leave(state, uow, who)
    return texts.ask_away()


async def on_wants_to_report(
    message: Message,
    state: FSMContext,
    uow: UnitOfWork,
    who: Person,
    reports: Reports,
) -> Reply:
    """Somebody wants to report."""
    return await begin(uow, who, state, reports)


async def on_wants_own_cases(message: Message, state: FSMContext, uow: UnitOfWork, who: Person) -> Reply:
    """Somebody wants to know how their reports stand."""
    await leave(state, uow, who)
    return await follow.own_cases(uow, who)


async def on_wants_to_sign(message: Message, state: FSMContext, uow: UnitOfWork, who: Person) -> Reply:
    """A candidate comes back to sign."""
    return await commit.resume(uow, who, state)


async def on_wants_own_home(message: Message, state: FSMContext, uow: UnitOfWork, who: Person, homes: Homes) -> Reply:
    """Somebody wants to see where we think they are at home."""
    await leave(state, uow, who)
    return await home.show(uow, who, state, homes)


async def on_wants_own_data(
    message: Message, state: FSMContext, uow: UnitOfWork, who: Person, channel: Channel
) -> Reply:
    """Somebody wants to know what is held about them."""
    await leave(state, uow, who)
    return texts.own_data(await own_data.look(uow, who), OWN_DATA_LINK if channel.in_transaction else "")


async def on_asks_what_becomes_of_it(message: Message, channel: Channel, public_url: str) -> Reply:
    """Somebody wants to know what becomes of a name."""
    return texts.privacy(f"{public_url}/privacy", is_ours=channel.in_transaction)


async def on_own_data_tapped(
    query: CallbackQuery,
    callback_data: MenuTap,
    state: FSMContext,
    uow: UnitOfWork,
    who: Person,
    channel: Channel,
    public_url: str,
) -> Reply:
    """What becomes of a name, what is held, and erasing it; a report being written goes on meanwhile."""
    match callback_data.act:
        case "privacy":
            return texts.privacy(f"{public_url}/privacy", is_ours=channel.in_transaction)
        case "ask_erase":
            return texts.confirm_erase(is_ours=channel.in_transaction)
        case "erase":
            await leave(state, uow, who)
            await own_data.erase_chat(uow, who)
            return texts.erased()
        case _:
            return texts.own_data(await own_data.look(uow, who), OWN_DATA_LINK if channel.in_transaction else "")


async def on_wants_own_schedule(
    message: Message, state: FSMContext, uow: UnitOfWork, who: Person, homes: Homes
) -> Reply:
    """Somebody asks how their village's election stands; without a village, that is asked first."""
    await leave(state, uow, who)
    return await _schedule(state, uow, who, homes)


async def _schedule(state: FSMContext, uow: UnitOfWork, who: Person, homes: Homes) -> Reply:
    found = await own_dates.schedule(uow, await homes.of(uow, who))
    return await home.ask(uow, state, homes) if found is None else texts.schedule(found)


async def on_wants_to_move(message: Message, state: FSMContext, uow: UnitOfWork, who: Person, homes: Homes) -> Reply:
    """Somebody is at home elsewhere."""
    await leave(state, uow, who)
    return await home.ask(uow, state, homes)


async def on_menu_tapped(
    query: CallbackQuery,
    callback_data: MenuTap,
    state: FSMContext,
    uow: UnitOfWork,
    who: Person,
    reports: Reports,
    homes: Homes,
) -> Reply:
    """A choice of the menu."""
    if callback_data.act == "report":
        return await begin(uow, who, state, reports)
    await leave(state, uow, who)
    if callback_data.act == "mine":
        return await follow.own_cases(uow, who)
    if callback_data.act == "home":
        return await home.show(uow, who, state, homes)
    if callback_data.act == "dates":
        return await _schedule(state, uow, who, homes)
    return texts.ask_away()


_HELLO: Final = ("菜单", "帮助", "你好", "您好", "在吗", "开始")
_BACK: Final = ("返回", "上一步")
_STOP: Final = ("停", "停下", "先存着", "取消", "退出", *_BACK)
_DROP: Final = ("不报了",)
_ASK: Final = (wording.ASK, "我要问", "问问题")
_REPORT: Final = (wording.REPORT, "我要举报", "举报", "反映", "接着写")
_MINE: Final = (wording.MINE, "进度", "查进度", "我的举报")
_HOME: Final = (wording.HOME, "我的村", "我的社区")
_MOVE: Final = ("换村", "改村", "换社区", "改社区", "换个村", "换地方")
_SCHEDULE: Final = (wording.SCHEDULE, "我们村日程", "村里日程", "日程", "我社区日程", "选举日程", "我村的日程")
_SIGN: Final = ("签承诺书", "承诺书", "签承诺", "现在签")
_OWN_DATA: Final = (wording.OWN_DATA, "我的信息", "删除我的数据", "删掉我的数据")
_PRIVACY: Final = (wording.PRIVACY, "隐私", "隐私说明")
_SUBSCRIBE: Final = ("订阅提醒", "订提醒", "提醒我", "提醒我选举的日子")
_UNSUBSCRIBE: Final = ("不再提醒", "退订", "取消提醒", "别提醒了", "不要提醒了")
_WORDS: Final = (
    *(*_HELLO, *_STOP, *_DROP, *_ASK, *_REPORT, *_MINE),
    *(*_HOME, *_MOVE, *_SCHEDULE, *_SIGN, *_OWN_DATA, *_PRIVACY, *_SUBSCRIBE, *_UNSUBSCRIBE),
)


def create_router() -> Router:
    """The routes of this module; the first that fits answers."""
    router = Router(name="menu")
    router.message.filter(CommandOrWord(*_WORDS))  # one look lets an ordinary message pass all of these by
    router.message.register(on_deep_link, CommandStart(deep_link=True))
    router.message.register(on_start, CommandStart())
    router.message.register(on_start, Command("help", "menu"))
    router.message.register(on_start, Says(*_HELLO))
    router.message.register(on_stop, Command("stop", "cancel"))
    router.message.register(on_stop, Says(*_STOP))
    router.message.register(on_wants_to_drop, Says(*_DROP))
    router.message.register(on_wants_to_ask, Command("ask"))
    router.message.register(on_wants_to_ask, Says(*_ASK))
    router.message.register(on_wants_to_report, Command("report"))
    router.message.register(on_wants_to_report, Says(*_REPORT))
    router.message.register(on_wants_own_cases, Command("my"))
    router.message.register(on_wants_own_cases, Says(*_MINE))
    router.message.register(on_wants_own_home, Command("home"))
    router.message.register(on_wants_own_home, Says(*_HOME))
    router.message.register(on_wants_to_move, Says(*_MOVE))
    router.message.register(on_wants_own_schedule, Command("dates"))
    router.message.register(on_wants_own_schedule, Says(*_SCHEDULE))
    router.message.register(subscribe.on_wants_reminders, Says(*_SUBSCRIBE))
    router.message.register(subscribe.on_wants_no_reminders, Says(*_UNSUBSCRIBE))
    router.message.register(on_wants_to_sign, Command("sign"))
    router.message.register(on_wants_to_sign, Says(*_SIGN))
    router.message.register(on_wants_own_data, Command("data"))
    router.message.register(on_wants_own_data, Says(*_OWN_DATA))
    router.message.register(on_asks_what_becomes_of_it, Command("privacy"))
    router.message.register(on_asks_what_becomes_of_it, Says(*_PRIVACY))
    router.callback_query.register(on_own_data_tapped, MenuTap.filter(), TapsOwnData())
    router.callback_query.register(on_menu_tapped, MenuTap.filter())
    return router
