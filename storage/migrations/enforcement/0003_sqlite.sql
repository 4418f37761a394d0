-- The life of a case, its flags, clocks and routes on SQLite: the twin of 0003_postgresql.sql.
-- Takes the place of triggers of 0001 (the lines "-- replaces" name them). Statements end with a line of "--;".
-- A transaction that decides on rows as they were (qf:stale_snapshot in the twin) cannot be begun here: the writing
-- connection begins IMMEDIATE. Which connection may do what at all stands in storage/engine.py.
-- replaces: cases_birth cases_no_delete cases_fixed cases_transition
-- replaces: cases_round cases_must_investigate cases_finding_complete case_flag_no_update
-- replaces: case_flag_no_delete case_flag_on_open_case investigation_birth investigation_fixed
-- replaces: investigation_approval investigation_no_delete investigation_evidence_no_update investigation_evidence_no_delete
-- replaces: investigation_evidence_before_approval recusal_no_update recusal_no_delete case_note_no_update
-- replaces: case_note_no_delete identity_no_update identity_no_delete
-- replaces: inquiry_fixed

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
    AND NOT EXISTS (SELECT 1 FROM case_message m WHERE m.case_id = c.id AND m.written_at > strftime('%Y-%m-%dT%H:%M:%S', 'now', '-1 year'))
    AND NOT EXISTS (SELECT 1 FROM stored_file s WHERE s.case_id = c.id AND s.received_at > strftime('%Y-%m-%dT%H:%M:%S', 'now', '-1 year'))
--;
CREATE TRIGGER cases_birth BEFORE INSERT ON cases
WHEN NEW.state <> 'received' OR NEW.round <> 1 OR NEW.merged_into_id IS NOT NULL OR NEW.told_at IS NOT NULL
     OR NEW.concluded_at IS NOT NULL OR NEW.name_state NOT IN ('none', 'claimed')
BEGIN SELECT RAISE(ABORT, 'qf:case_birth'); END
--;
CREATE TRIGGER cases_born_handler BEFORE INSERT ON cases
WHEN NEW.handler_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM official o, place u WHERE o.id = NEW.handler_id AND u.id = NEW.unit_id AND o.active
      AND o.role IN ('discipline_official', 'discipline_leader') AND (u.path = o.place_path OR u.path LIKE o.place_path || '/%')
      AND NOT EXISTS (SELECT 1 FROM recusal r WHERE r.case_id = NEW.id AND r.official_id = o.id))
BEGIN SELECT RAISE(ABORT, 'qf:handler_unfit'); END
--;
CREATE TRIGGER cases_fixed BEFORE UPDATE ON cases
WHEN NEW.id IS NOT OLD.id
     OR NEW.number IS NOT OLD.number
     OR NEW.draft_id IS NOT OLD.draft_id
     OR NEW.place_id IS NOT OLD.place_id
     OR NEW.received_at IS NOT OLD.received_at
     OR NEW.narrative_sealed IS NOT OLD.narrative_sealed
     OR NEW.rule_version IS NOT OLD.rule_version
     OR NEW.reported_person_index IS NOT OLD.reported_person_index
     OR NEW.receipt_index IS NOT OLD.receipt_index
     OR NEW.filed_via IS NOT OLD.filed_via
     OR NEW.filed_by IS NOT OLD.filed_by
     OR (NEW.person_id IS NOT NULL AND NEW.person_id IS NOT OLD.person_id)
BEGIN SELECT RAISE(ABORT, 'qf:case_fixed'); END
--;
CREATE TRIGGER cases_no_transition BEFORE UPDATE ON cases
WHEN NEW.state IS NOT OLD.state AND NOT EXISTS (
       SELECT 1 FROM case_transition t WHERE t.source = OLD.state AND t.target = NEW.state)
BEGIN SELECT RAISE(ABORT, 'qf:no_such_transition'); END
--;
CREATE TRIGGER cases_rounds BEFORE UPDATE ON cases
WHEN NEW.round <> OLD.round + (OLD.state IN ('approved', 'told', 'closed', 'guided_elsewhere') AND NEW.state = 'accepted')
BEGIN SELECT RAISE(ABORT, 'qf:case_round'); END
--;
CREATE TRIGGER cases_merged_waits BEFORE UPDATE ON cases
WHEN OLD.merged_into_id IS NOT NULL AND NEW.state IS NOT OLD.state
BEGIN SELECT RAISE(ABORT, 'qf:case_merged'); END
--;
CREATE TRIGGER cases_investigated BEFORE UPDATE ON cases
WHEN NEW.state IS NOT OLD.state AND NEW.state IN ('approved', 'told', 'closed', 'guided_elsewhere')
     AND NOT EXISTS (SELECT 1 FROM investigated_case v WHERE v.case_id = OLD.id AND v.round = OLD.round)
     AND (EXISTS (SELECT 1 FROM active_flag f WHERE f.case_id = OLD.id)
          OR (NEW.state <> 'guided_elsewhere' AND NOT EXISTS (
                SELECT 1 FROM disposal d WHERE d.case_id = OLD.id AND d.round = OLD.round
                  AND d.kind = 'conclude' AND d.decision = 'approved')))
BEGIN SELECT RAISE(ABORT, 'qf:must_investigate'); END
--;
CREATE TRIGGER cases_opinion_written BEFORE UPDATE ON cases
WHEN NEW.state = 'disposal_proposed' AND OLD.state <> 'disposal_proposed' AND NOT EXISTS (
       SELECT 1 FROM disposal d WHERE d.case_id = OLD.id AND d.round = OLD.round AND d.decision IS NULL)
BEGIN SELECT RAISE(ABORT, 'qf:disposal_missing'); END
--;
CREATE TRIGGER cases_opinion_decided BEFORE UPDATE ON cases
WHEN OLD.state = 'disposal_proposed' AND NEW.state <> 'disposal_proposed' AND NOT EXISTS (
       SELECT 1 FROM disposal d
       WHERE d.id = (SELECT max(x.id) FROM disposal x WHERE x.case_id = OLD.id) AND d.round = OLD.round
         AND ((NEW.state = 'accepted' AND d.decision = 'returned')
              OR (d.decision = 'approved' AND (
                    (NEW.state = 'investigating' AND d.kind IN ('talk_or_inquiry', 'preliminary_verification'))
                    OR (NEW.state = 'held' AND d.kind = 'hold')
                    OR (NEW.state = 'approved' AND d.kind = 'conclude')))))
