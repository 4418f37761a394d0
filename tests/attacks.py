"""Raw statements that try to walk round the rules of a case, and the way to try them.

A statement runs as the application's role, on a connection the application itself would use. What refuses it is told
apart: a rule of ours (`qf:must_investigate`), a CHECK (`check:two_people`), a right the role lacks (`denied`), or one
of the database's own constraints (`foreign_key`, `unique`, `not_null`), which proves nothing about our rules.

Here are ways that fit any open, flagged case nobody has investigated: :id is that case, :other another one, :official
and :leader are officials. Ways that need a case at some point of its road are in tests/staged_attacks.py.
"""

import re
from collections.abc import Mapping

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from storage.repositories import clocks, flags, investigations, links, transfers
from storage.unit_of_work import Storage

#: What stands before every end of a case; which of them speaks first is the database's business.
ENDINGS = frozenset({"qf:no_such_transition", "qf:must_investigate", "qf:result_not_told", "qf:disposal_undecided"})
_CLOSE = "UPDATE cases SET state = 'closed', closed_at = received_at"
_GUIDE = "UPDATE cases SET state = 'guided_elsewhere', closed_at = received_at"
_BORN = (
    "INSERT INTO cases ({more}number, place_id, unit_id, state, round, narrative_sealed, rule_version, received_at, "
    "answer_due_on, version{columns}) SELECT {values}place_id, unit_id, '{state}', 1, narrative_sealed, rule_version, "
    "received_at, answer_due_on, 1{these} FROM cases WHERE id = :id"
)
_SAME = _BORN.format(more="id, ", columns="", values="id, number, ", state="received", these="")

