"""What was written down: names, clocks, words, and what is erased with a case."""

from tests.staged_attacks.sql import (
    ERASED,
    GUIDED,
    OLD,
    RUNNING,
    STOPPED,
    S,
    ask,
    attempt,
    each,
    extend,
    insert,
    lower,
    pause,
    recuse,
    said,
    set_,
)

AGAIN = insert(
    "case_clock",
    {
        "case_id": "id",
        "round": "round",
        "kind": "'review'",
        "about": "id",
        "started_on": "'2026-03-11'",
        "due_on": "answer_due_on",
    },
)
NOTE = "(SELECT body_sealed FROM case_note WHERE case_id = :id)"
TO_REPORTER = {"direction": "'to_reporter'", "kind": "'message'", "author_id": ":official"}

NAMES = {
    **each(
        S.RECEIVED,
        "qf:name_check",
        name_claimed_out_of_nothing=set_("name_state = 'claimed'", ":plain"),
        name_verified_out_of_nothing=set_("name_state = 'verified'"),
        name_verified_without_a_call=set_("name_state = 'verified'", ":named"),
        name_given_up_without_a_call=set_("name_state = 'unverifiable'", ":named"),
        name_forgotten=set_("name_state = 'none'", ":named"),
        call_by_another_role=attempt(":staff", "confirmed"),
        call_by_who_works_below=attempt(":low", "confirmed"),
        call_by_who_works_elsewhere=attempt(":far", "confirmed"),
        call_by_who_left=attempt(":idle_custodian", "confirmed"),
    ),
    **each(
        S.RECEIVED,
        "qf:name_check",
        recuse(":custodian", ":named"),
        call_by_who_stands_back=attempt(":custodian", "confirmed"),
    ),
    **each(
        S.RECEIVED,
        "qf:name_check",
        attempt(":custodian"),
        attempt(":custodian2"),
        given_up_after_two=set_("name_state = 'unverifiable'", ":named"),
        verified_though_nobody_answered=set_("name_state = 'verified'", ":named"),
    ),
    **each(
        S.RECEIVED,
        "qf:name_check",
        attempt(":custodian"),
        attempt(":custodian"),
        attempt(":custodian"),
        given_up_by_one_person=set_("name_state = 'unverifiable'", ":named"),
    ),
    **each(
        S.RECEIVED,
        "qf:append_only",
        attempt(":custodian"),
        call_changed="UPDATE contact_attempt SET outcome = 'confirmed'",
        call_forgotten="DELETE FROM contact_attempt",
        name_rewritten="UPDATE identity SET name_sealed = contact_sealed",
        name_lost="DELETE FROM identity",
    ),
}

RECORDS = {
    **each(
        S.CLOSED,
        "qf:append_only",
        OLD,
        **{
            f"{table}_erased_with_a_flagged_case": f"DELETE FROM {table} WHERE case_id = :id"
            for table in (
                *("case_note", "case_message", "case_matter", "recusal", "case_declaration", "case_clock"),
                *("investigation", "disposal", "measure", "stored_file"),
            )
        },
        clock_pause_erased_with_a_flagged_case="DELETE FROM clock_pause",
        deadline_notice_erased_with_a_flagged_case="DELETE FROM deadline_notice",
        investigation_step_erased_with_a_flagged_case="DELETE FROM investigation_step",
        investigation_evidence_erased_with_a_flagged_case="DELETE FROM investigation_evidence",
    ),
    **each(
        S.CLOSED,
        "qf:append_only",
        **{
            f"{table}_rewritten": f"UPDATE {table} SET {column} = {value} WHERE case_id = :id"
            for table, column, value in (
                ("case_note", "body_sealed", "''"),
                ("case_message", "body_sealed", "''"),
                ("case_matter", "quote_sealed", "''"),
                ("recusal", "official_id", ":leader2"),
                ("case_declaration", "answer", "'conflict'"),
                ("stored_file", "sha256", "''"),
            )
        },
        event_rewritten="UPDATE event SET act = 'nothing'",
        event_lost="DELETE FROM event",
        rule_set_rewritten="UPDATE rule_set SET sha256 = ''",
        rule_set_lost="DELETE FROM rule_set",
    ),
    **each(S.CLOSED, "qf:case_delete", OLD, erased_though_flagged=ERASED),
    **each(S.INVESTIGATING, "qf:case_delete", OLD, erased_though_open=ERASED),
    **each(
        S.REGISTERED,
        "qf:case_delete",
        ask(":above"),
        lower(":above2"),
        GUIDED,
        STOPPED,
        OLD,
        erased_though_it_once_was_flagged=ERASED,
    ),
    **each(S.REGISTERED, "qf:flag_removal", ask(":above"), lower(":above2"), flag_erased="DELETE FROM case_flag"),
    **each(
        S.RECEIVED,
        "qf:clock_fixed",
        clock_begun_again="UPDATE case_clock SET started_on = '2030-01-01' WHERE case_id = :id",
        clock_of_another_kind="UPDATE case_clock SET kind = 'review' WHERE case_id = :id",
        clock_of_another_case="UPDATE case_clock SET case_id = :other WHERE case_id = :id",
        clock_with_a_later_end="UPDATE case_clock SET limit_on = '2030-01-01' WHERE case_id = :id",
    ),
    **each(
        S.RECEIVED,
        "check:case_clock_stops_after_it_starts",
        clock_stopped_before_it_began=f"UPDATE case_clock SET stopped_on = '2000-01-01' {RUNNING}",
    ),
    **each(
        S.RECEIVED,
        "qf:clock_fixed",
        STOPPED,
        clock_running_again="UPDATE case_clock SET stopped_on = NULL WHERE case_id = :id",
    ),
    **each(
        S.RECEIVED,
        "qf:clock_extension",
        **{f"clock_extended_by_{who}": extend(f":{who}") for who in ("official", "recused", "far", "low", "idle")},
    ),
    **each(S.RECEIVED, "qf:clock_pause", pause_of_a_clock_that_has_none=pause("2026-05-03", kind="acceptance")),
    **each(
        S.RECEIVED,
        "qf:clock_pause",
        AGAIN,
        pause_beyond_the_cap=pause("2026-08-01"),
        pause_by_who_stands_back=pause("2026-05-03", by=":recused"),
    ),
    **each(S.RECEIVED, "qf:clock_pause", AGAIN, pause("2026-05-03"), pause_within_a_pause=pause("2026-05-02")),
    **each(S.RECEIVED, "qf:note_or_message", note_told_to_the_reporter=said("case_message", NOTE, **TO_REPORTER)),
    **each(S.RECEIVED, "qf:clock_fixed", extend(":leader"), clock_extended_twice=extend(":leader2")),
    **each(
        S.RECEIVED,
        "qf:case_fixed",
        received_another_day=set_("received_at = '2000-01-01T00:00:00.000000'"),
        about_another_place=set_("place_id = :side"),
        about_somebody_else=set_("reported_person_index = narrative_sealed"),
        filed_in_another_way=set_("filed_via = 'phone', filed_by = :official"),
        of_somebody_else=set_("person_id = :stranger"),
        an_anonymous_report_given_to_a_chat=set_("person_id = :stranger", ":other"),
        under_another_receipt=set_("receipt_index = narrative_sealed"),
    ),
}
