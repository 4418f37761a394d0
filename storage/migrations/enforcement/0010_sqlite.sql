-- Gates, election committees and who answers, on SQLite: the twin of 0010_postgresql.sql. Statements end with a line
-- of "--;".
--;
-- An election begins in preparation; its place stays, and it never goes back there.
CREATE TRIGGER election_birth BEFORE INSERT ON election
WHEN NEW.state <> 'preparing'
BEGIN SELECT RAISE(ABORT, 'qf:election_birth'); END
--;
CREATE TRIGGER election_begun BEFORE UPDATE ON election
WHEN NEW.id IS NOT OLD.id OR NEW.place_id IS NOT OLD.place_id OR (NEW.state = 'preparing' AND OLD.state <> 'preparing')
BEGIN SELECT RAISE(ABORT, 'qf:election_begun'); END
--;
-- Leaving it asks for every required gate, closed: the audit by law, the others as the newest rules name them for the
-- nearest place. And no member of the committee may sit who stands, or whose declared near relative does.
CREATE TRIGGER election_begun_2 BEFORE UPDATE ON election
WHEN OLD.state = 'preparing' AND NEW.state <> 'preparing' AND (
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
      AND (p.path = r.place_path OR p.path LIKE r.place_path || '/%')))
BEGIN SELECT RAISE(ABORT, 'qf:gates_open'); END
--;
CREATE TRIGGER election_begun_3 BEFORE UPDATE ON election
WHEN OLD.state = 'preparing' AND NEW.state <> 'preparing' AND EXISTS (
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
                  AND coalesce(w.relative_id, 0) = coalesce(v.relative_id, 0) AND w.id > v.id))))
BEGIN SELECT RAISE(ABORT, 'qf:committee_clash'); END
--;
-- What a place is decides which gates it needs.
CREATE TRIGGER place_kind_fixed BEFORE UPDATE ON place
WHEN NEW.kind IS NOT OLD.kind AND EXISTS (SELECT 1 FROM election e WHERE e.place_id = OLD.id)
BEGIN SELECT RAISE(ABORT, 'qf:place_fixed'); END
--;
-- The name that the committee was compared with stays.
CREATE TRIGGER candidate_name_fixed BEFORE UPDATE ON candidate
WHEN NEW.name IS NOT OLD.name
BEGIN SELECT RAISE(ABORT, 'qf:candidate_name'); END
--;
-- A gate is born open, under published rules that know it.
CREATE TRIGGER gate_birth BEFORE INSERT ON gate
WHEN NEW.state <> 'open' OR NEW.round <> 1 OR NEW.version <> 1
  OR NOT EXISTS (SELECT 1 FROM gate_kind k WHERE k.rules_id = NEW.rules_id AND k.gate = NEW.code)
BEGIN SELECT RAISE(ABORT, 'qf:gate_birth'); END
--;
-- It waits when something new was handed in, closes by an approval of all of it, opens when it is sent back or fails the
-- look-back check; then a new round begins.
CREATE TRIGGER gate_moves BEFORE UPDATE ON gate
WHEN NEW.id IS NOT OLD.id
     OR NEW.election_id IS NOT OLD.election_id
     OR NEW.code IS NOT OLD.code
     OR NEW.rules_id IS NOT OLD.rules_id
     OR NEW.version <> OLD.version + 1
     OR NEW.round <> OLD.round + (CASE WHEN OLD.state = 'closed' AND NEW.state = 'open' THEN 1 ELSE 0 END)
     OR NOT (
       (OLD.state IN ('open', 'waiting') AND NEW.state = 'waiting'
         AND (SELECT max(v.id) FROM gate_evidence v WHERE v.gate_id = OLD.id AND v.round = OLD.round) > coalesce((SELECT r.through_id FROM gate_review r WHERE r.gate_id = OLD.id AND r.round = OLD.round ORDER BY r.id DESC LIMIT 1), 0))
       OR (OLD.state = 'waiting' AND NEW.state = 'open' AND coalesce((SELECT r.decision FROM gate_review r WHERE r.gate_id = OLD.id AND r.round = OLD.round ORDER BY r.id DESC LIMIT 1), '') = 'returned'
         AND (SELECT r.through_id FROM gate_review r WHERE r.gate_id = OLD.id AND r.round = OLD.round ORDER BY r.id DESC LIMIT 1) = (SELECT max(v.id) FROM gate_evidence v WHERE v.gate_id = OLD.id AND v.round = OLD.round))
       OR (OLD.state = 'waiting' AND NEW.state = 'closed' AND coalesce((SELECT r.decision FROM gate_review r WHERE r.gate_id = OLD.id AND r.round = OLD.round ORDER BY r.id DESC LIMIT 1), '') = 'approved'
         AND (SELECT r.through_id FROM gate_review r WHERE r.gate_id = OLD.id AND r.round = OLD.round ORDER BY r.id DESC LIMIT 1) = (SELECT max(v.id) FROM gate_evidence v WHERE v.gate_id = OLD.id AND v.round = OLD.round))
       OR (OLD.state = 'closed' AND NEW.state = 'open' AND coalesce((SELECT r.decision FROM gate_review r WHERE r.gate_id = OLD.id AND r.round = OLD.round ORDER BY r.id DESC LIMIT 1), '') = 'reopened'))
