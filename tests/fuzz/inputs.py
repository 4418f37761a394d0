"""Random inputs of the two ways in: Telegram-shaped updates, and requests to the web chat's API.

Half of what is made is nearly right (real buttons, real commands, real kinds of messages), because pure noise never
gets past the door; the other half is bent in one place or noise altogether. A seed makes the same inputs again.
"""

import json
import random
import string
from collections.abc import Callable
from typing import Any

Raw = dict[str, Any]
WORDS = (
    *("我要反映", "我的反映", "停", "返回", "不留名", "没有", "换村", "/start", "/start x", "/my", "/help", "1", "2"),
    *("委托票一个人能带几张？", "昨天晚上", "3月8日", "村口小卖部", "王小明 13812345678", "13800", "李大富", "柳树村"),
    *(
        "他给每家两百块拉票，这犯法不？",
        "落选了多少天内再选",
        "2026-13-45",
        "\uff10\uff11",
        "QC-2222-3333-4444-5555-6666",
    ),
    *(
        "我的数据",
        "转人工",
        "亲眼看到",
        "发完了",
        "对，提交",
        "改一下",
        "🙂",
        "\u202e反",
        "\u0000",
        "a" * 4096,
        "字" * 4096,
    ),
)
HEADS = (
    b"\xff\xd8\xff\xe0",
    b"\x89PNG\r\n\x1a\n",
    b"GIF8",
    b"%PDF-1.7",
    b"OggS",
    b"ID3",
    b"PK\x03\x04",
    b"RIFF....WEBP",
    b"",
)
NAMES = (
    "照片.jpg",
    "../../etc/passwd",
    "a\x00b.png",
    "x" * 300,
    "",
    ".",
    "<script>.svg",
    "\u202egpj.exe",
    "C:\\x\\y.doc",
    "🙂",
)
ODD: tuple[Any, ...] = (
    None,
    True,
    0,
    -1,
    2**63,
    -(2**63),
    2**53,
    1e308,
    "",
    "x",
    [],
    {},
    [[]],
    {"a": {"b": []}},
    "\ud83d",
)
ACTS = ("report", "ask", "mine", "submit", "drop", "skip", "back", "place", "edit", "show", "add", "sign", "useful")


class Chance(random.Random):
    """A random generator with what inputs are made of."""

    def words(self) -> str:
        """Something typed."""
        if self.random() < 0.6:
            return self.choice(WORDS)
        return "".join(self.sign() for _ in range(self.choice((1, 3, 20, 200))))

    def sign(self) -> str:
        """A character that text may hold."""
        low, high = self.choice(
            ((0x20, 0x7E), (0x4E00, 0x9FA5), (0, 0x1F), (0x80, 0x2FFF), (0xE000, 0xFFFD), (0x10000, 0x10FFFF))
        )
        return chr(self.randint(low, high))

    def data(self, known: list[str]) -> str:
        """What a button presses back: one that was shown, one bent, one made up."""
        if known and self.random() < 0.7:
            shown = self.choice(known)
            return shown if self.random() < 0.7 else self.bent(shown)
        parts = [self.choice(ACTS), str(self.choice(("", "x", -1, 2**64, "QF-2222-3333", "what", "evidence")))]
        return ":".join((self.choice(("menu", "report", "case", "q", "e", "home", "sign", "")), *parts))[:60]

    def bent(self, text: str) -> str:
        """A text with one place changed."""
        at = self.randrange(len(text) + 1)
        return (text[:at] + self.choice(("", ":", "9" * 20, "字", "\x00", "-")) + text[at + self.randint(0, 2) :])[:64]

    def file(self) -> bytes:
        """Bytes that begin like something, or like nothing."""
        return self.choice(HEADS) + self.randbytes(self.choice((0, 1, 7, 300)))

    def odd(self, value: Any) -> Any:
        """A JSON value with one part replaced by what does not belong there."""
        if isinstance(value, dict) and value and self.random() < 0.8:
            key = self.choice(list(value))
            changed = dict(value)
            if self.random() < 0.2:
                del changed[key]
            else:
                changed[key] = self.odd(value[key])
            return changed
        if isinstance(value, list) and value and self.random() < 0.8:
            return [self.odd(value[0]), *value[1:]]
        return self.choice(ODD)


def update(chance: Chance, number: int, chat_id: int, known: list[str], files: dict[str, bytes]) -> Raw:
    """One Telegram-shaped update, sometimes bent."""
    kind, body = _body(chance, number, chat_id, known, files)
    raw: Raw = {"update_id": number, kind: body}
    return chance.odd(raw) if chance.random() < 0.25 else raw


def _body(chance: Chance, number: int, chat_id: int, known: list[str], files: dict[str, bytes]) -> tuple[str, Raw]:
    person = {"id": chat_id, "is_bot": False, "first_name": chance.words()[:60] or "x"}
    chat = {"id": chat_id, "type": chance.choice(("private",) * 9 + ("group", "supergroup", "channel"))}
    message: Raw = {"message_id": number, "date": 1_772_000_000, "chat": chat, "from": person}
    roll = chance.random()
    if roll < 0.30:
        under = {**message, "text": "…", "message_id": chance.choice((number, 1, number - 1))}
        query = {"id": str(number), "from": person, "chat_instance": "x", "data": chance.data(known), "message": under}
        if chance.random() < 0.05:
            del query["message"]
        return "callback_query", query
    if roll < 0.36:
        return "edited_message", {**message, "edit_date": 1_772_000_001, "text": chance.words()}
    if roll < 0.38:
        member = {"status": "kicked", "user": person, "until_date": 0}
        old = {"status": "member", "user": person}
        return "my_chat_member", {
            "chat": chat,
            "from": person,
            "date": 1,
            "old_chat_member": old,
            "new_chat_member": member,
        }
    if roll < 0.70:
        return "message", {**message, "text": chance.words()}
    return "message", {**message, **_content(chance, number, files)}


