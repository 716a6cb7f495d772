-- What a device signed never changes. It moves only away from a recording whose upload ended unfinished, and only to
-- another one of the same device.
CREATE OR REPLACE FUNCTION strongroom_manifest_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' OR to_jsonb(NEW) - 'recording_id' <> to_jsonb(OLD) - 'recording_id' THEN
    RAISE EXCEPTION 'a manifest stays as it came' USING ERRCODE = 'restrict_violation';
  END IF;
  IF NEW.recording_id <> OLD.recording_id AND NOT (
    EXISTS (SELECT 1 FROM "upload" u WHERE u.recording_id = OLD.recording_id AND u.state = 'terminated')
    AND EXISTS (SELECT 1 FROM "recording" r WHERE r.id = NEW.recording_id AND r.device_id = OLD.device_id)) THEN
    RAISE EXCEPTION 'a manifest stays with its recording until its upload ends unfinished'
      USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;

-- Row triggers do not see TRUNCATE.
CREATE TRIGGER "manifest_no_truncate" BEFORE TRUNCATE ON "manifest"
  FOR EACH STATEMENT EXECUTE FUNCTION strongroom_refuse('a manifest stays as it came');
ALTER TABLE "manifest" ENABLE ALWAYS TRIGGER "manifest_stays";
ALTER TABLE "manifest" ENABLE ALWAYS TRIGGER "manifest_no_truncate";