BEGIN SELECT RAISE(ABORT, 'qf:gate_state'); END
--;
-- Only kinds the gate takes, only while it is not closed, by somebody whose place it is.
CREATE TRIGGER gate_evidence_birth BEFORE INSERT ON gate_evidence
WHEN NOT EXISTS (SELECT 1 FROM gate g, gate_kind k WHERE g.id = NEW.gate_id AND k.rules_id = g.rules_id AND k.gate = g.code AND k.kind = NEW.kind)
BEGIN SELECT RAISE(ABORT, 'qf:gate_kind'); END
--;
CREATE TRIGGER gate_evidence_birth_2 BEFORE INSERT ON gate_evidence
WHEN NOT EXISTS (SELECT 1 FROM gate g WHERE g.id = NEW.gate_id AND g.round = NEW.round AND g.state <> 'closed')
  OR NOT EXISTS (SELECT 1 FROM official o, election e, place p WHERE o.id = NEW.handed_by AND e.id = (SELECT g.election_id FROM gate g WHERE g.id = NEW.gate_id) AND p.id = e.place_id
      AND o.active AND o.role IN ('village_clerk', 'township_staff') AND (p.path = o.place_path OR p.path LIKE o.place_path || '/%'))
BEGIN SELECT RAISE(ABORT, 'qf:gate_evidence'); END
--;
-- A review is by a second person who may, of all that was handed in; an approval also needs every needed kind.
CREATE TRIGGER gate_review_birth BEFORE INSERT ON gate_review
WHEN NOT EXISTS (SELECT 1 FROM gate g WHERE g.id = NEW.gate_id AND g.round = NEW.round
       AND g.state = CASE NEW.decision WHEN 'reopened' THEN 'closed' ELSE 'waiting' END)
  OR NEW.through_id IS NOT (SELECT max(v.id) FROM gate_evidence v WHERE v.gate_id = NEW.gate_id AND v.round = NEW.round)
  OR NEW.after_start IS NOT (SELECT e.state <> 'preparing' FROM election e, gate g WHERE g.id = NEW.gate_id AND e.id = g.election_id)
  OR NOT EXISTS (SELECT 1 FROM official o, election e, place p WHERE o.id = NEW.reviewer_id AND e.id = (SELECT g.election_id FROM gate g WHERE g.id = NEW.gate_id) AND p.id = e.place_id
      AND o.active AND o.role IN ('township_staff', 'discipline_leader', 'superior') AND (p.path = o.place_path OR p.path LIKE o.place_path || '/%'))
BEGIN SELECT RAISE(ABORT, 'qf:gate_review'); END
--;
CREATE TRIGGER gate_review_birth_2 BEFORE INSERT ON gate_review
WHEN EXISTS (SELECT 1 FROM gate_evidence v WHERE v.gate_id = NEW.gate_id AND v.round = NEW.round AND v.handed_by = NEW.reviewer_id)
  OR (NEW.decision = 'reopened' AND EXISTS (SELECT 1 FROM gate_review r WHERE r.gate_id = NEW.gate_id AND r.round = NEW.round
       AND r.decision = 'approved' AND r.reviewer_id = NEW.reviewer_id))
BEGIN SELECT RAISE(ABORT, 'qf:gate_second_person'); END
--;
CREATE TRIGGER gate_review_birth_3 BEFORE INSERT ON gate_review
WHEN NEW.decision = 'approved' AND EXISTS (SELECT 1 FROM gate g, gate_kind k WHERE g.id = NEW.gate_id AND k.rules_id = g.rules_id
       AND k.gate = g.code AND k.needed AND NOT EXISTS (
         SELECT 1 FROM gate_evidence v WHERE v.gate_id = g.id AND v.round = g.round AND v.kind = k.kind))
