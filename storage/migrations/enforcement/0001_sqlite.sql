-- What SQLite refuses, whoever asks: service, desk, bulk statement or raw SQL.
-- Needs PRAGMA recursive_triggers = ON (else REPLACE goes round the DELETE triggers) and foreign_keys = ON;
-- storage/engine.py sets both on every connection and refuses to start otherwise.
-- Messages begin with "qf:"; storage/refusals.py turns them into errors with a code.

-- The transition table is written by migrations only.
CREATE TRIGGER case_transition_no_insert BEFORE INSERT ON case_transition
BEGIN SELECT RAISE(ABORT, 'qf:append_only'); END;
CREATE TRIGGER case_transition_no_update BEFORE UPDATE ON case_transition
BEGIN SELECT RAISE(ABORT, 'qf:append_only'); END;
CREATE TRIGGER case_transition_no_delete BEFORE DELETE ON case_transition
BEGIN SELECT RAISE(ABORT, 'qf:append_only'); END;

-- Cases.
CREATE TRIGGER cases_birth BEFORE INSERT ON cases
WHEN NEW.state <> 'received' OR NEW.round <> 1
BEGIN SELECT RAISE(ABORT, 'qf:case_birth'); END;

CREATE TRIGGER cases_no_delete BEFORE DELETE ON cases
BEGIN SELECT RAISE(ABORT, 'qf:case_delete'); END;

CREATE TRIGGER cases_fixed BEFORE UPDATE ON cases
WHEN NEW.id IS NOT OLD.id OR NEW.number IS NOT OLD.number OR NEW.draft_id IS NOT OLD.draft_id
  OR NEW.received_at IS NOT OLD.received_at OR NEW.narrative_sealed IS NOT OLD.narrative_sealed
  OR NEW.person_id IS NOT OLD.person_id OR NEW.rule_version IS NOT OLD.rule_version
BEGIN SELECT RAISE(ABORT, 'qf:case_fixed'); END;

CREATE TRIGGER cases_transition BEFORE UPDATE ON cases
WHEN NEW.state IS NOT OLD.state AND NOT EXISTS (
  SELECT 1 FROM case_transition t WHERE t.source = OLD.state AND t.target = NEW.state)
BEGIN SELECT RAISE(ABORT, 'qf:no_such_transition'); END;

CREATE TRIGGER cases_round BEFORE UPDATE ON cases
WHEN NEW.round <> OLD.round + (OLD.state IN ('closed', 'guided_elsewhere') AND NEW.state = 'accepted')
BEGIN SELECT RAISE(ABORT, 'qf:case_round'); END;

CREATE TRIGGER cases_must_investigate BEFORE UPDATE ON cases
WHEN NEW.state IS NOT OLD.state
  AND (NEW.state IN ('approved', 'closed')
       OR (NEW.state = 'guided_elsewhere' AND EXISTS (SELECT 1 FROM case_flag f WHERE f.case_id = OLD.id)))
  AND NOT EXISTS (
    SELECT 1 FROM investigation i
    WHERE i.case_id = OLD.id AND i.round = OLD.round AND i.finding IS NOT NULL AND i.approved_at IS NOT NULL
      AND i.approver_id <> i.investigator_id
      AND EXISTS (SELECT 1 FROM investigation_evidence e WHERE e.investigation_id = i.id)
      AND NOT EXISTS (SELECT 1 FROM recusal r
                      WHERE r.case_id = i.case_id AND r.official_id IN (i.investigator_id, i.approver_id)))
BEGIN SELECT RAISE(ABORT, 'qf:must_investigate'); END;

CREATE TRIGGER cases_finding_complete BEFORE UPDATE ON cases
WHEN NEW.state = 'awaiting_approval' AND OLD.state <> 'awaiting_approval' AND NOT EXISTS (
    SELECT 1 FROM investigation i
    WHERE i.case_id = OLD.id AND i.round = OLD.round AND i.finding IS NOT NULL AND i.submitted_at IS NOT NULL
      AND EXISTS (SELECT 1 FROM investigation_evidence e WHERE e.investigation_id = i.id))
BEGIN SELECT RAISE(ABORT, 'qf:finding_incomplete'); END;

