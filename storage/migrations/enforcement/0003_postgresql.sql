-- The life of a case, its flags, clocks and routes on PostgreSQL: the twin of 0003_sqlite.sql.
-- Takes the place of triggers of 0001 (the lines "-- replaces" name them). Statements end with a line of "--;".
-- replaces: cases_insert cases_update cases_delete case_flag_insert
-- replaces: case_flag_change investigation_insert investigation_update investigation_delete
-- replaces: evidence_insert investigation_evidence_change recusal_change case_note_change
-- replaces: identity_change

-- What the triggers ask, in one place each.
CREATE VIEW active_flag AS
  SELECT f.case_id, f.category FROM case_flag f WHERE NOT EXISTS (
    SELECT 1 FROM flag_removal r WHERE r.case_id = f.case_id AND r.category = f.category
      AND r.decision = 'approved' AND r.undone_at IS NULL)
--;
CREATE VIEW investigated_case AS
  SELECT i.case_id, i.round FROM investigation i
  WHERE i.finding IS NOT NULL AND i.summary_sealed IS NOT NULL AND i.approved_at IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM investigator v WHERE v.investigation_id = i.id AND v.official_id = i.approver_id)
    AND EXISTS (SELECT 1 FROM investigation_evidence e WHERE e.investigation_id = i.id AND NOT EXISTS (
                  SELECT 1 FROM recusal r WHERE r.case_id = i.case_id AND r.official_id = e.added_by))
    AND NOT EXISTS (SELECT 1 FROM recusal r WHERE r.case_id = i.case_id
                    AND r.official_id IN (i.investigator_id, i.approver_id))
--;
-- What may be erased: ended, its time over, nothing promised left to do, and silent for a year.
CREATE VIEW erasable_case AS
  SELECT c.id FROM cases c
  WHERE c.state IN ('closed', 'guided_elsewhere') AND c.merged_into_id IS NULL AND NOT c.legal_hold
    AND c.retain_until IS NOT NULL AND c.retain_until < CURRENT_DATE
    AND NOT EXISTS (SELECT 1 FROM case_flag f WHERE f.case_id = c.id)
    AND NOT EXISTS (SELECT 1 FROM cases m WHERE m.merged_into_id = c.id)
    AND NOT EXISTS (SELECT 1 FROM case_clock k WHERE k.case_id = c.id AND k.stopped_on IS NULL)
    AND NOT EXISTS (SELECT 1 FROM measure m WHERE m.case_id = c.id AND m.kind <> 'none' AND m.decision IS NULL)
    AND NOT EXISTS (SELECT 1 FROM escalation x WHERE x.case_id = c.id AND x.answered_at IS NULL)
    AND NOT EXISTS (SELECT 1 FROM transfer t WHERE t.case_id = c.id AND t.state = 'offered')
    AND NOT EXISTS (SELECT 1 FROM case_message m WHERE m.case_id = c.id AND m.written_at > CURRENT_TIMESTAMP - interval '1 year')
    AND NOT EXISTS (SELECT 1 FROM stored_file s WHERE s.case_id = c.id AND s.received_at > CURRENT_TIMESTAMP - interval '1 year')
--;
CREATE FUNCTION qf_cases_insert_rules() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.state <> 'received' OR NEW.round <> 1 OR NEW.merged_into_id IS NOT NULL OR NEW.told_at IS NOT NULL
     OR NEW.concluded_at IS NOT NULL OR NEW.name_state NOT IN ('none', 'claimed') THEN
    RAISE EXCEPTION 'qf:case_birth' USING ERRCODE = 'QF001';
  END IF;
  IF NEW.handler_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM official o, place u WHERE o.id = NEW.handler_id AND u.id = NEW.unit_id AND o.active
      AND o.role IN ('discipline_official', 'discipline_leader') AND (u.path = o.place_path OR u.path LIKE o.place_path || '/%')
      AND NOT EXISTS (SELECT 1 FROM recusal r WHERE r.case_id = NEW.id AND r.official_id = o.id)) THEN
    RAISE EXCEPTION 'qf:handler_unfit' USING ERRCODE = 'QF001';
  END IF;
  RETURN NEW;
