-- What a device signed never changes. Which recording brings it may: when an upload ended unfinished, the same
-- manifest opens a new one.
CREATE FUNCTION strongroom_manifest_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' OR to_jsonb(NEW) - 'recording_id' <> to_jsonb(OLD) - 'recording_id' THEN
    RAISE EXCEPTION 'a manifest stays as it came' USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
DROP TRIGGER "manifest_stays" ON "manifest";
CREATE TRIGGER "manifest_stays" BEFORE UPDATE OR DELETE ON "manifest"
  FOR EACH ROW EXECUTE FUNCTION strongroom_manifest_guard();
