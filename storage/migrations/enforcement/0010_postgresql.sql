-- Gates, election committees and who answers, on PostgreSQL: the twin of 0010_sqlite.sql. Statements end with a line
-- of "--;".
--;
-- An election begins in preparation; its place stays, and it never goes back there.
CREATE FUNCTION qf_election_birth() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.state <> 'preparing' THEN
    RAISE EXCEPTION 'qf:election_birth' USING ERRCODE = 'QF001';
  END IF;
  RETURN NEW;
END $$
--;
CREATE FUNCTION qf_election_begun() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.id IS DISTINCT FROM OLD.id OR NEW.place_id IS DISTINCT FROM OLD.place_id OR (NEW.state = 'preparing' AND OLD.state <> 'preparing') THEN
    RAISE EXCEPTION 'qf:election_begun' USING ERRCODE = 'QF001';
  END IF;
  -- Leaving it asks for every required gate, closed: the audit by law, the others as the newest rules name them for the
  -- nearest place. And no member of the committee may sit who stands, or whose declared near relative does.
  IF OLD.state = 'preparing' AND NEW.state <> 'preparing' AND (
    NOT EXISTS (SELECT 1 FROM gate g WHERE g.election_id = OLD.id AND g.code = 'outgoing_audit' AND g.state = 'closed')
    OR EXISTS (
      SELECT 1 FROM gate_requirement r, place p
      WHERE p.id = OLD.place_id AND r.rules_id = (SELECT max(id) FROM gate_rules)
        AND r.body = CASE p.kind WHEN 'community' THEN 'community' ELSE 'village' END
        AND (p.path = r.place_path OR p.path LIKE r.place_path || '/%')
        AND NOT EXISTS (SELECT 1 FROM gate_requirement n WHERE n.rules_id = r.rules_id AND n.body = r.body
          AND length(n.place_path) > length(r.place_path) AND (p.path = n.place_path OR p.path LIKE n.place_path || '/%'))
        AND NOT EXISTS (SELECT 1 FROM gate g WHERE g.election_id = OLD.id AND g.code = r.gate AND g.state = 'closed'))
    OR NOT EXISTS (
      SELECT 1 FROM gate_requirement r, place p
      WHERE p.id = OLD.place_id AND r.rules_id = (SELECT max(id) FROM gate_rules)
        AND r.body = CASE p.kind WHEN 'community' THEN 'community' ELSE 'village' END
        AND (p.path = r.place_path OR p.path LIKE r.place_path || '/%'))) THEN
    RAISE EXCEPTION 'qf:gates_open' USING ERRCODE = 'QF001';
  END IF;
  IF OLD.state = 'preparing' AND NEW.state <> 'preparing' AND EXISTS (
      SELECT 1 FROM committee_member m JOIN candidate c ON c.election_id = m.election_id
      WHERE m.election_id = OLD.id AND m.standing = 'sits' AND c.state <> 'withdrawn' AND (
        EXISTS (SELECT 1 FROM committee_relative r WHERE r.member_id = m.id AND r.withdrawn_at IS NULL AND r.name = c.name)
        OR (m.name = c.name AND NOT EXISTS (
              SELECT 1 FROM committee_match v WHERE v.member_id = m.id AND v.candidate_id = c.id AND v.relative_id IS NULL
                AND v.verdict = 'different' AND NOT EXISTS (
                  SELECT 1 FROM committee_match w WHERE w.member_id = m.id AND w.candidate_id = c.id
                    AND w.relative_id IS NULL AND w.id > v.id)))
        OR EXISTS (
              SELECT 1 FROM committee_match v WHERE v.member_id = m.id AND v.candidate_id = c.id AND v.verdict = 'same'
                AND NOT EXISTS (SELECT 1 FROM committee_relative r WHERE r.id = v.relative_id AND r.withdrawn_at IS NOT NULL)
                AND NOT EXISTS (
                  SELECT 1 FROM committee_match w WHERE w.member_id = m.id AND w.candidate_id = c.id
                    AND coalesce(w.relative_id, 0) = coalesce(v.relative_id, 0) AND w.id > v.id)))) THEN
    RAISE EXCEPTION 'qf:committee_clash' USING ERRCODE = 'QF001';
  END IF;
  RETURN NEW;
