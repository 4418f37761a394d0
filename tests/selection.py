"""Which tests run when: by day in minutes, in CI all that matters twice, at night everything.

By day (`make test`) a run of the whole suite leaves out what takes long (it starts the whole program or a browser, or
two hundred people talk), and plays a conversation in one channel where the channel is not what it is about. `CI=true`
runs those too. Both leave out PostgreSQL's half of what is about services and pages.
`HYPOTHESIS_PROFILE=nightly` leaves out nothing. Files named on the command line are run with every channel and browser.
"""

import os
from typing import Final

import pytest

IN_CI: Final = os.environ.get("CI") == "true"
AT_NIGHT: Final = os.environ.get("HYPOTHESIS_PROFILE") == "nightly"

#: What a database itself decides, stores or does at once: on both kinds always.
ON_BOTH: Final = frozenset(
    {
        "test_access",
        "test_audit",
        "test_broadcast_rules",
        "test_case_enforcement",
        "test_case_machine",
        "test_commitments_storage",
        "test_consent",
        "test_deadline_ladder",
        "test_election_plans",
        "test_election_reminders",
        "test_evidence",
        "test_exports",
        "test_floods",
        "test_gates_storage",
        "test_idempotence",
        "test_key_ceremonies",
        "test_key_rotation",
        "test_learning_loop",
        "test_mass_reaction",
        "test_merging",
        "test_migrations",
        "test_non_interference",
        "test_outbox",
        "test_overload",
        "test_raw_attacks",
        "test_redactions",
        "test_releases",
        "test_retention",
        "test_sign_in_rules",
        "test_signed_receipts",
        "test_staff_rate",
        "test_start",
        "test_thief",
        "test_unit_of_work",
        "test_upgrade_with_rows",
    }
)
#: What a channel itself decides or does: in each of them always.
IN_EVERY_CHANNEL: Final = frozenset({"test_idempotence", "test_journeys", "test_message_kinds"})
#: The channels that are left out elsewhere by day; what is left is the villagers' first one.
OTHER_CHANNELS: Final = frozenset({"telegram", "test"})


def left_out(config: pytest.Config, items: list[pytest.Item]) -> set[pytest.Item]:
    """The tests this run does without."""
    if AT_NIGHT:
        return set()
    twice = {one for one in items if _is_on_postgresql(one) and not _needs_both(one)}
    if IN_CI or not _is_whole(config):
        return twice
    return twice | {one for one in items if _is_slow(one) or _repeats_in_another_channel(one)}


def _is_whole(config: pytest.Config) -> bool:
    return config.args == config.getini("testpaths")


def _is_on_postgresql(item: pytest.Item) -> bool:
    return item.get_closest_marker("postgres") is not None


def _needs_both(item: pytest.Item) -> bool:
    return item.path.stem in ON_BOTH and item.get_closest_marker("pages") is None


def _is_slow(item: pytest.Item) -> bool:
    return item.get_closest_marker("slow") is not None


def _repeats_in_another_channel(item: pytest.Item) -> bool:
    given = getattr(item, "callspec", None)
    if given is None or item.path.stem in IN_EVERY_CHANNEL:
        return False
    return any(isinstance(one, str) and one in OTHER_CHANNELS for one in given.params.values())
