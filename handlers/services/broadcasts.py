"""Broadcasts: a notice written, looked at, approved and sent to everybody subscribed in a place.

The recipients are written down with the approval, in its transaction, once. Above a size the author's own approval is
not enough. What a newcomer gets wrong: the text is fixed by the approval; whoever wants another one writes another.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from handlers.services.errors import BadFields, BadInput, NotAllowed, NotFound
from handlers.services.notices import tell_seats
from knowledge.casework.access import BROADCASTING_ROLES, Permission, covers, may
from knowledge.casework.replies import Doubt, blanks, careless, load_replies
from knowledge.elections.reminders import LONGEST_NOTICE, NoticeKind, load_reminders
from storage.errors import StaleVersion
from storage.outbox import BULK, Message
from storage.repositories.broadcasts import APPROVED, CANCELLED, DRAFT, Broadcast, Unreachable
from storage.repositories.officials import Official
from storage.repositories.places import Place
from storage.unit_of_work import UnitOfWork

SHORTEST: Final = 4


@dataclass(frozen=True, slots=True)
class TypedBroadcast:
    """The form as it was typed."""

    place_path: str
    kind: str
    body: str


@dataclass(frozen=True, slots=True)
class BroadcastView:
    """A broadcast with whom it goes to, or went to.

    `villages`: how many people of which village would get it now (a draft only). `progress`: recipients by state.
    `needs_second`: more people than its author may send it to alone.
    """

    broadcast: Broadcast
    villages: tuple[tuple[str, int], ...]
    progress: dict[str, int]
    needs_second: bool

    @property
    def people(self) -> int:
        """How many people it goes to."""
        size = self.broadcast.size
        return size if size is not None else sum(count for _, count in self.villages)

    @property
    def is_running(self) -> bool:
        """Whether somebody is still to get it."""
        left = self.progress.get("waiting", 0) + self.progress.get("queued", 0)
        return self.broadcast.state == APPROVED and left > 0


async def listing(uow: UnitOfWork, official: Official) -> list[BroadcastView]:
    """The broadcasts of the official's place, newest first."""
    _require(official)
    found = await uow.broadcasts.within(official.place_path)
    return [BroadcastView(one, (), await uow.broadcasts.progress(one.id), needs_second=False) for one in found]


async def to_approve(uow: UnitOfWork, official: Official) -> int:
    """How many drafts of other people wait in the official's place."""
    _require(official)
    return await uow.broadcasts.drafts_within(official.place_path, but=official.id)


async def read(uow: UnitOfWork, official: Official, broadcast_id: int) -> BroadcastView:
    """One broadcast.

    Raises:
        NotFound: There is none in the official's place.
    """
    one = await _one(uow, official, broadcast_id)
    villages = tuple(await uow.subscriptions.within(one.place_path)) if one.state == DRAFT else ()
    people = sum(count for _, count in villages)
    progress = await uow.broadcasts.progress(one.id)
    return BroadcastView(one, villages, progress, needs_second=people > one.second_above)


async def write(uow: UnitOfWork, official: Official, typed: TypedBroadcast) -> int:
    """Write a draft; returns its id. Whoever may approve it hears that something waits.

    Raises:
        BadFields: Something is wrong in the form.
    """
    _require(official)
    place, kind, body = await _checked(uow, official, typed)
    above = load_reminders().second_person_above
    made = await uow.broadcasts.add(place_id=place.id, kind=kind, body=body, second_above=above, author_id=official.id)
    await _record(uow, official, "broadcast_written", made)
    await tell_seats(uow, BROADCASTING_ROLES, place.path, cause=f"broadcast/{made}", but=official.id)
    return made


async def rewrite(uow: UnitOfWork, official: Official, broadcast_id: int, seen: int, typed: TypedBroadcast) -> None:
    """Change one's own draft.

    Raises:
        BadFields: Something is wrong in the form, or somebody else wrote it.
        StaleVersion: It was changed, approved or stopped since it was seen.
    """
    one = await _one(uow, official, broadcast_id)
    if one.author_id != official.id:
        raise BadFields((BadInput("notice_text", "not_yours"),))
    place, kind, body = await _checked(uow, official, typed)
    await uow.broadcasts.rewrite(broadcast_id, seen, place_id=place.id, kind=kind, body=body)
    await _record(uow, official, "broadcast_changed", broadcast_id)


async def approve(uow: UnitOfWork, official: Official, broadcast_id: int, seen: int) -> int:
    """Send it, to whoever is subscribed at this moment; returns to how many.

    Raises:
        BadInput: Nobody is subscribed, or it is one's own and goes to too many.
        StaleVersion: It was changed, approved or stopped since it was seen.
    """
    await uow.begin()
    view = await read(uow, official, broadcast_id)
    if view.broadcast.state != DRAFT or view.broadcast.version != seen:
        raise StaleVersion(f"broadcast/{broadcast_id}")
    if not view.people:
        raise BadInput("approval", "nobody")
    if view.needs_second and view.broadcast.author_id == official.id:
        raise BadInput("approval", "own")
    size = await uow.broadcasts.approve(view.broadcast, seen, official.id)
    await _record(uow, official, "broadcast_approved", broadcast_id, people=size)
    return size


