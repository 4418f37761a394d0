"""Raw statements that try to end a flagged case without an investigation, and the way to try them.

Each names the case as :id, another flagged case as :other, an official as :official and an approving one as :leader.
A statement runs as the application's role, on a connection the application itself would use.
"""

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from storage.unit_of_work import Storage

#: Ways to end case :id without an investigation. Several statements run in one transaction.
RAW_ATTACKS = {
    "set the state": ("UPDATE cases SET state = 'closed', closed_at = received_at WHERE id = :id",),
    "close everything at once": ("UPDATE cases SET state = 'closed', closed_at = received_at",),
    "guide it elsewhere": ("UPDATE cases SET state = 'guided_elsewhere', closed_at = received_at WHERE id = :id",),
    "delete it": ("DELETE FROM cases WHERE id = :id",),
    "delete flags, then guide it elsewhere": (
        "DELETE FROM case_flag WHERE case_id = :id",
        "UPDATE cases SET state = 'guided_elsewhere', closed_at = received_at WHERE id = :id",
    ),
    "move the flags to another case": ("UPDATE case_flag SET case_id = :other WHERE case_id = :id",),
    "turn a flag into another": ("UPDATE case_flag SET category = 'real_name' WHERE case_id = :id",),
    "renumber the case under its flags": ("UPDATE cases SET id = 987654 WHERE id = :id",),
    "upsert": (
        (
            "INSERT INTO cases (id, number, place_id, state, round, narrative_sealed, rule_version, received_at, "
            "answer_due_on, version) SELECT id, number, place_id, 'received', 1, narrative_sealed, rule_version, "
            "received_at, answer_due_on, version FROM cases WHERE id = :id "
            "ON CONFLICT (id) DO UPDATE SET state = 'closed', closed_at = excluded.received_at"
        ),
    ),
    "write a new transition first": (
        "INSERT INTO case_transition (source, target, letter, act) VALUES ('received', 'closed', 'z', 'close')",
        "UPDATE cases SET state = 'closed', closed_at = received_at WHERE id = :id",
    ),
    "an investigation born approved": (
        "UPDATE cases SET state = 'accepted' WHERE id = :id",
        (
            "INSERT INTO investigation (case_id, round, investigator_id, finding, summary_sealed, started_at, "
            "submitted_at, approver_id, approved_at) "
            "SELECT id, 1, :official, 'unfounded', narrative_sealed, received_at, received_at, "
            ":leader, received_at FROM cases WHERE id = :id"
        ),
    ),
    "an investigation without evidence": (
        "UPDATE cases SET state = 'accepted' WHERE id = :id",
        (
            "INSERT INTO investigation (case_id, round, investigator_id, finding, summary_sealed, started_at, "
            "submitted_at) "
            "SELECT id, 1, :official, 'unfounded', narrative_sealed, received_at, received_at FROM cases WHERE id = :id"
        ),
        "UPDATE cases SET state = 'investigating' WHERE id = :id",
        "UPDATE cases SET state = 'awaiting_approval' WHERE id = :id",
    ),
    "jump a round": ("UPDATE cases SET round = 2 WHERE id = :id",),
    "go by way of approved": (
        "UPDATE cases SET state = 'accepted' WHERE id = :id",
        "UPDATE cases SET state = 'approved' WHERE id = :id",
    ),
    "a case born closed": (
        (
            "INSERT INTO cases (number, place_id, state, round, narrative_sealed, rule_version, received_at, "
            "answer_due_on, version, closed_at) SELECT 'QF-NEW', place_id, 'closed', 1, narrative_sealed, "
            "rule_version, received_at, answer_due_on, 1, received_at FROM cases WHERE id = :id"
        ),
    ),
    "delete its place": ("DELETE FROM place WHERE id IN (SELECT place_id FROM cases WHERE id = :id)",),
}
SQLITE_ATTACKS = {
    "insert or replace": (
        (
            "INSERT OR REPLACE INTO cases (id, number, place_id, state, round, narrative_sealed, rule_version, "
            "received_at, answer_due_on, version) SELECT id, number, place_id, 'received', 1, narrative_sealed, "
            "rule_version, received_at, answer_due_on, version FROM cases WHERE id = :id"
        ),
    ),
    "update or replace onto it": ("UPDATE OR REPLACE case_flag SET case_id = :id WHERE case_id = :other",),
    "replace the flag": ("REPLACE INTO case_flag SELECT * FROM case_flag WHERE case_id = :id",),
}
POSTGRESQL_ATTACKS = {
    "truncate": ("TRUNCATE cases CASCADE",),
    "disable the triggers": ("ALTER TABLE cases DISABLE TRIGGER ALL",),
    "act as a replica": ("SET session_replication_role = replica",),
    "drop a trigger": ("DROP TRIGGER cases_update ON cases",),
    "replace the function": (
        "CREATE OR REPLACE FUNCTION qf_cases_update() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$",
    ),
    "merge": (
        (
            "MERGE INTO cases c USING (SELECT CAST(:id AS bigint) AS id) s ON c.id = s.id "
            "WHEN MATCHED THEN UPDATE SET state = 'closed', closed_at = c.received_at"
        ),
    ),
}


def on_this_database(storage: Storage) -> dict[str, tuple[str, ...]]:
    """The ways that only this kind of database knows."""
    return SQLITE_ATTACKS if storage.database.is_sqlite else POSTGRESQL_ATTACKS


async def attempt(storage: Storage, statements: tuple[str, ...], values: dict[str, int]) -> bool:
    """Whether every statement and the commit went through."""
    async with storage.database.writing() as connection:
        try:
            for statement in statements:
                used = {name: value for name, value in values.items() if f":{name}" in statement}
                await connection.execute(text(statement), used)
            await connection.commit()
        except DBAPIError:
            await connection.rollback()
            return False
    return True