BEGIN SELECT RAISE(ABORT, 'qf:disposal_undecided'); END
--;
CREATE TRIGGER cases_investigation_begun BEFORE UPDATE ON cases
WHEN NEW.state = 'investigating' AND OLD.state <> 'investigating' AND NOT EXISTS (
       SELECT 1 FROM investigation i WHERE i.case_id = OLD.id AND i.round = OLD.round)
BEGIN SELECT RAISE(ABORT, 'qf:investigation_missing'); END
--;
CREATE TRIGGER cases_finding_complete BEFORE UPDATE ON cases
WHEN NEW.state = 'awaiting_approval' AND OLD.state <> 'awaiting_approval' AND NOT EXISTS (
       SELECT 1 FROM investigation i
       WHERE i.case_id = OLD.id AND i.round = OLD.round AND i.finding IS NOT NULL AND i.submitted_at IS NOT NULL
         AND EXISTS (SELECT 1 FROM investigation_evidence e WHERE e.investigation_id = i.id))
BEGIN SELECT RAISE(ABORT, 'qf:finding_incomplete'); END
--;
CREATE TRIGGER cases_result_told BEFORE UPDATE ON cases
WHEN NEW.state IN ('told', 'closed') AND OLD.state <> NEW.state AND (NEW.told_at IS NULL OR NOT EXISTS (
       SELECT 1 FROM measure m WHERE m.case_id = OLD.id AND m.round = OLD.round))
BEGIN SELECT RAISE(ABORT, 'qf:result_not_told'); END
--;
CREATE TRIGGER cases_name_settled BEFORE UPDATE ON cases
WHEN NEW.state = 'closed' AND OLD.state <> 'closed' AND NEW.name_state = 'claimed'
BEGIN SELECT RAISE(ABORT, 'qf:name_unsettled'); END
--;
CREATE TRIGGER cases_name_road BEFORE UPDATE ON cases
WHEN NEW.name_state IS NOT OLD.name_state AND NOT (
       (OLD.name_state = 'none' AND NEW.name_state = 'claimed'
        AND EXISTS (SELECT 1 FROM identity n WHERE n.case_id = OLD.id))
       OR (OLD.name_state IN ('claimed', 'unverifiable') AND NEW.name_state = 'verified'
           AND EXISTS (SELECT 1 FROM contact_attempt t WHERE t.case_id = OLD.id AND t.outcome = 'confirmed'))
       OR (OLD.name_state = 'claimed' AND NEW.name_state = 'unverifiable'
           AND 3 <= (SELECT count(*) FROM contact_attempt t WHERE t.case_id = OLD.id)
           AND 2 <= (SELECT count(DISTINCT t.official_id) FROM contact_attempt t WHERE t.case_id = OLD.id)))
BEGIN SELECT RAISE(ABORT, 'qf:name_check'); END
--;
CREATE TRIGGER cases_flags_stay BEFORE UPDATE ON cases
WHEN NOT NEW.flagged AND EXISTS (SELECT 1 FROM active_flag f WHERE f.case_id = OLD.id)
BEGIN SELECT RAISE(ABORT, 'qf:flag_removal'); END
--;
CREATE TRIGGER cases_handler_fit BEFORE UPDATE ON cases
WHEN NEW.handler_id IS NOT NULL
     AND (NEW.handler_id IS NOT OLD.handler_id OR NEW.unit_id IS NOT OLD.unit_id
          OR (OLD.merged_into_id IS NOT NULL AND NEW.merged_into_id IS NULL))
     AND NOT EXISTS (SELECT 1 FROM official o, place u WHERE o.id = NEW.handler_id AND u.id = NEW.unit_id AND o.active
      AND o.role IN ('discipline_official', 'discipline_leader') AND (u.path = o.place_path OR u.path LIKE o.place_path || '/%')
      AND NOT EXISTS (SELECT 1 FROM recusal r WHERE r.case_id = OLD.id AND r.official_id = o.id))
BEGIN SELECT RAISE(ABORT, 'qf:handler_unfit'); END
--;
CREATE TRIGGER cases_unit_moves BEFORE UPDATE ON cases
WHEN NEW.unit_id IS NOT OLD.unit_id
     AND NOT EXISTS (SELECT 1 FROM place a, place b WHERE a.id = NEW.unit_id AND b.id = OLD.unit_id
                     AND b.path LIKE a.path || '/%')
     AND NOT EXISTS (SELECT 1 FROM transfer t WHERE t.case_id = OLD.id AND t.from_unit_id = OLD.unit_id
                     AND t.to_unit_id = NEW.unit_id AND t.state = 'accepted' AND t.moved_at IS NULL)
BEGIN SELECT RAISE(ABORT, 'qf:unit_change'); END
--;
CREATE TRIGGER cases_merge_carries BEFORE UPDATE ON cases
WHEN NEW.merged_into_id IS NOT NULL AND NEW.merged_into_id IS NOT OLD.merged_into_id AND (
       OLD.merged_into_id IS NOT NULL OR OLD.state IN ('closed', 'guided_elsewhere') OR NEW.state IS NOT OLD.state
       OR NOT EXISTS (SELECT 1 FROM cases p WHERE p.id = NEW.merged_into_id AND p.merged_into_id IS NULL
                      AND p.unit_id = NEW.unit_id AND p.state IN ('received', 'registered', 'accepted', 'referred', 'disposal_proposed', 'held', 'investigating'))
       OR NOT EXISTS (SELECT 1 FROM case_merge m WHERE m.case_id = OLD.id AND m.into_id = NEW.merged_into_id
                      AND m.undone_at IS NULL)
       OR EXISTS (SELECT 1 FROM cases k WHERE k.merged_into_id = OLD.id)
       OR EXISTS (SELECT 1 FROM active_flag f WHERE f.case_id = OLD.id AND NOT EXISTS (
                    SELECT 1 FROM active_flag g WHERE g.case_id = NEW.merged_into_id AND g.category = f.category))
       OR EXISTS (SELECT 1 FROM recusal r WHERE r.case_id = OLD.id AND NOT EXISTS (
                    SELECT 1 FROM recusal s WHERE s.case_id = NEW.merged_into_id AND s.official_id = r.official_id)))