async def cancel(uow: UnitOfWork, official: Official, broadcast_id: int, seen: int) -> int:
    """Stop it, before or while it leaves; returns for how many people.

    Raises:
        BadInput: Everybody has it already.
        StaleVersion: It was changed or stopped since it was seen.
    """
    await uow.begin()
    view = await read(uow, official, broadcast_id)
    if view.broadcast.state == CANCELLED or (view.broadcast.state == DRAFT and view.broadcast.version != seen):
        raise StaleVersion(f"broadcast/{broadcast_id}")
    if view.broadcast.state == APPROVED and not view.is_running:
        raise BadInput("cancel", "over")
    stopped = await uow.broadcasts.cancel(view.broadcast, seen, official.id)
    await _record(uow, official, "broadcast_cancelled", broadcast_id, people=stopped)
    return stopped


async def unreachable(uow: UnitOfWork, official: Official, broadcast_id: int) -> tuple[Broadcast, list[Unreachable]]:
    """Who has to get it on paper: how many people of which village, and the candidates among them by name."""
    one = await _one(uow, official, broadcast_id)
    found = await uow.broadcasts.unreachable(broadcast_id)
    await _record(uow, official, "broadcast_unreachable_read", broadcast_id, shown=sum(row.people for row in found))
    return one, found


async def places(uow: UnitOfWork, official: Official) -> list[Place]:
    """Where an official may write to."""
    _require(official)
    return await uow.places.within(official.place_path)


async def queue_waiting(uow: UnitOfWork, limit: int) -> int:
    """Hand recipients whose turn it is to the outbox; returns how many. Not at night, not on quiet days."""
    now = uow.clock.now()
    if load_reminders().leaves_at(now) != now:
        return 0
    found = await uow.broadcasts.next_waiting(limit)
    if not found:
        return 0
    gone = [one.id for one in found if not one.subscribed]
    if gone:
        await uow.broadcasts.left(gone)
    staying = [one for one in found if one.subscribed]
    recipients = await uow.people.recipients_of(one.person_id for one in staying)
    keys = {f"broadcast/{one.id}": one.id for one in staying}
    made = await uow.outbox.put_many(
        BULK,
        [
            Message(
                f"broadcast/{one.id}",
                recipients[one.person_id],
                {
                    "notice": "broadcast",
                    "data": {"place": one.place_name, "place_id": one.place_id, "body": one.body},
                    "broadcast": one.broadcast_id,
                },
            )
            for one in staying
        ],
    )
    await uow.broadcasts.queued((keys[key], row_id) for key, row_id in made.items())
    return len(made)


async def _checked(uow: UnitOfWork, official: Official, typed: TypedBroadcast) -> tuple[Place, str, str]:
    """What a form says, or everything that is wrong with it at once."""
    place = await uow.places.by_path(typed.place_path)
    body = "\n".join(line.rstrip() for line in typed.body.strip().splitlines())
    faults = list(_body_faults(body))
    if typed.kind not in set(NoticeKind):
        faults.insert(0, BadInput("notice_kind", "unknown"))
    if place is None or not covers(official.place_path, place.path):
        faults.insert(0, BadInput("place", "unknown"))
    if faults or place is None:
        raise BadFields(tuple(faults))
    return place, typed.kind, body


def doubts(body: str) -> tuple[Doubt, ...]:
    """What in a text wants a second look before it goes to everybody; a label for somebody does not leave at all."""
    return tuple(careless(body, load_replies()))


def _body_faults(body: str) -> Iterable[BadInput]:
    if len(body) < SHORTEST:
        yield BadInput("notice_text", "too_short")
    if len(body) > LONGEST_NOTICE:
        yield BadInput("notice_text", "too_long")
    if blanks(body):
        yield BadInput("notice_text", "blank")
    if any(doubt.blocks for doubt in doubts(body)):
        yield BadInput("notice_text", "label")


async def _one(uow: UnitOfWork, official: Official, broadcast_id: int) -> Broadcast:
    _require(official)
    found = await uow.broadcasts.get(broadcast_id)
    if found is None or not covers(official.place_path, found.place_path):
        raise NotFound("broadcast")
    return found


async def _record(uow: UnitOfWork, official: Official, act: str, broadcast_id: int, **detail: int) -> None:
    await uow.log.record(actor=f"official/{official.id}", act=act, subject=f"broadcast/{broadcast_id}", **detail)


def _require(official: Official) -> None:
    if not (official.active and may(official.role, Permission.SEND_BROADCASTS)):
        raise NotAllowed
