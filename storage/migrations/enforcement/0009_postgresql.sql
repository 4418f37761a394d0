-- Consent to keeping a name on PostgreSQL: the twin of 0009_sqlite.sql. Statements end with a line of "--;".

-- A report written in the chat brings a name only with consent on file; what is filed at the desk has no draft.
CREATE FUNCTION qf_cases_consent() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.filed_via = 'chat' AND NEW.name_state <> 'none' AND NEW.draft_id IS NOT NULL
     AND NOT EXISTS (SELECT 1 FROM consent k WHERE k.draft_id = NEW.draft_id) THEN
    RAISE EXCEPTION 'qf:consent_missing' USING ERRCODE = 'QF001';
  END IF;
  RETURN NEW;
END $$
--;
CREATE FUNCTION qf_consent_fixed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'qf:consent_fixed' USING ERRCODE = 'QF001';
END $$
--;
-- It goes with the draft or with a change of mind before the report is filed, never while a case stands on it.
CREATE FUNCTION qf_consent_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM cases c WHERE c.draft_id = OLD.draft_id) THEN
    RAISE EXCEPTION 'qf:consent_fixed' USING ERRCODE = 'QF001';
  END IF;
  RETURN OLD;
END $$
--;
CREATE TRIGGER cases_consent BEFORE INSERT ON cases FOR EACH ROW EXECUTE FUNCTION qf_cases_consent()
--;
CREATE TRIGGER consent_fixed BEFORE UPDATE ON consent FOR EACH ROW EXECUTE FUNCTION qf_consent_fixed()
--;
CREATE TRIGGER consent_kept BEFORE DELETE ON consent FOR EACH ROW EXECUTE FUNCTION qf_consent_kept()
--;
-- Each looks for its tables in its own schema only.
DO $$
DECLARE rule text;
BEGIN
  FOR rule IN SELECT p.oid::regprocedure::text FROM pg_proc p
              WHERE p.pronamespace = current_schema()::regnamespace AND p.proname LIKE 'qf\_%' LOOP
    EXECUTE format('ALTER FUNCTION %s SET search_path TO %I, pg_temp', rule, current_schema());
  END LOOP;
END $$