BEGIN SELECT RAISE(ABORT, 'qf:case_merge'); END
--;
CREATE TRIGGER cases_kept BEFORE DELETE ON cases
WHEN NOT EXISTS (SELECT 1 FROM erasable_case e WHERE e.id = OLD.id)
BEGIN SELECT RAISE(ABORT, 'qf:case_delete'); END
--;
CREATE TRIGGER case_flag_on_open_case BEFORE INSERT ON case_flag
WHEN EXISTS (SELECT 1 FROM cases c WHERE c.id = NEW.case_id AND c.state IN ('closed', 'guided_elsewhere'))
BEGIN SELECT RAISE(ABORT, 'qf:reopen_first'); END
--;
CREATE TRIGGER case_flag_carried BEFORE INSERT ON case_flag
WHEN EXISTS (SELECT 1 FROM cases c WHERE c.id = NEW.case_id AND c.merged_into_id IS NOT NULL AND NOT EXISTS (
       SELECT 1 FROM active_flag g WHERE g.case_id = c.merged_into_id AND g.category = NEW.category))
BEGIN SELECT RAISE(ABORT, 'qf:case_merge'); END
--;
CREATE TRIGGER flag_removal_birth BEFORE INSERT ON flag_removal
WHEN NEW.decision IS NOT NULL OR NEW.undone_at IS NOT NULL
     OR EXISTS (SELECT 1 FROM cases c WHERE c.id = NEW.case_id AND (c.state IN ('closed', 'guided_elsewhere') OR c.merged_into_id IS NOT NULL))
BEGIN SELECT RAISE(ABORT, 'qf:flag_removal'); END
--;
CREATE TRIGGER flag_removal_once BEFORE UPDATE ON flag_removal
WHEN NEW.id IS NOT OLD.id
     OR NEW.case_id IS NOT OLD.case_id
     OR NEW.category IS NOT OLD.category
     OR NEW.reason_sealed IS NOT OLD.reason_sealed
     OR NEW.asked_by IS NOT OLD.asked_by
     OR NEW.asked_at IS NOT OLD.asked_at
     OR (OLD.decision IS NOT NULL AND (NEW.decision IS NOT OLD.decision
     OR NEW.decided_by IS NOT OLD.decided_by
     OR NEW.decided_at IS NOT OLD.decided_at))
     OR (OLD.undone_at IS NOT NULL AND NEW.undone_at IS NOT OLD.undone_at)
BEGIN SELECT RAISE(ABORT, 'qf:flag_removal'); END
--;
CREATE TRIGGER flag_removal_two_from_above BEFORE UPDATE ON flag_removal
WHEN NEW.decision = 'approved' AND OLD.decision IS NULL AND (
       EXISTS (SELECT 1 FROM cases c WHERE c.id = OLD.case_id AND (c.state IN ('closed', 'guided_elsewhere') OR c.merged_into_id IS NOT NULL))
       OR 2 <> (SELECT count(*) FROM official o, cases c, place u
                WHERE c.id = OLD.case_id AND u.id = c.unit_id AND o.id IN (OLD.asked_by, NEW.decided_by) AND o.active
                  AND o.role IN ('discipline_leader', 'superior') AND u.path LIKE o.place_path || '/%'
                  AND NOT EXISTS (SELECT 1 FROM transfer t, place w WHERE t.case_id = c.id AND t.state = 'accepted'
                                  AND w.id = t.from_unit_id AND NOT w.path LIKE o.place_path || '/%')
                  AND NOT EXISTS (SELECT 1 FROM recusal r WHERE r.case_id = c.id AND r.official_id = o.id))
       OR EXISTS (SELECT 1 FROM cases m JOIN active_flag f ON f.case_id = m.id
                  WHERE m.merged_into_id = OLD.case_id AND f.category = OLD.category))
BEGIN SELECT RAISE(ABORT, 'qf:flag_removal'); END
--;
CREATE TRIGGER flag_removal_undone_on_open_case BEFORE UPDATE ON flag_removal
WHEN NEW.undone_at IS NOT NULL AND OLD.undone_at IS NULL
     AND EXISTS (SELECT 1 FROM cases c WHERE c.id = OLD.case_id AND c.state IN ('closed', 'guided_elsewhere'))
BEGIN SELECT RAISE(ABORT, 'qf:reopen_first'); END
--;
CREATE TRIGGER flag_removal_undone_carried BEFORE UPDATE ON flag_removal
WHEN NEW.undone_at IS NOT NULL AND OLD.undone_at IS NULL
     AND EXISTS (SELECT 1 FROM cases c WHERE c.id = OLD.case_id AND c.merged_into_id IS NOT NULL AND NOT EXISTS (
       SELECT 1 FROM active_flag g WHERE g.case_id = c.merged_into_id AND g.category = OLD.category))
BEGIN SELECT RAISE(ABORT, 'qf:case_merge'); END
--;
CREATE TRIGGER disposal_birth BEFORE INSERT ON disposal
WHEN NEW.decision IS NOT NULL OR NOT EXISTS (
       SELECT 1 FROM cases c WHERE c.id = NEW.case_id AND c.round = NEW.round AND c.state = 'accepted'
         AND EXISTS (SELECT 1 FROM official o, place u WHERE o.id = NEW.proposed_by AND u.id = c.unit_id AND o.active
      AND o.role IN ('discipline_official', 'discipline_leader') AND (u.path = o.place_path OR u.path LIKE o.place_path || '/%')
      AND NOT EXISTS (SELECT 1 FROM recusal r WHERE r.case_id = c.id AND r.official_id = o.id)))
BEGIN SELECT RAISE(ABORT, 'qf:disposal_birth'); END
--;
CREATE TRIGGER disposal_once BEFORE UPDATE ON disposal
WHEN NEW.id IS NOT OLD.id
     OR NEW.case_id IS NOT OLD.case_id
     OR NEW.round IS NOT OLD.round
     OR NEW.kind IS NOT OLD.kind
     OR NEW.reason_sealed IS NOT OLD.reason_sealed
     OR NEW.review_on IS NOT OLD.review_on
     OR NEW.proposed_by IS NOT OLD.proposed_by
     OR NEW.proposed_at IS NOT OLD.proposed_at
     OR OLD.decision IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'qf:append_only'); END
