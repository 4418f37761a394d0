"""Reminders: planned once for each (subject, stage, person), queued when due, sent by the outbox.

What is due for one person at one time becomes one message (a digest), in a chat or for an official. What a newcomer
gets wrong: a reminder that has lost its reason (signed, done, moved, over) is marked all the same, and not sent.
"""

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Final

from handlers.services.election_reminders import DISCIPLINE, codes
from handlers.services.elections import title_of
from handlers.services.notices import OFFICIALS_CHANNEL
from knowledge.casework.clocks import load_clocks
from knowledge.clock import SHANGHAI, local_date
from knowledge.elections.reminders import Phase, Role, load_reminders
from knowledge.writing_hours import within_hours
from storage import leases
from storage.outbox import BULK, Message, Recipient
from storage.repositories.elections import Candidate
from storage.repositories.reminders import NewReminder, OpenTask, Reminder, RunningElection
from storage.unit_of_work import UnitOfWork

COMMITMENT_LADDER: Final = (3, 1, 0)  # calendar days before the commitments are due
COMMITMENTS: Final = "commitments"
#: For how many people one transaction queues.
PEOPLE: Final = 200


async def plan_commitment_reminders(uow: UnitOfWork) -> int:
    """Write down what is due for candidates who have not signed everything; returns how many are new.

    Only the rung of the ladder that fits today is planned, so a system that was down does not send three at once.
    """
    now = uow.clock.now()
    today = local_date(now)
    last = today + timedelta(days=max(COMMITMENT_LADDER))
    planned_until = await leases.worked_on(uow) or today
    new: list[NewReminder] = []
    for candidate in await uow.elections.unsigned(from_day=today, due_until=last):
        due = candidate.election.commitments_due_on
        rung = min(days for days in COMMITMENT_LADDER if days >= (due - today).days)
        if candidate.person_id is None:
            continue
        rung_on = due - timedelta(days=rung)
        new.append(
            NewReminder(
                subject=f"candidate/{candidate.id}",
                stage=f"{COMMITMENTS}/T-{rung}/{due.isoformat()}",
                role="candidates",
                for_on=rung_on if planned_until < rung_on < today else today,
                due_at=load_reminders().leaves_at(now, candidate.election.place_path),
                person_id=candidate.person_id,
            )
        )
    return await uow.reminders.add(new) if new else 0


@dataclass(frozen=True, slots=True)
class Queued:
    """What one page came to: how many messages were queued, and whether more may be due."""

    messages: int
    more: bool


async def queue_due(uow: UnitOfWork, people: int = PEOPLE) -> Queued:
    """Move what is due for some people to the outbox in this unit of work. Not at night; little on quiet days.

    One that lost its reason meanwhile (signed, withdrawn, done, moved) is marked and not sent.
    """
    now, book = uow.clock.now(), load_reminders()
    if within_hours(now) != now:
        return Queued(0, more=False)
    today = local_date(now)
    # On a quiet day only what was meant for this very day leaves (`urgent` stages).
    since = datetime.combine(today, time.min, SHANGHAI) if book.is_quiet(today) else None
    due = await uow.reminders.take_due(since=since, people=people)
    if not due:
        return Queued(0, more=False)
    reasons = await _Reasons.of(uow, due)
    messages = [
        *await _for_people(uow, _by(due, lambda one: one.person_id), reasons, today),
        *await _for_officials(uow, _by(due, lambda one: one.official_id), reasons, today),
    ]
    made = await uow.outbox.put_many(BULK, messages)
    return Queued(len(made), more=True)


def _by(due: Iterable[Reminder], whom: Any) -> dict[int, list[Reminder]]:
    found: dict[int, list[Reminder]] = {}
    for one in due:
        if whom(one) is not None:
            found.setdefault(whom(one), []).append(one)
    return found


async def _for_people(
    uow: UnitOfWork, due: Mapping[int, Sequence[Reminder]], reasons: "_Reasons", today: date
) -> list[Message]:
    recipients = await uow.people.recipients_of(due) if due else {}
    return [
        message
        for person_id, theirs in due.items()
        if (message := _digest(theirs, recipients[person_id], reasons, today)) is not None
    ]


async def _for_officials(
    uow: UnitOfWork, due: Mapping[int, Sequence[Reminder]], reasons: "_Reasons", today: date
) -> list[Message]:
    """For officials with a chat for notices; the others see their timetable at the desk."""
    chats = await uow.officials.notice_chats(due.keys()) if due else {}
    return [
        message
        for official_id, chat_id in chats.items()
        if (message := _digest(due[official_id], Recipient(OFFICIALS_CHANNEL, chat_id), reasons, today)) is not None
    ]


def _digest(theirs: Sequence[Reminder], recipient: Recipient, reasons: "_Reasons", today: date) -> Message | None:
    """One message of all that is due for somebody; None when nothing of it has a reason any more."""
    items = [item for one in theirs if (item := reasons.item(one, today)) is not None]
    if not items:
        return None
    if len(items) == 1 and items[0]["kind"] == COMMITMENTS:
        payload = {"notice": "commitments_due", "data": items[0]}
    else:
        payload = {"notice": "election_reminders", "data": {"items": _grouped(items)}}
    return Message(f"reminder/{theirs[0].id}", recipient, payload)