def _content(chance: Chance, number: int, files: dict[str, bytes]) -> Raw:
    file_id = f"F{number}"
    files[file_id] = chance.file()
    file = {"file_id": file_id, "file_unique_id": file_id, "file_size": chance.choice((len(files[file_id]), 0, 2**31))}
    seen = {"width": chance.choice((0, 90, 10**6)), "height": 90}
    kinds: tuple[Callable[[], Raw], ...] = (
        lambda: {
            "photo": [{**file, **seen}],
            "caption": chance.words()[:1024],
            "media_group_id": chance.choice(("1", "2")),
        },
        lambda: {"photo": []},
        lambda: {"document": {**file, "file_name": chance.choice(NAMES), "mime_type": chance.words()[:40]}},
        lambda: {"voice": {**file, "duration": chance.choice((0, 3, 10**6))}},
        lambda: {"video": {**file, **seen, "duration": 3}, "caption": chance.words()[:1024]},
        lambda: {"video_note": {**file, "length": 9, "duration": 3}},
        lambda: {"audio": {**file, "duration": 3, "title": chance.words()[:60]}},
        lambda: {"animation": {**file, **seen, "duration": 1}},
        lambda: {"sticker": {**file, **seen, "type": "regular", "is_animated": False, "is_video": False}},
        lambda: {"location": {"latitude": chance.uniform(-90, 90), "longitude": chance.uniform(-180, 180)}},
        lambda: {"contact": {"phone_number": chance.words()[:30], "first_name": chance.words()[:30]}},
        lambda: {"venue": {"location": {"latitude": 0, "longitude": 0}, "title": chance.words(), "address": "x"}},
        lambda: {"dice": {"emoji": "🎲", "value": 3}},
        lambda: {"text": chance.words(), "forward_origin": {"type": "hidden_user", "sender_user_name": "x", "date": 1}},
        lambda: {
            "text": chance.words(),
            "entities": [{"type": "bot_command", "offset": 0, "length": chance.choice((0, 5, 9999))}],
        },
        lambda: {"new_chat_members": [{"id": 1, "is_bot": False, "first_name": "x"}]},
        lambda: {"pinned_message": {"message_id": 1, "date": 0, "chat": {"id": 1, "type": "private"}}},
        lambda: {"poll": {"id": "1", "question": "x", "options": [], "total_voter_count": 0}},
        dict,
    )
    return chance.choice(kinds)()


def request(chance: Chance, known: list[str]) -> tuple[str, str, dict[str, Any]]:
    """One request to the web chat: method, path with query, and what httpx is given."""
    roll = chance.random()
    if roll < 0.12:
        value = chance.choice(("0", "-1", "x", "9" * 40, "1e5", "", "%00"))
        return "GET", f"/api/chat/messages?after={value}&wait={chance.choice(('0', 'nan', '-3', 'x'))}", {}
    if roll < 0.16:
        return "GET", f"/api/chat/files/{chance.choice(('x', '..%2f..%2fetc', '%00', 'a' * 300, '0' * 32))}", {}
    if roll < 0.20:
        return "POST", "/api/chat/session", {"content": chance.randbytes(9)}
    if roll < 0.60:
        body: Any = (
            {"text": chance.words()}
            if chance.random() < 0.6
            else {"callback": chance.data(known), "message_id": chance.choice((1, None, "x", 2**70))}
        )
        if chance.random() < 0.3:
            body = {**body, "key": chance.choice(("k", "", 3, None, [], "字" * 400))}
        if chance.random() < 0.2:
            body = chance.odd(body)
        return (
            "POST",
            "/api/chat/messages",
            {"content": json.dumps(body).encode(), "headers": {"content-type": "application/json"}},
        )
    if roll < 0.72:
        content = chance.choice(
            (chance.randbytes(40), b"", b"[" * 5_000, b'{"text": "\\ud800"}', b'{"text": 1e999}', b"\xff\xfe")
        )
        kind = chance.choice(
            ("application/json", "text/plain", "multipart/form-data", "multipart/form-data; boundary=", "\x7f")
        )
        return "POST", "/api/chat/messages", {"content": content, "headers": {"content-type": kind}}
    return "POST", "/api/chat/messages", _upload(chance)


def _upload(chance: Chance) -> dict[str, Any]:
    """A multipart body written by hand, whole or broken somewhere."""
    mark = "".join(chance.choices(string.ascii_letters, k=12))
    parts = []
    for _ in range(chance.choice((0, 1, 1, 2, 12))):
        name = chance.choice(NAMES).replace('"', "").replace("\n", "")
        head = f'Content-Disposition: form-data; name="{chance.choice(("files", "files", "text", "x", ""))}"'
        if chance.random() < 0.8:
            head += f'; filename="{name}"'
        parts.append(
            f"--{mark}\r\n{head}\r\nContent-Type: {chance.choice(('image/jpeg', 'x', ''))}\r\n\r\n".encode()
            + chance.file()
            + b"\r\n"
        )
    words = f'--{mark}\r\nContent-Disposition: form-data; name="text"\r\n\r\n{chance.words()[:500]}\r\n'.encode(
        errors="replace"
    )
    whole = b"".join((*parts, words, f"--{mark}--\r\n".encode()))
    if chance.random() < 0.3:
        at = chance.randrange(len(whole))
        whole = whole[:at] + chance.randbytes(chance.choice((0, 1, 5))) + whole[at + chance.choice((0, 1, 30)) :]
    return {"content": whole, "headers": {"content-type": f"multipart/form-data; boundary={mark}"}}
