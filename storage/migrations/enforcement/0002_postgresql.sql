-- What PostgreSQL refuses about the learning loop: the twin of 0002_sqlite.sql.
-- Statements are separated by a line that holds only "--;".

CREATE FUNCTION qf_inquiry_rules() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.id IS DISTINCT FROM OLD.id OR NEW.person_id IS DISTINCT FROM OLD.person_id
     OR NEW.question_sealed IS DISTINCT FROM OLD.question_sealed OR NEW.asked_at IS DISTINCT FROM OLD.asked_at
     OR (OLD.state = 'waiting' AND NEW.state = 'answered')
     OR (OLD.state = 'replied' AND (NEW.state IS DISTINCT FROM OLD.state
         OR NEW.reply_sealed IS DISTINCT FROM OLD.reply_sealed OR NEW.replied_by IS DISTINCT FROM OLD.replied_by
         OR NEW.replied_at IS DISTINCT FROM OLD.replied_at)) THEN
    RAISE EXCEPTION 'qf:reply_fixed' USING ERRCODE = 'QF001';
  END IF;
  RETURN NEW;
END $$
--;
CREATE FUNCTION qf_escalation_rules() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    IF NEW.overdue_told_at IS NOT NULL THEN
      RAISE EXCEPTION 'qf:escalation_fixed' USING ERRCODE = 'QF001';
    END IF;
  ELSIF OLD.overdue_told_at IS NOT NULL OR NEW.inquiry_id IS DISTINCT FROM OLD.inquiry_id
     OR NEW.to_path IS DISTINCT FROM OLD.to_path OR NEW.asked_by IS DISTINCT FROM OLD.asked_by
     OR NEW.asked_at IS DISTINCT FROM OLD.asked_at OR NEW.due_on IS DISTINCT FROM OLD.due_on
     OR NEW.note_sealed IS DISTINCT FROM OLD.note_sealed THEN
    RAISE EXCEPTION 'qf:escalation_fixed' USING ERRCODE = 'QF001';
  END IF;
  RETURN NEW;
END $$
--;
CREATE FUNCTION qf_entry_version_rules() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM entry_version v WHERE v.entry_id = NEW.entry_id AND v.place_path <> NEW.place_path)
     OR NEW.number <> 1 + (SELECT coalesce(max(v.number), 0) FROM entry_version v WHERE v.entry_id = NEW.entry_id) THEN
    RAISE EXCEPTION 'qf:entry_version' USING ERRCODE = 'QF001';
  END IF;
  RETURN NEW;
END $$
--;
CREATE FUNCTION qf_entry_review_rules() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM entry_review r WHERE r.version_id = NEW.version_id) THEN
    RAISE EXCEPTION 'qf:entry_reviewed' USING ERRCODE = 'QF001';
  END IF;
  IF EXISTS (SELECT 1 FROM entry_version v WHERE v.id = NEW.version_id AND v.author_id = NEW.reviewer_id)
     OR NOT EXISTS (SELECT 1 FROM official o WHERE o.id = NEW.reviewer_id AND o.active
                    AND o.role IN ('township_staff', 'discipline_official', 'discipline_leader')) THEN
    RAISE EXCEPTION 'qf:entry_reviewer' USING ERRCODE = 'QF001';
  END IF;
  RETURN NEW;
END $$
--;
CREATE FUNCTION qf_entry_publication_rules() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  -- One publication at a time: ids then grow in the order of the commits, and a process that looks for news by the
  -- newest id misses none.
  PERFORM pg_advisory_xact_lock(89289474);
  IF NEW.version_id IS NOT NULL AND NOT EXISTS (
       SELECT 1 FROM entry_version v JOIN entry_review r ON r.version_id = v.id
       WHERE v.id = NEW.version_id AND v.entry_id = NEW.entry_id AND r.verdict = 'approved'
         AND r.reviewer_id <> v.author_id) THEN
    RAISE EXCEPTION 'qf:entry_not_reviewed' USING ERRCODE = 'QF001';
  END IF;
  IF NEW.id <= (SELECT coalesce(max(p.id), 0) FROM entry_publication p)
     OR (NEW.version_id IS NULL AND NOT EXISTS (
       SELECT 1 FROM entry_publication p WHERE p.entry_id = NEW.entry_id AND p.version_id IS NOT NULL
         AND p.id = (SELECT max(q.id) FROM entry_publication q WHERE q.entry_id = NEW.entry_id))) THEN
    RAISE EXCEPTION 'qf:entry_publication' USING ERRCODE = 'QF001';
  END IF;
  IF NOT EXISTS (SELECT 1 FROM official o WHERE o.id = NEW.official_id AND o.active
                 AND o.role IN ('township_staff', 'discipline_official', 'discipline_leader')) THEN
    RAISE EXCEPTION 'qf:entry_publisher' USING ERRCODE = 'QF001';
  END IF;
  RETURN NEW;