def _grouped(items: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Items that say the same of several places are one, and a deadline's rungs are its last one; in order of days."""
    latest: dict[Any, dict[str, Any]] = {}
    for item in items:
        task = item.get("task")
        known = latest.get(("task", task)) if task is not None else None
        if known is None:
            latest["task", task if task is not None else ("other", item["ids"][0])] = item
            continue
        ids, was_for = sorted({*known["ids"], *item["ids"]}), sorted({*known["was_for"], *item["was_for"]})
        newer = max(known, item, key=lambda one: int(one["offset"]))
        latest["task", task] = {**newer, "ids": ids, "was_for": was_for}
    merged: dict[Any, dict[str, Any]] = {}
    for item in latest.values():
        key = tuple(str(item.get(name)) for name in ("kind", "title", "stage", "role", "phase", "day", "was_for"))
        known = merged.get(key) if item["kind"] == "deadline" else None
        if known is None:
            merged[key if item["kind"] == "deadline" else (*key, item["ids"][0])] = item
        else:
            merged[key] = {**known, "ids": known["ids"] + item["ids"], "places": known["places"] + item["places"]}
    order = {"stage": 0, COMMITMENTS: 1, "deadline": 2}
    return sorted(merged.values(), key=lambda one: (order[one["kind"]], one.get("day", ""), one["ids"]))


@dataclass(frozen=True, slots=True)
class _Reasons:
    """What the subjects of some reminders look like now."""

    tasks: Mapping[int, OpenTask]
    elections: Mapping[int, RunningElection]
    candidates: Mapping[int, tuple[Candidate, list[str]]]
    subscribed: AbstractSet[tuple[int, int]]

    @classmethod
    async def of(cls, uow: UnitOfWork, due: Sequence[Reminder]) -> "_Reasons":
        """What the subjects of some reminders look like, each looked up once."""
        ids: dict[str, set[int]] = {"task": set(), "election": set(), "candidate": set()}
        for one in due:
            kind, _, number = one.subject.partition("/")
            ids[kind].add(int(number))
        elections = await uow.reminders.running(codes(load_reminders()), ids=ids["election"]) if ids["election"] else []
        candidates: dict[int, tuple[Candidate, list[str]]] = {}
        for candidate_id in sorted(ids["candidate"]):
            candidate = await uow.elections.candidate(candidate_id)
            if candidate is not None and candidate.state == "signing":
                signed = {signature.kind for signature in await uow.elections.signatures(candidate)}
                candidates[candidate_id] = candidate, sorted(signed)
        tasks = await uow.reminders.tasks(ids["task"]) if ids["task"] else {}
        people = [one.person_id for one in due if one.role == Role.VILLAGERS and one.person_id is not None]
        subscribed = await uow.subscriptions.among(people) if people else frozenset[tuple[int, int]]()
        return cls(tasks, {one.id: one for one in elections}, candidates, subscribed)

    def item(self, one: Reminder, today: date) -> dict[str, Any] | None:
        """What a reminder has to say now; None when it has lost its reason."""
        kind, _, number = one.subject.partition("/")
        was_for = [one.for_on.isoformat()] if one.for_on is not None and one.for_on < today else []
        say = {"task": self._task, "election": self._stage, "candidate": self._commitments}[kind]
        found = say(one, int(number))
        return None if found is None else {"ids": [one.id], "role": one.role, "was_for": was_for, **found}

    def _task(self, one: Reminder, task_id: int) -> dict[str, Any] | None:
        task = self.tasks.get(task_id)
        rung, _, due_on = one.stage.partition("/")
        if task is None or task.due_on.isoformat() != due_on:
            return None
        offset = next((stage.offset for stage in load_clocks().ladder if stage.id == rung), 0)
        return {
            "kind": "deadline",
            "task": task.id,
            "title": title_of(task.body, task.code),
            "phase": Phase.of(offset).value,
            "offset": offset,
            "day": due_on,
            "places": [task.place_name],
        }

    def _stage(self, one: Reminder, election_id: int) -> dict[str, Any] | None:
        election = self.elections.get(election_id)
        _, name, about = one.stage.split("/")
        stage = load_reminders().stage(name)
        days = stage.day(election.election_day, election.tasks) if stage and election else None
        if election is None or days is None or days[1].isoformat() != about:
            return None
        if one.role == Role.VILLAGERS and (one.person_id, election.place_id) not in self.subscribed:
            return None
        return {
            "kind": DISCIPLINE,
            "stage": name,
            "day": about,
            "election_day": election.election_day.isoformat(),
            "place": election.place_name,
            "place_id": election.place_id,
            "place_kind": election.place_kind,
        }

    def _commitments(self, one: Reminder, candidate_id: int) -> dict[str, Any] | None:
        if candidate_id not in self.candidates:
            return None
        candidate, signed = self.candidates[candidate_id]
        due_on = one.stage.rpartition("/")[2]
        return {"kind": COMMITMENTS, "candidate": candidate.id, "due_on": due_on, "day": due_on, "signed": signed}
