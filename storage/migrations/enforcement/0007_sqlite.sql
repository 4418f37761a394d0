-- Signing in on SQLite: the twin of 0007_postgresql.sql. Statements end with a line of "--;".

-- Nobody comes in before the own password and second factor are set up, nor after the seat was closed.
CREATE TRIGGER desk_session_birth BEFORE INSERT ON desk_session
WHEN NOT EXISTS (SELECT 1 FROM official o WHERE o.id = NEW.official_id AND o.active AND o.enrolled_at IS NOT NULL)
BEGIN SELECT RAISE(ABORT, 'qf:session_birth'); END
--;
-- A session passes to nobody else and begins only once, so that its end stays where it is.
CREATE TRIGGER desk_session_fixed BEFORE UPDATE ON desk_session
WHEN NEW.token_hash IS NOT OLD.token_hash OR NEW.official_id IS NOT OLD.official_id OR NEW.csrf IS NOT OLD.csrf
     OR NEW.created_at IS NOT OLD.created_at OR NEW.way IS NOT OLD.way
BEGIN SELECT RAISE(ABORT, 'qf:session_fixed'); END
--;
-- A link to a seat lives a day at most (a second more than that is rounding), works once, and stays on file.
CREATE TRIGGER seat_link_birth BEFORE INSERT ON seat_link
WHEN NEW.used_at IS NOT NULL OR NEW.revoked_at IS NOT NULL
     OR julianday(NEW.expires_at) - julianday(NEW.made_at) > 1 + 1.0 / 86400
     OR NOT EXISTS (SELECT 1 FROM official o WHERE o.id = NEW.official_id AND o.active)
BEGIN SELECT RAISE(ABORT, 'qf:seat_link_birth'); END
--;
CREATE TRIGGER seat_link_once BEFORE UPDATE ON seat_link
WHEN OLD.used_at IS NOT NULL OR OLD.revoked_at IS NOT NULL
     OR NEW.token_hash IS NOT OLD.token_hash OR NEW.official_id IS NOT OLD.official_id OR NEW.kind IS NOT OLD.kind
     OR NEW.made_by IS NOT OLD.made_by OR NEW.made_at IS NOT OLD.made_at OR NEW.expires_at IS NOT OLD.expires_at
     OR (NEW.used_at IS NOT NULL AND NEW.used_at >= OLD.expires_at)
BEGIN SELECT RAISE(ABORT, 'qf:token_used'); END
--;
CREATE TRIGGER seat_link_delete BEFORE DELETE ON seat_link
BEGIN SELECT RAISE(ABORT, 'qf:append_only'); END
--;
-- A passkey is registered by its own official, signed in at that moment, and by nobody for somebody else.
CREATE TRIGGER passkey_birth BEFORE INSERT ON passkey
WHEN NOT EXISTS (SELECT 1 FROM desk_session s WHERE s.token_hash = NEW.registered_in AND s.official_id = NEW.official_id)
BEGIN SELECT RAISE(ABORT, 'qf:passkey_birth'); END
--;
-- Only its name changes, and its counter, which never goes back.
CREATE TRIGGER passkey_fixed BEFORE UPDATE ON passkey
WHEN NEW.id IS NOT OLD.id OR NEW.official_id IS NOT OLD.official_id OR NEW.registered_in IS NOT OLD.registered_in
     OR NEW.credential_id IS NOT OLD.credential_id OR NEW.public_key IS NOT OLD.public_key
     OR NEW.created_at IS NOT OLD.created_at OR NEW.sign_count < OLD.sign_count
BEGIN SELECT RAISE(ABORT, 'qf:passkey_fixed'); END
