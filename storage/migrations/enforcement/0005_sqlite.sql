-- Evidence and receipts on SQLite: the twin of 0005_postgresql.sql. Statements end with a line of "--;".
-- What a stored file is (hash, size, time, case) revision 0003 keeps already.

CREATE TRIGGER stored_file_derived BEFORE UPDATE ON stored_file
WHEN NEW.media_type IS NOT OLD.media_type
     OR (OLD.preview_id IS NOT NULL AND NEW.preview_id IS NOT OLD.preview_id)
     OR (OLD.scan = 'found' AND NEW.scan IS NOT OLD.scan)
BEGIN SELECT RAISE(ABORT, 'qf:append_only'); END
--;
CREATE TRIGGER evidence_announced_fixed BEFORE UPDATE ON evidence_announced
WHEN NEW.id IS NOT OLD.id
     OR NEW.name_sealed IS NOT OLD.name_sealed
     OR NEW.size IS NOT OLD.size
     OR NEW.kind IS NOT OLD.kind
     OR NEW.announced_at IS NOT OLD.announced_at
     OR (OLD.case_id IS NOT NULL AND NEW.case_id IS NOT OLD.case_id)
     OR (OLD.file_id IS NOT NULL AND NEW.file_id IS NOT OLD.file_id)
BEGIN SELECT RAISE(ABORT, 'qf:append_only'); END
--;
CREATE TRIGGER evidence_announced_kept BEFORE DELETE ON evidence_announced
WHEN OLD.case_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM erasable_case e WHERE e.id = OLD.case_id)
BEGIN SELECT RAISE(ABORT, 'qf:append_only'); END
--;
CREATE TRIGGER upload_link_once BEFORE UPDATE ON upload_link
WHEN OLD.used_at IS NOT NULL
     OR NEW.token_hash IS NOT OLD.token_hash
     OR NEW.announced_id IS NOT OLD.announced_id
     OR NEW.expires_at IS NOT OLD.expires_at
BEGIN SELECT RAISE(ABORT, 'qf:append_only'); END
--;
CREATE TRIGGER upload_link_kept BEFORE DELETE ON upload_link
WHEN OLD.used_at IS NOT NULL AND EXISTS (
       SELECT 1 FROM evidence_announced a WHERE a.id = OLD.announced_id AND a.case_id IS NOT NULL
         AND NOT EXISTS (SELECT 1 FROM erasable_case e WHERE e.id = a.case_id))
BEGIN SELECT RAISE(ABORT, 'qf:append_only'); END
--;
CREATE TRIGGER case_receipt_no_update BEFORE UPDATE ON case_receipt
BEGIN SELECT RAISE(ABORT, 'qf:append_only'); END
--;
CREATE TRIGGER case_receipt_kept BEFORE DELETE ON case_receipt
WHEN NOT EXISTS (SELECT 1 FROM erasable_case e WHERE e.id = OLD.case_id)
BEGIN SELECT RAISE(ABORT, 'qf:append_only'); END
--;
CREATE TRIGGER signing_key_no_update BEFORE UPDATE ON signing_key
BEGIN SELECT RAISE(ABORT, 'qf:append_only'); END
--;
CREATE TRIGGER signing_key_no_delete BEFORE DELETE ON signing_key
BEGIN SELECT RAISE(ABORT, 'qf:append_only'); END
