-- The log's seals and its signed heads on PostgreSQL: the twin of 0006_sqlite.sql. Statements end with a line of "--;".
CREATE FUNCTION qf_event_seal() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.seal IS NULL OR NEW.seal_key IS NULL OR length(NEW.seal) <> 32 THEN
    RAISE EXCEPTION 'qf:event_seal' USING ERRCODE = 'QF001';
  END IF;
  IF EXISTS (SELECT 1 FROM event e WHERE e.hash = NEW.hash) THEN
    RAISE EXCEPTION 'qf:event_chain' USING ERRCODE = 'QF001';
  END IF;
  RETURN NEW;
END $$
--;
-- A head is of the newest event, with its hash, and follows the head before.
CREATE FUNCTION qf_log_head_insert() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.number <> 1 + (SELECT coalesce(max(number), 0) FROM log_head)
     OR NEW.events IS DISTINCT FROM (SELECT max(id) FROM event)
     OR NEW.hash IS DISTINCT FROM (SELECT hash FROM event WHERE id = NEW.events)
     OR NEW.sealed_from IS DISTINCT FROM coalesce((SELECT sealed_from FROM log_head ORDER BY number DESC LIMIT 1),
                                                  (SELECT min(id) FROM event WHERE seal IS NOT NULL))
     OR (NEW.previous = '') <> (NEW.number = 1)
     OR NEW.at < (SELECT at FROM log_head ORDER BY number DESC LIMIT 1)
     OR length(NEW.public_key) <> 32 OR length(NEW.signature) <> 64 THEN
    RAISE EXCEPTION 'qf:log_head' USING ERRCODE = 'QF001';
  END IF;
  RETURN NEW;
END $$
--;
CREATE TRIGGER event_seal BEFORE INSERT ON event FOR EACH ROW EXECUTE FUNCTION qf_event_seal()
--;
CREATE TRIGGER log_head_insert BEFORE INSERT ON log_head FOR EACH ROW EXECUTE FUNCTION qf_log_head_insert()
--;
CREATE TRIGGER log_head_no_update BEFORE UPDATE ON log_head FOR EACH ROW EXECUTE FUNCTION qf_refuse('append_only')
--;
CREATE TRIGGER log_head_no_delete BEFORE DELETE ON log_head FOR EACH ROW EXECUTE FUNCTION qf_refuse('append_only')
--;
CREATE TRIGGER log_head_truncate BEFORE TRUNCATE ON log_head FOR EACH STATEMENT EXECUTE FUNCTION qf_refuse('append_only')
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
