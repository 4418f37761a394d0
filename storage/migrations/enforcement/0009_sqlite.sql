-- Consent to keeping a name on SQLite: the twin of 0009_postgresql.sql. Statements end with a line of "--;".

-- A report written in the chat brings a name only with consent on file; what is filed at the desk has no draft.
CREATE TRIGGER cases_consent BEFORE INSERT ON cases
WHEN NEW.filed_via = 'chat' AND NEW.name_state <> 'none' AND NEW.draft_id IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM consent k WHERE k.draft_id = NEW.draft_id)
BEGIN SELECT RAISE(ABORT, 'qf:consent_missing'); END
--;
CREATE TRIGGER consent_fixed BEFORE UPDATE ON consent
BEGIN SELECT RAISE(ABORT, 'qf:consent_fixed'); END
--;
-- It goes with the draft or with a change of mind before the report is filed, never while a case stands on it.
CREATE TRIGGER consent_kept BEFORE DELETE ON consent
WHEN EXISTS (SELECT 1 FROM cases c WHERE c.draft_id = OLD.draft_id)
BEGIN SELECT RAISE(ABORT, 'qf:consent_fixed'); END