END $$
--;
CREATE FUNCTION qf_cases_update_rules() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.merged_into_id IS NOT NULL AND OLD.merged_into_id IS NULL THEN
    PERFORM 1 FROM cases c WHERE c.id = NEW.merged_into_id FOR UPDATE;
  END IF;
  IF NEW.id IS DISTINCT FROM OLD.id
     OR NEW.number IS DISTINCT FROM OLD.number
     OR NEW.draft_id IS DISTINCT FROM OLD.draft_id
     OR NEW.place_id IS DISTINCT FROM OLD.place_id
     OR NEW.received_at IS DISTINCT FROM OLD.received_at
     OR NEW.narrative_sealed IS DISTINCT FROM OLD.narrative_sealed
     OR NEW.rule_version IS DISTINCT FROM OLD.rule_version
     OR NEW.reported_person_index IS DISTINCT FROM OLD.reported_person_index
     OR NEW.receipt_index IS DISTINCT FROM OLD.receipt_index
     OR NEW.filed_via IS DISTINCT FROM OLD.filed_via
     OR NEW.filed_by IS DISTINCT FROM OLD.filed_by
     OR (NEW.person_id IS NOT NULL AND NEW.person_id IS DISTINCT FROM OLD.person_id) THEN
    RAISE EXCEPTION 'qf:case_fixed' USING ERRCODE = 'QF001';
  END IF;
  IF NEW.state IS DISTINCT FROM OLD.state AND NOT EXISTS (
       SELECT 1 FROM case_transition t WHERE t.source = OLD.state AND t.target = NEW.state) THEN
    RAISE EXCEPTION 'qf:no_such_transition' USING ERRCODE = 'QF001';
  END IF;
  IF NEW.round <> OLD.round + (OLD.state IN ('approved', 'told', 'closed', 'guided_elsewhere') AND NEW.state = 'accepted')::int THEN
    RAISE EXCEPTION 'qf:case_round' USING ERRCODE = 'QF001';
  END IF;
  IF OLD.merged_into_id IS NOT NULL AND NEW.state IS DISTINCT FROM OLD.state THEN
    RAISE EXCEPTION 'qf:case_merged' USING ERRCODE = 'QF001';
  END IF;
  IF NEW.state IS DISTINCT FROM OLD.state AND NEW.state IN ('approved', 'told', 'closed', 'guided_elsewhere')
     AND NOT EXISTS (SELECT 1 FROM investigated_case v WHERE v.case_id = OLD.id AND v.round = OLD.round)
     AND (EXISTS (SELECT 1 FROM active_flag f WHERE f.case_id = OLD.id)
          OR (NEW.state <> 'guided_elsewhere' AND NOT EXISTS (
                SELECT 1 FROM disposal d WHERE d.case_id = OLD.id AND d.round = OLD.round
                  AND d.kind = 'conclude' AND d.decision = 'approved'))) THEN
    RAISE EXCEPTION 'qf:must_investigate' USING ERRCODE = 'QF001';
  END IF;
  IF NEW.state = 'disposal_proposed' AND OLD.state <> 'disposal_proposed' AND NOT EXISTS (
       SELECT 1 FROM disposal d WHERE d.case_id = OLD.id AND d.round = OLD.round AND d.decision IS NULL) THEN
    RAISE EXCEPTION 'qf:disposal_missing' USING ERRCODE = 'QF001';
  END IF;
  IF OLD.state = 'disposal_proposed' AND NEW.state <> 'disposal_proposed' AND NOT EXISTS (
       SELECT 1 FROM disposal d
       WHERE d.id = (SELECT max(x.id) FROM disposal x WHERE x.case_id = OLD.id) AND d.round = OLD.round
         AND ((NEW.state = 'accepted' AND d.decision = 'returned')
              OR (d.decision = 'approved' AND (
                    (NEW.state = 'investigating' AND d.kind IN ('talk_or_inquiry', 'preliminary_verification'))
                    OR (NEW.state = 'held' AND d.kind = 'hold')
                    OR (NEW.state = 'approved' AND d.kind = 'conclude'))))) THEN
    RAISE EXCEPTION 'qf:disposal_undecided' USING ERRCODE = 'QF001';
  END IF;
  IF NEW.state = 'investigating' AND OLD.state <> 'investigating' AND NOT EXISTS (
       SELECT 1 FROM investigation i WHERE i.case_id = OLD.id AND i.round = OLD.round) THEN
    RAISE EXCEPTION 'qf:investigation_missing' USING ERRCODE = 'QF001';
  END IF;
  IF NEW.state = 'awaiting_approval' AND OLD.state <> 'awaiting_approval' AND NOT EXISTS (
       SELECT 1 FROM investigation i
       WHERE i.case_id = OLD.id AND i.round = OLD.round AND i.finding IS NOT NULL AND i.submitted_at IS NOT NULL
         AND EXISTS (SELECT 1 FROM investigation_evidence e WHERE e.investigation_id = i.id)) THEN
    RAISE EXCEPTION 'qf:finding_incomplete' USING ERRCODE = 'QF001';
  END IF;
  IF NEW.state IN ('told', 'closed') AND OLD.state <> NEW.state AND (NEW.told_at IS NULL OR NOT EXISTS (
       SELECT 1 FROM measure m WHERE m.case_id = OLD.id AND m.round = OLD.round)) THEN
    RAISE EXCEPTION 'qf:result_not_told' USING ERRCODE = 'QF001';
  END IF;
  IF NEW.state = 'closed' AND OLD.state <> 'closed' AND NEW.name_state = 'claimed' THEN
    RAISE EXCEPTION 'qf:name_unsettled' USING ERRCODE = 'QF001';
  END IF;
  IF NEW.name_state IS DISTINCT FROM OLD.name_state AND NOT (
       (OLD.name_state = 'none' AND NEW.name_state = 'claimed'
        AND EXISTS (SELECT 1 FROM identity n WHERE n.case_id = OLD.id))
       OR (OLD.name_state IN ('claimed', 'unverifiable') AND NEW.name_state = 'verified'
           AND EXISTS (SELECT 1 FROM contact_attempt t WHERE t.case_id = OLD.id AND t.outcome = 'confirmed'))
       OR (OLD.name_state = 'claimed' AND NEW.name_state = 'unverifiable'
           AND 3 <= (SELECT count(*) FROM contact_attempt t WHERE t.case_id = OLD.id)
           AND 2 <= (SELECT count(DISTINCT t.official_id) FROM contact_attempt t WHERE t.case_id = OLD.id))) THEN
    RAISE EXCEPTION 'qf:name_check' USING ERRCODE = 'QF001';
  END IF;
  IF NOT NEW.flagged AND EXISTS (SELECT 1 FROM active_flag f WHERE f.case_id = OLD.id) THEN
    RAISE EXCEPTION 'qf:flag_removal' USING ERRCODE = 'QF001';
  END IF;
  IF NEW.handler_id IS NOT NULL
     AND (NEW.handler_id IS DISTINCT FROM OLD.handler_id OR NEW.unit_id IS DISTINCT FROM OLD.unit_id
          OR (OLD.merged_into_id IS NOT NULL AND NEW.merged_into_id IS NULL))
     AND NOT EXISTS (SELECT 1 FROM official o, place u WHERE o.id = NEW.handler_id AND u.id = NEW.unit_id AND o.active
      AND o.role IN ('discipline_official', 'discipline_leader') AND (u.path = o.place_path OR u.path LIKE o.place_path || '/%')
      AND NOT EXISTS (SELECT 1 FROM recusal r WHERE r.case_id = OLD.id AND r.official_id = o.id)) THEN
    RAISE EXCEPTION 'qf:handler_unfit' USING ERRCODE = 'QF001';
  END IF;
  IF NEW.unit_id IS DISTINCT FROM OLD.unit_id
     AND NOT EXISTS (SELECT 1 FROM place a, place b WHERE a.id = NEW.unit_id AND b.id = OLD.unit_id
                     AND b.path LIKE a.path || '/%')
     AND NOT EXISTS (SELECT 1 FROM transfer t WHERE t.case_id = OLD.id AND t.from_unit_id = OLD.unit_id
                     AND t.to_unit_id = NEW.unit_id AND t.state = 'accepted' AND t.moved_at IS NULL) THEN
    RAISE EXCEPTION 'qf:unit_change' USING ERRCODE = 'QF001';
  END IF;
  IF NEW.merged_into_id IS NOT NULL AND NEW.merged_into_id IS DISTINCT FROM OLD.merged_into_id AND (
       OLD.merged_into_id IS NOT NULL OR OLD.state IN ('closed', 'guided_elsewhere') OR NEW.state IS DISTINCT FROM OLD.state
       OR NOT EXISTS (SELECT 1 FROM cases p WHERE p.id = NEW.merged_into_id AND p.merged_into_id IS NULL
                      AND p.unit_id = NEW.unit_id AND p.state IN ('received', 'registered', 'accepted', 'referred', 'disposal_proposed', 'held', 'investigating'))
       OR NOT EXISTS (SELECT 1 FROM case_merge m WHERE m.case_id = OLD.id AND m.into_id = NEW.merged_into_id
                      AND m.undone_at IS NULL)
       OR EXISTS (SELECT 1 FROM cases k WHERE k.merged_into_id = OLD.id)
       OR EXISTS (SELECT 1 FROM active_flag f WHERE f.case_id = OLD.id AND NOT EXISTS (
                    SELECT 1 FROM active_flag g WHERE g.case_id = NEW.merged_into_id AND g.category = f.category))
       OR EXISTS (SELECT 1 FROM recusal r WHERE r.case_id = OLD.id AND NOT EXISTS (
                    SELECT 1 FROM recusal s WHERE s.case_id = NEW.merged_into_id AND s.official_id = r.official_id))) THEN
    RAISE EXCEPTION 'qf:case_merge' USING ERRCODE = 'QF001';
  END IF;
  RETURN NEW;
END $$
--;
CREATE FUNCTION qf_cases_delete_rules() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM erasable_case e WHERE e.id = OLD.id) THEN
    RAISE EXCEPTION 'qf:case_delete' USING ERRCODE = 'QF001';
  END IF;
  RETURN OLD;
END $$
--;
CREATE FUNCTION qf_case_flag_insert_rules() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  -- Lock first, look second: a flag and an ending of the same case wait for each other.
  PERFORM 1 FROM cases c WHERE c.id = NEW.case_id FOR UPDATE;
  IF EXISTS (SELECT 1 FROM cases c WHERE c.id = NEW.case_id AND c.state IN ('closed', 'guided_elsewhere')) THEN
    RAISE EXCEPTION 'qf:reopen_first' USING ERRCODE = 'QF001';
  END IF;
  IF EXISTS (SELECT 1 FROM cases c WHERE c.id = NEW.case_id AND c.merged_into_id IS NOT NULL AND NOT EXISTS (
       SELECT 1 FROM active_flag g WHERE g.case_id = c.merged_into_id AND g.category = NEW.category)) THEN
    RAISE EXCEPTION 'qf:case_merge' USING ERRCODE = 'QF001';
  END IF;
  RETURN NEW;
END $$
--;
CREATE FUNCTION qf_flag_removal_insert_rules() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  -- Lock first, look second: a flag and an ending of the same case wait for each other.
  PERFORM 1 FROM cases c WHERE c.id = NEW.case_id FOR UPDATE;
  IF NEW.decision IS NOT NULL OR NEW.undone_at IS NOT NULL
     OR EXISTS (SELECT 1 FROM cases c WHERE c.id = NEW.case_id AND (c.state IN ('closed', 'guided_elsewhere') OR c.merged_into_id IS NOT NULL)) THEN
    RAISE EXCEPTION 'qf:flag_removal' USING ERRCODE = 'QF001';
  END IF;
  RETURN NEW;
