-- Evidence and receipts on PostgreSQL: the twin of 0005_sqlite.sql. Statements end with a line of "--;".
-- What a stored file is (hash, size, time, case) revision 0003 keeps already.

CREATE FUNCTION qf_stored_file_derived_rules() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.media_type IS DISTINCT FROM OLD.media_type
     OR (OLD.preview_id IS NOT NULL AND NEW.preview_id IS DISTINCT FROM OLD.preview_id)
     OR (OLD.scan = 'found' AND NEW.scan IS DISTINCT FROM OLD.scan) THEN
    RAISE EXCEPTION 'qf:append_only' USING ERRCODE = 'QF001';
  END IF;
  RETURN NEW;
END $$
--;
CREATE FUNCTION qf_evidence_announced_update_rules() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.id IS DISTINCT FROM OLD.id
     OR NEW.name_sealed IS DISTINCT FROM OLD.name_sealed
     OR NEW.size IS DISTINCT FROM OLD.size
     OR NEW.kind IS DISTINCT FROM OLD.kind
     OR NEW.announced_at IS DISTINCT FROM OLD.announced_at
     OR (OLD.case_id IS NOT NULL AND NEW.case_id IS DISTINCT FROM OLD.case_id)
     OR (OLD.file_id IS NOT NULL AND NEW.file_id IS DISTINCT FROM OLD.file_id) THEN
    RAISE EXCEPTION 'qf:append_only' USING ERRCODE = 'QF001';
  END IF;
  RETURN NEW;
END $$
--;
-- For tables with a case_id: a row of a case goes with its case, never before.
CREATE FUNCTION qf_of_a_kept_case() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.case_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM erasable_case e WHERE e.id = OLD.case_id) THEN
    RAISE EXCEPTION 'qf:append_only' USING ERRCODE = 'QF001';
  END IF;
  RETURN OLD;
END $$
--;
CREATE FUNCTION qf_upload_link_rules() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN
    IF OLD.used_at IS NOT NULL AND EXISTS (
         SELECT 1 FROM evidence_announced a WHERE a.id = OLD.announced_id AND a.case_id IS NOT NULL
           AND NOT EXISTS (SELECT 1 FROM erasable_case e WHERE e.id = a.case_id)) THEN
      RAISE EXCEPTION 'qf:append_only' USING ERRCODE = 'QF001';
    END IF;
    RETURN OLD;
  END IF;
  IF OLD.used_at IS NOT NULL
     OR NEW.token_hash IS DISTINCT FROM OLD.token_hash
     OR NEW.announced_id IS DISTINCT FROM OLD.announced_id
     OR NEW.expires_at IS DISTINCT FROM OLD.expires_at THEN
    RAISE EXCEPTION 'qf:append_only' USING ERRCODE = 'QF001';
  END IF;
  RETURN NEW;
END $$
--;
CREATE TRIGGER stored_file_derived BEFORE UPDATE ON stored_file FOR EACH ROW EXECUTE FUNCTION qf_stored_file_derived_rules()
--;
CREATE TRIGGER evidence_announced_fixed BEFORE UPDATE ON evidence_announced FOR EACH ROW EXECUTE FUNCTION qf_evidence_announced_update_rules()
--;
CREATE TRIGGER evidence_announced_kept BEFORE DELETE ON evidence_announced FOR EACH ROW EXECUTE FUNCTION qf_of_a_kept_case()
--;
CREATE TRIGGER upload_link_once BEFORE UPDATE ON upload_link FOR EACH ROW EXECUTE FUNCTION qf_upload_link_rules()
--;
CREATE TRIGGER upload_link_kept BEFORE DELETE ON upload_link FOR EACH ROW EXECUTE FUNCTION qf_upload_link_rules()
--;
CREATE TRIGGER case_receipt_no_update BEFORE UPDATE ON case_receipt FOR EACH ROW EXECUTE FUNCTION qf_refuse('append_only')
--;
CREATE TRIGGER case_receipt_kept BEFORE DELETE ON case_receipt FOR EACH ROW EXECUTE FUNCTION qf_of_a_kept_case()
--;
CREATE TRIGGER signing_key_no_update BEFORE UPDATE ON signing_key FOR EACH ROW EXECUTE FUNCTION qf_refuse('append_only')
--;
CREATE TRIGGER signing_key_no_delete BEFORE DELETE ON signing_key FOR EACH ROW EXECUTE FUNCTION qf_refuse('append_only')
--;
CREATE TRIGGER evidence_announced_truncate BEFORE TRUNCATE ON evidence_announced FOR EACH STATEMENT EXECUTE FUNCTION qf_refuse('append_only')
--;
CREATE TRIGGER upload_link_truncate BEFORE TRUNCATE ON upload_link FOR EACH STATEMENT EXECUTE FUNCTION qf_refuse('append_only')
--;
CREATE TRIGGER case_receipt_truncate BEFORE TRUNCATE ON case_receipt FOR EACH STATEMENT EXECUTE FUNCTION qf_refuse('append_only')
--;
CREATE TRIGGER signing_key_truncate BEFORE TRUNCATE ON signing_key FOR EACH STATEMENT EXECUTE FUNCTION qf_refuse('append_only')
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
