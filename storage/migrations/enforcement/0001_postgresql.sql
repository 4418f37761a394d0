-- What PostgreSQL refuses, whoever asks short of the tables' owner: the twin of 0001_sqlite.sql.
-- The application's role owns nothing, so it can neither disable these triggers nor truncate a table.
-- Statements are separated by a line that holds only "--;".

CREATE FUNCTION qf_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'qf:%', TG_ARGV[0] USING ERRCODE = 'QF001';
END $$
--;
CREATE FUNCTION qf_cases_insert() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.state <> 'received' OR NEW.round <> 1 THEN
    RAISE EXCEPTION 'qf:case_birth' USING ERRCODE = 'QF001';
  END IF;
  RETURN NEW;
END $$
--;
CREATE FUNCTION qf_cases_update() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.id IS DISTINCT FROM OLD.id OR NEW.number IS DISTINCT FROM OLD.number
     OR NEW.draft_id IS DISTINCT FROM OLD.draft_id OR NEW.received_at IS DISTINCT FROM OLD.received_at
     OR NEW.narrative_sealed IS DISTINCT FROM OLD.narrative_sealed
     OR NEW.person_id IS DISTINCT FROM OLD.person_id OR NEW.rule_version IS DISTINCT FROM OLD.rule_version THEN
    RAISE EXCEPTION 'qf:case_fixed' USING ERRCODE = 'QF001';
  END IF;
  IF NEW.round - OLD.round
     <> (OLD.state IN ('closed', 'guided_elsewhere') AND NEW.state = 'accepted')::int THEN
    RAISE EXCEPTION 'qf:case_round' USING ERRCODE = 'QF001';
  END IF;
  IF NEW.state IS NOT DISTINCT FROM OLD.state THEN
    RETURN NEW;
  END IF;
  IF NOT EXISTS (SELECT 1 FROM case_transition t WHERE t.source = OLD.state AND t.target = NEW.state) THEN
    RAISE EXCEPTION 'qf:no_such_transition' USING ERRCODE = 'QF001';
  END IF;
  IF (NEW.state IN ('approved', 'closed')
      OR (NEW.state = 'guided_elsewhere' AND EXISTS (SELECT 1 FROM case_flag f WHERE f.case_id = OLD.id)))
     AND NOT EXISTS (
       SELECT 1 FROM investigation i
       WHERE i.case_id = OLD.id AND i.round = OLD.round AND i.finding IS NOT NULL AND i.approved_at IS NOT NULL
         AND i.approver_id <> i.investigator_id
         AND EXISTS (SELECT 1 FROM investigation_evidence e WHERE e.investigation_id = i.id)
         AND NOT EXISTS (SELECT 1 FROM recusal r
                         WHERE r.case_id = i.case_id AND r.official_id IN (i.investigator_id, i.approver_id))) THEN
    RAISE EXCEPTION 'qf:must_investigate' USING ERRCODE = 'QF001';
  END IF;
  IF NEW.state = 'awaiting_approval' AND NOT EXISTS (
       SELECT 1 FROM investigation i
       WHERE i.case_id = OLD.id AND i.round = OLD.round AND i.finding IS NOT NULL AND i.submitted_at IS NOT NULL
         AND EXISTS (SELECT 1 FROM investigation_evidence e WHERE e.investigation_id = i.id)) THEN
    RAISE EXCEPTION 'qf:finding_incomplete' USING ERRCODE = 'QF001';
  END IF;
  RETURN NEW;
END $$
--;
CREATE FUNCTION qf_case_flag_insert() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  -- Lock first, look second: a flag and a close of the same case wait for each other.
  PERFORM 1 FROM cases c WHERE c.id = NEW.case_id FOR SHARE;
  IF EXISTS (SELECT 1 FROM cases c WHERE c.id = NEW.case_id AND c.state IN ('closed', 'guided_elsewhere')) THEN
    RAISE EXCEPTION 'qf:reopen_first' USING ERRCODE = 'QF001';
  END IF;
  RETURN NEW;
END $$
--;
CREATE FUNCTION qf_investigation_insert() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.approved_at IS NOT NULL OR NEW.approver_id IS NOT NULL
     OR NOT EXISTS (SELECT 1 FROM cases c WHERE c.id = NEW.case_id AND c.round = NEW.round
                    AND c.state IN ('accepted', 'investigating'))
     OR EXISTS (SELECT 1 FROM recusal r WHERE r.case_id = NEW.case_id AND r.official_id = NEW.investigator_id) THEN
    RAISE EXCEPTION 'qf:investigation_birth' USING ERRCODE = 'QF001';
  END IF;
  RETURN NEW;
