"""Waking the pages that wait for a chat's next message."""

import asyncio
from collections import defaultdict


class ChatSignals:
    """Tells waiting requests that a chat has something new. Another process is noticed by looking again."""

    def __init__(self) -> None:
        self._waiting: defaultdict[int, set[asyncio.Event]] = defaultdict(set)

    def notify(self, chat_id: int) -> None:
        """Wake everybody who waits for this chat."""
        for event in self._waiting.get(chat_id, ()):
            event.set()

    def notify_all(self) -> None:
        """Wake everybody."""
        for chat_id in list(self._waiting):
            self.notify(chat_id)

    async def wait(self, chat_id: int, seconds: float) -> None:
        """Return when the chat is notified, or after so many seconds."""
        event = asyncio.Event()
        self._waiting[chat_id].add(event)
        try:
            async with asyncio.timeout(seconds):
                await event.wait()
        except TimeoutError:
            pass
        finally:
            self._waiting[chat_id].discard(event)
            if not self._waiting[chat_id]:
                del self._waiting[chat_id]