END $$
--;
CREATE FUNCTION qf_law_article_rules() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM 1 FROM law_import i WHERE i.id = NEW.import_id FOR NO KEY UPDATE;
  IF (SELECT count(*) FROM law_article a WHERE a.import_id = NEW.import_id)
     >= (SELECT i.articles FROM law_import i WHERE i.id = NEW.import_id) THEN
    RAISE EXCEPTION 'qf:law_import_complete' USING ERRCODE = 'QF001';
  END IF;
  RETURN NEW;
END $$
--;
CREATE TRIGGER inquiry_fixed BEFORE UPDATE ON inquiry FOR EACH ROW EXECUTE FUNCTION qf_inquiry_rules()
--;
CREATE TRIGGER inquiry_delete BEFORE DELETE ON inquiry FOR EACH ROW EXECUTE FUNCTION qf_refuse('append_only')
--;
CREATE TRIGGER escalation_fixed BEFORE INSERT OR UPDATE ON inquiry_escalation
  FOR EACH ROW EXECUTE FUNCTION qf_escalation_rules()
--;
CREATE TRIGGER escalation_delete BEFORE DELETE ON inquiry_escalation
  FOR EACH ROW EXECUTE FUNCTION qf_refuse('append_only')
--;
CREATE TRIGGER entry_version_insert BEFORE INSERT ON entry_version
  FOR EACH ROW EXECUTE FUNCTION qf_entry_version_rules()
--;
CREATE TRIGGER entry_version_change BEFORE UPDATE OR DELETE ON entry_version
  FOR EACH ROW EXECUTE FUNCTION qf_refuse('append_only')
--;
CREATE TRIGGER entry_version_truncate BEFORE TRUNCATE ON entry_version
  FOR EACH STATEMENT EXECUTE FUNCTION qf_refuse('append_only')
--;
CREATE TRIGGER entry_review_insert BEFORE INSERT ON entry_review
  FOR EACH ROW EXECUTE FUNCTION qf_entry_review_rules()
--;
CREATE TRIGGER entry_review_change BEFORE UPDATE OR DELETE ON entry_review
  FOR EACH ROW EXECUTE FUNCTION qf_refuse('append_only')
--;
CREATE TRIGGER entry_review_truncate BEFORE TRUNCATE ON entry_review
  FOR EACH STATEMENT EXECUTE FUNCTION qf_refuse('append_only')
--;
CREATE TRIGGER entry_publication_insert BEFORE INSERT ON entry_publication
  FOR EACH ROW EXECUTE FUNCTION qf_entry_publication_rules()
--;
CREATE TRIGGER entry_publication_change BEFORE UPDATE OR DELETE ON entry_publication
  FOR EACH ROW EXECUTE FUNCTION qf_refuse('append_only')
--;
CREATE TRIGGER entry_publication_truncate BEFORE TRUNCATE ON entry_publication
  FOR EACH STATEMENT EXECUTE FUNCTION qf_refuse('append_only')
--;
CREATE TRIGGER law_import_change BEFORE UPDATE OR DELETE ON law_import
  FOR EACH ROW EXECUTE FUNCTION qf_refuse('append_only')
--;
CREATE TRIGGER law_article_insert BEFORE INSERT ON law_article
  FOR EACH ROW EXECUTE FUNCTION qf_law_article_rules()
--;
CREATE TRIGGER law_article_change BEFORE UPDATE OR DELETE ON law_article
  FOR EACH ROW EXECUTE FUNCTION qf_refuse('append_only')