--;
CREATE TRIGGER disposal_second_person BEFORE UPDATE ON disposal
WHEN NEW.decision = 'approved' AND (
       NOT EXISTS (SELECT 1 FROM official o, cases c, place u WHERE o.id = NEW.decided_by AND c.id = OLD.case_id AND u.id = c.unit_id
      AND o.active AND o.role IN ('discipline_leader', 'superior') AND (u.path = o.place_path OR u.path LIKE o.place_path || '/%')
      AND NOT EXISTS (SELECT 1 FROM recusal r WHERE r.case_id = c.id AND r.official_id = o.id))
       OR EXISTS (SELECT 1 FROM recusal r WHERE r.case_id = OLD.case_id AND r.official_id = OLD.proposed_by)
       OR (OLD.kind = 'conclude' AND EXISTS (SELECT 1 FROM active_flag f WHERE f.case_id = OLD.case_id)))
BEGIN SELECT RAISE(ABORT, 'qf:disposal_approval'); END
--;
CREATE TRIGGER investigation_birth BEFORE INSERT ON investigation
WHEN NEW.approved_at IS NOT NULL OR NEW.approver_id IS NOT NULL OR NOT EXISTS (
       SELECT 1 FROM cases c WHERE c.id = NEW.case_id AND c.round = NEW.round
         AND c.state IN ('disposal_proposed', 'investigating')
         AND EXISTS (SELECT 1 FROM official o, place u WHERE o.id = NEW.investigator_id AND u.id = c.unit_id AND o.active
      AND o.role IN ('discipline_official', 'discipline_leader') AND (u.path = o.place_path OR u.path LIKE o.place_path || '/%')
      AND NOT EXISTS (SELECT 1 FROM recusal r WHERE r.case_id = c.id AND r.official_id = o.id)))
BEGIN SELECT RAISE(ABORT, 'qf:investigation_birth'); END
--;
CREATE TRIGGER investigation_fixed BEFORE UPDATE ON investigation
WHEN OLD.approved_at IS NOT NULL OR NEW.id IS NOT OLD.id
     OR NEW.case_id IS NOT OLD.case_id
     OR NEW.round IS NOT OLD.round
     OR NEW.started_at IS NOT OLD.started_at
     OR (OLD.submitted_at IS NOT NULL AND NEW.submitted_at IS NOT NULL
         AND (NEW.finding IS NOT OLD.finding OR NEW.summary_sealed IS NOT OLD.summary_sealed))
     OR (NEW.investigator_id IS NOT OLD.investigator_id AND (NEW.approved_at IS NOT NULL OR NOT EXISTS (
           SELECT 1 FROM cases c WHERE c.id = OLD.case_id AND EXISTS (SELECT 1 FROM official o, place u WHERE o.id = NEW.investigator_id AND u.id = c.unit_id AND o.active
      AND o.role IN ('discipline_official', 'discipline_leader') AND (u.path = o.place_path OR u.path LIKE o.place_path || '/%')
      AND NOT EXISTS (SELECT 1 FROM recusal r WHERE r.case_id = c.id AND r.official_id = o.id)))))
BEGIN SELECT RAISE(ABORT, 'qf:investigation_fixed'); END
--;
CREATE TRIGGER investigation_approval BEFORE UPDATE ON investigation
WHEN NEW.approved_at IS NOT NULL AND OLD.approved_at IS NULL AND (
       OLD.submitted_at IS NULL OR NEW.finding IS NOT OLD.finding OR NEW.summary_sealed IS NOT OLD.summary_sealed
       OR EXISTS (SELECT 1 FROM investigator v WHERE v.investigation_id = OLD.id AND v.official_id = NEW.approver_id)
       OR NOT EXISTS (SELECT 1 FROM investigation_evidence e WHERE e.investigation_id = OLD.id)
       OR NOT EXISTS (SELECT 1 FROM cases c WHERE c.id = OLD.case_id AND c.round = OLD.round
                      AND c.state = 'awaiting_approval')
       OR NOT EXISTS (SELECT 1 FROM official o, cases c, place u WHERE o.id = NEW.approver_id AND c.id = OLD.case_id AND u.id = c.unit_id
      AND o.active AND o.role IN ('discipline_leader', 'superior') AND (u.path = o.place_path OR u.path LIKE o.place_path || '/%')
      AND NOT EXISTS (SELECT 1 FROM recusal r WHERE r.case_id = c.id AND r.official_id = o.id))
       OR EXISTS (SELECT 1 FROM recusal r WHERE r.case_id = OLD.case_id AND r.official_id = OLD.investigator_id))
BEGIN SELECT RAISE(ABORT, 'qf:investigation_approval'); END
--;
CREATE TRIGGER investigation_evidence_before_approval BEFORE INSERT ON investigation_evidence
WHEN EXISTS (SELECT 1 FROM investigation i WHERE i.id = NEW.investigation_id AND (
       i.approved_at IS NOT NULL
       OR NOT EXISTS (SELECT 1 FROM investigator v WHERE v.investigation_id = i.id AND v.official_id = NEW.added_by)
       OR EXISTS (SELECT 1 FROM recusal r WHERE r.case_id = i.case_id AND r.official_id = NEW.added_by)))
BEGIN SELECT RAISE(ABORT, 'qf:investigation_fixed'); END
--;
CREATE TRIGGER measure_birth BEFORE INSERT ON measure
WHEN NEW.decision IS NOT NULL OR NOT EXISTS (
       SELECT 1 FROM cases c WHERE c.id = NEW.case_id AND c.round = NEW.round AND c.state IN ('approved', 'told'))
     OR EXISTS (SELECT 1 FROM recusal r WHERE r.case_id = NEW.case_id AND r.official_id = NEW.recommended_by)
