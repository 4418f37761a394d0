-- Plans of elections on PostgreSQL: the twin of 0012_sqlite.sql. Statements end with a line of "--;".

-- Whose committee, who votes, how days are counted: known words, and a village votes with all its voters.
CREATE FUNCTION qf_election_plan() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.body NOT IN ('village', 'community') OR NEW.counting NOT IN ('next_day', 'same_day')
     OR NEW.mode NOT IN ('all_voters', 'households', 'representatives')
     OR (NEW.body = 'village' AND NEW.mode <> 'all_voters') THEN
    RAISE EXCEPTION 'qf:plan_unknown' USING ERRCODE = 'QF001';
  END IF;
  RETURN NEW;
END $$
--;
-- An election day moves only with a record of who moved it and why; the record is written first.
CREATE FUNCTION qf_election_day_recorded() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.election_day <> OLD.election_day
     AND NOT EXISTS (SELECT 1 FROM election_day_move m WHERE m.election_id = OLD.id
                     AND m.was_on = OLD.election_day AND m.now_on = NEW.election_day) THEN
    RAISE EXCEPTION 'qf:move_unrecorded' USING ERRCODE = 'QF001';
  END IF;
  RETURN NEW;
END $$
--;
CREATE FUNCTION qf_election_task_birth() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.done_at IS NOT NULL AND NEW.needs_proof AND coalesce(trim(NEW.proof), '') = '' THEN
    RAISE EXCEPTION 'qf:proof_missing' USING ERRCODE = 'QF001';
  END IF;
  RETURN NEW;
END $$
--;
-- What is done keeps its day and its proof; it is done only with the proof it asks for.
CREATE FUNCTION qf_election_task_done() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.done_at IS NOT NULL
     AND (NEW.done_at IS NULL OR NEW.done_at <> OLD.done_at OR NEW.due_on <> OLD.due_on OR NEW.code <> OLD.code
          OR NEW.election_id <> OLD.election_id OR NEW.done_on IS DISTINCT FROM OLD.done_on
          OR NEW.proof IS DISTINCT FROM OLD.proof OR NEW.done_by IS DISTINCT FROM OLD.done_by) THEN
    RAISE EXCEPTION 'qf:task_done' USING ERRCODE = 'QF001';
  END IF;
  IF OLD.done_at IS NULL AND NEW.done_at IS NOT NULL AND OLD.needs_proof AND coalesce(trim(NEW.proof), '') = '' THEN
    RAISE EXCEPTION 'qf:proof_missing' USING ERRCODE = 'QF001';
  END IF;
  RETURN NEW;
END $$
--;
CREATE FUNCTION qf_election_task_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.done_at IS NOT NULL THEN
    RAISE EXCEPTION 'qf:task_done' USING ERRCODE = 'QF001';
  END IF;
  RETURN OLD;
END $$
--;
CREATE FUNCTION qf_election_day_move_fixed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'qf:move_fixed' USING ERRCODE = 'QF001';
END $$
--;
CREATE FUNCTION qf_happening_fixed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'qf:happening_fixed' USING ERRCODE = 'QF001';
END $$
--;
CREATE TRIGGER election_plan_birth BEFORE INSERT ON election FOR EACH ROW EXECUTE FUNCTION qf_election_plan()
--;
CREATE TRIGGER election_plan_known BEFORE UPDATE ON election FOR EACH ROW EXECUTE FUNCTION qf_election_plan()
--;
CREATE TRIGGER election_day_recorded BEFORE UPDATE ON election
FOR EACH ROW EXECUTE FUNCTION qf_election_day_recorded()
--;
CREATE TRIGGER election_task_birth BEFORE INSERT ON election_task
FOR EACH ROW EXECUTE FUNCTION qf_election_task_birth()
--;
CREATE TRIGGER election_task_done BEFORE UPDATE ON election_task
FOR EACH ROW EXECUTE FUNCTION qf_election_task_done()
--;
CREATE TRIGGER election_task_kept BEFORE DELETE ON election_task
FOR EACH ROW EXECUTE FUNCTION qf_election_task_kept()
--;
CREATE TRIGGER election_day_move_fixed BEFORE UPDATE ON election_day_move
FOR EACH ROW EXECUTE FUNCTION qf_election_day_move_fixed()
--;
CREATE TRIGGER election_day_move_kept BEFORE DELETE ON election_day_move
FOR EACH ROW EXECUTE FUNCTION qf_election_day_move_fixed()
--;
CREATE TRIGGER happening_fixed BEFORE UPDATE ON happening FOR EACH ROW EXECUTE FUNCTION qf_happening_fixed()
--;
CREATE TRIGGER happening_kept BEFORE DELETE ON happening FOR EACH ROW EXECUTE FUNCTION qf_happening_fixed()
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