END $$
--;
CREATE FUNCTION qf_investigation_update() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.approved_at IS NOT NULL OR NEW.id IS DISTINCT FROM OLD.id OR NEW.case_id IS DISTINCT FROM OLD.case_id
     OR NEW.round IS DISTINCT FROM OLD.round OR NEW.investigator_id IS DISTINCT FROM OLD.investigator_id
     OR NEW.started_at IS DISTINCT FROM OLD.started_at THEN
    RAISE EXCEPTION 'qf:investigation_fixed' USING ERRCODE = 'QF001';
  END IF;
  IF NEW.approved_at IS NOT NULL AND (
     OLD.submitted_at IS NULL OR NEW.finding IS DISTINCT FROM OLD.finding
     OR NEW.summary_sealed IS DISTINCT FROM OLD.summary_sealed OR NEW.approver_id = OLD.investigator_id
     OR NOT EXISTS (SELECT 1 FROM investigation_evidence e WHERE e.investigation_id = OLD.id)
     OR NOT EXISTS (SELECT 1 FROM cases c WHERE c.id = OLD.case_id AND c.round = OLD.round
                    AND c.state = 'awaiting_approval')
     OR NOT EXISTS (SELECT 1 FROM official o WHERE o.id = NEW.approver_id AND o.active
                    AND o.role IN ('discipline_leader', 'superior'))
     OR EXISTS (SELECT 1 FROM recusal r
                WHERE r.case_id = OLD.case_id AND r.official_id IN (OLD.investigator_id, NEW.approver_id))) THEN
    RAISE EXCEPTION 'qf:investigation_approval' USING ERRCODE = 'QF001';
  END IF;
  RETURN NEW;
END $$
--;
CREATE FUNCTION qf_evidence_insert() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM investigation i WHERE i.id = NEW.investigation_id AND i.approved_at IS NOT NULL) THEN
    RAISE EXCEPTION 'qf:investigation_fixed' USING ERRCODE = 'QF001';
  END IF;
  RETURN NEW;
END $$
--;
CREATE FUNCTION qf_event_insert() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.id <> 1 + (SELECT coalesce(max(id), 0) FROM event)
     OR NEW.previous_hash <> coalesce((SELECT hash FROM event ORDER BY id DESC LIMIT 1), '') THEN
    RAISE EXCEPTION 'qf:event_chain' USING ERRCODE = 'QF001';
  END IF;
  RETURN NEW;
END $$
--;
CREATE FUNCTION qf_signature_insert() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM commitment_text t WHERE t.pack = NEW.pack AND t.version = NEW.version
                 AND t.kind = NEW.kind AND t.text_hash = NEW.text_hash) THEN
    RAISE EXCEPTION 'qf:unknown_text' USING ERRCODE = 'QF001';
  END IF;
  RETURN NEW;
END $$
--;
CREATE FUNCTION qf_candidate_insert() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.state <> 'invited' THEN
    RAISE EXCEPTION 'qf:candidate_birth' USING ERRCODE = 'QF001';
  END IF;
  RETURN NEW;
END $$
--;
CREATE FUNCTION qf_candidate_update() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.state = 'may_stand' AND (OLD.state <> 'may_stand' OR NEW.election_id IS DISTINCT FROM OLD.election_id) AND (
     NOT EXISTS (SELECT 1 FROM election e JOIN commitment_text t ON t.pack = e.pack AND t.version = e.pack_version
                 WHERE e.id = NEW.election_id)
     OR EXISTS (
       SELECT 1 FROM election e JOIN commitment_text t ON t.pack = e.pack AND t.version = e.pack_version
       WHERE e.id = NEW.election_id AND NOT EXISTS (
         SELECT 1 FROM commitment_signature s WHERE s.candidate_id = NEW.id AND s.pack = t.pack
           AND s.version = t.version AND s.kind = t.kind AND s.text_hash = t.text_hash))) THEN
    RAISE EXCEPTION 'qf:unsigned_commitments' USING ERRCODE = 'QF001';
  END IF;
  RETURN NEW;
