-- Custody of names on SQLite: the twin of 0004_postgresql.sql. Statements end with a line of "--;".
-- The tables of names are new in this revision; their guards of 0001 and 0003 went with the old ones.

-- A name's parts are never changed; it may be split anew, every time for the whole of its keepers.
CREATE TRIGGER identity_no_update BEFORE UPDATE ON identity
WHEN NEW.case_id IS NOT OLD.case_id OR NEW.public_key IS NOT OLD.public_key OR NEW.name_sealed IS NOT OLD.name_sealed
     OR NEW.contact_sealed IS NOT OLD.contact_sealed OR NEW.address_sealed IS NOT OLD.address_sealed
     OR NEW.generation <> OLD.generation + 1
BEGIN SELECT RAISE(ABORT, 'qf:append_only'); END
--;
CREATE TRIGGER identity_no_delete BEFORE DELETE ON identity
WHEN NOT EXISTS (SELECT 1 FROM erasable_case e WHERE e.id = OLD.case_id)
BEGIN SELECT RAISE(ABORT, 'qf:append_only'); END
--;
CREATE TRIGGER identity_share_born BEFORE INSERT ON identity_share
WHEN NOT EXISTS (SELECT 1 FROM identity n WHERE n.case_id = NEW.case_id AND n.generation = NEW.generation
                 AND n.shares > (SELECT count(*) FROM identity_share s
                                 WHERE s.case_id = NEW.case_id AND s.generation = NEW.generation))
     OR NOT EXISTS (SELECT 1 FROM official o WHERE o.id = NEW.custodian_id AND o.active AND o.role = 'custodian')
     OR EXISTS (SELECT 1 FROM recusal r WHERE r.case_id = NEW.case_id AND r.official_id = NEW.custodian_id)
BEGIN SELECT RAISE(ABORT, 'qf:share_unfit'); END
--;
CREATE TRIGGER identity_share_fixed BEFORE UPDATE ON identity_share
WHEN NEW.case_id IS NOT OLD.case_id OR NEW.generation IS NOT OLD.generation
     OR NEW.custodian_id IS NOT OLD.custodian_id OR NEW.position IS NOT OLD.position
BEGIN SELECT RAISE(ABORT, 'qf:append_only'); END
--;
-- A share goes only when the whole of a newer split is there, or with its case.
CREATE TRIGGER identity_share_no_delete BEFORE DELETE ON identity_share
WHEN NOT EXISTS (SELECT 1 FROM erasable_case e WHERE e.id = OLD.case_id)
     AND NOT EXISTS (SELECT 1 FROM identity n WHERE n.case_id = OLD.case_id AND n.generation > OLD.generation
                     AND n.shares = (SELECT count(*) FROM identity_share s
                                     WHERE s.case_id = OLD.case_id AND s.generation = n.generation))
BEGIN SELECT RAISE(ABORT, 'qf:share_kept'); END
--;
CREATE TRIGGER identity_whole_no_update BEFORE UPDATE ON identity_whole
BEGIN SELECT RAISE(ABORT, 'qf:append_only'); END
--;
CREATE TRIGGER identity_whole_no_delete BEFORE DELETE ON identity_whole
WHEN NOT EXISTS (SELECT 1 FROM erasable_case e WHERE e.id = OLD.case_id)
     AND NOT EXISTS (SELECT 1 FROM identity n WHERE n.case_id = OLD.case_id
                     AND n.shares = (SELECT count(*) FROM identity_share s
                                     WHERE s.case_id = OLD.case_id AND s.generation = n.generation))
BEGIN SELECT RAISE(ABORT, 'qf:share_kept'); END
--;
CREATE TRIGGER share_contribution_born BEFORE INSERT ON share_contribution
WHEN NOT EXISTS (SELECT 1 FROM identity_share s JOIN identity n ON n.case_id = s.case_id AND n.generation = s.generation
                 WHERE s.case_id = NEW.case_id AND s.custodian_id = NEW.from_id AND s.generation = NEW.generation)
     OR NOT EXISTS (SELECT 1 FROM official o WHERE o.id = NEW.to_id AND o.active AND o.role = 'custodian')
     OR EXISTS (SELECT 1 FROM recusal r WHERE r.case_id = NEW.case_id AND r.official_id IN (NEW.from_id, NEW.to_id))
BEGIN SELECT RAISE(ABORT, 'qf:share_unfit'); END
--;
CREATE TRIGGER share_contribution_no_update BEFORE UPDATE ON share_contribution
BEGIN SELECT RAISE(ABORT, 'qf:append_only'); END
--;
CREATE TRIGGER official_key_no_delete BEFORE DELETE ON official_key
BEGIN SELECT RAISE(ABORT, 'qf:append_only'); END
--;
CREATE TRIGGER identity_release_born BEFORE INSERT ON identity_release
WHEN NEW.decision IS NOT NULL
     OR NOT EXISTS (SELECT 1 FROM official o, cases c, place u WHERE o.id = NEW.asker_id AND c.id = NEW.case_id AND u.id = c.unit_id
                    AND o.active AND o.role IN ('discipline_official', 'discipline_leader', 'superior', 'custodian')
                    AND (u.path = o.place_path OR u.path LIKE o.place_path || '/%'))
     OR EXISTS (SELECT 1 FROM recusal r WHERE r.case_id = NEW.case_id AND r.official_id = NEW.asker_id)
