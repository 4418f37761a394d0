-- The log's seals and its signed heads on SQLite: the twin of 0006_postgresql.sql. Statements end with a line of "--;".
CREATE TRIGGER event_seal BEFORE INSERT ON event
WHEN NEW.seal IS NULL OR NEW.seal_key IS NULL OR length(NEW.seal) <> 32
BEGIN SELECT RAISE(ABORT, 'qf:event_seal'); END
--;
-- "INSERT OR REPLACE" with the hash of an older event would put itself in its place.
CREATE TRIGGER event_hash_once BEFORE INSERT ON event
WHEN EXISTS (SELECT 1 FROM event e WHERE e.hash = NEW.hash)
BEGIN SELECT RAISE(ABORT, 'qf:event_chain'); END
--;
-- A head is of the newest event, with its hash, and follows the head before.
CREATE TRIGGER log_head_insert BEFORE INSERT ON log_head
WHEN NEW.number <> 1 + (SELECT coalesce(max(number), 0) FROM log_head)
  OR NEW.events IS NOT (SELECT max(id) FROM event)
  OR NEW.hash IS NOT (SELECT hash FROM event WHERE id = NEW.events)
  OR NEW.sealed_from IS NOT coalesce((SELECT sealed_from FROM log_head ORDER BY number DESC LIMIT 1),
                                     (SELECT min(id) FROM event WHERE seal IS NOT NULL))
  OR (NEW.previous = '') <> (NEW.number = 1)
  OR NEW.at < (SELECT at FROM log_head ORDER BY number DESC LIMIT 1)
  OR length(NEW.public_key) <> 32 OR length(NEW.signature) <> 64
BEGIN SELECT RAISE(ABORT, 'qf:log_head'); END
--;
CREATE TRIGGER log_head_no_update BEFORE UPDATE ON log_head BEGIN SELECT RAISE(ABORT, 'qf:append_only'); END
--;
CREATE TRIGGER log_head_no_delete BEFORE DELETE ON log_head BEGIN SELECT RAISE(ABORT, 'qf:append_only'); END