END $$
--;
CREATE FUNCTION qf_flag_removal_update_rules() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  -- Lock first, look second: a flag and an ending of the same case wait for each other.
  PERFORM 1 FROM cases c WHERE c.id = OLD.case_id FOR UPDATE;
  IF NEW.id IS DISTINCT FROM OLD.id
     OR NEW.case_id IS DISTINCT FROM OLD.case_id
     OR NEW.category IS DISTINCT FROM OLD.category
     OR NEW.reason_sealed IS DISTINCT FROM OLD.reason_sealed
     OR NEW.asked_by IS DISTINCT FROM OLD.asked_by
     OR NEW.asked_at IS DISTINCT FROM OLD.asked_at
     OR (OLD.decision IS NOT NULL AND (NEW.decision IS DISTINCT FROM OLD.decision
     OR NEW.decided_by IS DISTINCT FROM OLD.decided_by
     OR NEW.decided_at IS DISTINCT FROM OLD.decided_at))
     OR (OLD.undone_at IS NOT NULL AND NEW.undone_at IS DISTINCT FROM OLD.undone_at) THEN
    RAISE EXCEPTION 'qf:flag_removal' USING ERRCODE = 'QF001';
  END IF;
  IF NEW.decision = 'approved' AND OLD.decision IS NULL AND (
       EXISTS (SELECT 1 FROM cases c WHERE c.id = OLD.case_id AND (c.state IN ('closed', 'guided_elsewhere') OR c.merged_into_id IS NOT NULL))
       OR 2 <> (SELECT count(*) FROM official o, cases c, place u
                WHERE c.id = OLD.case_id AND u.id = c.unit_id AND o.id IN (OLD.asked_by, NEW.decided_by) AND o.active
                  AND o.role IN ('discipline_leader', 'superior') AND u.path LIKE o.place_path || '/%'
                  AND NOT EXISTS (SELECT 1 FROM transfer t, place w WHERE t.case_id = c.id AND t.state = 'accepted'
                                  AND w.id = t.from_unit_id AND NOT w.path LIKE o.place_path || '/%')
                  AND NOT EXISTS (SELECT 1 FROM recusal r WHERE r.case_id = c.id AND r.official_id = o.id))
       OR EXISTS (SELECT 1 FROM cases m JOIN active_flag f ON f.case_id = m.id
                  WHERE m.merged_into_id = OLD.case_id AND f.category = OLD.category)) THEN
    RAISE EXCEPTION 'qf:flag_removal' USING ERRCODE = 'QF001';
  END IF;
  IF NEW.undone_at IS NOT NULL AND OLD.undone_at IS NULL
     AND EXISTS (SELECT 1 FROM cases c WHERE c.id = OLD.case_id AND c.state IN ('closed', 'guided_elsewhere')) THEN
    RAISE EXCEPTION 'qf:reopen_first' USING ERRCODE = 'QF001';
  END IF;
  IF NEW.undone_at IS NOT NULL AND OLD.undone_at IS NULL
     AND EXISTS (SELECT 1 FROM cases c WHERE c.id = OLD.case_id AND c.merged_into_id IS NOT NULL AND NOT EXISTS (
       SELECT 1 FROM active_flag g WHERE g.case_id = c.merged_into_id AND g.category = OLD.category)) THEN
    RAISE EXCEPTION 'qf:case_merge' USING ERRCODE = 'QF001';
  END IF;
  RETURN NEW;
END $$
--;
CREATE FUNCTION qf_disposal_insert_rules() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.decision IS NOT NULL OR NOT EXISTS (
       SELECT 1 FROM cases c WHERE c.id = NEW.case_id AND c.round = NEW.round AND c.state = 'accepted'
         AND EXISTS (SELECT 1 FROM official o, place u WHERE o.id = NEW.proposed_by AND u.id = c.unit_id AND o.active
      AND o.role IN ('discipline_official', 'discipline_leader') AND (u.path = o.place_path OR u.path LIKE o.place_path || '/%')
      AND NOT EXISTS (SELECT 1 FROM recusal r WHERE r.case_id = c.id AND r.official_id = o.id))) THEN
    RAISE EXCEPTION 'qf:disposal_birth' USING ERRCODE = 'QF001';
  END IF;
  RETURN NEW;
END $$
--;
CREATE FUNCTION qf_disposal_update_rules() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.id IS DISTINCT FROM OLD.id
     OR NEW.case_id IS DISTINCT FROM OLD.case_id
     OR NEW.round IS DISTINCT FROM OLD.round
     OR NEW.kind IS DISTINCT FROM OLD.kind
     OR NEW.reason_sealed IS DISTINCT FROM OLD.reason_sealed
     OR NEW.review_on IS DISTINCT FROM OLD.review_on
     OR NEW.proposed_by IS DISTINCT FROM OLD.proposed_by
     OR NEW.proposed_at IS DISTINCT FROM OLD.proposed_at
     OR OLD.decision IS NOT NULL THEN
    RAISE EXCEPTION 'qf:append_only' USING ERRCODE = 'QF001';
  END IF;
  IF NEW.decision = 'approved' AND (
       NOT EXISTS (SELECT 1 FROM official o, cases c, place u WHERE o.id = NEW.decided_by AND c.id = OLD.case_id AND u.id = c.unit_id
      AND o.active AND o.role IN ('discipline_leader', 'superior') AND (u.path = o.place_path OR u.path LIKE o.place_path || '/%')
      AND NOT EXISTS (SELECT 1 FROM recusal r WHERE r.case_id = c.id AND r.official_id = o.id))
       OR EXISTS (SELECT 1 FROM recusal r WHERE r.case_id = OLD.case_id AND r.official_id = OLD.proposed_by)
       OR (OLD.kind = 'conclude' AND EXISTS (SELECT 1 FROM active_flag f WHERE f.case_id = OLD.case_id))) THEN
    RAISE EXCEPTION 'qf:disposal_approval' USING ERRCODE = 'QF001';
  END IF;
  RETURN NEW;
END $$
--;
CREATE FUNCTION qf_investigation_insert_rules() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.approved_at IS NOT NULL OR NEW.approver_id IS NOT NULL OR NOT EXISTS (
       SELECT 1 FROM cases c WHERE c.id = NEW.case_id AND c.round = NEW.round
         AND c.state IN ('disposal_proposed', 'investigating')
         AND EXISTS (SELECT 1 FROM official o, place u WHERE o.id = NEW.investigator_id AND u.id = c.unit_id AND o.active
      AND o.role IN ('discipline_official', 'discipline_leader') AND (u.path = o.place_path OR u.path LIKE o.place_path || '/%')
      AND NOT EXISTS (SELECT 1 FROM recusal r WHERE r.case_id = c.id AND r.official_id = o.id))) THEN
    RAISE EXCEPTION 'qf:investigation_birth' USING ERRCODE = 'QF001';
  END IF;
  RETURN NEW;