END $$
--;
-- What a place is decides which gates it needs.
CREATE FUNCTION qf_place_kind_fixed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.kind IS DISTINCT FROM OLD.kind AND EXISTS (SELECT 1 FROM election e WHERE e.place_id = OLD.id) THEN
    RAISE EXCEPTION 'qf:place_fixed' USING ERRCODE = 'QF001';
  END IF;
  RETURN NEW;
END $$
--;
-- The name that the committee was compared with stays.
CREATE FUNCTION qf_candidate_name_fixed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.name IS DISTINCT FROM OLD.name THEN
    RAISE EXCEPTION 'qf:candidate_name' USING ERRCODE = 'QF001';
  END IF;
  RETURN NEW;
END $$
--;
-- A gate is born open, under published rules that know it.
CREATE FUNCTION qf_gate_birth() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.state <> 'open' OR NEW.round <> 1 OR NEW.version <> 1
    OR NOT EXISTS (SELECT 1 FROM gate_kind k WHERE k.rules_id = NEW.rules_id AND k.gate = NEW.code) THEN
    RAISE EXCEPTION 'qf:gate_birth' USING ERRCODE = 'QF001';
  END IF;
  RETURN NEW;
END $$
--;
-- It waits when something new was handed in, closes by an approval of all of it, opens when it is sent back or fails the
-- look-back check; then a new round begins.
CREATE FUNCTION qf_gate_moves() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.id IS DISTINCT FROM OLD.id
       OR NEW.election_id IS DISTINCT FROM OLD.election_id
       OR NEW.code IS DISTINCT FROM OLD.code
       OR NEW.rules_id IS DISTINCT FROM OLD.rules_id
       OR NEW.version <> OLD.version + 1
       OR NEW.round <> OLD.round + (CASE WHEN OLD.state = 'closed' AND NEW.state = 'open' THEN 1 ELSE 0 END)
       OR NOT (
         (OLD.state IN ('open', 'waiting') AND NEW.state = 'waiting'
           AND (SELECT max(v.id) FROM gate_evidence v WHERE v.gate_id = OLD.id AND v.round = OLD.round) > coalesce((SELECT r.through_id FROM gate_review r WHERE r.gate_id = OLD.id AND r.round = OLD.round ORDER BY r.id DESC LIMIT 1), 0))
         OR (OLD.state = 'waiting' AND NEW.state = 'open' AND coalesce((SELECT r.decision FROM gate_review r WHERE r.gate_id = OLD.id AND r.round = OLD.round ORDER BY r.id DESC LIMIT 1), '') = 'returned'
           AND (SELECT r.through_id FROM gate_review r WHERE r.gate_id = OLD.id AND r.round = OLD.round ORDER BY r.id DESC LIMIT 1) = (SELECT max(v.id) FROM gate_evidence v WHERE v.gate_id = OLD.id AND v.round = OLD.round))
         OR (OLD.state = 'waiting' AND NEW.state = 'closed' AND coalesce((SELECT r.decision FROM gate_review r WHERE r.gate_id = OLD.id AND r.round = OLD.round ORDER BY r.id DESC LIMIT 1), '') = 'approved'
           AND (SELECT r.through_id FROM gate_review r WHERE r.gate_id = OLD.id AND r.round = OLD.round ORDER BY r.id DESC LIMIT 1) = (SELECT max(v.id) FROM gate_evidence v WHERE v.gate_id = OLD.id AND v.round = OLD.round))
         OR (OLD.state = 'closed' AND NEW.state = 'open' AND coalesce((SELECT r.decision FROM gate_review r WHERE r.gate_id = OLD.id AND r.round = OLD.round ORDER BY r.id DESC LIMIT 1), '') = 'reopened')) THEN
    RAISE EXCEPTION 'qf:gate_state' USING ERRCODE = 'QF001';
  END IF;
  RETURN NEW;