-- Flags only accumulate; a closed case is reopened before it gets one.
CREATE TRIGGER case_flag_no_update BEFORE UPDATE ON case_flag
BEGIN SELECT RAISE(ABORT, 'qf:flag_removal'); END;
CREATE TRIGGER case_flag_no_delete BEFORE DELETE ON case_flag
BEGIN SELECT RAISE(ABORT, 'qf:flag_removal'); END;
CREATE TRIGGER case_flag_on_open_case BEFORE INSERT ON case_flag
WHEN EXISTS (SELECT 1 FROM cases c WHERE c.id = NEW.case_id AND c.state IN ('closed', 'guided_elsewhere'))
BEGIN SELECT RAISE(ABORT, 'qf:reopen_first'); END;

-- Investigations: begun unapproved, approved by a second person in an approving role, then fixed.
CREATE TRIGGER investigation_birth BEFORE INSERT ON investigation
WHEN NEW.approved_at IS NOT NULL OR NEW.approver_id IS NOT NULL
  OR NOT EXISTS (SELECT 1 FROM cases c WHERE c.id = NEW.case_id AND c.round = NEW.round
                 AND c.state IN ('accepted', 'investigating'))
  OR EXISTS (SELECT 1 FROM recusal r WHERE r.case_id = NEW.case_id AND r.official_id = NEW.investigator_id)
BEGIN SELECT RAISE(ABORT, 'qf:investigation_birth'); END;

CREATE TRIGGER investigation_fixed BEFORE UPDATE ON investigation
WHEN OLD.approved_at IS NOT NULL OR NEW.id IS NOT OLD.id OR NEW.case_id IS NOT OLD.case_id
  OR NEW.round IS NOT OLD.round OR NEW.investigator_id IS NOT OLD.investigator_id
  OR NEW.started_at IS NOT OLD.started_at
BEGIN SELECT RAISE(ABORT, 'qf:investigation_fixed'); END;

CREATE TRIGGER investigation_approval BEFORE UPDATE ON investigation
WHEN NEW.approved_at IS NOT NULL AND OLD.approved_at IS NULL AND (
  OLD.submitted_at IS NULL OR NEW.finding IS NOT OLD.finding OR NEW.summary_sealed IS NOT OLD.summary_sealed
  OR NEW.approver_id = OLD.investigator_id
  OR NOT EXISTS (SELECT 1 FROM investigation_evidence e WHERE e.investigation_id = OLD.id)
  OR NOT EXISTS (SELECT 1 FROM cases c WHERE c.id = OLD.case_id AND c.round = OLD.round
                 AND c.state = 'awaiting_approval')
  OR NOT EXISTS (SELECT 1 FROM official o WHERE o.id = NEW.approver_id AND o.active
                 AND o.role IN ('discipline_leader', 'superior'))
  OR EXISTS (SELECT 1 FROM recusal r
             WHERE r.case_id = OLD.case_id AND r.official_id IN (OLD.investigator_id, NEW.approver_id)))
BEGIN SELECT RAISE(ABORT, 'qf:investigation_approval'); END;

CREATE TRIGGER investigation_no_delete BEFORE DELETE ON investigation
BEGIN SELECT RAISE(ABORT, 'qf:append_only'); END;

CREATE TRIGGER investigation_evidence_no_update BEFORE UPDATE ON investigation_evidence
BEGIN SELECT RAISE(ABORT, 'qf:append_only'); END;
CREATE TRIGGER investigation_evidence_no_delete BEFORE DELETE ON investigation_evidence
BEGIN SELECT RAISE(ABORT, 'qf:append_only'); END;
CREATE TRIGGER investigation_evidence_before_approval BEFORE INSERT ON investigation_evidence
WHEN EXISTS (SELECT 1 FROM investigation i WHERE i.id = NEW.investigation_id AND i.approved_at IS NOT NULL)
BEGIN SELECT RAISE(ABORT, 'qf:investigation_fixed'); END;

