-- Custody of names on PostgreSQL: the twin of 0004_sqlite.sql. Statements end with a line of "--;".
-- The tables of names are new in this revision; their guards of 0001 and 0003 went with the old ones.

-- A name's parts are never changed; it may be split anew, every time for the whole of its keepers.
CREATE FUNCTION qf_identity_fixed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.case_id IS DISTINCT FROM OLD.case_id OR NEW.public_key IS DISTINCT FROM OLD.public_key
     OR NEW.name_sealed IS DISTINCT FROM OLD.name_sealed OR NEW.contact_sealed IS DISTINCT FROM OLD.contact_sealed
     OR NEW.address_sealed IS DISTINCT FROM OLD.address_sealed OR NEW.generation <> OLD.generation + 1 THEN
    RAISE EXCEPTION 'qf:append_only' USING ERRCODE = 'QF001';
  END IF;
  RETURN NEW;
END $$
--;
CREATE FUNCTION qf_identity_share_born() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM 1 FROM identity n WHERE n.case_id = NEW.case_id FOR UPDATE;
  IF NOT EXISTS (SELECT 1 FROM identity n WHERE n.case_id = NEW.case_id AND n.generation = NEW.generation
                 AND n.shares > (SELECT count(*) FROM identity_share s
                                 WHERE s.case_id = NEW.case_id AND s.generation = NEW.generation))
     OR NOT EXISTS (SELECT 1 FROM official o WHERE o.id = NEW.custodian_id AND o.active AND o.role = 'custodian')
     OR EXISTS (SELECT 1 FROM recusal r WHERE r.case_id = NEW.case_id AND r.official_id = NEW.custodian_id) THEN
    RAISE EXCEPTION 'qf:share_unfit' USING ERRCODE = 'QF001';
  END IF;
  RETURN NEW;
END $$
--;
CREATE FUNCTION qf_identity_share_fixed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.case_id IS DISTINCT FROM OLD.case_id OR NEW.generation IS DISTINCT FROM OLD.generation
     OR NEW.custodian_id IS DISTINCT FROM OLD.custodian_id OR NEW.position IS DISTINCT FROM OLD.position THEN
    RAISE EXCEPTION 'qf:append_only' USING ERRCODE = 'QF001';
  END IF;
  RETURN NEW;
END $$
--;
-- A share goes only when the whole of a newer split is there, or with its case.
CREATE FUNCTION qf_identity_share_gone() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM erasable_case e WHERE e.id = OLD.case_id)
     AND NOT EXISTS (SELECT 1 FROM identity n WHERE n.case_id = OLD.case_id AND n.generation > OLD.generation
                     AND n.shares = (SELECT count(*) FROM identity_share s
                                     WHERE s.case_id = OLD.case_id AND s.generation = n.generation)) THEN
    RAISE EXCEPTION 'qf:share_kept' USING ERRCODE = 'QF001';
  END IF;
  RETURN OLD;
END $$
--;
CREATE FUNCTION qf_identity_whole_gone() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM erasable_case e WHERE e.id = OLD.case_id)
     AND NOT EXISTS (SELECT 1 FROM identity n WHERE n.case_id = OLD.case_id
                     AND n.shares = (SELECT count(*) FROM identity_share s
                                     WHERE s.case_id = OLD.case_id AND s.generation = n.generation)) THEN
    RAISE EXCEPTION 'qf:share_kept' USING ERRCODE = 'QF001';
  END IF;
  RETURN OLD;
END $$
--;
CREATE FUNCTION qf_share_contribution_born() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM identity_share s JOIN identity n ON n.case_id = s.case_id AND n.generation = s.generation
                 WHERE s.case_id = NEW.case_id AND s.custodian_id = NEW.from_id AND s.generation = NEW.generation)
     OR NOT EXISTS (SELECT 1 FROM official o WHERE o.id = NEW.to_id AND o.active AND o.role = 'custodian')
     OR EXISTS (SELECT 1 FROM recusal r WHERE r.case_id = NEW.case_id AND r.official_id IN (NEW.from_id, NEW.to_id)) THEN
    RAISE EXCEPTION 'qf:share_unfit' USING ERRCODE = 'QF001';
  END IF;
  RETURN NEW;
END $$
--;
CREATE FUNCTION qf_identity_release_born() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.decision IS NOT NULL
     OR NOT EXISTS (SELECT 1 FROM official o, cases c, place u WHERE o.id = NEW.asker_id AND c.id = NEW.case_id AND u.id = c.unit_id
                    AND o.active AND o.role IN ('discipline_official', 'discipline_leader', 'superior', 'custodian')
                    AND (u.path = o.place_path OR u.path LIKE o.place_path || '/%'))
     OR EXISTS (SELECT 1 FROM recusal r WHERE r.case_id = NEW.case_id AND r.official_id = NEW.asker_id) THEN
    RAISE EXCEPTION 'qf:release_unfit' USING ERRCODE = 'QF001';
  END IF;
  RETURN NEW;
