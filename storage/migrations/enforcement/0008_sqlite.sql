-- Exports and redactions on SQLite: the twin of 0008_postgresql.sql. Statements end with a line of "--;".
-- A redaction is asked for by somebody who may read the case, of something that belongs to it, and is born undecided.
CREATE TRIGGER redaction_birth BEFORE INSERT ON redaction
WHEN NEW.decision IS NOT NULL
  OR NOT EXISTS (SELECT 1 FROM official o, cases c, place u WHERE o.id = NEW.asked_by AND c.id = NEW.case_id AND u.id = c.unit_id
      AND o.active AND o.role IN ('discipline_official', 'discipline_leader', 'superior') AND (u.path = o.place_path OR u.path LIKE o.place_path || '/%')
      AND NOT EXISTS (SELECT 1 FROM recusal r WHERE r.case_id = c.id AND r.official_id = o.id))
  OR (
       (NEW.kind = 'message' AND NOT EXISTS (SELECT 1 FROM case_message m WHERE CAST(m.id AS TEXT) = NEW.target AND m.case_id = NEW.case_id))
    OR (NEW.kind = 'note' AND NOT EXISTS (SELECT 1 FROM case_note n WHERE CAST(n.id AS TEXT) = NEW.target AND n.case_id = NEW.case_id))
    OR (NEW.kind = 'file' AND NOT EXISTS (SELECT 1 FROM stored_file f WHERE f.id = NEW.target AND f.case_id = NEW.case_id))
    OR (NEW.kind = 'narrative' AND NEW.target NOT IN ('what', 'who', 'when', 'where', 'how_known')))
BEGIN SELECT RAISE(ABORT, 'qf:redaction'); END
--;
-- It is decided once, by another person who leads; nothing else about it ever changes.
CREATE TRIGGER redaction_once BEFORE UPDATE ON redaction
WHEN NEW.id IS NOT OLD.id
     OR NEW.case_id IS NOT OLD.case_id
     OR NEW.kind IS NOT OLD.kind
     OR NEW.target IS NOT OLD.target
     OR NEW.spans IS NOT OLD.spans
     OR NEW.reason_sealed IS NOT OLD.reason_sealed
     OR NEW.asked_by IS NOT OLD.asked_by
     OR NEW.asked_at IS NOT OLD.asked_at
     OR OLD.decision IS NOT NULL OR NEW.decision IS NULL OR NEW.decided_by = OLD.asked_by
     OR NOT EXISTS (SELECT 1 FROM official o, cases c, place u WHERE o.id = NEW.decided_by AND c.id = OLD.case_id AND u.id = c.unit_id
      AND o.active AND o.role IN ('discipline_leader', 'superior') AND (u.path = o.place_path OR u.path LIKE o.place_path || '/%')
      AND NOT EXISTS (SELECT 1 FROM recusal r WHERE r.case_id = c.id AND r.official_id = o.id))
     OR (NEW.decision = 'approved' AND NOT EXISTS (SELECT 1 FROM official o, cases c, place u WHERE o.id = OLD.asked_by AND c.id = OLD.case_id AND u.id = c.unit_id
      AND o.active AND o.role IN ('discipline_official', 'discipline_leader', 'superior') AND (u.path = o.place_path OR u.path LIKE o.place_path || '/%')
      AND NOT EXISTS (SELECT 1 FROM recusal r WHERE r.case_id = c.id AND r.official_id = o.id)))
BEGIN SELECT RAISE(ABORT, 'qf:redaction'); END
--;
CREATE TRIGGER redaction_no_delete BEFORE DELETE ON redaction
WHEN NOT EXISTS (SELECT 1 FROM erasable_case e WHERE e.id = OLD.case_id)
BEGIN SELECT RAISE(ABORT, 'qf:append_only'); END
--;
CREATE TRIGGER export_birth BEFORE INSERT ON export
WHEN NOT EXISTS (SELECT 1 FROM official o, cases c, place u WHERE o.id = NEW.official_id AND c.id = NEW.case_id AND u.id = c.unit_id
      AND o.active AND o.role IN ('discipline_official', 'discipline_leader', 'superior') AND (u.path = o.place_path OR u.path LIKE o.place_path || '/%')
      AND NOT EXISTS (SELECT 1 FROM recusal r WHERE r.case_id = c.id AND r.official_id = o.id))
BEGIN SELECT RAISE(ABORT, 'qf:export'); END
--;
CREATE TRIGGER export_no_update BEFORE UPDATE ON export BEGIN SELECT RAISE(ABORT, 'qf:append_only'); END
--;
CREATE TRIGGER export_no_delete BEFORE DELETE ON export
WHEN NOT EXISTS (SELECT 1 FROM erasable_case e WHERE e.id = OLD.case_id)
BEGIN SELECT RAISE(ABORT, 'qf:append_only'); END