-- Records that only grow.
CREATE TRIGGER recusal_no_update BEFORE UPDATE ON recusal BEGIN SELECT RAISE(ABORT, 'qf:append_only'); END;
CREATE TRIGGER recusal_no_delete BEFORE DELETE ON recusal BEGIN SELECT RAISE(ABORT, 'qf:append_only'); END;
CREATE TRIGGER case_note_no_update BEFORE UPDATE ON case_note BEGIN SELECT RAISE(ABORT, 'qf:append_only'); END;
CREATE TRIGGER case_note_no_delete BEFORE DELETE ON case_note BEGIN SELECT RAISE(ABORT, 'qf:append_only'); END;
CREATE TRIGGER identity_no_update BEFORE UPDATE ON identity BEGIN SELECT RAISE(ABORT, 'qf:append_only'); END;
CREATE TRIGGER identity_no_delete BEFORE DELETE ON identity BEGIN SELECT RAISE(ABORT, 'qf:append_only'); END;
CREATE TRIGGER event_no_update BEFORE UPDATE ON event BEGIN SELECT RAISE(ABORT, 'qf:append_only'); END;
CREATE TRIGGER event_no_delete BEFORE DELETE ON event BEGIN SELECT RAISE(ABORT, 'qf:append_only'); END;
CREATE TRIGGER event_chain BEFORE INSERT ON event
WHEN NEW.id <> 1 + (SELECT coalesce(max(id), 0) FROM event)
  OR NEW.previous_hash <> coalesce((SELECT hash FROM event ORDER BY id DESC LIMIT 1), '')
BEGIN SELECT RAISE(ABORT, 'qf:event_chain'); END;

-- Commitments and candidacy.
CREATE TRIGGER commitment_text_no_update BEFORE UPDATE ON commitment_text
BEGIN SELECT RAISE(ABORT, 'qf:append_only'); END;
CREATE TRIGGER commitment_text_no_delete BEFORE DELETE ON commitment_text
BEGIN SELECT RAISE(ABORT, 'qf:append_only'); END;
CREATE TRIGGER commitment_signature_no_update BEFORE UPDATE ON commitment_signature
BEGIN SELECT RAISE(ABORT, 'qf:append_only'); END;
CREATE TRIGGER commitment_signature_no_delete BEFORE DELETE ON commitment_signature
BEGIN SELECT RAISE(ABORT, 'qf:append_only'); END;
CREATE TRIGGER commitment_signature_of_known_text BEFORE INSERT ON commitment_signature
WHEN NOT EXISTS (SELECT 1 FROM commitment_text t WHERE t.pack = NEW.pack AND t.version = NEW.version
                 AND t.kind = NEW.kind AND t.text_hash = NEW.text_hash)
BEGIN SELECT RAISE(ABORT, 'qf:unknown_text'); END;

CREATE TRIGGER candidate_birth BEFORE INSERT ON candidate
WHEN NEW.state <> 'invited'
BEGIN SELECT RAISE(ABORT, 'qf:candidate_birth'); END;
CREATE TRIGGER candidate_may_stand BEFORE UPDATE ON candidate
WHEN NEW.state = 'may_stand' AND (OLD.state <> 'may_stand' OR NEW.election_id IS NOT OLD.election_id) AND (
  NOT EXISTS (SELECT 1 FROM election e JOIN commitment_text t ON t.pack = e.pack AND t.version = e.pack_version
              WHERE e.id = NEW.election_id)
  OR EXISTS (
    SELECT 1 FROM election e JOIN commitment_text t ON t.pack = e.pack AND t.version = e.pack_version
    WHERE e.id = NEW.election_id AND NOT EXISTS (
      SELECT 1 FROM commitment_signature s WHERE s.candidate_id = NEW.id AND s.pack = t.pack
        AND s.version = t.version AND s.kind = t.kind AND s.text_hash = t.text_hash)))
BEGIN SELECT RAISE(ABORT, 'qf:unsigned_commitments'); END;
CREATE TRIGGER election_pack_fixed BEFORE UPDATE ON election
WHEN (NEW.pack IS NOT OLD.pack OR NEW.pack_version IS NOT OLD.pack_version)
  AND EXISTS (SELECT 1 FROM candidate c WHERE c.election_id = OLD.id AND c.state = 'may_stand')
BEGIN SELECT RAISE(ABORT, 'qf:pack_fixed'); END;

-- Tokens work once.
CREATE TRIGGER invitation_once BEFORE UPDATE ON invitation
WHEN OLD.used_at IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'qf:token_used'); END;
CREATE TRIGGER sign_in_link_once BEFORE UPDATE ON sign_in_link
WHEN OLD.used_at IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'qf:token_used'); END;