END $$
--;
-- As many custodians as the name needs; whoever keeps a share of it and asks counts as one of them, never as all.
CREATE FUNCTION qf_identity_release_decided() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.decision IS NOT NULL OR NEW.id IS DISTINCT FROM OLD.id OR NEW.case_id IS DISTINCT FROM OLD.case_id
     OR NEW.asker_id IS DISTINCT FROM OLD.asker_id OR NEW.purpose IS DISTINCT FROM OLD.purpose
     OR NEW.words_sealed IS DISTINCT FROM OLD.words_sealed OR NEW.asked_at IS DISTINCT FROM OLD.asked_at THEN
    RAISE EXCEPTION 'qf:release_decided' USING ERRCODE = 'QF001';
  END IF;
  IF NEW.decision = 'refused' AND NOT EXISTS (
       SELECT 1 FROM release_vote v WHERE v.release_id = OLD.id AND v.vote = 'refused') THEN
    RAISE EXCEPTION 'qf:release_votes' USING ERRCODE = 'QF001';
  END IF;
  IF NEW.decision = 'granted' AND NOT EXISTS (
       SELECT 1 FROM identity n WHERE n.case_id = OLD.case_id
         AND (SELECT count(*) FROM release_vote v WHERE v.release_id = OLD.id AND v.vote = 'granted'
              AND v.share_sealed IS NOT NULL
              AND NOT EXISTS (SELECT 1 FROM recusal r WHERE r.case_id = OLD.case_id AND r.official_id = v.custodian_id))
             >= greatest(1, n.needed - (SELECT count(*) FROM identity_share s WHERE s.case_id = n.case_id
                                        AND s.generation = n.generation AND s.custodian_id = OLD.asker_id))) THEN
    RAISE EXCEPTION 'qf:release_votes' USING ERRCODE = 'QF001';
  END IF;
  IF NEW.decision = 'granted' AND (NEW.expires_at > NEW.decided_at + interval '72 hours' OR NEW.expires_at <= NEW.decided_at
                                   OR EXISTS (SELECT 1 FROM recusal r WHERE r.case_id = OLD.case_id AND r.official_id = OLD.asker_id)) THEN
    RAISE EXCEPTION 'qf:release_too_long' USING ERRCODE = 'QF001';
  END IF;
  RETURN NEW;
END $$
--;
-- A custodian of the case's place, or one who keeps a share; never the asker, never one who stands back; and nobody
-- grants without a share to give.
CREATE FUNCTION qf_release_vote_born() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM 1 FROM identity_release x WHERE x.id = NEW.release_id FOR UPDATE;
  IF NOT EXISTS (SELECT 1 FROM identity_release x WHERE x.id = NEW.release_id AND x.decision IS NULL) THEN
    RAISE EXCEPTION 'qf:release_decided' USING ERRCODE = 'QF001';
  END IF;
  IF (NEW.vote = 'granted' AND NEW.share_sealed IS NULL) OR NOT EXISTS (
       SELECT 1 FROM identity_release x, cases c, place u, official o
       WHERE x.id = NEW.release_id AND c.id = x.case_id AND u.id = c.unit_id AND o.id = NEW.custodian_id
         AND o.id <> x.asker_id AND o.active AND o.role = 'custodian'
         AND NOT EXISTS (SELECT 1 FROM recusal r WHERE r.case_id = x.case_id AND r.official_id = o.id)
         AND (EXISTS (SELECT 1 FROM identity_share s JOIN identity n ON n.case_id = s.case_id AND n.generation = s.generation
                      WHERE s.case_id = x.case_id AND s.custodian_id = o.id)
              OR (NEW.vote = 'refused' AND (u.path = o.place_path OR u.path LIKE o.place_path || '/%')))) THEN
    RAISE EXCEPTION 'qf:release_vote' USING ERRCODE = 'QF001';
  END IF;
  RETURN NEW;
END $$
--;
-- What was given may be forgotten, and nothing else of a vote is ever changed.
CREATE FUNCTION qf_release_vote_fixed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.release_id IS DISTINCT FROM OLD.release_id OR NEW.custodian_id IS DISTINCT FROM OLD.custodian_id
     OR NEW.vote IS DISTINCT FROM OLD.vote OR NEW.reason IS DISTINCT FROM OLD.reason
     OR NEW.reason_sealed IS DISTINCT FROM OLD.reason_sealed OR NEW.voted_at IS DISTINCT FROM OLD.voted_at
     OR NEW.share_sealed IS NOT NULL THEN
    RAISE EXCEPTION 'qf:release_vote' USING ERRCODE = 'QF001';
  END IF;
  RETURN NEW;
