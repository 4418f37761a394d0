-- What SQLite refuses about the learning loop; the rules of 0001_sqlite.sql go on beside these.

-- A question stays what was asked, and a reply what was said; a state only goes forward.
CREATE TRIGGER inquiry_fixed BEFORE UPDATE ON inquiry
WHEN NEW.id IS NOT OLD.id OR NEW.person_id IS NOT OLD.person_id OR NEW.question_sealed IS NOT OLD.question_sealed
  OR NEW.asked_at IS NOT OLD.asked_at
  OR (OLD.state = 'waiting' AND NEW.state = 'answered')
  OR (OLD.state = 'replied' AND (NEW.state IS NOT OLD.state OR NEW.reply_sealed IS NOT OLD.reply_sealed
      OR NEW.replied_by IS NOT OLD.replied_by OR NEW.replied_at IS NOT OLD.replied_at))
BEGIN SELECT RAISE(ABORT, 'qf:reply_fixed'); END;
CREATE TRIGGER inquiry_delete BEFORE DELETE ON inquiry BEGIN SELECT RAISE(ABORT, 'qf:append_only'); END;

CREATE TRIGGER escalation_birth BEFORE INSERT ON inquiry_escalation
WHEN NEW.overdue_told_at IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'qf:escalation_fixed'); END;
CREATE TRIGGER escalation_fixed BEFORE UPDATE ON inquiry_escalation
WHEN OLD.overdue_told_at IS NOT NULL OR NEW.inquiry_id IS NOT OLD.inquiry_id OR NEW.to_path IS NOT OLD.to_path
  OR NEW.asked_by IS NOT OLD.asked_by OR NEW.asked_at IS NOT OLD.asked_at OR NEW.due_on IS NOT OLD.due_on
  OR NEW.note_sealed IS NOT OLD.note_sealed
BEGIN SELECT RAISE(ABORT, 'qf:escalation_fixed'); END;
CREATE TRIGGER escalation_delete BEFORE DELETE ON inquiry_escalation
BEGIN SELECT RAISE(ABORT, 'qf:append_only'); END;

-- Entries written at the desk.
CREATE TRIGGER entry_version_update BEFORE UPDATE ON entry_version
BEGIN SELECT RAISE(ABORT, 'qf:append_only'); END;
CREATE TRIGGER entry_version_delete BEFORE DELETE ON entry_version
BEGIN SELECT RAISE(ABORT, 'qf:append_only'); END;
CREATE TRIGGER entry_version_of_one_place BEFORE INSERT ON entry_version
WHEN EXISTS (SELECT 1 FROM entry_version v WHERE v.entry_id = NEW.entry_id AND v.place_path <> NEW.place_path)
  OR NEW.number <> 1 + (SELECT coalesce(max(v.number), 0) FROM entry_version v WHERE v.entry_id = NEW.entry_id)
BEGIN SELECT RAISE(ABORT, 'qf:entry_version'); END;

CREATE TRIGGER entry_review_update BEFORE UPDATE ON entry_review
BEGIN SELECT RAISE(ABORT, 'qf:append_only'); END;
CREATE TRIGGER entry_review_delete BEFORE DELETE ON entry_review
BEGIN SELECT RAISE(ABORT, 'qf:append_only'); END;
CREATE TRIGGER entry_review_once BEFORE INSERT ON entry_review
WHEN EXISTS (SELECT 1 FROM entry_review r WHERE r.version_id = NEW.version_id)
BEGIN SELECT RAISE(ABORT, 'qf:entry_reviewed'); END;
CREATE TRIGGER entry_review_by_another BEFORE INSERT ON entry_review
WHEN EXISTS (SELECT 1 FROM entry_version v WHERE v.id = NEW.version_id AND v.author_id = NEW.reviewer_id)
  OR NOT EXISTS (SELECT 1 FROM official o WHERE o.id = NEW.reviewer_id AND o.active
                 AND o.role IN ('township_staff', 'discipline_official', 'discipline_leader'))
BEGIN SELECT RAISE(ABORT, 'qf:entry_reviewer'); END;

CREATE TRIGGER entry_publication_update BEFORE UPDATE ON entry_publication
BEGIN SELECT RAISE(ABORT, 'qf:append_only'); END;
CREATE TRIGGER entry_publication_delete BEFORE DELETE ON entry_publication
BEGIN SELECT RAISE(ABORT, 'qf:append_only'); END;
CREATE TRIGGER entry_publication_reviewed BEFORE INSERT ON entry_publication
WHEN NEW.version_id IS NOT NULL AND NOT EXISTS (
  SELECT 1 FROM entry_version v JOIN entry_review r ON r.version_id = v.id
  WHERE v.id = NEW.version_id AND v.entry_id = NEW.entry_id AND r.verdict = 'approved'
    AND r.reviewer_id <> v.author_id)
BEGIN SELECT RAISE(ABORT, 'qf:entry_not_reviewed'); END;
CREATE TRIGGER entry_publication_follows BEFORE INSERT ON entry_publication
WHEN NEW.version_id IS NULL AND NOT EXISTS (
  SELECT 1 FROM entry_publication p WHERE p.entry_id = NEW.entry_id AND p.version_id IS NOT NULL
    AND p.id = (SELECT max(q.id) FROM entry_publication q WHERE q.entry_id = NEW.entry_id))
BEGIN SELECT RAISE(ABORT, 'qf:entry_publication'); END;
-- AFTER, because SQLite does not know a number it gives by itself any earlier.
CREATE TRIGGER entry_publication_newest AFTER INSERT ON entry_publication
WHEN NEW.id < (SELECT max(p.id) FROM entry_publication p)
BEGIN SELECT RAISE(ABORT, 'qf:entry_publication'); END;
CREATE TRIGGER entry_publication_by_staff BEFORE INSERT ON entry_publication
WHEN NOT EXISTS (SELECT 1 FROM official o WHERE o.id = NEW.official_id AND o.active
                 AND o.role IN ('township_staff', 'discipline_official', 'discipline_leader'))
BEGIN SELECT RAISE(ABORT, 'qf:entry_publisher'); END;

-- Imported law texts.
CREATE TRIGGER law_import_update BEFORE UPDATE ON law_import BEGIN SELECT RAISE(ABORT, 'qf:append_only'); END;
CREATE TRIGGER law_import_delete BEFORE DELETE ON law_import BEGIN SELECT RAISE(ABORT, 'qf:append_only'); END;
CREATE TRIGGER law_article_update BEFORE UPDATE ON law_article BEGIN SELECT RAISE(ABORT, 'qf:append_only'); END;
CREATE TRIGGER law_article_delete BEFORE DELETE ON law_article BEGIN SELECT RAISE(ABORT, 'qf:append_only'); END;
CREATE TRIGGER law_article_within_import BEFORE INSERT ON law_article
WHEN (SELECT count(*) FROM law_article a WHERE a.import_id = NEW.import_id)
  >= (SELECT i.articles FROM law_import i WHERE i.id = NEW.import_id)
BEGIN SELECT RAISE(ABORT, 'qf:law_import_complete'); END;