END $$
--;
-- Only kinds the gate takes, only while it is not closed, by somebody whose place it is.
CREATE FUNCTION qf_gate_evidence_birth() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM gate g, gate_kind k WHERE g.id = NEW.gate_id AND k.rules_id = g.rules_id AND k.gate = g.code AND k.kind = NEW.kind) THEN
    RAISE EXCEPTION 'qf:gate_kind' USING ERRCODE = 'QF001';
  END IF;
  IF NOT EXISTS (SELECT 1 FROM gate g WHERE g.id = NEW.gate_id AND g.round = NEW.round AND g.state <> 'closed')
    OR NOT EXISTS (SELECT 1 FROM official o, election e, place p WHERE o.id = NEW.handed_by AND e.id = (SELECT g.election_id FROM gate g WHERE g.id = NEW.gate_id) AND p.id = e.place_id
        AND o.active AND o.role IN ('village_clerk', 'township_staff') AND (p.path = o.place_path OR p.path LIKE o.place_path || '/%')) THEN
    RAISE EXCEPTION 'qf:gate_evidence' USING ERRCODE = 'QF001';
  END IF;
  RETURN NEW;
END $$
--;
-- A review is by a second person who may, of all that was handed in; an approval also needs every needed kind.
CREATE FUNCTION qf_gate_review_birth() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM 1 FROM election e, gate g WHERE g.id = NEW.gate_id AND e.id = g.election_id FOR SHARE OF e;
  PERFORM 1 FROM gate g WHERE g.id = NEW.gate_id FOR UPDATE;
  IF NOT EXISTS (SELECT 1 FROM gate g WHERE g.id = NEW.gate_id AND g.round = NEW.round
         AND g.state = CASE NEW.decision WHEN 'reopened' THEN 'closed' ELSE 'waiting' END)
    OR NEW.through_id IS DISTINCT FROM (SELECT max(v.id) FROM gate_evidence v WHERE v.gate_id = NEW.gate_id AND v.round = NEW.round)
    OR NEW.after_start IS DISTINCT FROM (SELECT e.state <> 'preparing' FROM election e, gate g WHERE g.id = NEW.gate_id AND e.id = g.election_id)
    OR NOT EXISTS (SELECT 1 FROM official o, election e, place p WHERE o.id = NEW.reviewer_id AND e.id = (SELECT g.election_id FROM gate g WHERE g.id = NEW.gate_id) AND p.id = e.place_id
        AND o.active AND o.role IN ('township_staff', 'discipline_leader', 'superior') AND (p.path = o.place_path OR p.path LIKE o.place_path || '/%')) THEN
    RAISE EXCEPTION 'qf:gate_review' USING ERRCODE = 'QF001';
  END IF;
  IF EXISTS (SELECT 1 FROM gate_evidence v WHERE v.gate_id = NEW.gate_id AND v.round = NEW.round AND v.handed_by = NEW.reviewer_id)
    OR (NEW.decision = 'reopened' AND EXISTS (SELECT 1 FROM gate_review r WHERE r.gate_id = NEW.gate_id AND r.round = NEW.round
         AND r.decision = 'approved' AND r.reviewer_id = NEW.reviewer_id)) THEN
    RAISE EXCEPTION 'qf:gate_second_person' USING ERRCODE = 'QF001';
  END IF;
  IF NEW.decision = 'approved' AND EXISTS (SELECT 1 FROM gate g, gate_kind k WHERE g.id = NEW.gate_id AND k.rules_id = g.rules_id
         AND k.gate = g.code AND k.needed AND NOT EXISTS (
           SELECT 1 FROM gate_evidence v WHERE v.gate_id = g.id AND v.round = g.round AND v.kind = k.kind)) THEN
    RAISE EXCEPTION 'qf:gate_incomplete' USING ERRCODE = 'QF001';
  END IF;
  RETURN NEW;