#: Ways to end case :id without an investigation. Several statements run in one transaction.
RAW_ATTACKS: dict[str, tuple[str, ...]] = {
    "set the state": (f"{_CLOSE} WHERE id = :id",),
    "close everything at once": (_CLOSE,),
    "guide it elsewhere": (f"{_GUIDE} WHERE id = :id",),
    "tell a result there is none of": ("UPDATE cases SET state = 'told', told_at = received_at WHERE id = :id",),
    "delete it": ("DELETE FROM cases WHERE id = :id",),
    "delete it when its time is over": (
        "UPDATE cases SET retain_until = '2000-01-01' WHERE id = :id",
        "DELETE FROM cases WHERE id = :id",
    ),
    "delete flags, then guide it elsewhere": (
        "DELETE FROM case_flag WHERE case_id = :id",
        f"{_GUIDE} WHERE id = :id",
    ),
    "say that it has no flag": ("UPDATE cases SET flagged = false WHERE id = :id",),
    "move the flags to another case": ("UPDATE case_flag SET case_id = :other WHERE case_id = :id",),
    "turn a flag into another": ("UPDATE case_flag SET category = 'nothing' WHERE case_id = :id",),
    "renumber the case under its flags": ("UPDATE cases SET id = 987654 WHERE id = :id",),
    "upsert": (f"{_SAME} ON CONFLICT (id) DO UPDATE SET state = 'closed', closed_at = excluded.received_at",),
    "write a new transition first": (
        "INSERT INTO case_transition (source, target, letter, act) VALUES ('received', 'closed', 'z', 'close')",
        f"{_CLOSE} WHERE id = :id",
    ),
    "bend a transition first": (
        "UPDATE case_transition SET target = 'closed' WHERE source = 'received'",
        f"{_CLOSE} WHERE id = :id",
    ),
    "jump a round": ("UPDATE cases SET round = round + 1 WHERE id = :id",),
    "a case born closed": (
        _BORN.format(more="", columns=", closed_at", values="'QF-NEW', ", state="closed", these=", received_at"),
    ),
    "a case born merged": (
        _BORN.format(more="", columns=", merged_into_id", values="'QF-NEW', ", state="received", these=", :other"),
    ),
    "an approval out of nothing": (
        (
            "INSERT INTO investigation (case_id, round, investigator_id, finding, summary_sealed, started_at, "
            "submitted_at, approver_id, approved_at) SELECT id, round, :official, 'unfounded', narrative_sealed, "
            "received_at, received_at, :leader, received_at FROM cases WHERE id = :id"
        ),
        f"{_CLOSE} WHERE id = :id",
    ),
    "merge it into itself": ("UPDATE cases SET merged_into_id = id WHERE id = :id",),
    "merge it with no word about it": ("UPDATE cases SET merged_into_id = :other WHERE id = :id",),
    "flags lowered at birth": (
        (
            "INSERT INTO flag_removal (case_id, category, reason_sealed, asked_by, asked_at, decision, decided_by, "
            "decided_at) SELECT case_id, category, reasons_sealed, :official, raised_at, 'approved', :leader, "
            "raised_at FROM case_flag WHERE case_id = :id"
        ),
    ),
    "change what was reported": ("UPDATE cases SET narrative_sealed = '' WHERE id = :id",),
    "change when it came": ("UPDATE cases SET received_at = '2000-01-01T00:00:00.000000' WHERE id = :id",),
    "delete its place": ("DELETE FROM place WHERE id IN (SELECT place_id FROM cases WHERE id = :id)",),
    "move its unit under another": (
        "UPDATE place SET path = 'cn/elsewhere' WHERE id IN (SELECT unit_id FROM cases WHERE id = :id)",
    ),
    "forget what happened to it": ("DELETE FROM event WHERE id = 1",),
    "let its clocks begin again": ("UPDATE case_clock SET started_on = '2030-01-01' WHERE case_id = :id",),
    "stop its clocks before they began": ("UPDATE case_clock SET stopped_on = '2000-01-01' WHERE case_id = :id",),
}
SQLITE_ATTACKS: dict[str, tuple[str, ...]] = {
    "insert or replace": (_SAME.replace("INSERT", "INSERT OR REPLACE", 1),),
    "update or replace onto it": ("UPDATE OR REPLACE case_flag SET case_id = :id WHERE case_id = :other",),
    "replace the flag": ("REPLACE INTO case_flag SELECT * FROM case_flag WHERE case_id = :id",),
    "drop a trigger": ("DROP TRIGGER cases_investigated", f"{_CLOSE} WHERE id = :id"),
    "switch the guards of REPLACE off": ("PRAGMA recursive_triggers = OFF",),
    "switch foreign keys off": ("PRAGMA foreign_keys = OFF",),
    "switch checks off": ("PRAGMA ignore_check_constraints = ON",),
    "rewrite the schema": ("PRAGMA writable_schema = ON", "UPDATE sqlite_master SET sql = '' WHERE type = 'trigger'"),
    "put a table of its own in the rules' way": (
        "CREATE TEMP TABLE active_flag (case_id, category)",
        "UPDATE cases SET state = 'registered' WHERE id = :id AND state = 'received'",
        f"{_GUIDE} WHERE id = :id",
    ),
}
POSTGRESQL_ATTACKS: dict[str, tuple[str, ...]] = {
    "truncate": ("TRUNCATE cases CASCADE",),
    "truncate the flags": ("TRUNCATE case_flag CASCADE",),
    "disable the triggers": ("ALTER TABLE cases DISABLE TRIGGER ALL",),
    "act as a replica": ("SET session_replication_role = replica",),
    "drop a trigger": ("DROP TRIGGER cases_update_rules ON cases",),
    "replace the function": (
        (
            "CREATE OR REPLACE FUNCTION qf_cases_update_rules() RETURNS trigger LANGUAGE plpgsql "
            "AS $$ BEGIN RETURN NEW; END $$"
        ),
    ),
    "merge": (
        (
            "MERGE INTO cases c USING (SELECT CAST(:id AS bigint) AS id) s ON c.id = s.id "
            "WHEN MATCHED THEN UPDATE SET state = 'closed', closed_at = c.received_at"
        ),
    ),
    "put a view of its own in the rules' way": (
        "CREATE TEMP VIEW active_flag AS SELECT 1::bigint AS case_id, ''::text AS category WHERE false",
        "CREATE TEMP VIEW investigated_case AS SELECT id AS case_id, round FROM cases",
        "UPDATE cases SET state = 'registered' WHERE id = :id AND state = 'received'",
        f"{_GUIDE} WHERE id = :id",
    ),
    "look at the rows of yesterday": (
        "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ",
        "UPDATE cases SET state = 'registered' WHERE id = :id",
    ),
    "become the owner": ("SET ROLE qf_test_owner", f"{_CLOSE} WHERE id = :id"),
}