END $$
--;
CREATE FUNCTION qf_election_update() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (NEW.pack IS DISTINCT FROM OLD.pack OR NEW.pack_version IS DISTINCT FROM OLD.pack_version)
     AND EXISTS (SELECT 1 FROM candidate c WHERE c.election_id = OLD.id AND c.state = 'may_stand') THEN
    RAISE EXCEPTION 'qf:pack_fixed' USING ERRCODE = 'QF001';
  END IF;
  RETURN NEW;
END $$
--;
CREATE FUNCTION qf_token_update() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.used_at IS NOT NULL THEN
    RAISE EXCEPTION 'qf:token_used' USING ERRCODE = 'QF001';
  END IF;
  RETURN NEW;
END $$
--;
CREATE TRIGGER cases_insert BEFORE INSERT ON cases FOR EACH ROW EXECUTE FUNCTION qf_cases_insert()
--;
CREATE TRIGGER cases_update BEFORE UPDATE ON cases FOR EACH ROW EXECUTE FUNCTION qf_cases_update()
--;
CREATE TRIGGER cases_delete BEFORE DELETE ON cases FOR EACH ROW EXECUTE FUNCTION qf_refuse('case_delete')
--;
CREATE TRIGGER case_flag_insert BEFORE INSERT ON case_flag FOR EACH ROW EXECUTE FUNCTION qf_case_flag_insert()
--;
CREATE TRIGGER case_flag_change BEFORE UPDATE OR DELETE ON case_flag
  FOR EACH ROW EXECUTE FUNCTION qf_refuse('flag_removal')
--;
CREATE TRIGGER investigation_insert BEFORE INSERT ON investigation
  FOR EACH ROW EXECUTE FUNCTION qf_investigation_insert()
--;
CREATE TRIGGER investigation_update BEFORE UPDATE ON investigation
  FOR EACH ROW EXECUTE FUNCTION qf_investigation_update()
--;
CREATE TRIGGER investigation_delete BEFORE DELETE ON investigation
  FOR EACH ROW EXECUTE FUNCTION qf_refuse('append_only')
--;
CREATE TRIGGER evidence_insert BEFORE INSERT ON investigation_evidence
  FOR EACH ROW EXECUTE FUNCTION qf_evidence_insert()
--;
CREATE TRIGGER event_insert BEFORE INSERT ON event FOR EACH ROW EXECUTE FUNCTION qf_event_insert()
--;
CREATE TRIGGER signature_insert BEFORE INSERT ON commitment_signature
  FOR EACH ROW EXECUTE FUNCTION qf_signature_insert()
--;
CREATE TRIGGER candidate_insert BEFORE INSERT ON candidate FOR EACH ROW EXECUTE FUNCTION qf_candidate_insert()
--;
CREATE TRIGGER candidate_update BEFORE UPDATE ON candidate FOR EACH ROW EXECUTE FUNCTION qf_candidate_update()
--;
CREATE TRIGGER election_update BEFORE UPDATE ON election FOR EACH ROW EXECUTE FUNCTION qf_election_update()
--;
CREATE TRIGGER invitation_update BEFORE UPDATE ON invitation FOR EACH ROW EXECUTE FUNCTION qf_token_update()
--;
CREATE TRIGGER sign_in_link_update BEFORE UPDATE ON sign_in_link FOR EACH ROW EXECUTE FUNCTION qf_token_update()
--;
DO $$
DECLARE name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['investigation_evidence', 'recusal', 'case_note', 'identity', 'event',
                              'commitment_text', 'commitment_signature', 'case_transition'] LOOP
    EXECUTE format('CREATE TRIGGER %I BEFORE UPDATE OR DELETE ON %I FOR EACH ROW EXECUTE FUNCTION qf_refuse(''append_only'')',
                   name || '_change', name);
  END LOOP;
  EXECUTE 'CREATE TRIGGER case_transition_insert BEFORE INSERT ON case_transition FOR EACH ROW EXECUTE FUNCTION qf_refuse(''append_only'')';
  FOREACH name IN ARRAY ARRAY['cases', 'case_flag', 'investigation', 'investigation_evidence', 'recusal', 'case_note',
                              'identity', 'event', 'commitment_text', 'commitment_signature', 'case_transition'] LOOP
    EXECUTE format('CREATE TRIGGER %I BEFORE TRUNCATE ON %I FOR EACH STATEMENT EXECUTE FUNCTION qf_refuse(''append_only'')',
                   name || '_truncate', name);
  END LOOP;
END $$
