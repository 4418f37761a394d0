"""Villagers subscribe to their village's election reminders, and end it with one tap.

What a newcomer gets wrong: a subscription names the place, not the home. Whoever moves keeps what they subscribed to
until they end it, and the button under each message says which place it ends.
"""

from dataclasses import dataclass

from handlers.services.place_names import ELECTING
from storage.repositories.people import Person
from storage.repositories.places import Place
from storage.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class Subscribed:
    """What somebody is subscribed to now; `before`: they were already."""

    place: Place
    before: bool


async def subscribe(uow: UnitOfWork, who: Person, place_id: int | None = None) -> Subscribed | None:
    """Subscribe somebody to a village or community, their own if none is named; None when there is no such place."""
    wanted = place_id if place_id is not None else who.place_id
    place = await uow.places.get(wanted) if wanted is not None else None
    if place is None or place.kind not in ELECTING:
        return None
    return Subscribed(place, before=not await uow.subscriptions.add(who.id, place.id))


async def unsubscribe(uow: UnitOfWork, who: Person, place_id: int | None = None) -> list[str]:
    """End a subscription, or all of somebody's; returns the names of the places."""
    had = await uow.subscriptions.of(who.id)
    ended = [name for found, name in had if place_id is None or found == place_id]
    if ended:
        await uow.subscriptions.end(who.id, place_id)
    return ended
