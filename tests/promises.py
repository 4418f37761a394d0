"""What must be true of every case at every moment, as queries: for the state machine.

Written anew here, with the tables alone where that can be done, and not with what the schema's triggers ask.
"""

from sqlalchemy import text

#: The highest level of the machine's county: where a case waits that nobody below may work on.
TOP = "cn"
_FIT = """EXISTS (
      SELECT 1 FROM official o WHERE {who} o.active AND o.role IN ('discipline_official', 'discipline_leader')
        AND (u.path = o.place_path OR u.path LIKE o.place_path || '/%')
        AND NOT EXISTS (SELECT 1 FROM recusal r WHERE r.case_id = c.id AND r.official_id = o.id))"""
#: What must never be, each with the cases it is true of.
BROKEN = {
    "an ended, flagged case without a lawful investigation of its round": """
    SELECT c.number FROM cases c
    WHERE c.state IN ('closed', 'guided_elsewhere')
      AND EXISTS (SELECT 1 FROM case_flag f WHERE f.case_id = c.id AND NOT EXISTS (
        SELECT 1 FROM flag_removal r WHERE r.case_id = f.case_id AND r.category = f.category
          AND r.decision = 'approved' AND r.undone_at IS NULL AND r.asked_by <> r.decided_by))
      AND NOT EXISTS (
        SELECT 1 FROM investigation i
        WHERE i.case_id = c.id AND i.round = c.round AND i.finding IS NOT NULL AND i.summary_sealed IS NOT NULL
          AND i.approved_at IS NOT NULL AND i.approver_id <> i.investigator_id
          AND i.approver_id NOT IN (SELECT v.official_id FROM investigator v WHERE v.investigation_id = i.id)
          AND (SELECT count(*) FROM investigation_evidence e WHERE e.investigation_id = i.id) > 0
          AND (SELECT o.role FROM official o WHERE o.id = i.approver_id) IN ('discipline_leader', 'superior')
          AND NOT EXISTS (SELECT 1 FROM recusal r WHERE r.case_id = c.id AND r.declared_at <= i.approved_at
                          AND r.official_id IN (i.investigator_id, i.approver_id)))""",
    "a merged case that ended by itself, or waits behind one that waits": """
    SELECT c.number FROM cases c JOIN cases p ON p.id = c.merged_into_id
    WHERE c.state IN ('closed', 'guided_elsewhere') OR p.merged_into_id IS NOT NULL""",
    "a merge that lost who stands back": """
    SELECT c.number FROM cases c JOIN recusal r ON r.case_id = c.id WHERE c.merged_into_id IS NOT NULL AND NOT EXISTS (
      SELECT 1 FROM recusal s WHERE s.case_id = c.merged_into_id AND s.official_id = r.official_id)""",
    "a merge that lost a flag": """
    SELECT c.number FROM cases c JOIN active_flag f ON f.case_id = c.id WHERE c.merged_into_id IS NOT NULL
      AND NOT EXISTS (SELECT 1 FROM active_flag g WHERE g.case_id = c.merged_into_id AND g.category = f.category)""",
    "a flagged case that says it is not": """
    SELECT c.number FROM cases c JOIN active_flag f ON f.case_id = c.id WHERE NOT c.flagged""",
    "a name that nobody checked": """
    SELECT c.number FROM cases c
    WHERE (c.name_state = 'verified' AND NOT EXISTS (
             SELECT 1 FROM contact_attempt t WHERE t.case_id = c.id AND t.outcome = 'confirmed'))
       OR (c.name_state = 'unverifiable' AND (
             3 > (SELECT count(*) FROM contact_attempt t WHERE t.case_id = c.id)
             OR 2 > (SELECT count(DISTINCT t.official_id) FROM contact_attempt t WHERE t.case_id = c.id)))
       OR (c.state = 'closed' AND c.name_state = 'claimed')""",
    "an open case in nobody's hands, below the highest level": f"""
    SELECT c.number FROM cases c JOIN place u ON u.id = c.unit_id
    WHERE c.state NOT IN ('closed', 'guided_elsewhere') AND c.merged_into_id IS NULL
      AND u.path <> '{TOP}' AND NOT {_FIT.format(who="")}""",
    "an open case in the wrong hands": f"""
    SELECT c.number FROM cases c JOIN place u ON u.id = c.unit_id
    WHERE c.state NOT IN ('closed', 'guided_elsewhere') AND c.merged_into_id IS NULL
      AND c.handler_id IS NOT NULL AND NOT {_FIT.format(who="o.id = c.handler_id AND")}""",
}
PROMISES = text(
    " UNION ALL ".join(
        f"SELECT '{what.replace(chr(39), chr(39) * 2)}' AS what, x.number FROM ({query}) x"
        for what, query in BROKEN.items()
    )
)
STANDING = text(
    "SELECT c.id, c.number, c.state, c.round, u.path, f.category FROM cases c JOIN place u ON u.id = c.unit_id "
    "LEFT JOIN case_flag f ON f.case_id = c.id ORDER BY c.id"
)
LOWERED = text(
    "SELECT r.id, a.place_path AS asking, b.place_path AS deciding, u.path AS unit FROM flag_removal r "
    "JOIN official a ON a.id = r.asked_by JOIN official b ON b.id = r.decided_by JOIN cases c ON c.id = r.case_id "
    "JOIN place u ON u.id = c.unit_id WHERE r.decision = 'approved'"
)
MOVED = text(
    "SELECT 1 FROM transfer t JOIN place p ON p.id = t.to_unit_id "
    "WHERE t.case_id = :case AND p.path = :unit AND t.state = 'accepted'"
)
