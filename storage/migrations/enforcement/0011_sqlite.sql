-- Reminders and broadcasts on SQLite: the twin of 0011_postgresql.sql. Statements end with a line of "--;".

-- A reminder is marked once; whom it is for, of what and when, never changes.
CREATE TRIGGER reminder_once BEFORE UPDATE ON reminder
WHEN OLD.queued_at IS NOT NULL OR NEW.queued_at IS NULL
  OR NEW.id IS NOT OLD.id OR NEW.subject IS NOT OLD.subject OR NEW.stage IS NOT OLD.stage
  OR NEW.person_id IS NOT OLD.person_id OR NEW.official_id IS NOT OLD.official_id OR NEW.role IS NOT OLD.role
  OR NEW.for_on IS NOT OLD.for_on OR NEW.due_at IS NOT OLD.due_at
BEGIN SELECT RAISE(ABORT, 'qf:reminder_once'); END
--;
CREATE TRIGGER reminder_no_delete BEFORE DELETE ON reminder BEGIN SELECT RAISE(ABORT, 'qf:append_only'); END
--;
CREATE TRIGGER reminder_plan_no_update BEFORE UPDATE ON reminder_plan BEGIN SELECT RAISE(ABORT, 'qf:append_only'); END
--;
CREATE TRIGGER reminder_plan_no_delete BEFORE DELETE ON reminder_plan BEGIN SELECT RAISE(ABORT, 'qf:append_only'); END
--;
-- A broadcast begins as a draft of somebody who may write one for that place.
CREATE TRIGGER broadcast_birth BEFORE INSERT ON broadcast
WHEN NEW.state <> 'draft' OR NEW.approved_by IS NOT NULL OR NEW.cancelled_by IS NOT NULL
  OR NOT EXISTS (SELECT 1 FROM official o, place p WHERE o.id = NEW.author_id AND p.id = NEW.place_id
      AND o.active AND o.role IN ('township_staff', 'discipline_official', 'discipline_leader')
      AND (p.path = o.place_path OR p.path LIKE o.place_path || '/%'))
BEGIN SELECT RAISE(ABORT, 'qf:broadcast_birth'); END
--;
CREATE TRIGGER broadcast_no_delete BEFORE DELETE ON broadcast BEGIN SELECT RAISE(ABORT, 'qf:append_only'); END
--;
-- Who wrote it and from how many on a second person is needed stay; after a draft nothing changes but that it is stopped.
CREATE TRIGGER broadcast_fixed BEFORE UPDATE ON broadcast
WHEN NEW.id IS NOT OLD.id OR NEW.author_id IS NOT OLD.author_id OR NEW.created_at IS NOT OLD.created_at
  OR NEW.second_above IS NOT OLD.second_above OR NEW.version <> OLD.version + 1
  OR OLD.state = 'cancelled'
  OR (NEW.state = 'draft' AND (OLD.state <> 'draft' OR NEW.approved_by IS NOT NULL))
  OR (NEW.state <> 'draft' AND (NEW.body IS NOT OLD.body OR NEW.kind IS NOT OLD.kind OR NEW.place_id IS NOT OLD.place_id))
  OR (NEW.state = 'approved' AND OLD.state <> 'draft')
  OR (NEW.state = 'cancelled' AND (NEW.approved_by IS NOT OLD.approved_by OR NEW.approved_at IS NOT OLD.approved_at
      OR NEW.size IS NOT OLD.size))
BEGIN SELECT RAISE(ABORT, 'qf:broadcast_fixed'); END
--;
-- The approval counts who will get it; above the size its author is not enough.
CREATE TRIGGER broadcast_approval BEFORE UPDATE ON broadcast
WHEN NEW.state = 'approved' AND OLD.state = 'draft'
  AND (NEW.size IS NOT (SELECT count(*) FROM broadcast_recipient r WHERE r.broadcast_id = NEW.id)
    OR (NEW.size > NEW.second_above AND NEW.approved_by = NEW.author_id)
    OR NOT EXISTS (SELECT 1 FROM official o, place p WHERE o.id = NEW.approved_by AND p.id = NEW.place_id
        AND o.active AND o.role IN ('township_staff', 'discipline_official', 'discipline_leader')
        AND (p.path = o.place_path OR p.path LIKE o.place_path || '/%')))
BEGIN SELECT RAISE(ABORT, 'qf:broadcast_approval'); END
--;
-- Recipients are those subscribed within the place, written before the approval and never after it.
CREATE TRIGGER broadcast_recipient_birth BEFORE INSERT ON broadcast_recipient
WHEN NEW.state <> 'waiting' OR NEW.outbox_id IS NOT NULL OR NEW.settled_at IS NOT NULL
  OR NOT EXISTS (SELECT 1 FROM broadcast b, place p, place v, subscription s WHERE b.id = NEW.broadcast_id
      AND b.state = 'draft' AND p.id = b.place_id AND v.id = NEW.place_id
      AND (v.path = p.path OR v.path LIKE p.path || '/%')
      AND s.person_id = NEW.person_id AND s.place_id = NEW.place_id)
BEGIN SELECT RAISE(ABORT, 'qf:broadcast_recipient'); END
--;
CREATE TRIGGER broadcast_recipient_step BEFORE UPDATE ON broadcast_recipient
WHEN NEW.id IS NOT OLD.id OR NEW.broadcast_id IS NOT OLD.broadcast_id OR NEW.person_id IS NOT OLD.person_id
  OR NEW.place_id IS NOT OLD.place_id
  OR (OLD.outbox_id IS NOT NULL AND NEW.outbox_id IS NOT OLD.outbox_id)
  OR NOT ((OLD.state = 'waiting' AND NEW.state IN ('queued', 'left', 'cancelled'))
       OR (OLD.state = 'queued' AND NEW.state IN ('sent', 'unreachable', 'cancelled')))
  OR (NEW.state = 'queued'
      AND NOT EXISTS (SELECT 1 FROM broadcast b WHERE b.id = NEW.broadcast_id AND b.state = 'approved'))
BEGIN SELECT RAISE(ABORT, 'qf:broadcast_recipient'); END
--;
CREATE TRIGGER broadcast_recipient_no_delete BEFORE DELETE ON broadcast_recipient
BEGIN SELECT RAISE(ABORT, 'qf:append_only'); END