BEGIN SELECT RAISE(ABORT, 'qf:measure_birth'); END
--;
CREATE TRIGGER measure_once BEFORE UPDATE ON measure
WHEN NEW.id IS NOT OLD.id
     OR NEW.case_id IS NOT OLD.case_id
     OR NEW.round IS NOT OLD.round
     OR NEW.kind IS NOT OLD.kind
     OR NEW.body IS NOT OLD.body
     OR NEW.reason_sealed IS NOT OLD.reason_sealed
     OR NEW.recommended_by IS NOT OLD.recommended_by
     OR NEW.recommended_at IS NOT OLD.recommended_at
     OR OLD.decision IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'qf:append_only'); END
--;
CREATE TRIGGER transfer_birth BEFORE INSERT ON transfer
WHEN NEW.state <> 'offered' OR NOT EXISTS (
       SELECT 1 FROM cases c WHERE c.id = NEW.case_id AND c.unit_id = NEW.from_unit_id AND c.merged_into_id IS NULL
         AND c.state NOT IN ('closed', 'guided_elsewhere'))
     OR NOT EXISTS (
       SELECT 1 FROM official o, place u WHERE o.id = NEW.offered_by AND u.id = NEW.from_unit_id AND o.active
         AND o.role IN ('discipline_official', 'discipline_leader', 'superior') AND (u.path = o.place_path OR u.path LIKE o.place_path || '/%')
         AND NOT EXISTS (SELECT 1 FROM recusal r WHERE r.case_id = NEW.case_id AND r.official_id = o.id))
BEGIN SELECT RAISE(ABORT, 'qf:transfer_birth'); END
--;
CREATE TRIGGER transfer_once BEFORE UPDATE ON transfer
WHEN NEW.id IS NOT OLD.id
     OR NEW.case_id IS NOT OLD.case_id
     OR NEW.from_unit_id IS NOT OLD.from_unit_id
     OR NEW.to_unit_id IS NOT OLD.to_unit_id
     OR NEW.kind IS NOT OLD.kind
     OR NEW.reason_sealed IS NOT OLD.reason_sealed
     OR NEW.offered_by IS NOT OLD.offered_by
     OR NEW.offered_at IS NOT OLD.offered_at
     OR (OLD.state <> 'offered' AND (NEW.state IS NOT OLD.state
     OR NEW.answered_by IS NOT OLD.answered_by
     OR NEW.answered_at IS NOT OLD.answered_at))
     OR (OLD.files_released AND NOT NEW.files_released)
     OR (OLD.moved_at IS NOT NULL AND NEW.moved_at IS NOT OLD.moved_at)
BEGIN SELECT RAISE(ABORT, 'qf:append_only'); END
--;
CREATE TRIGGER transfer_accepted_by BEFORE UPDATE ON transfer
WHEN NEW.state = 'accepted' AND OLD.state = 'offered' AND NOT EXISTS (
       SELECT 1 FROM official o, place u WHERE o.id = NEW.answered_by AND u.id = OLD.to_unit_id AND o.active
         AND o.role IN ('discipline_official', 'discipline_leader', 'superior') AND (u.path = o.place_path OR u.path LIKE o.place_path || '/%')
         AND ((OLD.kind = 'offer' AND o.id <> OLD.offered_by) OR (OLD.kind = 'assigned' AND u.path <> o.place_path))
         AND NOT EXISTS (SELECT 1 FROM recusal r WHERE r.case_id = OLD.case_id AND r.official_id = o.id))
BEGIN SELECT RAISE(ABORT, 'qf:transfer_acceptance'); END
--;
CREATE TRIGGER official_handover_first BEFORE UPDATE ON official
WHEN OLD.active AND (NOT NEW.active OR NEW.role <> OLD.role OR NEW.place_path <> OLD.place_path) AND (
       EXISTS (SELECT 1 FROM cases c WHERE c.handler_id = OLD.id AND c.merged_into_id IS NULL AND c.state NOT IN ('closed', 'guided_elsewhere'))
       OR EXISTS (SELECT 1 FROM investigation i JOIN cases c ON c.id = i.case_id AND c.round = i.round
                  WHERE i.investigator_id = OLD.id AND i.approved_at IS NULL AND c.handler_id IS NOT NULL
                    AND c.state IN ('investigating', 'awaiting_approval')))
BEGIN SELECT RAISE(ABORT, 'qf:handover_first'); END
--;
CREATE TRIGGER recusal_carried BEFORE INSERT ON recusal
WHEN EXISTS (SELECT 1 FROM cases c WHERE c.id = NEW.case_id AND c.merged_into_id IS NOT NULL AND NOT EXISTS (
       SELECT 1 FROM recusal s WHERE s.case_id = c.merged_into_id AND s.official_id = NEW.official_id))
BEGIN SELECT RAISE(ABORT, 'qf:case_merge'); END
--;
CREATE TRIGGER place_fixed BEFORE UPDATE ON place
WHEN NEW.id IS NOT OLD.id
     OR NEW.path IS NOT OLD.path
BEGIN SELECT RAISE(ABORT, 'qf:place_fixed'); END
--;
CREATE TRIGGER contact_attempt_by_whom BEFORE INSERT ON contact_attempt
WHEN EXISTS (SELECT 1 FROM recusal r WHERE r.case_id = NEW.case_id AND r.official_id = NEW.official_id)
     OR NOT EXISTS (SELECT 1 FROM official o, cases c, place u WHERE o.id = NEW.official_id AND c.id = NEW.case_id
                    AND u.id = c.unit_id AND o.active AND o.role IN ('custodian', 'discipline_official', 'discipline_leader')
                    AND (u.path = o.place_path OR u.path LIKE o.place_path || '/%'))
BEGIN SELECT RAISE(ABORT, 'qf:name_check'); END
--;
CREATE TRIGGER case_clock_fixed BEFORE UPDATE ON case_clock
WHEN NEW.id IS NOT OLD.id
     OR NEW.case_id IS NOT OLD.case_id
     OR NEW.round IS NOT OLD.round
     OR NEW.kind IS NOT OLD.kind
     OR NEW.about IS NOT OLD.about
     OR NEW.started_on IS NOT OLD.started_on
     OR NEW.limit_on IS NOT OLD.limit_on
     OR (OLD.stopped_on IS NOT NULL AND NEW.stopped_on IS NOT OLD.stopped_on)
     OR (OLD.extended_by IS NOT NULL AND (NEW.extended_by IS NOT OLD.extended_by
     OR NEW.extended_at IS NOT OLD.extended_at
     OR NEW.extension_sealed IS NOT OLD.extension_sealed))