END $$
--;
-- A member begins by sitting, or next in line.
CREATE FUNCTION qf_committee_member_birth() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.standing = 'left' THEN
    RAISE EXCEPTION 'qf:committee_member' USING ERRCODE = 'QF001';
  END IF;
  RETURN NEW;
END $$
--;
-- Who left stays gone; who steps up sits on the same committee.
CREATE FUNCTION qf_committee_member_moves() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.id IS DISTINCT FROM OLD.id
       OR NEW.election_id IS DISTINCT FROM OLD.election_id
       OR NEW.name IS DISTINCT FROM OLD.name
       OR NEW.entered_by IS DISTINCT FROM OLD.entered_by
       OR NEW.entered_at IS DISTINCT FROM OLD.entered_at
       OR (OLD.standing = 'left' AND (NEW.standing IS DISTINCT FROM OLD.standing OR NEW.role IS DISTINCT FROM OLD.role OR NEW.left_on IS DISTINCT FROM OLD.left_on OR NEW.left_because IS DISTINCT FROM OLD.left_because OR NEW.left_noted_by IS DISTINCT FROM OLD.left_noted_by
           OR (OLD.replaced_by IS NOT NULL AND NEW.replaced_by IS DISTINCT FROM OLD.replaced_by)))
       OR (OLD.standing = 'sits' AND NEW.standing = 'next_in_line')
       OR (NEW.replaced_by IS NOT NULL AND NEW.replaced_by IS DISTINCT FROM OLD.replaced_by AND NOT EXISTS (
            SELECT 1 FROM committee_member s WHERE s.id = NEW.replaced_by AND s.id <> OLD.id AND s.election_id = OLD.election_id
              AND s.standing = 'sits')) THEN
    RAISE EXCEPTION 'qf:committee_member' USING ERRCODE = 'QF001';
  END IF;
  RETURN NEW;
END $$
--;
-- A declaration is withdrawn, once, and never reworded.
CREATE FUNCTION qf_committee_relative_fixed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.id IS DISTINCT FROM OLD.id
       OR NEW.member_id IS DISTINCT FROM OLD.member_id
       OR NEW.relation IS DISTINCT FROM OLD.relation
       OR NEW.name IS DISTINCT FROM OLD.name
       OR NEW.declared_at IS DISTINCT FROM OLD.declared_at
       OR NEW.entered_by IS DISTINCT FROM OLD.entered_by
       OR OLD.withdrawn_at IS NOT NULL THEN
    RAISE EXCEPTION 'qf:committee_relative' USING ERRCODE = 'QF001';
  END IF;
  RETURN NEW;
END $$
--;
-- A likeness is judged within one election, by an official of the place. The same name under a declared relation is
-- the clash itself: nobody calls it a namesake.
CREATE FUNCTION qf_committee_match_birth() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM committee_member m, candidate c WHERE m.id = NEW.member_id AND c.id = NEW.candidate_id
         AND c.election_id = m.election_id)
    OR (NEW.relative_id IS NOT NULL AND NOT EXISTS (
         SELECT 1 FROM committee_relative r WHERE r.id = NEW.relative_id AND r.member_id = NEW.member_id))
    OR (NEW.verdict = 'different' AND EXISTS (
         SELECT 1 FROM committee_relative r, candidate c WHERE r.id = NEW.relative_id AND c.id = NEW.candidate_id AND r.name = c.name))
    OR NOT EXISTS (SELECT 1 FROM official o, election e, place p WHERE o.id = NEW.decided_by AND e.id = (SELECT m.election_id FROM committee_member m WHERE m.id = NEW.member_id) AND p.id = e.place_id
        AND o.active AND o.role IN ('township_staff', 'discipline_leader', 'superior') AND (p.path = o.place_path OR p.path LIKE o.place_path || '/%')) THEN
    RAISE EXCEPTION 'qf:committee_match' USING ERRCODE = 'QF001';
  END IF;
  RETURN NEW;
