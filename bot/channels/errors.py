"""What can go wrong with a notice to an official, in words of our own."""

from dataclasses import dataclass
from typing import ClassVar, Literal

from knowledge.errors import QingfengError


@dataclass(slots=True, eq=False)
class OfficialUnreachable(QingfengError):
    """The official blocked the bot or never started it: only the official can change that."""

    code: ClassVar[str] = "official_unreachable"
    reason: Literal["blocked", "not_started"]


@dataclass(slots=True, eq=False)
class NoticeTokenRejected(QingfengError):
    """Telegram does not know the token: every notice will fail until the setting is mended."""

    code: ClassVar[str] = "notice_token_rejected"


@dataclass(slots=True, eq=False)
class NoticeDelayed(QingfengError):
    """The network or Telegram failed for now: send it again later.

    When `may_have_arrived`, the official may see the notice twice: no harm, it holds no content.
    """

    code: ClassVar[str] = "notice_delayed"
    may_have_arrived: bool
