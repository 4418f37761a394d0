-- Signing in on PostgreSQL: the twin of 0007_sqlite.sql. Statements end with a line of "--;".

-- Nobody comes in before the own password and second factor are set up, nor after the seat was closed. A session
-- passes to nobody else and begins only once, so that its end stays where it is.
CREATE FUNCTION qf_desk_session_rules() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    IF NOT EXISTS (SELECT 1 FROM official o WHERE o.id = NEW.official_id AND o.active AND o.enrolled_at IS NOT NULL) THEN
      RAISE EXCEPTION 'qf:session_birth' USING ERRCODE = 'QF001';
    END IF;
  ELSIF NEW.token_hash IS DISTINCT FROM OLD.token_hash OR NEW.official_id IS DISTINCT FROM OLD.official_id
     OR NEW.csrf IS DISTINCT FROM OLD.csrf OR NEW.created_at IS DISTINCT FROM OLD.created_at
     OR NEW.way IS DISTINCT FROM OLD.way THEN
    RAISE EXCEPTION 'qf:session_fixed' USING ERRCODE = 'QF001';
  END IF;
  RETURN NEW;
END $$
--;
CREATE TRIGGER desk_session_birth BEFORE INSERT ON desk_session FOR EACH ROW EXECUTE FUNCTION qf_desk_session_rules()
--;
CREATE TRIGGER desk_session_fixed BEFORE UPDATE ON desk_session FOR EACH ROW EXECUTE FUNCTION qf_desk_session_rules()
--;
-- A link to a seat lives a day at most (a second more than that is rounding), works once, and stays on file.
CREATE FUNCTION qf_seat_link_rules() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    IF NEW.used_at IS NOT NULL OR NEW.revoked_at IS NOT NULL
       OR NEW.expires_at - NEW.made_at > interval '1 day 1 second'
       OR NOT EXISTS (SELECT 1 FROM official o WHERE o.id = NEW.official_id AND o.active) THEN
      RAISE EXCEPTION 'qf:seat_link_birth' USING ERRCODE = 'QF001';
    END IF;
  ELSIF OLD.used_at IS NOT NULL OR OLD.revoked_at IS NOT NULL
     OR NEW.token_hash IS DISTINCT FROM OLD.token_hash OR NEW.official_id IS DISTINCT FROM OLD.official_id
     OR NEW.kind IS DISTINCT FROM OLD.kind OR NEW.made_by IS DISTINCT FROM OLD.made_by
     OR NEW.made_at IS DISTINCT FROM OLD.made_at OR NEW.expires_at IS DISTINCT FROM OLD.expires_at
     OR (NEW.used_at IS NOT NULL AND NEW.used_at >= OLD.expires_at) THEN
    RAISE EXCEPTION 'qf:token_used' USING ERRCODE = 'QF001';
  END IF;
  RETURN NEW;
END $$
--;
CREATE TRIGGER seat_link_birth BEFORE INSERT ON seat_link FOR EACH ROW EXECUTE FUNCTION qf_seat_link_rules()
--;
CREATE TRIGGER seat_link_once BEFORE UPDATE ON seat_link FOR EACH ROW EXECUTE FUNCTION qf_seat_link_rules()
--;
CREATE TRIGGER seat_link_delete BEFORE DELETE ON seat_link FOR EACH ROW EXECUTE FUNCTION qf_refuse('append_only')
--;
CREATE TRIGGER seat_link_truncate BEFORE TRUNCATE ON seat_link FOR EACH STATEMENT EXECUTE FUNCTION qf_refuse('append_only')
--;
-- A passkey is registered by its own official, signed in at that moment, and by nobody for somebody else. Only its
-- name changes, and its counter, which never goes back.
CREATE FUNCTION qf_passkey_rules() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    IF NOT EXISTS (SELECT 1 FROM desk_session s WHERE s.token_hash = NEW.registered_in
                   AND s.official_id = NEW.official_id) THEN
      RAISE EXCEPTION 'qf:passkey_birth' USING ERRCODE = 'QF001';
    END IF;
  ELSIF NEW.id IS DISTINCT FROM OLD.id OR NEW.official_id IS DISTINCT FROM OLD.official_id
     OR NEW.registered_in IS DISTINCT FROM OLD.registered_in OR NEW.credential_id IS DISTINCT FROM OLD.credential_id
     OR NEW.public_key IS DISTINCT FROM OLD.public_key OR NEW.created_at IS DISTINCT FROM OLD.created_at
     OR NEW.sign_count < OLD.sign_count THEN
    RAISE EXCEPTION 'qf:passkey_fixed' USING ERRCODE = 'QF001';
  END IF;
  RETURN NEW;
END $$
--;
CREATE TRIGGER passkey_birth BEFORE INSERT ON passkey FOR EACH ROW EXECUTE FUNCTION qf_passkey_rules()
--;
CREATE TRIGGER passkey_fixed BEFORE UPDATE ON passkey FOR EACH ROW EXECUTE FUNCTION qf_passkey_rules()
--;
-- The rules find their tables here and nowhere else.
DO $$
DECLARE rule text;
BEGIN
  FOREACH rule IN ARRAY ARRAY['qf_desk_session_rules', 'qf_seat_link_rules', 'qf_passkey_rules'] LOOP
    EXECUTE format('ALTER FUNCTION %s() SET search_path TO %I, pg_temp', rule, current_schema());
  END LOOP;
END $$