END $$
--;
-- Who answered is history; only the end is written, once.
CREATE FUNCTION qf_responsibility_fixed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.id IS DISTINCT FROM OLD.id
       OR NEW.place_id IS DISTINCT FROM OLD.place_id
       OR NEW.level IS DISTINCT FROM OLD.level
       OR NEW.name IS DISTINCT FROM OLD.name
       OR NEW.post IS DISTINCT FROM OLD.post
       OR NEW.official_id IS DISTINCT FROM OLD.official_id
       OR NEW.from_on IS DISTINCT FROM OLD.from_on
       OR NEW.entered_by IS DISTINCT FROM OLD.entered_by
       OR NEW.entered_at IS DISTINCT FROM OLD.entered_at
       OR OLD.until_on IS NOT NULL THEN
    RAISE EXCEPTION 'qf:responsibility_fixed' USING ERRCODE = 'QF001';
  END IF;
  RETURN NEW;
END $$
--;
-- Nobody is away twice, and nobody who is away stands in for another.
CREATE FUNCTION qf_absence_birth() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM absence a WHERE a.official_id IN (NEW.official_id, NEW.deputy_id)
         AND a.from_on <= NEW.until_on AND a.until_on >= NEW.from_on)
    OR NOT EXISTS (SELECT 1 FROM official o WHERE o.id = NEW.deputy_id AND o.active) THEN
    RAISE EXCEPTION 'qf:absence_deputy' USING ERRCODE = 'QF001';
  END IF;
  RETURN NEW;
END $$
--;
-- An absence may end earlier; nothing else about it changes.
CREATE FUNCTION qf_absence_fixed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.id IS DISTINCT FROM OLD.id
       OR NEW.official_id IS DISTINCT FROM OLD.official_id
       OR NEW.kind IS DISTINCT FROM OLD.kind
       OR NEW.from_on IS DISTINCT FROM OLD.from_on
       OR NEW.deputy_id IS DISTINCT FROM OLD.deputy_id
       OR NEW.entered_by IS DISTINCT FROM OLD.entered_by
       OR NEW.entered_at IS DISTINCT FROM OLD.entered_at
       OR NEW.until_on > OLD.until_on THEN
    RAISE EXCEPTION 'qf:absence_fixed' USING ERRCODE = 'QF001';
  END IF;
  RETURN NEW;