class Literal(str):
    """A value as the database's own SQL writes it."""

    __slots__ = ()


def on_this_database(storage: Storage) -> dict[str, tuple[str, ...]]:
    """The ways that only this kind of database knows."""
    return SQLITE_ATTACKS if storage.database.is_sqlite else POSTGRESQL_ATTACKS


async def attempt(storage: Storage, statements: tuple[str, ...], values: Mapping[str, int | str]) -> bool:
    """Whether every statement and the commit went through."""
    return await refusal(storage, statements, values) is None


async def refusal(
    storage: Storage, statements: tuple[str, ...], values: Mapping[str, int | str]
) -> tuple[int, str] | None:
    """Which statement was refused (0: the first) and by what; None when all of them and the commit went through."""
    known = {**values, **_sealed(storage)}
    async with storage.database.writing() as connection:
        for at, statement in enumerate((*statements, "")):
            try:
                if statement:
                    await connection.execute(text(filled(statement, known)))
                else:
                    await connection.commit()
            except DBAPIError as error:
                await connection.rollback()
                return at, refused_by(error)
    return None


def filled(statement: str, values: Mapping[str, int | str]) -> str:
    """A statement with its names replaced by values, as whoever types SQL would write them."""

    def value(match: re.Match[str]) -> str:
        found = values[match.group(1)]
        return str(found) if isinstance(found, int | Literal) else "'" + found.replace("'", "''") + "'"

    return re.sub(r"(?<![:\w]):([a-z_]\w*)", value, statement).replace(":", r"\:")


def _sealed(storage: Storage) -> dict[str, Literal]:
    """Sealed words for each purpose, so that what is let through can be opened: :sealed_flag, :sealed_finding ..."""
    words = {
        "flag": (flags.INPUTS, '["手工标记"]'),
        "removal": (flags.REMOVAL, "查过，不是这回事"),
        "opinion": (investigations.OPINION, "先核实"),
        "finding": (investigations.FINDING, "走访了十二户，说法一致。"),
        "measure": (investigations.MEASURE, "按结论"),
        "transfer": (transfers.REASON, "就近去查"),
        "merge": (links.MERGE, '{"reason": "同一件事", "clocks": []}'),
        "clock": (clocks.PAUSE, "对方出国"),
    }
    quoted = "X'{}'" if storage.database.is_sqlite else r"'\x{}'::bytea"
    return {
        f"sealed_{name}": Literal(quoted.format(storage.keys.seal_text(purpose, said).hex()))
        for name, (purpose, said) in words.items()
    }


def refused_by(error: DBAPIError) -> str:
    """What refused a statement; see the head of this module."""
    said = str(error.orig)
    rule = re.search(r"qf:[a-z_]+", said)
    if rule:
        return rule.group()
    constraint = re.search(
        r"[Cc]heck constraint \"?(?:failed: )?(?:ck_)?(\w+)|CHECK constraint failed: (?:ck_)?(\w+)", said
    )
    if constraint:
        return f"check:{constraint.group(1) or constraint.group(2)}"
    known = {
        "foreign_key": ("FOREIGN KEY", "foreign key"),
        "unique": ("UNIQUE", "unique constraint"),
        "not_null": ("NOT NULL", "not-null"),
        "denied": ("not authorized", "permission denied", "must be owner", "may not be modified"),
    }
    for name, signs in known.items():
        if any(sign in said for sign in signs):
            return name
    return said
