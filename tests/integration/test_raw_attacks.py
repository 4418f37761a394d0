"""Raw SQL as the application's role: every promise of the schema, attacked at every point of a case's road.

Each attack is refused by the rule it attacks, at the statement that is the cheat; what stands before it is lawful. The
same statements go through where they may. N1, N2, P26.
"""

import re

import pytest

from knowledge.casework.categories import Category
from knowledge.casework.lifecycle import CaseState
from storage import migrations
from storage.unit_of_work import Storage
from tests.attack_scene import make_scene
from tests.attacks import RAW_ATTACKS, on_this_database, refusal
from tests.staged_attacks import CONTROLS, LATE_FLAGS, STAGED, Attack

STAGES = list(dict.fromkeys(attack.at for attack in STAGED.values()))
LATE_STAGES = list(dict.fromkeys(attack.at for attack in LATE_FLAGS.values()))
#: What counts as a refusal that proves something about the rules; `foreign_key` holds a case's place.
PROOF = ("qf:", "check:", "denied", "unique", "foreign_key")


async def wrongly(storage: Storage, attacks: dict[str, Attack], values: dict[str, int | str]) -> dict[str, object]:
    """Attacks that were not refused where and by what they should be, with what happened instead."""
    found: dict[str, object] = {}
    for name, attack in attacks.items():
        said = await refusal(storage, attack.statements, values)
        if said is None or said[0] != len(attack.statements) - 1 or said[1] not in attack.by:
            found[name] = said
        if said is None:
            break  # it is in the database now
    return found


@pytest.mark.parametrize("category", list(Category))
@pytest.mark.parametrize("stage", STAGES)
async def test_every_cheat_is_refused_by_the_rule_it_attacks(
    storage: Storage, stage: CaseState, category: Category
) -> None:
    scene = await make_scene(storage, stage, (category,))
    attacks = {name: attack for name, attack in STAGED.items() if attack.at is stage}
    assert await wrongly(storage, attacks, scene.values) == {}
    assert await scene.present() == scene.case


@pytest.mark.parametrize("stage", LATE_STAGES)
async def test_a_flag_raised_at_the_last_moment_counts(storage: Storage, stage: CaseState) -> None:
    scene = await make_scene(storage, stage, ())
    attacks = {name: attack for name, attack in LATE_FLAGS.items() if attack.at is stage}
    assert await wrongly(storage, attacks, scene.values) == {}
    assert await scene.present() == scene.case


@pytest.mark.parametrize("name", list(CONTROLS))
async def test_the_same_statements_go_through_where_they_may(storage: Storage, name: str) -> None:
    stage, statements = CONTROLS[name]
    scene = await make_scene(storage, stage, ())
    assert await refusal(storage, statements, scene.values) is None


@pytest.mark.parametrize("category", list(Category))
async def test_the_ways_that_fit_any_open_flagged_case_are_refused_by_rules(
    storage: Storage, category: Category
) -> None:
    scene = await make_scene(storage, CaseState.RECEIVED, (category,))
    ways = {**RAW_ATTACKS, **on_this_database(storage)}
    refused = {way: await refusal(storage, statements, scene.values) for way, statements in ways.items()}
    assert {way: said for way, said in refused.items() if said is None or not said[1].startswith(PROOF)} == {}
    assert await scene.present() == scene.case


def test_every_word_of_the_enforcement_about_a_case_is_attacked() -> None:
    attacked = {rule for attack in (*STAGED.values(), *LATE_FLAGS.values()) for rule in attack.by}
    rules = (migrations.ENFORCEMENT / "0003_sqlite.sql").read_text(encoding="utf-8")
    spoken = set(re.findall(r"RAISE\(ABORT, '(qf:[a-z_]+)'", rules))
    elsewhere = {"qf:case_birth", "qf:reply_fixed"}  # in RAW_ATTACKS; about questions (test_learning_loop.py)
    assert spoken - attacked - elsewhere == set()
