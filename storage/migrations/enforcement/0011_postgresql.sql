-- Reminders and broadcasts on PostgreSQL: the twin of 0011_sqlite.sql. Statements end with a line of "--;".

-- A reminder is marked once; whom it is for, of what and when, never changes.
CREATE FUNCTION qf_reminder_once() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.queued_at IS NOT NULL OR NEW.queued_at IS NULL
     OR (NEW.id, NEW.subject, NEW.stage, NEW.due_at) IS DISTINCT FROM (OLD.id, OLD.subject, OLD.stage, OLD.due_at)
     OR (NEW.person_id, NEW.official_id, NEW.role, NEW.for_on)
        IS DISTINCT FROM (OLD.person_id, OLD.official_id, OLD.role, OLD.for_on) THEN
    RAISE EXCEPTION 'qf:reminder_once' USING ERRCODE = 'QF001';
  END IF;
  RETURN NEW;
END $$
--;
CREATE TRIGGER reminder_once BEFORE UPDATE ON reminder FOR EACH ROW EXECUTE FUNCTION qf_reminder_once()
--;
CREATE TRIGGER reminder_no_delete BEFORE DELETE ON reminder FOR EACH ROW EXECUTE FUNCTION qf_refuse('append_only')
--;
CREATE TRIGGER reminder_plan_no_update BEFORE UPDATE ON reminder_plan FOR EACH ROW EXECUTE FUNCTION qf_refuse('append_only')
--;
CREATE TRIGGER reminder_plan_no_delete BEFORE DELETE ON reminder_plan FOR EACH ROW EXECUTE FUNCTION qf_refuse('append_only')
--;
-- Whether somebody may write or approve a broadcast for a place.
CREATE FUNCTION qf_may_broadcast(who bigint, place bigint) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT EXISTS (SELECT 1 FROM official o, place p WHERE o.id = who AND p.id = $2
    AND o.active AND o.role IN ('township_staff', 'discipline_official', 'discipline_leader')
    AND (p.path = o.place_path OR p.path LIKE o.place_path || '/%'))
$$
--;
-- A broadcast begins as a draft of somebody who may write one for that place.
CREATE FUNCTION qf_broadcast_birth() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.state <> 'draft' OR NEW.approved_by IS NOT NULL OR NEW.cancelled_by IS NOT NULL
     OR NOT qf_may_broadcast(NEW.author_id, NEW.place_id) THEN
    RAISE EXCEPTION 'qf:broadcast_birth' USING ERRCODE = 'QF001';
  END IF;
  RETURN NEW;
END $$
--;
CREATE TRIGGER broadcast_birth BEFORE INSERT ON broadcast FOR EACH ROW EXECUTE FUNCTION qf_broadcast_birth()
--;
CREATE TRIGGER broadcast_no_delete BEFORE DELETE ON broadcast FOR EACH ROW EXECUTE FUNCTION qf_refuse('append_only')
--;
-- Who wrote it and from how many on a second person is needed stay; after a draft nothing changes but that it is stopped.
-- The approval counts who will get it; above the size its author is not enough.
CREATE FUNCTION qf_broadcast_step() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (NEW.id, NEW.author_id, NEW.created_at, NEW.second_above)
       IS DISTINCT FROM (OLD.id, OLD.author_id, OLD.created_at, OLD.second_above)
     OR NEW.version <> OLD.version + 1
     OR OLD.state = 'cancelled'
     OR (NEW.state = 'draft' AND (OLD.state <> 'draft' OR NEW.approved_by IS NOT NULL))
     OR (NEW.state <> 'draft'
         AND (NEW.body, NEW.kind, NEW.place_id) IS DISTINCT FROM (OLD.body, OLD.kind, OLD.place_id))
     OR (NEW.state = 'approved' AND OLD.state <> 'draft')
     OR (NEW.state = 'cancelled'
         AND (NEW.approved_by, NEW.approved_at, NEW.size) IS DISTINCT FROM (OLD.approved_by, OLD.approved_at, OLD.size)) THEN
    RAISE EXCEPTION 'qf:broadcast_fixed' USING ERRCODE = 'QF001';
  END IF;
  IF NEW.state = 'approved' AND OLD.state = 'draft'
     AND (NEW.size IS DISTINCT FROM (SELECT count(*) FROM broadcast_recipient r WHERE r.broadcast_id = NEW.id)
          OR (NEW.size > NEW.second_above AND NEW.approved_by = NEW.author_id)
          OR NOT qf_may_broadcast(NEW.approved_by, NEW.place_id)) THEN
    RAISE EXCEPTION 'qf:broadcast_approval' USING ERRCODE = 'QF001';
  END IF;
  RETURN NEW;
END $$
--;
CREATE TRIGGER broadcast_fixed BEFORE UPDATE ON broadcast FOR EACH ROW EXECUTE FUNCTION qf_broadcast_step()
--;
-- Recipients are those subscribed within the place, written before the approval and never after it: the row of the
-- broadcast is locked, so that none slips in while somebody approves.
CREATE FUNCTION qf_broadcast_recipient_birth() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE at_state text; at_path text;
BEGIN
  SELECT b.state, p.path INTO at_state, at_path FROM broadcast b JOIN place p ON p.id = b.place_id
    WHERE b.id = NEW.broadcast_id FOR SHARE OF b;
  IF NEW.state <> 'waiting' OR NEW.outbox_id IS NOT NULL OR NEW.settled_at IS NOT NULL
     OR at_state IS DISTINCT FROM 'draft'
     OR NOT EXISTS (SELECT 1 FROM place v JOIN subscription s ON s.place_id = v.id WHERE v.id = NEW.place_id
                    AND s.person_id = NEW.person_id AND (v.path = at_path OR v.path LIKE at_path || '/%')) THEN
    RAISE EXCEPTION 'qf:broadcast_recipient' USING ERRCODE = 'QF001';
  END IF;
  RETURN NEW;
END $$
--;
CREATE TRIGGER broadcast_recipient_birth BEFORE INSERT ON broadcast_recipient
  FOR EACH ROW EXECUTE FUNCTION qf_broadcast_recipient_birth()
--;
CREATE FUNCTION qf_broadcast_recipient_step() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (NEW.id, NEW.broadcast_id, NEW.person_id, NEW.place_id)
       IS DISTINCT FROM (OLD.id, OLD.broadcast_id, OLD.person_id, OLD.place_id)
     OR (OLD.outbox_id IS NOT NULL AND NEW.outbox_id IS DISTINCT FROM OLD.outbox_id)
     OR NOT ((OLD.state = 'waiting' AND NEW.state IN ('queued', 'left', 'cancelled'))
          OR (OLD.state = 'queued' AND NEW.state IN ('sent', 'unreachable', 'cancelled')))
     OR (NEW.state = 'queued'
         AND NOT EXISTS (SELECT 1 FROM broadcast b WHERE b.id = NEW.broadcast_id AND b.state = 'approved')) THEN
    RAISE EXCEPTION 'qf:broadcast_recipient' USING ERRCODE = 'QF001';
  END IF;
  RETURN NEW;
END $$
--;
CREATE TRIGGER broadcast_recipient_step BEFORE UPDATE ON broadcast_recipient
  FOR EACH ROW EXECUTE FUNCTION qf_broadcast_recipient_step()
--;
CREATE TRIGGER broadcast_recipient_no_delete BEFORE DELETE ON broadcast_recipient
  FOR EACH ROW EXECUTE FUNCTION qf_refuse('append_only')
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