BEGIN SELECT RAISE(ABORT, 'qf:gate_incomplete'); END
--;
-- A member begins by sitting, or next in line.
CREATE TRIGGER committee_member_birth BEFORE INSERT ON committee_member
WHEN NEW.standing = 'left'
BEGIN SELECT RAISE(ABORT, 'qf:committee_member'); END
--;
-- Who left stays gone; who steps up sits on the same committee.
CREATE TRIGGER committee_member_moves BEFORE UPDATE ON committee_member
WHEN NEW.id IS NOT OLD.id
     OR NEW.election_id IS NOT OLD.election_id
     OR NEW.name IS NOT OLD.name
     OR NEW.entered_by IS NOT OLD.entered_by
     OR NEW.entered_at IS NOT OLD.entered_at
     OR (OLD.standing = 'left' AND (NEW.standing IS NOT OLD.standing OR NEW.role IS NOT OLD.role OR NEW.left_on IS NOT OLD.left_on OR NEW.left_because IS NOT OLD.left_because OR NEW.left_noted_by IS NOT OLD.left_noted_by
         OR (OLD.replaced_by IS NOT NULL AND NEW.replaced_by IS NOT OLD.replaced_by)))
     OR (OLD.standing = 'sits' AND NEW.standing = 'next_in_line')
     OR (NEW.replaced_by IS NOT NULL AND NEW.replaced_by IS NOT OLD.replaced_by AND NOT EXISTS (
          SELECT 1 FROM committee_member s WHERE s.id = NEW.replaced_by AND s.id <> OLD.id AND s.election_id = OLD.election_id
            AND s.standing = 'sits'))
BEGIN SELECT RAISE(ABORT, 'qf:committee_member'); END
--;
-- A declaration is withdrawn, once, and never reworded.
CREATE TRIGGER committee_relative_fixed BEFORE UPDATE ON committee_relative
WHEN NEW.id IS NOT OLD.id
     OR NEW.member_id IS NOT OLD.member_id
     OR NEW.relation IS NOT OLD.relation
     OR NEW.name IS NOT OLD.name
     OR NEW.declared_at IS NOT OLD.declared_at
     OR NEW.entered_by IS NOT OLD.entered_by
     OR OLD.withdrawn_at IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'qf:committee_relative'); END
--;
-- A likeness is judged within one election, by an official of the place. The same name under a declared relation is
-- the clash itself: nobody calls it a namesake.
CREATE TRIGGER committee_match_birth BEFORE INSERT ON committee_match
WHEN NOT EXISTS (SELECT 1 FROM committee_member m, candidate c WHERE m.id = NEW.member_id AND c.id = NEW.candidate_id
       AND c.election_id = m.election_id)
  OR (NEW.relative_id IS NOT NULL AND NOT EXISTS (
       SELECT 1 FROM committee_relative r WHERE r.id = NEW.relative_id AND r.member_id = NEW.member_id))
  OR (NEW.verdict = 'different' AND EXISTS (
       SELECT 1 FROM committee_relative r, candidate c WHERE r.id = NEW.relative_id AND c.id = NEW.candidate_id AND r.name = c.name))
  OR NOT EXISTS (SELECT 1 FROM official o, election e, place p WHERE o.id = NEW.decided_by AND e.id = (SELECT m.election_id FROM committee_member m WHERE m.id = NEW.member_id) AND p.id = e.place_id
      AND o.active AND o.role IN ('township_staff', 'discipline_leader', 'superior') AND (p.path = o.place_path OR p.path LIKE o.place_path || '/%'))
BEGIN SELECT RAISE(ABORT, 'qf:committee_match'); END
--;
-- Who answered is history; only the end is written, once.
CREATE TRIGGER responsibility_fixed BEFORE UPDATE ON responsibility
WHEN NEW.id IS NOT OLD.id
     OR NEW.place_id IS NOT OLD.place_id
     OR NEW.level IS NOT OLD.level
     OR NEW.name IS NOT OLD.name
     OR NEW.post IS NOT OLD.post
     OR NEW.official_id IS NOT OLD.official_id
     OR NEW.from_on IS NOT OLD.from_on
     OR NEW.entered_by IS NOT OLD.entered_by
     OR NEW.entered_at IS NOT OLD.entered_at
     OR OLD.until_on IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'qf:responsibility_fixed'); END
--;
-- Nobody is away twice, and nobody who is away stands in for another.
CREATE TRIGGER absence_birth BEFORE INSERT ON absence
WHEN EXISTS (SELECT 1 FROM absence a WHERE a.official_id IN (NEW.official_id, NEW.deputy_id)
       AND a.from_on <= NEW.until_on AND a.until_on >= NEW.from_on)
  OR NOT EXISTS (SELECT 1 FROM official o WHERE o.id = NEW.deputy_id AND o.active)