BEGIN SELECT RAISE(ABORT, 'qf:clock_fixed'); END
--;
CREATE TRIGGER case_clock_extended_by BEFORE UPDATE ON case_clock
WHEN NEW.extended_by IS NOT NULL AND OLD.extended_by IS NULL
     AND NOT EXISTS (SELECT 1 FROM official o, cases c, place u WHERE o.id = NEW.extended_by AND c.id = OLD.case_id AND u.id = c.unit_id
      AND o.active AND o.role IN ('discipline_leader', 'superior') AND (u.path = o.place_path OR u.path LIKE o.place_path || '/%')
      AND c.handler_id IS NOT o.id
      AND NOT EXISTS (SELECT 1 FROM recusal r WHERE r.case_id = c.id AND r.official_id = o.id))
BEGIN SELECT RAISE(ABORT, 'qf:clock_extension'); END
--;
CREATE TRIGGER clock_pause_birth BEFORE INSERT ON clock_pause
WHEN NOT EXISTS (SELECT 1 FROM case_clock k WHERE k.id = NEW.clock_id AND k.stopped_on IS NULL
                 AND k.kind IN ('assigned', 'review') AND NOT EXISTS (
                   SELECT 1 FROM recusal r WHERE r.case_id = k.case_id AND r.official_id = NEW.paused_by))
     OR EXISTS (SELECT 1 FROM clock_pause p WHERE p.clock_id = NEW.clock_id
                AND p.from_on < NEW.until_on AND NEW.from_on < p.until_on)
     OR 60 < julianday(NEW.until_on) - julianday(NEW.from_on) + coalesce((
               SELECT sum(julianday(p.until_on) - julianday(p.from_on)) FROM clock_pause p
               WHERE p.clock_id = NEW.clock_id), 0)
BEGIN SELECT RAISE(ABORT, 'qf:clock_pause'); END
--;
CREATE TRIGGER clock_pause_fixed BEFORE UPDATE ON clock_pause
WHEN NEW.id IS NOT OLD.id
     OR NEW.clock_id IS NOT OLD.clock_id
     OR NEW.from_on IS NOT OLD.from_on
     OR NEW.reason_sealed IS NOT OLD.reason_sealed
     OR NEW.paused_by IS NOT OLD.paused_by
     OR NEW.paused_at IS NOT OLD.paused_at
     OR NEW.until_on > OLD.until_on
BEGIN SELECT RAISE(ABORT, 'qf:clock_fixed'); END
--;
CREATE TRIGGER deadline_notice_once BEFORE UPDATE ON deadline_notice
WHEN NEW.id IS NOT OLD.id
     OR NEW.clock_id IS NOT OLD.clock_id
     OR NEW.due_on IS NOT OLD.due_on
     OR NEW.stage IS NOT OLD.stage
     OR NEW.official_id IS NOT OLD.official_id
     OR NEW.due_at IS NOT OLD.due_at
     OR OLD.queued_at IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'qf:append_only'); END
--;
CREATE TRIGGER case_link_undone_once BEFORE UPDATE ON case_link
WHEN NEW.id IS NOT OLD.id
     OR NEW.one_id IS NOT OLD.one_id
     OR NEW.other_id IS NOT OLD.other_id
     OR NEW.kind IS NOT OLD.kind
     OR NEW.made_by IS NOT OLD.made_by
     OR NEW.made_at IS NOT OLD.made_at
     OR OLD.undone_at IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'qf:append_only'); END
--;
CREATE TRIGGER case_merge_undone_once BEFORE UPDATE ON case_merge
WHEN NEW.id IS NOT OLD.id
     OR NEW.case_id IS NOT OLD.case_id
     OR NEW.into_id IS NOT OLD.into_id
     OR NEW.reason_sealed IS NOT OLD.reason_sealed
     OR NEW.merged_by IS NOT OLD.merged_by
     OR NEW.merged_at IS NOT OLD.merged_at
     OR OLD.undone_at IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'qf:append_only'); END
--;
CREATE TRIGGER escalation_answered_once BEFORE UPDATE ON escalation
WHEN NEW.id IS NOT OLD.id
     OR NEW.case_id IS NOT OLD.case_id
     OR NEW.unit_id IS NOT OLD.unit_id
     OR NEW.clock_kind IS NOT OLD.clock_kind
     OR NEW.due_on IS NOT OLD.due_on
     OR NEW.asked_at IS NOT OLD.asked_at
     OR OLD.answered_at IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'qf:append_only'); END
--;
CREATE TRIGGER stored_file_fixed BEFORE UPDATE ON stored_file
WHEN NEW.id IS NOT OLD.id
     OR NEW.sha256 IS NOT OLD.sha256
     OR NEW.size IS NOT OLD.size
     OR NEW.received_at IS NOT OLD.received_at
     OR (OLD.case_id IS NOT NULL AND NEW.case_id IS NOT OLD.case_id)
BEGIN SELECT RAISE(ABORT, 'qf:append_only'); END
--;
CREATE TRIGGER stored_file_kept BEFORE DELETE ON stored_file
WHEN OLD.case_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM erasable_case e WHERE e.id = OLD.case_id)
BEGIN SELECT RAISE(ABORT, 'qf:append_only'); END
--;
CREATE TRIGGER case_message_no_note BEFORE INSERT ON case_message
WHEN EXISTS (SELECT 1 FROM case_note n WHERE n.case_id = NEW.case_id AND n.body_sealed = NEW.body_sealed)
BEGIN SELECT RAISE(ABORT, 'qf:note_or_message'); END
--;
CREATE TRIGGER case_note_no_message BEFORE INSERT ON case_note
WHEN EXISTS (SELECT 1 FROM case_message m WHERE m.case_id = NEW.case_id AND m.body_sealed = NEW.body_sealed)
BEGIN SELECT RAISE(ABORT, 'qf:note_or_message'); END
--;
-- A question stays what was asked; it may be emptied, because its asker reports the same without a name.
CREATE TRIGGER inquiry_fixed BEFORE UPDATE ON inquiry
WHEN NEW.id IS NOT OLD.id OR NEW.person_id IS NOT OLD.person_id
  OR (NEW.question_sealed IS NOT OLD.question_sealed AND length(NEW.question_sealed) > 0)
  OR NEW.asked_at IS NOT OLD.asked_at
  OR (OLD.state = 'waiting' AND NEW.state = 'answered')
  OR (OLD.state = 'replied' AND (NEW.state IS NOT OLD.state OR NEW.reply_sealed IS NOT OLD.reply_sealed
      OR NEW.replied_by IS NOT OLD.replied_by OR NEW.replied_at IS NOT OLD.replied_at))
