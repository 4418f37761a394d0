"""Counting people behind the same subject; when there are enough, every report of theirs must be investigated.

Counted anew whenever it has become known who somebody is. Each report counts only what everybody who sees it may know
of (knowledge.casework.mass_reaction), so a report that an official stands back from is never felt in one that this
official sees.
"""

from collections.abc import Iterable
from datetime import date
from functools import cached_property
from typing import Any, Final

from handlers.services.flags import raise_once
from handlers.services.notices import tell_nearest
from knowledge.casework.access import LEADING_ROLES
from knowledge.casework.categories import CategorySet, load_categories
from knowledge.casework.classification import Classifier
from knowledge.casework.lifecycle import CLOSED_STATES
from knowledge.casework.mass_reaction import Crowd, Voice, crowds
from storage.repositories.cases import Case
from storage.repositories.flags import CaseFlag
from storage.repositories.links import MASS, Link
from storage.tables.cases import cases as case_table
from storage.unit_of_work import UnitOfWork

DETECTOR: Final = "mass_reaction"
#: More reports about one person in one village than this are not held against each other at once.
MOST: Final = 5_000


async def hold(uow: UnitOfWork, case_id: int, content: CategorySet | None = None) -> None:
    """Let everybody who could count the same people, or change one of their cases, wait until the commit.

    To be called before the first write; afterwards whatever is read is what stands.
    """
    key = await uow.mass_reactions.key_of(case_id)
    await hold_group(uow, key, {case_id}, content or load_categories())


async def hold_group(uow: UnitOfWork, key: str | None, ids: set[int], rules: CategorySet) -> None:
    """The same for a case that is being filed: by what its group will be."""
    await uow.begin()
    if key is not None and rules.raised_by(DETECTOR):
        await uow.officials.take_turns((f"{DETECTOR}/{key}",))
        voices = await uow.mass_reactions.of_key(key, anonymous=rules.count_anonymous)
        ids = ids | {voice.case_id for voice in voices}
    found = await uow.cases.matching(case_table.c.id.in_(ids), limit=MOST)
    await uow.cases.hold(*ids, *(one.merged_into_id for one in found if one.merged_into_id is not None))


async def recount(uow: UnitOfWork, case_id: int, content: CategorySet | None = None) -> None:
    """Count the people behind a case's subject, and flag, link and tell where they are enough; `hold` comes first."""
    rules = content or load_categories()
    key = await uow.mass_reactions.key_of(case_id)
    category = rules.raised_by(DETECTOR)
    if key is None or category is None:
        return
    voices = await uow.mass_reactions.of_key(key, anonymous=rules.count_anonymous)
    found = crowds(voices, people=rules.mass_people, days=rules.mass_days)
    if not found:
        return
    ids = {member.case_id for crowd in found.values() for member in crowd.members}
    affected = {one.id: one for one in await uow.cases.matching(case_table.c.id.in_(ids), limit=MOST)}
    counting = _Counting(uow, key, rules, category.id, affected, await uow.links.of_cases(list(affected)))
    # Those that most people may know of come first: what is reached there is no news to the others.
    for voice in sorted(voices, key=lambda one: (len(one.recused), -len(one.unit_path), one.case_id)):
        if voice.case_id in found:
            await counting.join(voice, found[voice.case_id])


