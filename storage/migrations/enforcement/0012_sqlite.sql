-- Plans of elections on SQLite: the twin of 0012_postgresql.sql. Statements end with a line of "--;".

-- Whose committee, who votes, how days are counted: known words, and a village votes with all its voters.
CREATE TRIGGER election_plan_birth BEFORE INSERT ON election
WHEN NEW.body NOT IN ('village', 'community') OR NEW.counting NOT IN ('next_day', 'same_day')
  OR NEW.mode NOT IN ('all_voters', 'households', 'representatives')
  OR (NEW.body = 'village' AND NEW.mode <> 'all_voters')
BEGIN SELECT RAISE(ABORT, 'qf:plan_unknown'); END
--;
CREATE TRIGGER election_plan_known BEFORE UPDATE ON election
WHEN NEW.body NOT IN ('village', 'community') OR NEW.counting NOT IN ('next_day', 'same_day')
  OR NEW.mode NOT IN ('all_voters', 'households', 'representatives')
  OR (NEW.body = 'village' AND NEW.mode <> 'all_voters')
BEGIN SELECT RAISE(ABORT, 'qf:plan_unknown'); END
--;
-- An election day moves only with a record of who moved it and why; the record is written first.
CREATE TRIGGER election_day_recorded BEFORE UPDATE ON election
WHEN NEW.election_day <> OLD.election_day
  AND NOT EXISTS (SELECT 1 FROM election_day_move m WHERE m.election_id = OLD.id
                  AND m.was_on = OLD.election_day AND m.now_on = NEW.election_day)
BEGIN SELECT RAISE(ABORT, 'qf:move_unrecorded'); END
--;
CREATE TRIGGER election_task_birth BEFORE INSERT ON election_task
WHEN NEW.done_at IS NOT NULL AND NEW.needs_proof AND coalesce(trim(NEW.proof), '') = ''
BEGIN SELECT RAISE(ABORT, 'qf:proof_missing'); END
--;
-- What is done keeps its day and its proof; it is done only with the proof it asks for.
CREATE TRIGGER election_task_done BEFORE UPDATE ON election_task
BEGIN
  SELECT RAISE(ABORT, 'qf:task_done') WHERE OLD.done_at IS NOT NULL
    AND (NEW.done_at IS NULL OR NEW.done_at <> OLD.done_at OR NEW.due_on <> OLD.due_on OR NEW.code <> OLD.code
         OR NEW.election_id <> OLD.election_id OR NEW.done_on IS NOT OLD.done_on OR NEW.proof IS NOT OLD.proof
         OR NEW.done_by IS NOT OLD.done_by);
  SELECT RAISE(ABORT, 'qf:proof_missing') WHERE OLD.done_at IS NULL AND NEW.done_at IS NOT NULL
    AND OLD.needs_proof AND coalesce(trim(NEW.proof), '') = '';
END
--;
CREATE TRIGGER election_task_kept BEFORE DELETE ON election_task
WHEN OLD.done_at IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'qf:task_done'); END
--;
CREATE TRIGGER election_day_move_fixed BEFORE UPDATE ON election_day_move
BEGIN SELECT RAISE(ABORT, 'qf:move_fixed'); END
--;
CREATE TRIGGER election_day_move_kept BEFORE DELETE ON election_day_move
BEGIN SELECT RAISE(ABORT, 'qf:move_fixed'); END
--;
CREATE TRIGGER happening_fixed BEFORE UPDATE ON happening
BEGIN SELECT RAISE(ABORT, 'qf:happening_fixed'); END
--;
CREATE TRIGGER happening_kept BEFORE DELETE ON happening
BEGIN SELECT RAISE(ABORT, 'qf:happening_fixed'); END
