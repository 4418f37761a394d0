"""The one Dispatcher all channels feed."""

from collections.abc import Callable

from aiogram import Dispatcher, Router

from handlers.chat import ask, commit, follow, home, menu, other, report, subscribe
from handlers.chat.conversation import ConversationStorage
from handlers.chat.transaction import Channel, ChatLocks, OneTransaction, Sender
from handlers.services.answers import Answers
from handlers.services.home import Homes
from handlers.services.reports import Reports
from storage.unit_of_work import Storage


def create_dispatcher(
    storage: Storage,
    channels: dict[int, Channel],
    locks: ChatLocks,
    send: Sender,
    *,
    answers: Answers,
    reports: Reports,
    homes: Homes,
    public_url: str,
    wake: Callable[[], None],
) -> Dispatcher:
    """Wire middlewares and routers.

    The FSM middleware comes after ours, so that it reads its state through the update's unit of work; isolation is
    ours as well (one lock a chat), hence `disable_fsm` and registering it by hand.

    Args:
        storage: The open storage.
        channels: The ways in, by bot id.
        locks: One lock a chat, shared with deliveries.
        send: Sends replies queued by a network channel.
        answers: The use cases of questions.
        reports: The use cases of reports.
        homes: The use cases of a person's place.
        public_url: The address our own pages are reached by, for links; no slash at the end.
        wake: Called after each commit: there may be something to deliver.
    """
    dispatcher = Dispatcher(storage=ConversationStorage(), disable_fsm=True)
    dispatcher["answers"] = answers
    dispatcher["reports"] = reports
    dispatcher["homes"] = homes
    dispatcher["public_url"] = public_url
    dispatcher.update.outer_middleware(OneTransaction(storage, channels, locks, send, wake))
    dispatcher.update.outer_middleware(dispatcher.fsm)
    flows = Router(name="flows")  # one router for all: each more costs every message 50 microseconds
    follow.add_code_routes(flows)
    report.add_upload_route(flows)
    for module in (commit, follow, report, home, subscribe, ask, other):
        module.add_routes(flows)
    dispatcher.include_routers(menu.create_router(), flows)
    return dispatcher