END $$
--;
CREATE FUNCTION qf_investigation_update_rules() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.approved_at IS NOT NULL OR NEW.id IS DISTINCT FROM OLD.id
     OR NEW.case_id IS DISTINCT FROM OLD.case_id
     OR NEW.round IS DISTINCT FROM OLD.round
     OR NEW.started_at IS DISTINCT FROM OLD.started_at
     OR (OLD.submitted_at IS NOT NULL AND NEW.submitted_at IS NOT NULL
         AND (NEW.finding IS DISTINCT FROM OLD.finding OR NEW.summary_sealed IS DISTINCT FROM OLD.summary_sealed))
     OR (NEW.investigator_id IS DISTINCT FROM OLD.investigator_id AND (NEW.approved_at IS NOT NULL OR NOT EXISTS (
           SELECT 1 FROM cases c WHERE c.id = OLD.case_id AND EXISTS (SELECT 1 FROM official o, place u WHERE o.id = NEW.investigator_id AND u.id = c.unit_id AND o.active
      AND o.role IN ('discipline_official', 'discipline_leader') AND (u.path = o.place_path OR u.path LIKE o.place_path || '/%')
      AND NOT EXISTS (SELECT 1 FROM recusal r WHERE r.case_id = c.id AND r.official_id = o.id))))) THEN
    RAISE EXCEPTION 'qf:investigation_fixed' USING ERRCODE = 'QF001';
  END IF;
  IF NEW.approved_at IS NOT NULL AND OLD.approved_at IS NULL AND (
       OLD.submitted_at IS NULL OR NEW.finding IS DISTINCT FROM OLD.finding OR NEW.summary_sealed IS DISTINCT FROM OLD.summary_sealed
       OR EXISTS (SELECT 1 FROM investigator v WHERE v.investigation_id = OLD.id AND v.official_id = NEW.approver_id)
       OR NOT EXISTS (SELECT 1 FROM investigation_evidence e WHERE e.investigation_id = OLD.id)
       OR NOT EXISTS (SELECT 1 FROM cases c WHERE c.id = OLD.case_id AND c.round = OLD.round
                      AND c.state = 'awaiting_approval')
       OR NOT EXISTS (SELECT 1 FROM official o, cases c, place u WHERE o.id = NEW.approver_id AND c.id = OLD.case_id AND u.id = c.unit_id
      AND o.active AND o.role IN ('discipline_leader', 'superior') AND (u.path = o.place_path OR u.path LIKE o.place_path || '/%')
      AND NOT EXISTS (SELECT 1 FROM recusal r WHERE r.case_id = c.id AND r.official_id = o.id))
       OR EXISTS (SELECT 1 FROM recusal r WHERE r.case_id = OLD.case_id AND r.official_id = OLD.investigator_id)) THEN
    RAISE EXCEPTION 'qf:investigation_approval' USING ERRCODE = 'QF001';
  END IF;
  RETURN NEW;
END $$
--;
CREATE FUNCTION qf_investigation_evidence_insert_rules() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM investigation i WHERE i.id = NEW.investigation_id AND (
       i.approved_at IS NOT NULL
       OR NOT EXISTS (SELECT 1 FROM investigator v WHERE v.investigation_id = i.id AND v.official_id = NEW.added_by)
       OR EXISTS (SELECT 1 FROM recusal r WHERE r.case_id = i.case_id AND r.official_id = NEW.added_by))) THEN
    RAISE EXCEPTION 'qf:investigation_fixed' USING ERRCODE = 'QF001';
  END IF;
  RETURN NEW;
END $$
--;
CREATE FUNCTION qf_measure_insert_rules() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.decision IS NOT NULL OR NOT EXISTS (
       SELECT 1 FROM cases c WHERE c.id = NEW.case_id AND c.round = NEW.round AND c.state IN ('approved', 'told'))
     OR EXISTS (SELECT 1 FROM recusal r WHERE r.case_id = NEW.case_id AND r.official_id = NEW.recommended_by) THEN
    RAISE EXCEPTION 'qf:measure_birth' USING ERRCODE = 'QF001';
  END IF;
  RETURN NEW;
END $$
--;
CREATE FUNCTION qf_measure_update_rules() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.id IS DISTINCT FROM OLD.id
     OR NEW.case_id IS DISTINCT FROM OLD.case_id
     OR NEW.round IS DISTINCT FROM OLD.round
     OR NEW.kind IS DISTINCT FROM OLD.kind
     OR NEW.body IS DISTINCT FROM OLD.body
     OR NEW.reason_sealed IS DISTINCT FROM OLD.reason_sealed
     OR NEW.recommended_by IS DISTINCT FROM OLD.recommended_by
     OR NEW.recommended_at IS DISTINCT FROM OLD.recommended_at
     OR OLD.decision IS NOT NULL THEN
    RAISE EXCEPTION 'qf:append_only' USING ERRCODE = 'QF001';
  END IF;
  RETURN NEW;
END $$
--;
CREATE FUNCTION qf_transfer_insert_rules() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  -- Lock first, look second: a flag and an ending of the same case wait for each other.
  PERFORM 1 FROM cases c WHERE c.id = NEW.case_id FOR UPDATE;
  IF NEW.state <> 'offered' OR NOT EXISTS (
       SELECT 1 FROM cases c WHERE c.id = NEW.case_id AND c.unit_id = NEW.from_unit_id AND c.merged_into_id IS NULL
         AND c.state NOT IN ('closed', 'guided_elsewhere'))
     OR NOT EXISTS (
       SELECT 1 FROM official o, place u WHERE o.id = NEW.offered_by AND u.id = NEW.from_unit_id AND o.active
         AND o.role IN ('discipline_official', 'discipline_leader', 'superior') AND (u.path = o.place_path OR u.path LIKE o.place_path || '/%')
         AND NOT EXISTS (SELECT 1 FROM recusal r WHERE r.case_id = NEW.case_id AND r.official_id = o.id)) THEN
    RAISE EXCEPTION 'qf:transfer_birth' USING ERRCODE = 'QF001';
  END IF;
  RETURN NEW;
END $$
--;
CREATE FUNCTION qf_transfer_update_rules() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.id IS DISTINCT FROM OLD.id
     OR NEW.case_id IS DISTINCT FROM OLD.case_id
     OR NEW.from_unit_id IS DISTINCT FROM OLD.from_unit_id
     OR NEW.to_unit_id IS DISTINCT FROM OLD.to_unit_id
     OR NEW.kind IS DISTINCT FROM OLD.kind
     OR NEW.reason_sealed IS DISTINCT FROM OLD.reason_sealed
     OR NEW.offered_by IS DISTINCT FROM OLD.offered_by
     OR NEW.offered_at IS DISTINCT FROM OLD.offered_at
     OR (OLD.state <> 'offered' AND (NEW.state IS DISTINCT FROM OLD.state
     OR NEW.answered_by IS DISTINCT FROM OLD.answered_by
     OR NEW.answered_at IS DISTINCT FROM OLD.answered_at))
     OR (OLD.files_released AND NOT NEW.files_released)
     OR (OLD.moved_at IS NOT NULL AND NEW.moved_at IS DISTINCT FROM OLD.moved_at) THEN
    RAISE EXCEPTION 'qf:append_only' USING ERRCODE = 'QF001';
  END IF;
  IF NEW.state = 'accepted' AND OLD.state = 'offered' AND NOT EXISTS (
       SELECT 1 FROM official o, place u WHERE o.id = NEW.answered_by AND u.id = OLD.to_unit_id AND o.active
         AND o.role IN ('discipline_official', 'discipline_leader', 'superior') AND (u.path = o.place_path OR u.path LIKE o.place_path || '/%')
         AND ((OLD.kind = 'offer' AND o.id <> OLD.offered_by) OR (OLD.kind = 'assigned' AND u.path <> o.place_path))
         AND NOT EXISTS (SELECT 1 FROM recusal r WHERE r.case_id = OLD.case_id AND r.official_id = o.id)) THEN
    RAISE EXCEPTION 'qf:transfer_acceptance' USING ERRCODE = 'QF001';
  END IF;
  RETURN NEW;
END $$
--;
CREATE FUNCTION qf_official_update_rules() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.active AND (NOT NEW.active OR NEW.role <> OLD.role OR NEW.place_path <> OLD.place_path) AND (
       EXISTS (SELECT 1 FROM cases c WHERE c.handler_id = OLD.id AND c.merged_into_id IS NULL AND c.state NOT IN ('closed', 'guided_elsewhere'))
       OR EXISTS (SELECT 1 FROM investigation i JOIN cases c ON c.id = i.case_id AND c.round = i.round
                  WHERE i.investigator_id = OLD.id AND i.approved_at IS NULL AND c.handler_id IS NOT NULL
                    AND c.state IN ('investigating', 'awaiting_approval'))) THEN
    RAISE EXCEPTION 'qf:handover_first' USING ERRCODE = 'QF001';
  END IF;
  RETURN NEW;