BEGIN SELECT RAISE(ABORT, 'qf:absence_deputy'); END
--;
-- An absence may end earlier; nothing else about it changes.
CREATE TRIGGER absence_fixed BEFORE UPDATE ON absence
WHEN NEW.id IS NOT OLD.id
     OR NEW.official_id IS NOT OLD.official_id
     OR NEW.kind IS NOT OLD.kind
     OR NEW.from_on IS NOT OLD.from_on
     OR NEW.deputy_id IS NOT OLD.deputy_id
     OR NEW.entered_by IS NOT OLD.entered_by
     OR NEW.entered_at IS NOT OLD.entered_at
     OR NEW.until_on > OLD.until_on
BEGIN SELECT RAISE(ABORT, 'qf:absence_fixed'); END
--;
CREATE TRIGGER gate_rules_no_update BEFORE UPDATE ON gate_rules BEGIN SELECT RAISE(ABORT, 'qf:append_only'); END
--;
CREATE TRIGGER gate_kind_no_update BEFORE UPDATE ON gate_kind BEGIN SELECT RAISE(ABORT, 'qf:append_only'); END
--;
CREATE TRIGGER gate_requirement_no_update BEFORE UPDATE ON gate_requirement BEGIN SELECT RAISE(ABORT, 'qf:append_only'); END
--;
CREATE TRIGGER gate_evidence_no_update BEFORE UPDATE ON gate_evidence BEGIN SELECT RAISE(ABORT, 'qf:append_only'); END
--;
CREATE TRIGGER gate_review_no_update BEFORE UPDATE ON gate_review BEGIN SELECT RAISE(ABORT, 'qf:append_only'); END
--;
CREATE TRIGGER committee_match_no_update BEFORE UPDATE ON committee_match BEGIN SELECT RAISE(ABORT, 'qf:append_only'); END
--;
CREATE TRIGGER difficulty_no_update BEFORE UPDATE ON difficulty BEGIN SELECT RAISE(ABORT, 'qf:append_only'); END
--;
CREATE TRIGGER village_plan_no_update BEFORE UPDATE ON village_plan BEGIN SELECT RAISE(ABORT, 'qf:append_only'); END
--;
CREATE TRIGGER accountability_no_update BEFORE UPDATE ON accountability BEGIN SELECT RAISE(ABORT, 'qf:append_only'); END
--;
CREATE TRIGGER gate_rules_no_delete BEFORE DELETE ON gate_rules BEGIN SELECT RAISE(ABORT, 'qf:append_only'); END
--;
CREATE TRIGGER gate_kind_no_delete BEFORE DELETE ON gate_kind BEGIN SELECT RAISE(ABORT, 'qf:append_only'); END
--;
CREATE TRIGGER gate_requirement_no_delete BEFORE DELETE ON gate_requirement BEGIN SELECT RAISE(ABORT, 'qf:append_only'); END
--;
CREATE TRIGGER gate_evidence_no_delete BEFORE DELETE ON gate_evidence BEGIN SELECT RAISE(ABORT, 'qf:append_only'); END
--;
CREATE TRIGGER gate_review_no_delete BEFORE DELETE ON gate_review BEGIN SELECT RAISE(ABORT, 'qf:append_only'); END
--;
CREATE TRIGGER committee_match_no_delete BEFORE DELETE ON committee_match BEGIN SELECT RAISE(ABORT, 'qf:append_only'); END
--;
CREATE TRIGGER difficulty_no_delete BEFORE DELETE ON difficulty BEGIN SELECT RAISE(ABORT, 'qf:append_only'); END
--;
CREATE TRIGGER village_plan_no_delete BEFORE DELETE ON village_plan BEGIN SELECT RAISE(ABORT, 'qf:append_only'); END
--;
CREATE TRIGGER accountability_no_delete BEFORE DELETE ON accountability BEGIN SELECT RAISE(ABORT, 'qf:append_only'); END
--;
CREATE TRIGGER gate_no_delete BEFORE DELETE ON gate BEGIN SELECT RAISE(ABORT, 'qf:append_only'); END
--;
CREATE TRIGGER committee_member_no_delete BEFORE DELETE ON committee_member BEGIN SELECT RAISE(ABORT, 'qf:append_only'); END
--;
CREATE TRIGGER committee_relative_no_delete BEFORE DELETE ON committee_relative BEGIN SELECT RAISE(ABORT, 'qf:append_only'); END
--;
CREATE TRIGGER responsibility_no_delete BEFORE DELETE ON responsibility BEGIN SELECT RAISE(ABORT, 'qf:append_only'); END
--;
CREATE TRIGGER absence_no_delete BEFORE DELETE ON absence BEGIN SELECT RAISE(ABORT, 'qf:append_only'); END
