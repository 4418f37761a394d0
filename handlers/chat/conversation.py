"""aiogram's FSM, kept in the person's row by the unit of work of the update.

State and data change in the same transaction as everything else an update does, so a crash cannot leave the
conversation ahead of, or behind, the draft it is about.
"""

from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from aiogram.fsm.state import State
from aiogram.fsm.storage.base import BaseStorage, StateType, StorageKey

from storage.repositories.people import Person
from storage.unit_of_work import UnitOfWork


@dataclass(slots=True)
class Conversation:
    """The update under way: its unit of work, its person, and whether the FSM changed."""

    uow: UnitOfWork
    who: Person
    changed: bool = False


#: Set by `transaction.py` for the duration of one update; a task sees its own.
current: ContextVar[Conversation] = ContextVar("conversation")

#: The unit of work a message is being sent in: an update's, or a delivery's.
sending_in: ContextVar[UnitOfWork] = ContextVar("sending_in")


class ConversationStorage(BaseStorage):
    """aiogram's storage, reading and writing the current conversation's person."""

    async def set_state(self, key: StorageKey, state: StateType = None) -> None:  # noqa: ARG002
        """Remember the state; written at commit."""
        conversation = current.get()
        conversation.who.state = state.state if isinstance(state, State) else state
        conversation.changed = True

    async def get_state(self, key: StorageKey) -> str | None:  # noqa: ARG002
        """The state."""
        return current.get().who.state

    async def set_data(self, key: StorageKey, data: Mapping[str, Any]) -> None:  # noqa: ARG002
        """Remember the data; written at commit."""
        conversation = current.get()
        conversation.who.data = dict(data)
        conversation.changed = True

    async def get_data(self, key: StorageKey) -> dict[str, Any]:  # noqa: ARG002
        """The data."""
        return dict(current.get().who.data)

    async def close(self) -> None:
        """Nothing to close: the database is not ours."""