END $$
--;
CREATE FUNCTION qf_recusal_insert_rules() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  -- Lock first, look second: a recusal waits for an assignment, a merge or a signature under way, and sees it.
  PERFORM 1 FROM cases c WHERE c.id = NEW.case_id FOR UPDATE;
  IF EXISTS (SELECT 1 FROM cases c WHERE c.id = NEW.case_id AND c.merged_into_id IS NOT NULL AND NOT EXISTS (
       SELECT 1 FROM recusal s WHERE s.case_id = c.merged_into_id AND s.official_id = NEW.official_id)) THEN
    RAISE EXCEPTION 'qf:case_merge' USING ERRCODE = 'QF001';
  END IF;
  RETURN NEW;
END $$
--;
CREATE FUNCTION qf_place_update_rules() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.id IS DISTINCT FROM OLD.id
     OR NEW.path IS DISTINCT FROM OLD.path THEN
    RAISE EXCEPTION 'qf:place_fixed' USING ERRCODE = 'QF001';
  END IF;
  RETURN NEW;
END $$
--;
CREATE FUNCTION qf_contact_attempt_insert_rules() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM recusal r WHERE r.case_id = NEW.case_id AND r.official_id = NEW.official_id)
     OR NOT EXISTS (SELECT 1 FROM official o, cases c, place u WHERE o.id = NEW.official_id AND c.id = NEW.case_id
                    AND u.id = c.unit_id AND o.active AND o.role IN ('custodian', 'discipline_official', 'discipline_leader')
                    AND (u.path = o.place_path OR u.path LIKE o.place_path || '/%')) THEN
    RAISE EXCEPTION 'qf:name_check' USING ERRCODE = 'QF001';
  END IF;
  RETURN NEW;
END $$
--;
CREATE FUNCTION qf_case_clock_update_rules() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.id IS DISTINCT FROM OLD.id
     OR NEW.case_id IS DISTINCT FROM OLD.case_id
     OR NEW.round IS DISTINCT FROM OLD.round
     OR NEW.kind IS DISTINCT FROM OLD.kind
     OR NEW.about IS DISTINCT FROM OLD.about
     OR NEW.started_on IS DISTINCT FROM OLD.started_on
     OR NEW.limit_on IS DISTINCT FROM OLD.limit_on
     OR (OLD.stopped_on IS NOT NULL AND NEW.stopped_on IS DISTINCT FROM OLD.stopped_on)
     OR (OLD.extended_by IS NOT NULL AND (NEW.extended_by IS DISTINCT FROM OLD.extended_by
     OR NEW.extended_at IS DISTINCT FROM OLD.extended_at
     OR NEW.extension_sealed IS DISTINCT FROM OLD.extension_sealed)) THEN
    RAISE EXCEPTION 'qf:clock_fixed' USING ERRCODE = 'QF001';
  END IF;
  IF NEW.extended_by IS NOT NULL AND OLD.extended_by IS NULL
     AND NOT EXISTS (SELECT 1 FROM official o, cases c, place u WHERE o.id = NEW.extended_by AND c.id = OLD.case_id AND u.id = c.unit_id
      AND o.active AND o.role IN ('discipline_leader', 'superior') AND (u.path = o.place_path OR u.path LIKE o.place_path || '/%')
      AND c.handler_id IS DISTINCT FROM o.id
      AND NOT EXISTS (SELECT 1 FROM recusal r WHERE r.case_id = c.id AND r.official_id = o.id)) THEN
    RAISE EXCEPTION 'qf:clock_extension' USING ERRCODE = 'QF001';
  END IF;
  RETURN NEW;
END $$
--;
CREATE FUNCTION qf_clock_pause_insert_rules() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM case_clock k WHERE k.id = NEW.clock_id AND k.stopped_on IS NULL
                 AND k.kind IN ('assigned', 'review') AND NOT EXISTS (
                   SELECT 1 FROM recusal r WHERE r.case_id = k.case_id AND r.official_id = NEW.paused_by))
     OR EXISTS (SELECT 1 FROM clock_pause p WHERE p.clock_id = NEW.clock_id
                AND p.from_on < NEW.until_on AND NEW.from_on < p.until_on)
     OR 60 < (NEW.until_on - NEW.from_on) + coalesce((
               SELECT sum(p.until_on - p.from_on) FROM clock_pause p WHERE p.clock_id = NEW.clock_id), 0) THEN
    RAISE EXCEPTION 'qf:clock_pause' USING ERRCODE = 'QF001';
  END IF;
  RETURN NEW;
END $$
--;
CREATE FUNCTION qf_clock_pause_update_rules() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.id IS DISTINCT FROM OLD.id
     OR NEW.clock_id IS DISTINCT FROM OLD.clock_id
     OR NEW.from_on IS DISTINCT FROM OLD.from_on
     OR NEW.reason_sealed IS DISTINCT FROM OLD.reason_sealed
     OR NEW.paused_by IS DISTINCT FROM OLD.paused_by
     OR NEW.paused_at IS DISTINCT FROM OLD.paused_at
     OR NEW.until_on > OLD.until_on THEN
    RAISE EXCEPTION 'qf:clock_fixed' USING ERRCODE = 'QF001';
  END IF;
  RETURN NEW;
END $$
--;
CREATE FUNCTION qf_deadline_notice_update_rules() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.id IS DISTINCT FROM OLD.id
     OR NEW.clock_id IS DISTINCT FROM OLD.clock_id
     OR NEW.due_on IS DISTINCT FROM OLD.due_on
     OR NEW.stage IS DISTINCT FROM OLD.stage
     OR NEW.official_id IS DISTINCT FROM OLD.official_id
     OR NEW.due_at IS DISTINCT FROM OLD.due_at
     OR OLD.queued_at IS NOT NULL THEN
    RAISE EXCEPTION 'qf:append_only' USING ERRCODE = 'QF001';
  END IF;
  RETURN NEW;
END $$
--;
CREATE FUNCTION qf_case_link_update_rules() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.id IS DISTINCT FROM OLD.id
     OR NEW.one_id IS DISTINCT FROM OLD.one_id
     OR NEW.other_id IS DISTINCT FROM OLD.other_id
     OR NEW.kind IS DISTINCT FROM OLD.kind
     OR NEW.made_by IS DISTINCT FROM OLD.made_by
     OR NEW.made_at IS DISTINCT FROM OLD.made_at
     OR OLD.undone_at IS NOT NULL THEN
    RAISE EXCEPTION 'qf:append_only' USING ERRCODE = 'QF001';
  END IF;
  RETURN NEW;
END $$
--;
CREATE FUNCTION qf_case_merge_update_rules() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.id IS DISTINCT FROM OLD.id
     OR NEW.case_id IS DISTINCT FROM OLD.case_id
     OR NEW.into_id IS DISTINCT FROM OLD.into_id
     OR NEW.reason_sealed IS DISTINCT FROM OLD.reason_sealed
     OR NEW.merged_by IS DISTINCT FROM OLD.merged_by
     OR NEW.merged_at IS DISTINCT FROM OLD.merged_at
     OR OLD.undone_at IS NOT NULL THEN
    RAISE EXCEPTION 'qf:append_only' USING ERRCODE = 'QF001';
  END IF;
  RETURN NEW;
END $$
--;
-- A question stays what was asked; it may be emptied, because its asker reports the same without a name.
CREATE OR REPLACE FUNCTION qf_inquiry_rules() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.id IS DISTINCT FROM OLD.id OR NEW.person_id IS DISTINCT FROM OLD.person_id
     OR (NEW.question_sealed IS DISTINCT FROM OLD.question_sealed AND length(NEW.question_sealed) > 0)
     OR NEW.asked_at IS DISTINCT FROM OLD.asked_at
     OR (OLD.state = 'waiting' AND NEW.state = 'answered')
     OR (OLD.state = 'replied' AND (NEW.state IS DISTINCT FROM OLD.state
         OR NEW.reply_sealed IS DISTINCT FROM OLD.reply_sealed OR NEW.replied_by IS DISTINCT FROM OLD.replied_by
         OR NEW.replied_at IS DISTINCT FROM OLD.replied_at)) THEN
    RAISE EXCEPTION 'qf:reply_fixed' USING ERRCODE = 'QF001';
  END IF;
  RETURN NEW;
