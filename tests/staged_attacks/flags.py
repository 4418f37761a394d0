"""Flags: lowering them, ending a case in spite of them."""

from tests.staged_attacks.sql import GUIDED, REOPENED, S, ask, each, lower, move, offer, raise_, state, take

FLAGS = {
    **each(S.REGISTERED, "qf:must_investigate", guided_while_flagged=GUIDED),
    **each(
        S.REGISTERED,
        "qf:must_investigate qf:flag_removal",
        unmarked_and_guided=state("guided_elsewhere", ", closed_at = received_at, flagged = false"),
    ),
    **each(
        S.RECEIVED, "check:flag_removal_two_people qf:flag_removal", ask(":above"), lowered_by_the_asker=lower(":above")
    ),
    **each(
        S.RECEIVED,
        "qf:flag_removal",
        ask(":above"),
        lowered_at_the_units_own_level=lower(":leader"),
        lowered_from_below=lower(":low"),
        lowered_from_another_county=lower(":far"),
        lowered_by_who_left=lower(":idle"),
        lowered_by_who_stands_back=lower(":recused_above"),
        lowered_by_another_role=lower(":staff"),
        lowering_moved_to_another_case="UPDATE flag_removal SET case_id = :other WHERE case_id = :id",
        lowering_asked_by_somebody_else="UPDATE flag_removal SET asked_by = :above2 WHERE case_id = :id",
        lowering_forgotten="DELETE FROM flag_removal WHERE case_id = :id",
    ),
    **each(S.RECEIVED, "qf:flag_removal", ask(":leader"), asked_at_the_units_own_level=lower(":above")),
    **each(S.RECEIVED, "qf:flag_removal", ask(":idle"), asked_by_who_left=lower(":above")),
    **each(S.RECEIVED, "qf:flag_removal", ask(":recused_above"), asked_by_who_stands_back=lower(":above")),
    **each(
        S.RECEIVED,
        "qf:flag_removal",
        ask(":above"),
        lower(":above2", "refused"),
        refused_and_then_approved="UPDATE flag_removal SET decision = 'approved' WHERE case_id = :id",
    ),
    **each(
        S.RECEIVED,
        "qf:flag_removal",
        ask(":above"),
        lower(":above2"),
        "UPDATE flag_removal SET undone_at = decided_at WHERE case_id = :id",
        put_back_and_lowered_again_by_nobody="UPDATE flag_removal SET undone_at = NULL WHERE case_id = :id",
    ),
    **each(
        S.RECEIVED,
        "qf:flag_removal",
        offer(":leader", ":down"),
        take(":leader2"),
        move(":down"),
        ask(":leader"),
        lowered_after_the_case_was_sent_down=lower(":leader2"),
    ),
    **each(
        S.RECEIVED,
        "unique",
        ask(":above"),
        lowering_asked_twice=ask(":above2"),
    ),
    **each(S.CLOSED, "qf:flag_removal", lowering_asked_on_a_closed_case=ask(":above")),
    **each(S.CLOSED, "qf:reopen_first", flag_on_a_closed_case=raise_("nothing")),
    **each(
        S.CLOSED,
        "qf:must_investigate",
        REOPENED,
        reopened_and_guided_elsewhere=GUIDED,
    ),
}
