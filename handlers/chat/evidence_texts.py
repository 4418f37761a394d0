"""What the chat says of large files and of signed receipts.

Both are links. The one for a file is used once. The one for a receipt carries it behind `#`, a part that a browser
sends nowhere: whoever copies the link has copied the receipt.
"""

from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from handlers.chat.keyboards import CaseTap, MenuTap
from handlers.chat.reply import Button, Reply, rows_of, tap
from handlers.chat.wording import MINE, REPORT, people_time
from handlers.services.uploads import MOST_WAITING, Offer
from storage.repositories.cases import Case

WANTS_TO_UPLOAD: Final = ("我要上传大文件", "上传大文件", "传大文件", "有大文件", "大文件")
_TOO_MANY: Final = f"前面给过您{MOST_WAITING}个链接，都还没传。请先用那些，一个链接传一个文件。"
_HOW: Final = "点开下面的链接来传，最大500兆。只能用一次，{until}前有效："


def upload_link(
    offer: Offer, public_url: str, now: datetime, *, own_page: bool, was_sent: bool = True, kept_words: bool = False
) -> Reply:
    """A link for a file that is too large for the chat.

    Args:
        offer: The link.
        public_url: Where our pages are.
        now: The present.
        own_page: The chat is our own page, where a button opens any address of ours; a network's opens https only.
        was_sent: Somebody tried to send the file here.
        kept_words: Words came with it, and were kept.
    """
    lines = ["这个文件超过20兆，聊天里传不过来。"] if was_sent else []
    if not offer.token:
        lines.append(_TOO_MANY)
        return Reply("\n".join([*lines, *_kept(kept_words=kept_words)]))
    url = f"{public_url}/upload/{offer.token}"
    lines += [_HOW.format(until=people_time(offer.until, now)), url, "传到以前，先记着“还有材料没到”。"]
    rows = ((Button("打开上传的页面", url=url),),) if own_page or url.startswith("https://") else ()
    return Reply("\n".join([*lines, *_kept(kept_words=kept_words)]), rows)


def _kept(*, kept_words: bool) -> list[str]:
    return ["一起发来的字收好了。"] if kept_words else []


def upload_where() -> Reply:
    """Somebody has a large file, and it is not known what it belongs to."""
    return Reply(
        "大文件可以用链接传，最大500兆。先看看是哪一件的：\n新的事，点“我要反映”；以前反映过的，点“我的反映”，选那一件再发“我要上传大文件”。",
        rows_of([tap(REPORT, MenuTap(act="report")), tap(MINE, MenuTap(act="mine"))], 2),
    )


def with_receipt(reply: Reply, signed: str, public_url: str) -> Reply:
    """A receipt with the link that proves it; without an address of ours, the bare text of it."""
    if not signed:
        return reply
    return replace(reply, text=f"{reply.text}\n\n{_proof(signed, public_url)}")


def signed_receipt(case: Case, signed: str | None, public_url: str) -> Reply:
    """The newest signed receipt of a case."""
    back = ((tap("看这一件", CaseTap(act="show", number=case.number)),),)
    if signed is None:
        return Reply(f"{case.number} 是早些时候收的，还没有签名的收据。再补充一个文件，就会给您一份。", back)
    return Reply(f"{case.number}：\n{_proof(signed, public_url)}", back)


def _proof(signed: str, public_url: str) -> str:
    about = "签了名的收据：能证明您反映过、交了哪些文件。里面没有您的名字，也没有您写的内容。整条复制就能存、能转。"
    return f"{about}\n{public_url}/receipt#{signed}" if public_url else f"{about}\n{signed}"


def large_file_arrived(data: dict[str, Any], _now: datetime) -> Reply:
    """A file came by its link."""
    number = data["number"]
    text = f"大文件收到了，放进 {number}了。校验码：{data['hash'][:8]}\n收据也换成新的了，点下面能看。"
    buttons = [
        tap("看新收据", CaseTap(act="receipt", number=number)),
        tap("补充材料", CaseTap(act="add", number=number)),
    ]
    return Reply(text, rows_of(buttons, 2))