END $$
--;
CREATE FUNCTION qf_case_message_insert_rules() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM case_note n WHERE n.case_id = NEW.case_id AND n.body_sealed = NEW.body_sealed) THEN
    RAISE EXCEPTION 'qf:note_or_message' USING ERRCODE = 'QF001';
  END IF;
  RETURN NEW;
END $$
--;
CREATE FUNCTION qf_case_note_insert_rules() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM case_message m WHERE m.case_id = NEW.case_id AND m.body_sealed = NEW.body_sealed) THEN
    RAISE EXCEPTION 'qf:note_or_message' USING ERRCODE = 'QF001';
  END IF;
  RETURN NEW;
END $$
--;
CREATE FUNCTION qf_escalation_update_rules() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.id IS DISTINCT FROM OLD.id
     OR NEW.case_id IS DISTINCT FROM OLD.case_id
     OR NEW.unit_id IS DISTINCT FROM OLD.unit_id
     OR NEW.clock_kind IS DISTINCT FROM OLD.clock_kind
     OR NEW.due_on IS DISTINCT FROM OLD.due_on
     OR NEW.asked_at IS DISTINCT FROM OLD.asked_at
     OR OLD.answered_at IS NOT NULL THEN
    RAISE EXCEPTION 'qf:append_only' USING ERRCODE = 'QF001';
  END IF;
  RETURN NEW;
END $$
--;
CREATE FUNCTION qf_stored_file_update_rules() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.id IS DISTINCT FROM OLD.id
     OR NEW.sha256 IS DISTINCT FROM OLD.sha256
     OR NEW.size IS DISTINCT FROM OLD.size
     OR NEW.received_at IS DISTINCT FROM OLD.received_at
     OR (OLD.case_id IS NOT NULL AND NEW.case_id IS DISTINCT FROM OLD.case_id) THEN
    RAISE EXCEPTION 'qf:append_only' USING ERRCODE = 'QF001';
  END IF;
  RETURN NEW;
END $$
--;
CREATE FUNCTION qf_stored_file_delete_rules() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.case_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM erasable_case e WHERE e.id = OLD.case_id) THEN
    RAISE EXCEPTION 'qf:append_only' USING ERRCODE = 'QF001';
  END IF;
  RETURN OLD;
END $$
--;
CREATE TRIGGER cases_insert_rules BEFORE INSERT ON cases FOR EACH ROW EXECUTE FUNCTION qf_cases_insert_rules()
--;
CREATE TRIGGER cases_update_rules BEFORE UPDATE ON cases FOR EACH ROW EXECUTE FUNCTION qf_cases_update_rules()
--;
CREATE TRIGGER cases_delete_rules BEFORE DELETE ON cases FOR EACH ROW EXECUTE FUNCTION qf_cases_delete_rules()
--;
CREATE TRIGGER case_flag_insert_rules BEFORE INSERT ON case_flag FOR EACH ROW EXECUTE FUNCTION qf_case_flag_insert_rules()
--;
CREATE TRIGGER flag_removal_insert_rules BEFORE INSERT ON flag_removal FOR EACH ROW EXECUTE FUNCTION qf_flag_removal_insert_rules()
--;
CREATE TRIGGER flag_removal_update_rules BEFORE UPDATE ON flag_removal FOR EACH ROW EXECUTE FUNCTION qf_flag_removal_update_rules()
--;
CREATE TRIGGER disposal_insert_rules BEFORE INSERT ON disposal FOR EACH ROW EXECUTE FUNCTION qf_disposal_insert_rules()
--;
CREATE TRIGGER disposal_update_rules BEFORE UPDATE ON disposal FOR EACH ROW EXECUTE FUNCTION qf_disposal_update_rules()
--;
CREATE TRIGGER investigation_insert_rules BEFORE INSERT ON investigation FOR EACH ROW EXECUTE FUNCTION qf_investigation_insert_rules()
--;
CREATE TRIGGER investigation_update_rules BEFORE UPDATE ON investigation FOR EACH ROW EXECUTE FUNCTION qf_investigation_update_rules()
--;
CREATE TRIGGER investigation_evidence_insert_rules BEFORE INSERT ON investigation_evidence FOR EACH ROW EXECUTE FUNCTION qf_investigation_evidence_insert_rules()
--;
CREATE TRIGGER measure_insert_rules BEFORE INSERT ON measure FOR EACH ROW EXECUTE FUNCTION qf_measure_insert_rules()
--;
CREATE TRIGGER measure_update_rules BEFORE UPDATE ON measure FOR EACH ROW EXECUTE FUNCTION qf_measure_update_rules()
--;
CREATE TRIGGER transfer_insert_rules BEFORE INSERT ON transfer FOR EACH ROW EXECUTE FUNCTION qf_transfer_insert_rules()
--;
CREATE TRIGGER transfer_update_rules BEFORE UPDATE ON transfer FOR EACH ROW EXECUTE FUNCTION qf_transfer_update_rules()
--;
CREATE TRIGGER official_update_rules BEFORE UPDATE ON official FOR EACH ROW EXECUTE FUNCTION qf_official_update_rules()
--;
CREATE TRIGGER recusal_insert_rules BEFORE INSERT ON recusal FOR EACH ROW EXECUTE FUNCTION qf_recusal_insert_rules()
--;
CREATE TRIGGER place_update_rules BEFORE UPDATE ON place FOR EACH ROW EXECUTE FUNCTION qf_place_update_rules()
--;
CREATE TRIGGER contact_attempt_insert_rules BEFORE INSERT ON contact_attempt FOR EACH ROW EXECUTE FUNCTION qf_contact_attempt_insert_rules()
--;
CREATE TRIGGER case_clock_update_rules BEFORE UPDATE ON case_clock FOR EACH ROW EXECUTE FUNCTION qf_case_clock_update_rules()
--;
CREATE TRIGGER clock_pause_insert_rules BEFORE INSERT ON clock_pause FOR EACH ROW EXECUTE FUNCTION qf_clock_pause_insert_rules()
--;
CREATE TRIGGER clock_pause_update_rules BEFORE UPDATE ON clock_pause FOR EACH ROW EXECUTE FUNCTION qf_clock_pause_update_rules()
--;
CREATE TRIGGER deadline_notice_update_rules BEFORE UPDATE ON deadline_notice FOR EACH ROW EXECUTE FUNCTION qf_deadline_notice_update_rules()
--;
CREATE TRIGGER case_link_update_rules BEFORE UPDATE ON case_link FOR EACH ROW EXECUTE FUNCTION qf_case_link_update_rules()
--;
CREATE TRIGGER case_merge_update_rules BEFORE UPDATE ON case_merge FOR EACH ROW EXECUTE FUNCTION qf_case_merge_update_rules()
--;
CREATE TRIGGER case_message_insert_rules BEFORE INSERT ON case_message FOR EACH ROW EXECUTE FUNCTION qf_case_message_insert_rules()
--;
CREATE TRIGGER case_note_insert_rules BEFORE INSERT ON case_note FOR EACH ROW EXECUTE FUNCTION qf_case_note_insert_rules()
--;
CREATE TRIGGER escalation_update_rules BEFORE UPDATE ON escalation FOR EACH ROW EXECUTE FUNCTION qf_escalation_update_rules()
--;
CREATE TRIGGER stored_file_update_rules BEFORE UPDATE ON stored_file FOR EACH ROW EXECUTE FUNCTION qf_stored_file_update_rules()
--;
CREATE TRIGGER stored_file_delete_rules BEFORE DELETE ON stored_file FOR EACH ROW EXECUTE FUNCTION qf_stored_file_delete_rules()
--;
-- What follows by itself.
CREATE FUNCTION qf_case_flag_marks() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE cases SET flagged = true WHERE id = NEW.case_id AND NOT flagged;
  RETURN NULL;