BEGIN SELECT RAISE(ABORT, 'qf:reply_fixed'); END
--;
-- What follows by itself.
CREATE TRIGGER case_flag_marks AFTER INSERT ON case_flag
BEGIN UPDATE cases SET flagged = 1 WHERE id = NEW.case_id AND NOT flagged; END
--;
CREATE TRIGGER flag_removal_marks AFTER UPDATE ON flag_removal
WHEN NEW.decision IS NOT OLD.decision OR NEW.undone_at IS NOT OLD.undone_at
BEGIN
  UPDATE cases SET flagged = EXISTS (SELECT 1 FROM active_flag f WHERE f.case_id = NEW.case_id) WHERE id = NEW.case_id;
END
--;
CREATE TRIGGER cases_unit_moved AFTER UPDATE ON cases
WHEN NEW.unit_id IS NOT OLD.unit_id
BEGIN
  UPDATE transfer SET moved_at = answered_at WHERE case_id = NEW.id AND state = 'accepted' AND moved_at IS NULL;
END
--;
CREATE TRIGGER recusal_unassigns AFTER INSERT ON recusal
BEGIN
  UPDATE cases SET handler_id = NULL, version = version + 1
  WHERE id = NEW.case_id AND handler_id = NEW.official_id;
END
--;
CREATE TRIGGER investigation_names_first AFTER INSERT ON investigation
BEGIN
  INSERT INTO investigator (investigation_id, official_id) SELECT NEW.id, NEW.investigator_id WHERE NOT EXISTS (
    SELECT 1 FROM investigator v WHERE v.investigation_id = NEW.id AND v.official_id = NEW.investigator_id);
END
--;
CREATE TRIGGER investigation_names_next AFTER UPDATE ON investigation
BEGIN
  INSERT INTO investigator (investigation_id, official_id) SELECT NEW.id, NEW.investigator_id WHERE NOT EXISTS (
    SELECT 1 FROM investigator v WHERE v.investigation_id = NEW.id AND v.official_id = NEW.investigator_id);
