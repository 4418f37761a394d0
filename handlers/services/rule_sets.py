"""The casework content of every version, kept whole, so that a flag can be judged again as it was judged then.

What a newcomer gets wrong: to judge an old report by today's words. A flag is kept with its version; that version's
content raises it again, with the same reasons, whatever was changed since.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from handlers.services.errors import NotFound, RulesChanged
from handlers.services.mass_reaction import counted_again
from knowledge.casework.categories import categories_from
from knowledge.casework.classification import Classifier, Flag, ReportFacts
from knowledge.casework.mass_reaction import crowds
from storage.repositories.cases import Case
from storage.unit_of_work import UnitOfWork

FACTS: Final = "facts"
MASS: Final = "mass"


@dataclass(frozen=True, slots=True)
class Difference:
    """A flag that is not judged as it was: its reasons then and now, None where it was not raised."""

    category: str
    kept: tuple[str, ...] | None
    again: tuple[str, ...] | None


async def keep(uow: UnitOfWork, files: Mapping[str, bytes]) -> None:
    """Keep the content in force with its version.

    Args:
        uow: The unit of work of a start.
        files: The content, by name (knowledge.casework.categories.category_files).

    Raises:
        RulesChanged: The version was used before with another content.
    """
    rules = categories_from(files)
    if await uow.rule_sets.get(rules.version) is None:
        await uow.rule_sets.keep(rules.version, rules.fingerprint, files)
    kept = await uow.rule_sets.get(rules.version)
    if kept is None or kept.fingerprint != rules.fingerprint:
        raise RulesChanged(rules.version)


async def classifier_of(uow: UnitOfWork, version: str) -> Classifier:
    """What judged by a version of the content.

    Raises:
        NotFound: That version was never in force here.
    """
    kept = await uow.rule_sets.get(version)
    if kept is None:
        raise NotFound(f"rules/{version}")
    return _classifier(tuple(sorted(kept.files.items())))


async def replay(uow: UnitOfWork, case: Case) -> tuple[Difference, ...]:
    """Judge a case's flags again by the content of their own version; empty when nothing differs.

    What officials raised is no rule's doing and is left out.
    """
    differences: list[Difference] = []
    for version, inputs, kept in _judged_together(await uow.flags.kept(case.id)):
        classifier = await classifier_of(uow, version)
        again = {flag.category: flag.reasons for flag in _judged(classifier, inputs)}
        differences += [
            Difference(category, kept.get(category), again.get(category))
            for category in sorted(kept.keys() | again.keys())
            if kept.get(category) != again.get(category)
        ]
    return tuple(differences)


def _judged_together(kept: list[tuple[Any, dict[str, Any]]]) -> list[tuple[str, dict[str, Any], dict[str, Any]]]:
    """Flags of one judgement in one: their version, what was judged, and their reasons by category."""
    found: list[tuple[str, dict[str, Any], dict[str, Any]]] = []
    for flag, inputs in kept:
        if not inputs.keys() & {FACTS, MASS}:
            continue
        for version, judged, reasons in found:
            if (version, judged) == (flag.rule_version, inputs):
                reasons[flag.category] = flag.reasons
                break
        else:
            found.append((flag.rule_version, inputs, {flag.category: flag.reasons}))
    return found


def _judged(classifier: Classifier, inputs: dict[str, Any]) -> tuple[Flag, ...]:
    if FACTS in inputs:
        return classifier.judge(ReportFacts.from_data(inputs[FACTS]))
    rules = classifier.rules
    found = crowds(counted_again(inputs[MASS]), people=rules.mass_people, days=rules.mass_days)
    most = max((crowd.people for crowd in found.values()), default=0)
    return (classifier.mass_reaction(most),) if most else ()


@lru_cache(maxsize=8)
def _classifier(files: tuple[tuple[str, bytes], ...]) -> Classifier:
    return Classifier(categories_from(dict(files)))