END $$
--;
CREATE TRIGGER case_flag_marks AFTER INSERT ON case_flag FOR EACH ROW EXECUTE FUNCTION qf_case_flag_marks()
--;
CREATE FUNCTION qf_flag_removal_marks() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE cases SET flagged = EXISTS (SELECT 1 FROM active_flag f WHERE f.case_id = NEW.case_id) WHERE id = NEW.case_id;
  RETURN NULL;
END $$
--;
CREATE TRIGGER flag_removal_marks AFTER UPDATE ON flag_removal FOR EACH ROW EXECUTE FUNCTION qf_flag_removal_marks()
--;
CREATE FUNCTION qf_cases_unit_moved() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE transfer SET moved_at = answered_at WHERE case_id = NEW.id AND state = 'accepted' AND moved_at IS NULL;
  RETURN NULL;
END $$
--;
CREATE TRIGGER cases_unit_moved AFTER UPDATE ON cases FOR EACH ROW WHEN (NEW.unit_id IS DISTINCT FROM OLD.unit_id)
  EXECUTE FUNCTION qf_cases_unit_moved()
--;
CREATE FUNCTION qf_recusal_unassigns() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE cases SET handler_id = NULL, version = version + 1
  WHERE id = NEW.case_id AND handler_id = NEW.official_id;
  RETURN NULL;
END $$
--;
CREATE TRIGGER recusal_unassigns AFTER INSERT ON recusal FOR EACH ROW EXECUTE FUNCTION qf_recusal_unassigns()
--;
CREATE FUNCTION qf_investigation_names() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO investigator (investigation_id, official_id) VALUES (NEW.id, NEW.investigator_id) ON CONFLICT DO NOTHING;
  RETURN NULL;
END $$
--;
CREATE TRIGGER investigation_names AFTER INSERT OR UPDATE ON investigation FOR EACH ROW EXECUTE FUNCTION qf_investigation_names()
--;
-- Gone only together with a case whose time is over; the argument says how to find the case of a row.
CREATE FUNCTION qf_gone_with_case() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  line jsonb := to_jsonb(OLD);
  found bigint;
BEGIN
  found := CASE TG_ARGV[0]
    WHEN 'investigation' THEN (SELECT i.case_id FROM investigation i WHERE i.id = (line ->> 'investigation_id')::bigint)
    WHEN 'clock' THEN (SELECT k.case_id FROM case_clock k WHERE k.id = (line ->> 'clock_id')::bigint)
    ELSE (line ->> TG_ARGV[0])::bigint END;
  IF EXISTS (SELECT 1 FROM erasable_case e WHERE e.id = found OR e.id = (line ->> TG_ARGV[1])::bigint) THEN
    RETURN OLD;
  END IF;
  RAISE EXCEPTION 'qf:append_only' USING ERRCODE = 'QF001';