END $$
--;
CREATE TRIGGER election_birth BEFORE INSERT ON election FOR EACH ROW EXECUTE FUNCTION qf_election_birth()
--;
CREATE TRIGGER election_begun BEFORE UPDATE ON election FOR EACH ROW EXECUTE FUNCTION qf_election_begun()
--;
CREATE TRIGGER place_kind_fixed BEFORE UPDATE ON place FOR EACH ROW EXECUTE FUNCTION qf_place_kind_fixed()
--;
CREATE TRIGGER candidate_name_fixed BEFORE UPDATE ON candidate FOR EACH ROW EXECUTE FUNCTION qf_candidate_name_fixed()
--;
CREATE TRIGGER gate_birth BEFORE INSERT ON gate FOR EACH ROW EXECUTE FUNCTION qf_gate_birth()
--;
CREATE TRIGGER gate_moves BEFORE UPDATE ON gate FOR EACH ROW EXECUTE FUNCTION qf_gate_moves()
--;
CREATE TRIGGER gate_evidence_birth BEFORE INSERT ON gate_evidence FOR EACH ROW EXECUTE FUNCTION qf_gate_evidence_birth()
--;
CREATE TRIGGER gate_review_birth BEFORE INSERT ON gate_review FOR EACH ROW EXECUTE FUNCTION qf_gate_review_birth()
--;
CREATE TRIGGER committee_member_birth BEFORE INSERT ON committee_member FOR EACH ROW EXECUTE FUNCTION qf_committee_member_birth()
--;
CREATE TRIGGER committee_member_moves BEFORE UPDATE ON committee_member FOR EACH ROW EXECUTE FUNCTION qf_committee_member_moves()
--;
CREATE TRIGGER committee_relative_fixed BEFORE UPDATE ON committee_relative FOR EACH ROW EXECUTE FUNCTION qf_committee_relative_fixed()
--;
CREATE TRIGGER committee_match_birth BEFORE INSERT ON committee_match FOR EACH ROW EXECUTE FUNCTION qf_committee_match_birth()
--;
CREATE TRIGGER responsibility_fixed BEFORE UPDATE ON responsibility FOR EACH ROW EXECUTE FUNCTION qf_responsibility_fixed()
--;
CREATE TRIGGER absence_birth BEFORE INSERT ON absence FOR EACH ROW EXECUTE FUNCTION qf_absence_birth()
--;
CREATE TRIGGER absence_fixed BEFORE UPDATE ON absence FOR EACH ROW EXECUTE FUNCTION qf_absence_fixed()
--;
CREATE TRIGGER election_as_of_now BEFORE UPDATE ON election FOR EACH STATEMENT EXECUTE FUNCTION qf_as_of_now()
--;
CREATE TRIGGER gate_as_of_now BEFORE UPDATE ON gate FOR EACH STATEMENT EXECUTE FUNCTION qf_as_of_now()
--;
CREATE TRIGGER gate_review_as_of_now BEFORE INSERT ON gate_review FOR EACH STATEMENT EXECUTE FUNCTION qf_as_of_now()
--;
CREATE TRIGGER gate_rules_no_update BEFORE UPDATE ON gate_rules FOR EACH ROW EXECUTE FUNCTION qf_refuse('append_only')
--;
CREATE TRIGGER gate_kind_no_update BEFORE UPDATE ON gate_kind FOR EACH ROW EXECUTE FUNCTION qf_refuse('append_only')
--;
CREATE TRIGGER gate_requirement_no_update BEFORE UPDATE ON gate_requirement FOR EACH ROW EXECUTE FUNCTION qf_refuse('append_only')
--;
CREATE TRIGGER gate_evidence_no_update BEFORE UPDATE ON gate_evidence FOR EACH ROW EXECUTE FUNCTION qf_refuse('append_only')
--;
CREATE TRIGGER gate_review_no_update BEFORE UPDATE ON gate_review FOR EACH ROW EXECUTE FUNCTION qf_refuse('append_only')
--;
CREATE TRIGGER committee_match_no_update BEFORE UPDATE ON committee_match FOR EACH ROW EXECUTE FUNCTION qf_refuse('append_only')
--;
CREATE TRIGGER difficulty_no_update BEFORE UPDATE ON difficulty FOR EACH ROW EXECUTE FUNCTION qf_refuse('append_only')
--;
CREATE TRIGGER village_plan_no_update BEFORE UPDATE ON village_plan FOR EACH ROW EXECUTE FUNCTION qf_refuse('append_only')
--;
CREATE TRIGGER accountability_no_update BEFORE UPDATE ON accountability FOR EACH ROW EXECUTE FUNCTION qf_refuse('append_only')
--;
CREATE TRIGGER gate_rules_no_delete BEFORE DELETE ON gate_rules FOR EACH ROW EXECUTE FUNCTION qf_refuse('append_only')
--;
CREATE TRIGGER gate_rules_truncate BEFORE TRUNCATE ON gate_rules FOR EACH STATEMENT EXECUTE FUNCTION qf_refuse('append_only')
--;
CREATE TRIGGER gate_kind_no_delete BEFORE DELETE ON gate_kind FOR EACH ROW EXECUTE FUNCTION qf_refuse('append_only')
--;
CREATE TRIGGER gate_kind_truncate BEFORE TRUNCATE ON gate_kind FOR EACH STATEMENT EXECUTE FUNCTION qf_refuse('append_only')
--;
CREATE TRIGGER gate_requirement_no_delete BEFORE DELETE ON gate_requirement FOR EACH ROW EXECUTE FUNCTION qf_refuse('append_only')
--;
CREATE TRIGGER gate_requirement_truncate BEFORE TRUNCATE ON gate_requirement FOR EACH STATEMENT EXECUTE FUNCTION qf_refuse('append_only')
--;
CREATE TRIGGER gate_evidence_no_delete BEFORE DELETE ON gate_evidence FOR EACH ROW EXECUTE FUNCTION qf_refuse('append_only')
--;
CREATE TRIGGER gate_evidence_truncate BEFORE TRUNCATE ON gate_evidence FOR EACH STATEMENT EXECUTE FUNCTION qf_refuse('append_only')
--;
CREATE TRIGGER gate_review_no_delete BEFORE DELETE ON gate_review FOR EACH ROW EXECUTE FUNCTION qf_refuse('append_only')
--;
CREATE TRIGGER gate_review_truncate BEFORE TRUNCATE ON gate_review FOR EACH STATEMENT EXECUTE FUNCTION qf_refuse('append_only')
--;
CREATE TRIGGER committee_match_no_delete BEFORE DELETE ON committee_match FOR EACH ROW EXECUTE FUNCTION qf_refuse('append_only')
--;
CREATE TRIGGER committee_match_truncate BEFORE TRUNCATE ON committee_match FOR EACH STATEMENT EXECUTE FUNCTION qf_refuse('append_only')
--;
CREATE TRIGGER difficulty_no_delete BEFORE DELETE ON difficulty FOR EACH ROW EXECUTE FUNCTION qf_refuse('append_only')
--;
CREATE TRIGGER difficulty_truncate BEFORE TRUNCATE ON difficulty FOR EACH STATEMENT EXECUTE FUNCTION qf_refuse('append_only')
--;
CREATE TRIGGER village_plan_no_delete BEFORE DELETE ON village_plan FOR EACH ROW EXECUTE FUNCTION qf_refuse('append_only')
--;
CREATE TRIGGER village_plan_truncate BEFORE TRUNCATE ON village_plan FOR EACH STATEMENT EXECUTE FUNCTION qf_refuse('append_only')
--;
CREATE TRIGGER accountability_no_delete BEFORE DELETE ON accountability FOR EACH ROW EXECUTE FUNCTION qf_refuse('append_only')
--;
CREATE TRIGGER accountability_truncate BEFORE TRUNCATE ON accountability FOR EACH STATEMENT EXECUTE FUNCTION qf_refuse('append_only')
--;
CREATE TRIGGER gate_no_delete BEFORE DELETE ON gate FOR EACH ROW EXECUTE FUNCTION qf_refuse('append_only')
--;
CREATE TRIGGER gate_truncate BEFORE TRUNCATE ON gate FOR EACH STATEMENT EXECUTE FUNCTION qf_refuse('append_only')
--;
CREATE TRIGGER committee_member_no_delete BEFORE DELETE ON committee_member FOR EACH ROW EXECUTE FUNCTION qf_refuse('append_only')
--;
CREATE TRIGGER committee_member_truncate BEFORE TRUNCATE ON committee_member FOR EACH STATEMENT EXECUTE FUNCTION qf_refuse('append_only')
--;
CREATE TRIGGER committee_relative_no_delete BEFORE DELETE ON committee_relative FOR EACH ROW EXECUTE FUNCTION qf_refuse('append_only')
--;
CREATE TRIGGER committee_relative_truncate BEFORE TRUNCATE ON committee_relative FOR EACH STATEMENT EXECUTE FUNCTION qf_refuse('append_only')
--;
CREATE TRIGGER responsibility_no_delete BEFORE DELETE ON responsibility FOR EACH ROW EXECUTE FUNCTION qf_refuse('append_only')
--;
CREATE TRIGGER responsibility_truncate BEFORE TRUNCATE ON responsibility FOR EACH STATEMENT EXECUTE FUNCTION qf_refuse('append_only')
--;
CREATE TRIGGER absence_no_delete BEFORE DELETE ON absence FOR EACH ROW EXECUTE FUNCTION qf_refuse('append_only')
--;
CREATE TRIGGER absence_truncate BEFORE TRUNCATE ON absence FOR EACH STATEMENT EXECUTE FUNCTION qf_refuse('append_only')
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