END
--;
-- Written once.
CREATE TRIGGER case_flag_no_update BEFORE UPDATE ON case_flag
BEGIN SELECT RAISE(ABORT, 'qf:flag_removal'); END
--;
CREATE TRIGGER case_note_no_update BEFORE UPDATE ON case_note
BEGIN SELECT RAISE(ABORT, 'qf:append_only'); END
--;
CREATE TRIGGER case_message_no_update BEFORE UPDATE ON case_message
BEGIN SELECT RAISE(ABORT, 'qf:append_only'); END
--;
CREATE TRIGGER case_matter_no_update BEFORE UPDATE ON case_matter
BEGIN SELECT RAISE(ABORT, 'qf:append_only'); END
--;
CREATE TRIGGER contact_attempt_no_update BEFORE UPDATE ON contact_attempt
BEGIN SELECT RAISE(ABORT, 'qf:append_only'); END
--;
CREATE TRIGGER case_declaration_no_update BEFORE UPDATE ON case_declaration
BEGIN SELECT RAISE(ABORT, 'qf:append_only'); END
--;
CREATE TRIGGER recusal_no_update BEFORE UPDATE ON recusal
BEGIN SELECT RAISE(ABORT, 'qf:append_only'); END
--;
CREATE TRIGGER identity_no_update BEFORE UPDATE ON identity
BEGIN SELECT RAISE(ABORT, 'qf:append_only'); END
--;
CREATE TRIGGER investigation_evidence_no_update BEFORE UPDATE ON investigation_evidence
BEGIN SELECT RAISE(ABORT, 'qf:append_only'); END
--;
CREATE TRIGGER investigation_step_no_update BEFORE UPDATE ON investigation_step
BEGIN SELECT RAISE(ABORT, 'qf:append_only'); END
--;
CREATE TRIGGER investigator_no_update BEFORE UPDATE ON investigator
BEGIN SELECT RAISE(ABORT, 'qf:append_only'); END
--;
CREATE TRIGGER handover_item_no_update BEFORE UPDATE ON handover_item
BEGIN SELECT RAISE(ABORT, 'qf:append_only'); END
--;
CREATE TRIGGER mass_reaction_no_update BEFORE UPDATE ON mass_reaction
BEGIN SELECT RAISE(ABORT, 'qf:append_only'); END
--;
CREATE TRIGGER rule_set_no_update BEFORE UPDATE ON rule_set
BEGIN SELECT RAISE(ABORT, 'qf:append_only'); END
--;
CREATE TRIGGER handover_no_update BEFORE UPDATE ON handover
BEGIN SELECT RAISE(ABORT, 'qf:append_only'); END
--;
CREATE TRIGGER case_flag_no_delete BEFORE DELETE ON case_flag
BEGIN SELECT RAISE(ABORT, 'qf:flag_removal'); END
--;
CREATE TRIGGER flag_removal_no_delete BEFORE DELETE ON flag_removal
BEGIN SELECT RAISE(ABORT, 'qf:flag_removal'); END
--;
CREATE TRIGGER mass_reaction_no_delete BEFORE DELETE ON mass_reaction
BEGIN SELECT RAISE(ABORT, 'qf:append_only'); END
--;
CREATE TRIGGER rule_set_no_delete BEFORE DELETE ON rule_set
BEGIN SELECT RAISE(ABORT, 'qf:append_only'); END
--;
CREATE TRIGGER handover_no_delete BEFORE DELETE ON handover
BEGIN SELECT RAISE(ABORT, 'qf:append_only'); END
--;
-- Gone only together with a case whose time is over.
CREATE TRIGGER case_note_no_delete BEFORE DELETE ON case_note
WHEN NOT EXISTS (SELECT 1 FROM erasable_case e WHERE e.id = OLD.case_id)
BEGIN SELECT RAISE(ABORT, 'qf:append_only'); END
--;
CREATE TRIGGER case_message_no_delete BEFORE DELETE ON case_message
WHEN NOT EXISTS (SELECT 1 FROM erasable_case e WHERE e.id = OLD.case_id)
BEGIN SELECT RAISE(ABORT, 'qf:append_only'); END
--;
CREATE TRIGGER case_matter_no_delete BEFORE DELETE ON case_matter
WHEN NOT EXISTS (SELECT 1 FROM erasable_case e WHERE e.id = OLD.case_id)
BEGIN SELECT RAISE(ABORT, 'qf:append_only'); END
--;
CREATE TRIGGER contact_attempt_no_delete BEFORE DELETE ON contact_attempt
WHEN NOT EXISTS (SELECT 1 FROM erasable_case e WHERE e.id = OLD.case_id)
BEGIN SELECT RAISE(ABORT, 'qf:append_only'); END
--;
CREATE TRIGGER case_declaration_no_delete BEFORE DELETE ON case_declaration
WHEN NOT EXISTS (SELECT 1 FROM erasable_case e WHERE e.id = OLD.case_id)
BEGIN SELECT RAISE(ABORT, 'qf:append_only'); END
--;
CREATE TRIGGER recusal_no_delete BEFORE DELETE ON recusal
WHEN NOT EXISTS (SELECT 1 FROM erasable_case e WHERE e.id = OLD.case_id)
BEGIN SELECT RAISE(ABORT, 'qf:append_only'); END
--;
CREATE TRIGGER identity_no_delete BEFORE DELETE ON identity
WHEN NOT EXISTS (SELECT 1 FROM erasable_case e WHERE e.id = OLD.case_id)
BEGIN SELECT RAISE(ABORT, 'qf:append_only'); END
--;
CREATE TRIGGER investigation_no_delete BEFORE DELETE ON investigation
WHEN NOT EXISTS (SELECT 1 FROM erasable_case e WHERE e.id = OLD.case_id)
BEGIN SELECT RAISE(ABORT, 'qf:append_only'); END
--;
CREATE TRIGGER investigation_evidence_no_delete BEFORE DELETE ON investigation_evidence
WHEN NOT EXISTS (SELECT 1 FROM erasable_case e WHERE e.id = (SELECT i.case_id FROM investigation i WHERE i.id = OLD.investigation_id))
BEGIN SELECT RAISE(ABORT, 'qf:append_only'); END
--;
CREATE TRIGGER investigation_step_no_delete BEFORE DELETE ON investigation_step
WHEN NOT EXISTS (SELECT 1 FROM erasable_case e WHERE e.id = (SELECT i.case_id FROM investigation i WHERE i.id = OLD.investigation_id))
BEGIN SELECT RAISE(ABORT, 'qf:append_only'); END
--;
CREATE TRIGGER investigator_no_delete BEFORE DELETE ON investigator
WHEN NOT EXISTS (SELECT 1 FROM erasable_case e WHERE e.id = (SELECT i.case_id FROM investigation i WHERE i.id = OLD.investigation_id))
BEGIN SELECT RAISE(ABORT, 'qf:append_only'); END
--;
CREATE TRIGGER disposal_no_delete BEFORE DELETE ON disposal
WHEN NOT EXISTS (SELECT 1 FROM erasable_case e WHERE e.id = OLD.case_id)
BEGIN SELECT RAISE(ABORT, 'qf:append_only'); END
--;
CREATE TRIGGER measure_no_delete BEFORE DELETE ON measure
WHEN NOT EXISTS (SELECT 1 FROM erasable_case e WHERE e.id = OLD.case_id)
BEGIN SELECT RAISE(ABORT, 'qf:append_only'); END
--;
CREATE TRIGGER transfer_no_delete BEFORE DELETE ON transfer
WHEN NOT EXISTS (SELECT 1 FROM erasable_case e WHERE e.id = OLD.case_id)
BEGIN SELECT RAISE(ABORT, 'qf:append_only'); END
--;
CREATE TRIGGER escalation_no_delete BEFORE DELETE ON escalation
WHEN NOT EXISTS (SELECT 1 FROM erasable_case e WHERE e.id = OLD.case_id)
BEGIN SELECT RAISE(ABORT, 'qf:append_only'); END
--;
CREATE TRIGGER case_link_no_delete BEFORE DELETE ON case_link
WHEN NOT EXISTS (SELECT 1 FROM erasable_case e WHERE e.id IN (OLD.one_id, OLD.other_id))
BEGIN SELECT RAISE(ABORT, 'qf:append_only'); END
--;
CREATE TRIGGER case_merge_no_delete BEFORE DELETE ON case_merge
WHEN NOT EXISTS (SELECT 1 FROM erasable_case e WHERE e.id IN (OLD.case_id, OLD.into_id))
BEGIN SELECT RAISE(ABORT, 'qf:append_only'); END
--;
CREATE TRIGGER case_clock_no_delete BEFORE DELETE ON case_clock
WHEN NOT EXISTS (SELECT 1 FROM erasable_case e WHERE e.id = OLD.case_id)
BEGIN SELECT RAISE(ABORT, 'qf:append_only'); END
--;
CREATE TRIGGER clock_pause_no_delete BEFORE DELETE ON clock_pause
WHEN NOT EXISTS (SELECT 1 FROM erasable_case e WHERE e.id = (SELECT k.case_id FROM case_clock k WHERE k.id = OLD.clock_id))
BEGIN SELECT RAISE(ABORT, 'qf:append_only'); END
--;
CREATE TRIGGER deadline_notice_no_delete BEFORE DELETE ON deadline_notice
WHEN NOT EXISTS (SELECT 1 FROM erasable_case e WHERE e.id = (SELECT k.case_id FROM case_clock k WHERE k.id = OLD.clock_id))
BEGIN SELECT RAISE(ABORT, 'qf:append_only'); END
--;
CREATE TRIGGER handover_item_no_delete BEFORE DELETE ON handover_item
WHEN NOT EXISTS (SELECT 1 FROM erasable_case e WHERE e.id = OLD.case_id)
BEGIN SELECT RAISE(ABORT, 'qf:append_only'); END