class _Counting:
    """One count: what it found, and which subjects it was the first to reach."""

    def __init__(
        self,
        uow: UnitOfWork,
        key: str,
        rules: CategorySet,
        category: str,
        affected: dict[int, Case],
        links: dict[int, list[Link]],
    ) -> None:
        self._uow, self._key, self._rules, self._category = uow, key, rules, category
        self._affected, self._links = affected, links
        self._fresh: set[bytes] = set()

    @cached_property
    def _classifier(self) -> Classifier:
        """Made only where a flag is raised: it reads all the words."""
        return Classifier(self._rules)

    async def join(self, voice: Voice, crowd: Crowd) -> None:
        """Let a report take part in its crowd: upgraded if it is the first, tied to the others, flagged."""
        case = self._affected[voice.case_id]
        is_new = await self._upgrade(voice, crowd)
        await self._tie(case, crowd)
        if self._category in {flag.category for flag in case.flags} or await _has_ended(self._uow, case):
            return
        if not is_new and self._category in await self._uow.flags.ever_raised(case.id):
            return  # two people of a higher level lowered it, and nothing but one more voice has come since
        found = self._classifier.mass_reaction(crowd.people)
        flag = CaseFlag(found.category, found.reasons, self._rules.version)
        if await raise_once(self._uow, case, flag, {MASS: await _inputs(self._uow, crowd)}):
            subject = f"case/{case.number}"
            await self._uow.log.record(actor="system", act="flag_raised", subject=subject, category=flag.category)

    async def _upgrade(self, voice: Voice, crowd: Crowd) -> bool:
        """Write down, once for each subject, that it is a strong reaction; whether it has become one just now.

        What was reached among reports that everybody who sees this one knows of is not reached again.
        """
        reactions = self._uow.mass_reactions
        sights = {member.sight for member in crowd.members}
        subjects = {reactions.subject(self._key, crowd.matter, *sight) for sight in sights}
        if subjects & self._fresh:
            return True
        if await reactions.reached(subjects) or await self._was_counted(crowd):
            return False
        subject = reactions.subject(self._key, crowd.matter, *voice.sight)
        await reactions.reach(subject, crowd.people)
        self._fresh.add(subject)
        await self._uow.log.record(
            actor="system",
            act="mass_reaction_reached",
            subject=f"case/{self._affected[crowd.members[0].case_id].number}",
            matter=crowd.matter,
            people=crowd.people,
        )
        await _tell_above(self._uow, voice, subject)
        return True

    async def _was_counted(self, crowd: Crowd) -> bool:
        """Whether one of a crowd was flagged for this matter, before somebody stood back or the case moved up."""
        for member in crowd.members:
            if self._category in {flag.category for flag in self._affected[member.case_id].flags}:
                inputs = await self._uow.flags.inputs(member.case_id)
                if inputs[self._category].get(MASS, {}).get("matter") == crowd.matter:
                    return True
        return False

    async def _tie(self, case: Case, crowd: Crowd) -> None:
        """Link a report to one that the crowd is tied by already, else to the crowd's earliest."""
        members = {member.case_id for member in crowd.members}
        tied = {
            case_id
            for case_id in members
            if any(link.kind == MASS and link.other_id in members for link in self._links[case_id])
        }
        if case.id in tied:
            return
        earliest = crowd.members[0].case_id
        hub = next((one.case_id for one in crowd.members if one.case_id in tied), earliest)
        if hub != case.id:
            await self._uow.links.make(hub, case.id, MASS, by=None)


async def _tell_above(uow: UnitOfWork, voice: Voice, subject: bytes) -> None:
    """Tell the leaders of the level above, who do not stand back from any of it, that something waits."""
    above = voice.unit_path.rpartition("/")[0] or voice.unit_path
    found = await uow.officials.to_notify(LEADING_ROLES, above)
    levels = [(len(who.place_path), who.id, chat_id) for who, chat_id in found if who.id not in voice.recused]
    await tell_nearest(uow, levels, cause=f"mass/{subject.hex()}")


async def _has_ended(uow: UnitOfWork, case: Case) -> bool:
    """Whether a flag can no longer be raised: the case has ended, or the one it is handled with has."""
    parent = await uow.cases.by_id(case.merged_into_id) if case.merged_into_id is not None else None
    return case.state in CLOSED_STATES or (parent is not None and parent.state in CLOSED_STATES)


async def _inputs(uow: UnitOfWork, crowd: Crowd) -> dict[str, Any]:
    """What was counted, so that it can be counted again: people by turn, never who they are."""
    found = await uow.cases.matching(case_table.c.id.in_([one.case_id for one in crowd.members]), limit=MOST)
    numbers = {one.id: one.number for one in found}
    turns: dict[tuple[str, str], int] = {}
    voices = [
        {
            "case": numbers.get(one.case_id, ""),
            "on": one.on.isoformat(),
            "person": turns.setdefault((one.mark, one.person), len(turns)),
            "group": _group(one.mark, crowd.members),
        }
        for one in crowd.members
    ]
    return {"matter": crowd.matter, "voices": voices}


def _group(mark: str, members: Iterable[Voice]) -> str:
    """Whether a voice has no name, or which of the secrets its person was recognised with, by turn."""
    marks = sorted({one.mark for one in members if one.mark})
    return str(marks.index(mark) + 1) if mark else ""


def counted_again(kept: dict[str, Any]) -> tuple[Voice, ...]:
    """The voices of a crowd from what `_inputs` kept."""
    return tuple(
        Voice(
            case_id=turn,
            on=date.fromisoformat(one["on"]),
            matters=frozenset({kept["matter"]}),
            unit_path="",
            recused=frozenset(),
            person=str(one["person"]),
            mark=one["group"],
        )
        for turn, one in enumerate(kept["voices"])
    )
