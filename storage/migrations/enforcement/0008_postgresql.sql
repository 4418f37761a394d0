-- Exports and redactions on PostgreSQL: the twin of 0008_sqlite.sql. Statements end with a line of "--;".
-- A redaction is asked for by somebody who may read the case, of something that belongs to it, and is born undecided.
CREATE FUNCTION qf_redaction_insert() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.decision IS NOT NULL
     OR NOT EXISTS (SELECT 1 FROM official o, cases c, place u WHERE o.id = NEW.asked_by AND c.id = NEW.case_id AND u.id = c.unit_id
      AND o.active AND o.role IN ('discipline_official', 'discipline_leader', 'superior') AND (u.path = o.place_path OR u.path LIKE o.place_path || '/%')
      AND NOT EXISTS (SELECT 1 FROM recusal r WHERE r.case_id = c.id AND r.official_id = o.id))
     OR (
       (NEW.kind = 'message' AND NOT EXISTS (SELECT 1 FROM case_message m WHERE CAST(m.id AS TEXT) = NEW.target AND m.case_id = NEW.case_id))
    OR (NEW.kind = 'note' AND NOT EXISTS (SELECT 1 FROM case_note n WHERE CAST(n.id AS TEXT) = NEW.target AND n.case_id = NEW.case_id))
    OR (NEW.kind = 'file' AND NOT EXISTS (SELECT 1 FROM stored_file f WHERE f.id = NEW.target AND f.case_id = NEW.case_id))
    OR (NEW.kind = 'narrative' AND NEW.target NOT IN ('what', 'who', 'when', 'where', 'how_known'))) THEN
    RAISE EXCEPTION 'qf:redaction' USING ERRCODE = 'QF001';
  END IF;
  RETURN NEW;
END $$
--;
-- It is decided once, by another person who leads; nothing else about it ever changes.
CREATE FUNCTION qf_redaction_update() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.id IS DISTINCT FROM OLD.id
     OR NEW.case_id IS DISTINCT FROM OLD.case_id
     OR NEW.kind IS DISTINCT FROM OLD.kind
     OR NEW.target IS DISTINCT FROM OLD.target
     OR NEW.spans IS DISTINCT FROM OLD.spans
     OR NEW.reason_sealed IS DISTINCT FROM OLD.reason_sealed
     OR NEW.asked_by IS DISTINCT FROM OLD.asked_by
     OR NEW.asked_at IS DISTINCT FROM OLD.asked_at
     OR OLD.decision IS NOT NULL OR NEW.decision IS NULL OR NEW.decided_by = OLD.asked_by
     OR NOT EXISTS (SELECT 1 FROM official o, cases c, place u WHERE o.id = NEW.decided_by AND c.id = OLD.case_id AND u.id = c.unit_id
      AND o.active AND o.role IN ('discipline_leader', 'superior') AND (u.path = o.place_path OR u.path LIKE o.place_path || '/%')
      AND NOT EXISTS (SELECT 1 FROM recusal r WHERE r.case_id = c.id AND r.official_id = o.id))
     OR (NEW.decision = 'approved' AND NOT EXISTS (SELECT 1 FROM official o, cases c, place u WHERE o.id = OLD.asked_by AND c.id = OLD.case_id AND u.id = c.unit_id
      AND o.active AND o.role IN ('discipline_official', 'discipline_leader', 'superior') AND (u.path = o.place_path OR u.path LIKE o.place_path || '/%')
      AND NOT EXISTS (SELECT 1 FROM recusal r WHERE r.case_id = c.id AND r.official_id = o.id))) THEN
    RAISE EXCEPTION 'qf:redaction' USING ERRCODE = 'QF001';
  END IF;
  RETURN NEW;
END $$
--;
CREATE FUNCTION qf_export_insert() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM official o, cases c, place u WHERE o.id = NEW.official_id AND c.id = NEW.case_id AND u.id = c.unit_id
      AND o.active AND o.role IN ('discipline_official', 'discipline_leader', 'superior') AND (u.path = o.place_path OR u.path LIKE o.place_path || '/%')
      AND NOT EXISTS (SELECT 1 FROM recusal r WHERE r.case_id = c.id AND r.official_id = o.id)) THEN
    RAISE EXCEPTION 'qf:export' USING ERRCODE = 'QF001';
  END IF;
  RETURN NEW;
END $$
--;
CREATE TRIGGER redaction_birth BEFORE INSERT ON redaction FOR EACH ROW EXECUTE FUNCTION qf_redaction_insert()
--;
CREATE TRIGGER redaction_once BEFORE UPDATE ON redaction FOR EACH ROW EXECUTE FUNCTION qf_redaction_update()
--;
CREATE TRIGGER redaction_as_of_now BEFORE UPDATE ON redaction FOR EACH STATEMENT EXECUTE FUNCTION qf_as_of_now()
--;
CREATE TRIGGER redaction_no_delete BEFORE DELETE ON redaction FOR EACH ROW EXECUTE FUNCTION qf_gone_with_case('case_id')
--;
CREATE TRIGGER redaction_truncate BEFORE TRUNCATE ON redaction FOR EACH STATEMENT EXECUTE FUNCTION qf_refuse('append_only')
--;
CREATE TRIGGER export_birth BEFORE INSERT ON export FOR EACH ROW EXECUTE FUNCTION qf_export_insert()
--;
CREATE TRIGGER export_no_update BEFORE UPDATE ON export FOR EACH ROW EXECUTE FUNCTION qf_refuse('append_only')
--;
CREATE TRIGGER export_no_delete BEFORE DELETE ON export FOR EACH ROW EXECUTE FUNCTION qf_gone_with_case('case_id')
--;
CREATE TRIGGER export_truncate BEFORE TRUNCATE ON export FOR EACH STATEMENT EXECUTE FUNCTION qf_refuse('append_only')
--;
-- The rules find their tables here and nowhere else: a temporary table or view of the same name is not looked at.
DO $$
DECLARE rule text;
BEGIN
  FOR rule IN SELECT p.oid::regprocedure::text FROM pg_proc p
              WHERE p.pronamespace = current_schema()::regnamespace AND p.proname LIKE 'qf\_%' LOOP
    EXECUTE format('ALTER FUNCTION %s SET search_path TO %I, pg_temp', rule, current_schema());
  END LOOP;
END $$