END $$
--;
CREATE FUNCTION qf_release_vote_gone() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM erasable_case e
                 WHERE e.id = (SELECT x.case_id FROM identity_release x WHERE x.id = OLD.release_id)) THEN
    RAISE EXCEPTION 'qf:append_only' USING ERRCODE = 'QF001';
  END IF;
  RETURN OLD;
END $$
--;
CREATE TRIGGER identity_no_update BEFORE UPDATE ON identity FOR EACH ROW EXECUTE FUNCTION qf_identity_fixed()
--;
CREATE TRIGGER identity_no_delete BEFORE DELETE ON identity FOR EACH ROW EXECUTE FUNCTION qf_gone_with_case('case_id')
--;
CREATE TRIGGER identity_share_born BEFORE INSERT ON identity_share FOR EACH ROW EXECUTE FUNCTION qf_identity_share_born()
--;
CREATE TRIGGER identity_share_fixed BEFORE UPDATE ON identity_share FOR EACH ROW EXECUTE FUNCTION qf_identity_share_fixed()
--;
CREATE TRIGGER identity_share_no_delete BEFORE DELETE ON identity_share FOR EACH ROW EXECUTE FUNCTION qf_identity_share_gone()
--;
CREATE TRIGGER identity_whole_no_update BEFORE UPDATE ON identity_whole FOR EACH ROW EXECUTE FUNCTION qf_refuse('append_only')
--;
CREATE TRIGGER identity_whole_no_delete BEFORE DELETE ON identity_whole FOR EACH ROW EXECUTE FUNCTION qf_identity_whole_gone()
--;
CREATE TRIGGER share_contribution_born BEFORE INSERT ON share_contribution FOR EACH ROW EXECUTE FUNCTION qf_share_contribution_born()
--;
CREATE TRIGGER share_contribution_no_update BEFORE UPDATE ON share_contribution FOR EACH ROW EXECUTE FUNCTION qf_refuse('append_only')
--;
CREATE TRIGGER official_key_no_delete BEFORE DELETE ON official_key FOR EACH ROW EXECUTE FUNCTION qf_refuse('append_only')
--;
CREATE TRIGGER identity_release_born BEFORE INSERT ON identity_release FOR EACH ROW EXECUTE FUNCTION qf_identity_release_born()
--;
CREATE TRIGGER identity_release_decided BEFORE UPDATE ON identity_release FOR EACH ROW EXECUTE FUNCTION qf_identity_release_decided()
--;
CREATE TRIGGER identity_release_no_delete BEFORE DELETE ON identity_release FOR EACH ROW EXECUTE FUNCTION qf_gone_with_case('case_id')
--;
CREATE TRIGGER release_vote_born BEFORE INSERT ON release_vote FOR EACH ROW EXECUTE FUNCTION qf_release_vote_born()
--;
CREATE TRIGGER release_vote_fixed BEFORE UPDATE ON release_vote FOR EACH ROW EXECUTE FUNCTION qf_release_vote_fixed()
--;
CREATE TRIGGER release_vote_no_delete BEFORE DELETE ON release_vote FOR EACH ROW EXECUTE FUNCTION qf_release_vote_gone()
--;
CREATE TRIGGER identity_truncate BEFORE TRUNCATE ON identity FOR EACH STATEMENT EXECUTE FUNCTION qf_refuse('append_only')
--;
CREATE TRIGGER identity_share_truncate BEFORE TRUNCATE ON identity_share FOR EACH STATEMENT EXECUTE FUNCTION qf_refuse('append_only')
--;
CREATE TRIGGER identity_whole_truncate BEFORE TRUNCATE ON identity_whole FOR EACH STATEMENT EXECUTE FUNCTION qf_refuse('append_only')
--;
CREATE TRIGGER official_key_truncate BEFORE TRUNCATE ON official_key FOR EACH STATEMENT EXECUTE FUNCTION qf_refuse('append_only')
--;
CREATE TRIGGER identity_release_truncate BEFORE TRUNCATE ON identity_release FOR EACH STATEMENT EXECUTE FUNCTION qf_refuse('append_only')
--;
CREATE TRIGGER release_vote_truncate BEFORE TRUNCATE ON release_vote FOR EACH STATEMENT EXECUTE FUNCTION qf_refuse('append_only')
--;
CREATE TRIGGER identity_release_as_of_now BEFORE UPDATE ON identity_release FOR EACH STATEMENT EXECUTE FUNCTION qf_as_of_now()
--;
CREATE TRIGGER release_vote_as_of_now BEFORE INSERT ON release_vote FOR EACH STATEMENT EXECUTE FUNCTION qf_as_of_now()
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