BEGIN SELECT RAISE(ABORT, 'qf:release_unfit'); END
--;
CREATE TRIGGER identity_release_fixed BEFORE UPDATE ON identity_release
WHEN OLD.decision IS NOT NULL OR NEW.id IS NOT OLD.id OR NEW.case_id IS NOT OLD.case_id
     OR NEW.asker_id IS NOT OLD.asker_id OR NEW.purpose IS NOT OLD.purpose OR NEW.words_sealed IS NOT OLD.words_sealed
     OR NEW.asked_at IS NOT OLD.asked_at
BEGIN SELECT RAISE(ABORT, 'qf:release_decided'); END
--;
CREATE TRIGGER identity_release_refused BEFORE UPDATE ON identity_release
WHEN OLD.decision IS NULL AND NEW.decision = 'refused' AND NOT EXISTS (
       SELECT 1 FROM release_vote v WHERE v.release_id = OLD.id AND v.vote = 'refused')
BEGIN SELECT RAISE(ABORT, 'qf:release_votes'); END
--;
-- As many custodians as the name needs; whoever keeps a share of it and asks counts as one of them, never as all.
CREATE TRIGGER identity_release_granted BEFORE UPDATE ON identity_release
WHEN OLD.decision IS NULL AND NEW.decision = 'granted' AND NOT EXISTS (
       SELECT 1 FROM identity n WHERE n.case_id = OLD.case_id
         AND (SELECT count(*) FROM release_vote v WHERE v.release_id = OLD.id AND v.vote = 'granted'
              AND v.share_sealed IS NOT NULL
              AND NOT EXISTS (SELECT 1 FROM recusal r WHERE r.case_id = OLD.case_id AND r.official_id = v.custodian_id))
             >= max(1, n.needed - (SELECT count(*) FROM identity_share s WHERE s.case_id = n.case_id
                                   AND s.generation = n.generation AND s.custodian_id = OLD.asker_id)))
BEGIN SELECT RAISE(ABORT, 'qf:release_votes'); END
--;
CREATE TRIGGER identity_release_for_a_time BEFORE UPDATE ON identity_release
WHEN OLD.decision IS NULL AND NEW.decision = 'granted' AND (julianday(NEW.expires_at) - julianday(NEW.decided_at) > 3.00001
                                   OR NEW.expires_at <= NEW.decided_at
                                   OR EXISTS (SELECT 1 FROM recusal r WHERE r.case_id = OLD.case_id AND r.official_id = OLD.asker_id))
BEGIN SELECT RAISE(ABORT, 'qf:release_too_long'); END
--;
CREATE TRIGGER identity_release_no_delete BEFORE DELETE ON identity_release
WHEN NOT EXISTS (SELECT 1 FROM erasable_case e WHERE e.id = OLD.case_id)
BEGIN SELECT RAISE(ABORT, 'qf:append_only'); END
--;
CREATE TRIGGER release_vote_born BEFORE INSERT ON release_vote
WHEN NOT EXISTS (SELECT 1 FROM identity_release x WHERE x.id = NEW.release_id AND x.decision IS NULL)
BEGIN SELECT RAISE(ABORT, 'qf:release_decided'); END
--;
-- A custodian of the case's place, or one who keeps a share; never the asker, never one who stands back; and nobody
-- grants without a share to give.
CREATE TRIGGER release_vote_by_custodian BEFORE INSERT ON release_vote
WHEN NOT EXISTS (
       SELECT 1 FROM identity_release x, cases c, place u, official o
       WHERE x.id = NEW.release_id AND c.id = x.case_id AND u.id = c.unit_id AND o.id = NEW.custodian_id
         AND o.id <> x.asker_id AND o.active AND o.role = 'custodian'
         AND NOT EXISTS (SELECT 1 FROM recusal r WHERE r.case_id = x.case_id AND r.official_id = o.id)
         AND (EXISTS (SELECT 1 FROM identity_share s JOIN identity n ON n.case_id = s.case_id AND n.generation = s.generation
                      WHERE s.case_id = x.case_id AND s.custodian_id = o.id)
              OR (NEW.vote = 'refused' AND (u.path = o.place_path OR u.path LIKE o.place_path || '/%'))))
     OR (NEW.vote = 'granted' AND NEW.share_sealed IS NULL)
BEGIN SELECT RAISE(ABORT, 'qf:release_vote'); END
--;
-- What was given may be forgotten, and nothing else of a vote is ever changed.
CREATE TRIGGER release_vote_fixed BEFORE UPDATE ON release_vote
WHEN NEW.release_id IS NOT OLD.release_id OR NEW.custodian_id IS NOT OLD.custodian_id OR NEW.vote IS NOT OLD.vote
     OR NEW.reason IS NOT OLD.reason OR NEW.reason_sealed IS NOT OLD.reason_sealed OR NEW.voted_at IS NOT OLD.voted_at
     OR NEW.share_sealed IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'qf:release_vote'); END
--;
CREATE TRIGGER release_vote_no_delete BEFORE DELETE ON release_vote
WHEN NOT EXISTS (SELECT 1 FROM erasable_case e
                 WHERE e.id = (SELECT x.case_id FROM identity_release x WHERE x.id = OLD.release_id))
BEGIN SELECT RAISE(ABORT, 'qf:append_only'); END
