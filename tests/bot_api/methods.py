"""The methods of the Bot API that this server speaks, each with Telegram's own refusals.

A method is `async (account, call, limits) -> result`; the table at the end is the whole list. Validation
comes before flood control, as on Telegram: a message that is refused for its content costs no room in a
window.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from tests.bot_api.account import BotAccount
from tests.bot_api.api_error import bad_request, too_many_requests
from tests.bot_api.call import Call, Upload
from tests.bot_api.chats import Chat, Content, SentMessage
from tests.bot_api.content import (
    CALLBACK_ANSWER_CHARACTERS,
    caption_text,
    message_text,
    visible_buttons,
)
from tests.bot_api.limits import Limits
from tests.bot_api.people import TelegramUser
from tests.bot_api.updates import DEFAULT_KINDS

Method = Callable[[BotAccount, Call, Limits], Awaitable[Any]]
_POLL_MOST = 100


async def get_me(account: BotAccount, _call: Call, _limits: Limits) -> dict[str, Any]:
    return account.profile | {
        "can_join_groups": True,
        "can_read_all_group_messages": False,
        "supports_inline_queries": False,
    }


async def get_updates(account: BotAccount, call: Call, _limits: Limits) -> list[dict[str, Any]]:
    kinds = call.structure("allowed_updates")
    if kinds is not None:
        account.updates.kinds = frozenset(kinds) or DEFAULT_KINDS
    return await account.updates.poll(
        offset=call.integer("offset"),
        most=min(call.integer("limit", _POLL_MOST), _POLL_MOST),
        timeout_seconds=call.integer("timeout"),
    )


async def delete_webhook(account: BotAccount, call: Call, _limits: Limits) -> bool:
    if call.truth("drop_pending_updates"):
        account.updates.forget_pending()
    return True


async def get_webhook_info(account: BotAccount, _call: Call, _limits: Limits) -> dict[str, Any]:
    return {"url": "", "has_custom_certificate": False, "pending_update_count": len(account.updates)}


async def set_my_commands(account: BotAccount, call: Call, _limits: Limits) -> bool:
    account.commands = list(call.structure("commands") or [])
    return True


async def send_message(account: BotAccount, call: Call, limits: Limits) -> dict[str, Any]:
    chat = account.chat(call.text("chat_id"))
    markup = call.structure("reply_markup")
    text = message_text(call.text("text"), call.text("parse_mode"))
    return _deliver(account, chat, Content(text, visible_buttons(markup), markup), call, limits)


async def send_photo(account: BotAccount, call: Call, limits: Limits) -> dict[str, Any]:
    chat = account.chat(call.text("chat_id"))
    upload = _file_to_send(account, call, "photo", limits.photo_upload_bytes)
    stored = account.store(upload.data, "photos", ".jpg")
    content = _media_content(call, photo=upload.data, wire={"photo": [stored.wire() | {"width": 800, "height": 600}]})
    return _deliver(account, chat, content, call, limits)


async def send_document(account: BotAccount, call: Call, limits: Limits) -> dict[str, Any]:
    chat = account.chat(call.text("chat_id"))
    upload = _file_to_send(account, call, "document", limits.document_upload_bytes)
    stored = account.store(upload.data, "documents", f"_{upload.name}")
    wire = {"document": stored.wire() | {"file_name": upload.name, "mime_type": upload.mime_type}}
    content = _media_content(call, document=upload.data, document_name=upload.name, wire=wire)
    return _deliver(account, chat, content, call, limits)


async def send_chat_action(account: BotAccount, call: Call, _limits: Limits) -> bool:
    account.chat(call.text("chat_id")).actions.append(call.text("action"))
    return True


async def edit_message_text(account: BotAccount, call: Call, limits: Limits) -> dict[str, Any]:
    chat, message = _message_to_edit(account, call)
    if message.content.wire:
        raise bad_request("there is no text in the message to edit")
    markup = call.structure("reply_markup")
    text = message_text(call.text("text"), call.text("parse_mode"))
    return _edit(account, chat, message, Content(text, visible_buttons(markup), markup), limits)


async def edit_message_caption(account: BotAccount, call: Call, limits: Limits) -> dict[str, Any]:
    chat, message = _message_to_edit(account, call)
    now = message.content
    if not now.wire:
        raise bad_request("there is no caption in the message to edit")
    content = _media_content(
        call, photo=now.photo, document=now.document, document_name=now.document_name, wire=now.wire
    )
    return _edit(account, chat, message, content, limits)


async def edit_message_reply_markup(account: BotAccount, call: Call, limits: Limits) -> dict[str, Any]:
    chat, message = _message_to_edit(account, call)
    now, markup = message.content, call.structure("reply_markup")
    content = Content(now.text, visible_buttons(markup), markup, now.photo, now.document, now.document_name, now.wire)
    return _edit(account, chat, message, content, limits)


async def delete_message(account: BotAccount, call: Call, _limits: Limits) -> bool:
    chat = account.chat(call.text("chat_id"))
    message_id = call.integer("message_id")
    message = chat.message(message_id)
    if message is not None:
        message.deleted = True
    elif not (isinstance(chat, TelegramUser) and chat.take_back(message_id)):
        raise bad_request("message to delete not found")
    chat.changed()
    return True


async def answer_callback_query(account: BotAccount, call: Call, limits: Limits) -> bool:
    pressed_at, chat = account.pressed_at.get(call.text("callback_query_id"), (None, None))
    expired = pressed_at is None or account.monotonic() - pressed_at > limits.callback_lifetime_seconds
    if chat is None or expired:
        raise bad_request("query is too old and response timeout expired or query ID is invalid")
    if len(call.text("text")) > CALLBACK_ANSWER_CHARACTERS:
        raise bad_request("MESSAGE_TOO_LONG")
    del account.pressed_at[call.text("callback_query_id")]
    if isinstance(chat, TelegramUser):
        chat.receive_answer(call.text("callback_query_id"), call.text("text"), alert=call.truth("show_alert"))
    return True


async def get_file(account: BotAccount, call: Call, limits: Limits) -> dict[str, Any]:
    stored = account.file(call.text("file_id"))
    if len(stored.data) > limits.download_bytes:
        raise bad_request("file is too big")
    return stored.wire() | {"file_path": stored.path}


def _deliver(account: BotAccount, chat: Chat, content: Content, call: Call, limits: Limits) -> dict[str, Any]:
    _pass_gate(account, chat, limits)
    return account.wire(account.deliver(chat, content, call.parameters, call.method))


def _edit(account: BotAccount, chat: Chat, message: SentMessage, content: Content, limits: Limits) -> dict[str, Any]:
    if (content.text, content.buttons) == (message.text, message.buttons):
        raise bad_request(
            "message is not modified: specified new message content and reply markup are exactly the same "
            "as a current content and reply markup of the message"
        )
    _pass_gate(account, chat, limits, edit=True)
    message.show(content)
    chat.changed()
    return account.wire(message)


def _pass_gate(account: BotAccount, chat: Chat, limits: Limits, *, edit: bool = False) -> None:
    retry_after = account.gate.admit(chat.id, now=account.monotonic(), limits=limits, edit=edit)
    if retry_after:
        raise too_many_requests(retry_after)


def _message_to_edit(account: BotAccount, call: Call) -> tuple[Chat, SentMessage]:
    chat = account.chat(call.text("chat_id"))
    message = chat.message(call.integer("message_id"))
    if message is not None:
        return chat, message
    if isinstance(chat, TelegramUser) and chat.wrote(call.integer("message_id")):
        raise bad_request("message can't be edited")
    raise bad_request("message to edit not found")


def _media_content(call: Call, **media: Any) -> Content:
    markup = call.structure("reply_markup")
    caption = caption_text(call.text("caption"), call.text("parse_mode"))
    return Content(caption, visible_buttons(markup), markup, **media)


def _file_to_send(account: BotAccount, call: Call, field: str, most_bytes: int) -> Upload:
    upload = call.upload(field)
    if upload is None:
        return _file_by_reference(account, call.text(field), field)
    if not upload.data:
        raise bad_request("file must be non-empty")
    if len(upload.data) > most_bytes:
        raise bad_request(f"file of size {len(upload.data)} bytes is too big for a {field}")
    return upload


def _file_by_reference(account: BotAccount, reference: str, field: str) -> Upload:
    if not reference:
        raise bad_request(f"there is no {field} in the request")
    if reference.startswith(("http://", "https://")):
        raise bad_request("failed to get HTTP URL content")  # this server fetches nothing
    stored = account.file(reference)
    return Upload(stored.data, stored.path.rpartition("/")[2], "application/octet-stream")


METHODS: dict[str, Method] = {
    "answerCallbackQuery": answer_callback_query,
    "deleteMessage": delete_message,
    "deleteWebhook": delete_webhook,
    "editMessageCaption": edit_message_caption,
    "editMessageReplyMarkup": edit_message_reply_markup,
    "editMessageText": edit_message_text,
    "getFile": get_file,
    "getMe": get_me,
    "getUpdates": get_updates,
    "getWebhookInfo": get_webhook_info,
    "sendChatAction": send_chat_action,
    "sendDocument": send_document,
    "sendMessage": send_message,
    "sendPhoto": send_photo,
    "setMyCommands": set_my_commands,
}