END $$
--;
CREATE TRIGGER case_note_no_delete BEFORE DELETE ON case_note FOR EACH ROW EXECUTE FUNCTION qf_gone_with_case('case_id')
--;
CREATE TRIGGER case_message_no_delete BEFORE DELETE ON case_message FOR EACH ROW EXECUTE FUNCTION qf_gone_with_case('case_id')
--;
CREATE TRIGGER case_matter_no_delete BEFORE DELETE ON case_matter FOR EACH ROW EXECUTE FUNCTION qf_gone_with_case('case_id')
--;
CREATE TRIGGER contact_attempt_no_delete BEFORE DELETE ON contact_attempt FOR EACH ROW EXECUTE FUNCTION qf_gone_with_case('case_id')
--;
CREATE TRIGGER case_declaration_no_delete BEFORE DELETE ON case_declaration FOR EACH ROW EXECUTE FUNCTION qf_gone_with_case('case_id')
--;
CREATE TRIGGER recusal_no_delete BEFORE DELETE ON recusal FOR EACH ROW EXECUTE FUNCTION qf_gone_with_case('case_id')
--;
CREATE TRIGGER identity_no_delete BEFORE DELETE ON identity FOR EACH ROW EXECUTE FUNCTION qf_gone_with_case('case_id')
--;
CREATE TRIGGER investigation_no_delete BEFORE DELETE ON investigation FOR EACH ROW EXECUTE FUNCTION qf_gone_with_case('case_id')
--;
CREATE TRIGGER investigation_evidence_no_delete BEFORE DELETE ON investigation_evidence FOR EACH ROW EXECUTE FUNCTION qf_gone_with_case('investigation')
--;
CREATE TRIGGER investigation_step_no_delete BEFORE DELETE ON investigation_step FOR EACH ROW EXECUTE FUNCTION qf_gone_with_case('investigation')
--;
CREATE TRIGGER investigator_no_delete BEFORE DELETE ON investigator FOR EACH ROW EXECUTE FUNCTION qf_gone_with_case('investigation')
--;
CREATE TRIGGER disposal_no_delete BEFORE DELETE ON disposal FOR EACH ROW EXECUTE FUNCTION qf_gone_with_case('case_id')
--;
CREATE TRIGGER measure_no_delete BEFORE DELETE ON measure FOR EACH ROW EXECUTE FUNCTION qf_gone_with_case('case_id')
--;
CREATE TRIGGER transfer_no_delete BEFORE DELETE ON transfer FOR EACH ROW EXECUTE FUNCTION qf_gone_with_case('case_id')
--;
CREATE TRIGGER escalation_no_delete BEFORE DELETE ON escalation FOR EACH ROW EXECUTE FUNCTION qf_gone_with_case('case_id')
--;
CREATE TRIGGER case_link_no_delete BEFORE DELETE ON case_link FOR EACH ROW EXECUTE FUNCTION qf_gone_with_case('one_id', 'other_id')
--;
CREATE TRIGGER case_merge_no_delete BEFORE DELETE ON case_merge FOR EACH ROW EXECUTE FUNCTION qf_gone_with_case('case_id', 'into_id')
--;
CREATE TRIGGER case_clock_no_delete BEFORE DELETE ON case_clock FOR EACH ROW EXECUTE FUNCTION qf_gone_with_case('case_id')
--;
CREATE TRIGGER clock_pause_no_delete BEFORE DELETE ON clock_pause FOR EACH ROW EXECUTE FUNCTION qf_gone_with_case('clock')
--;
CREATE TRIGGER deadline_notice_no_delete BEFORE DELETE ON deadline_notice FOR EACH ROW EXECUTE FUNCTION qf_gone_with_case('clock')
--;
CREATE TRIGGER handover_item_no_delete BEFORE DELETE ON handover_item FOR EACH ROW EXECUTE FUNCTION qf_gone_with_case('case_id')
--;
CREATE TRIGGER case_flag_no_update BEFORE UPDATE ON case_flag FOR EACH ROW EXECUTE FUNCTION qf_refuse('flag_removal')
--;
CREATE TRIGGER case_note_no_update BEFORE UPDATE ON case_note FOR EACH ROW EXECUTE FUNCTION qf_refuse('append_only')
--;
CREATE TRIGGER case_message_no_update BEFORE UPDATE ON case_message FOR EACH ROW EXECUTE FUNCTION qf_refuse('append_only')
--;
CREATE TRIGGER case_matter_no_update BEFORE UPDATE ON case_matter FOR EACH ROW EXECUTE FUNCTION qf_refuse('append_only')
--;
CREATE TRIGGER contact_attempt_no_update BEFORE UPDATE ON contact_attempt FOR EACH ROW EXECUTE FUNCTION qf_refuse('append_only')
--;
CREATE TRIGGER case_declaration_no_update BEFORE UPDATE ON case_declaration FOR EACH ROW EXECUTE FUNCTION qf_refuse('append_only')
--;
CREATE TRIGGER recusal_no_update BEFORE UPDATE ON recusal FOR EACH ROW EXECUTE FUNCTION qf_refuse('append_only')
--;
CREATE TRIGGER identity_no_update BEFORE UPDATE ON identity FOR EACH ROW EXECUTE FUNCTION qf_refuse('append_only')
--;
CREATE TRIGGER investigation_evidence_no_update BEFORE UPDATE ON investigation_evidence FOR EACH ROW EXECUTE FUNCTION qf_refuse('append_only')
--;
CREATE TRIGGER investigation_step_no_update BEFORE UPDATE ON investigation_step FOR EACH ROW EXECUTE FUNCTION qf_refuse('append_only')
--;
CREATE TRIGGER investigator_no_update BEFORE UPDATE ON investigator FOR EACH ROW EXECUTE FUNCTION qf_refuse('append_only')
--;
CREATE TRIGGER handover_item_no_update BEFORE UPDATE ON handover_item FOR EACH ROW EXECUTE FUNCTION qf_refuse('append_only')
--;
CREATE TRIGGER mass_reaction_no_update BEFORE UPDATE ON mass_reaction FOR EACH ROW EXECUTE FUNCTION qf_refuse('append_only')
--;
CREATE TRIGGER rule_set_no_update BEFORE UPDATE ON rule_set FOR EACH ROW EXECUTE FUNCTION qf_refuse('append_only')
--;
CREATE TRIGGER handover_no_update BEFORE UPDATE ON handover FOR EACH ROW EXECUTE FUNCTION qf_refuse('append_only')
--;
CREATE TRIGGER case_flag_no_delete BEFORE DELETE ON case_flag FOR EACH ROW EXECUTE FUNCTION qf_refuse('flag_removal')
--;
CREATE TRIGGER flag_removal_no_delete BEFORE DELETE ON flag_removal FOR EACH ROW EXECUTE FUNCTION qf_refuse('flag_removal')
--;
CREATE TRIGGER mass_reaction_no_delete BEFORE DELETE ON mass_reaction FOR EACH ROW EXECUTE FUNCTION qf_refuse('append_only')
--;
CREATE TRIGGER rule_set_no_delete BEFORE DELETE ON rule_set FOR EACH ROW EXECUTE FUNCTION qf_refuse('append_only')
--;
CREATE TRIGGER handover_no_delete BEFORE DELETE ON handover FOR EACH ROW EXECUTE FUNCTION qf_refuse('append_only')
--;
CREATE TRIGGER case_clock_truncate BEFORE TRUNCATE ON case_clock FOR EACH STATEMENT EXECUTE FUNCTION qf_refuse('append_only')
--;
CREATE TRIGGER case_declaration_truncate BEFORE TRUNCATE ON case_declaration FOR EACH STATEMENT EXECUTE FUNCTION qf_refuse('append_only')
--;
CREATE TRIGGER case_link_truncate BEFORE TRUNCATE ON case_link FOR EACH STATEMENT EXECUTE FUNCTION qf_refuse('append_only')
--;
CREATE TRIGGER case_matter_truncate BEFORE TRUNCATE ON case_matter FOR EACH STATEMENT EXECUTE FUNCTION qf_refuse('append_only')
--;
CREATE TRIGGER case_merge_truncate BEFORE TRUNCATE ON case_merge FOR EACH STATEMENT EXECUTE FUNCTION qf_refuse('append_only')
--;
CREATE TRIGGER case_message_truncate BEFORE TRUNCATE ON case_message FOR EACH STATEMENT EXECUTE FUNCTION qf_refuse('append_only')
--;
CREATE TRIGGER clock_pause_truncate BEFORE TRUNCATE ON clock_pause FOR EACH STATEMENT EXECUTE FUNCTION qf_refuse('append_only')
--;
CREATE TRIGGER contact_attempt_truncate BEFORE TRUNCATE ON contact_attempt FOR EACH STATEMENT EXECUTE FUNCTION qf_refuse('append_only')
--;
CREATE TRIGGER deadline_notice_truncate BEFORE TRUNCATE ON deadline_notice FOR EACH STATEMENT EXECUTE FUNCTION qf_refuse('append_only')
--;
CREATE TRIGGER disposal_truncate BEFORE TRUNCATE ON disposal FOR EACH STATEMENT EXECUTE FUNCTION qf_refuse('append_only')
--;
CREATE TRIGGER escalation_truncate BEFORE TRUNCATE ON escalation FOR EACH STATEMENT EXECUTE FUNCTION qf_refuse('append_only')
--;
CREATE TRIGGER flag_removal_truncate BEFORE TRUNCATE ON flag_removal FOR EACH STATEMENT EXECUTE FUNCTION qf_refuse('append_only')
--;
CREATE TRIGGER handover_truncate BEFORE TRUNCATE ON handover FOR EACH STATEMENT EXECUTE FUNCTION qf_refuse('append_only')
--;
CREATE TRIGGER handover_item_truncate BEFORE TRUNCATE ON handover_item FOR EACH STATEMENT EXECUTE FUNCTION qf_refuse('append_only')
--;
CREATE TRIGGER investigation_step_truncate BEFORE TRUNCATE ON investigation_step FOR EACH STATEMENT EXECUTE FUNCTION qf_refuse('append_only')
--;
CREATE TRIGGER investigator_truncate BEFORE TRUNCATE ON investigator FOR EACH STATEMENT EXECUTE FUNCTION qf_refuse('append_only')
--;
CREATE TRIGGER mass_reaction_truncate BEFORE TRUNCATE ON mass_reaction FOR EACH STATEMENT EXECUTE FUNCTION qf_refuse('append_only')
--;
CREATE TRIGGER measure_truncate BEFORE TRUNCATE ON measure FOR EACH STATEMENT EXECUTE FUNCTION qf_refuse('append_only')
--;
CREATE TRIGGER rule_set_truncate BEFORE TRUNCATE ON rule_set FOR EACH STATEMENT EXECUTE FUNCTION qf_refuse('append_only')
--;
CREATE TRIGGER stored_file_truncate BEFORE TRUNCATE ON stored_file FOR EACH STATEMENT EXECUTE FUNCTION qf_refuse('append_only')
--;
CREATE TRIGGER transfer_truncate BEFORE TRUNCATE ON transfer FOR EACH STATEMENT EXECUTE FUNCTION qf_refuse('append_only')
--;
-- A decision on rows as they were some time ago is none: what was written since must be seen.
CREATE FUNCTION qf_as_of_now() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF current_setting('transaction_isolation') NOT IN ('read committed', 'read uncommitted') THEN
    RAISE EXCEPTION 'qf:stale_snapshot' USING ERRCODE = 'QF001';
  END IF;
  RETURN NULL;
END $$
--;
CREATE TRIGGER cases_as_of_now BEFORE UPDATE OR DELETE ON cases FOR EACH STATEMENT EXECUTE FUNCTION qf_as_of_now()
--;
CREATE TRIGGER case_flag_as_of_now BEFORE INSERT ON case_flag FOR EACH STATEMENT EXECUTE FUNCTION qf_as_of_now()
--;
CREATE TRIGGER flag_removal_as_of_now BEFORE UPDATE ON flag_removal FOR EACH STATEMENT EXECUTE FUNCTION qf_as_of_now()
--;
CREATE TRIGGER disposal_as_of_now BEFORE UPDATE ON disposal FOR EACH STATEMENT EXECUTE FUNCTION qf_as_of_now()
--;
CREATE TRIGGER investigation_as_of_now BEFORE UPDATE ON investigation FOR EACH STATEMENT EXECUTE FUNCTION qf_as_of_now()
--;
CREATE TRIGGER transfer_as_of_now BEFORE UPDATE ON transfer FOR EACH STATEMENT EXECUTE FUNCTION qf_as_of_now()
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
