-- What Prisma cannot express: sidecars take room like recordings, and a quota must count them.

CREATE FUNCTION sidecar_counts_usage() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.size_bytes > 0 THEN
    INSERT INTO device_usage AS u (device_id, slot, stored_bytes)
    SELECT device_id, pg_backend_pid() % 16, NEW.size_bytes FROM recording WHERE id = NEW.recording_id
    ON CONFLICT (device_id, slot) DO UPDATE SET stored_bytes = u.stored_bytes + excluded.stored_bytes;
  END IF;
  RETURN NULL;
END
$$;

-- A row never changes and never goes.
CREATE TRIGGER sidecar_counts_usage AFTER INSERT ON "sidecar"
  FOR EACH ROW EXECUTE FUNCTION sidecar_counts_usage();

INSERT INTO device_usage AS u (device_id, slot, stored_bytes)
SELECT r.device_id, 0, sum(s.size_bytes) FROM sidecar s JOIN recording r ON r.id = s.recording_id
 GROUP BY r.device_id HAVING sum(s.size_bytes) > 0
ON CONFLICT (device_id, slot) DO UPDATE SET stored_bytes = u.stored_bytes + excluded.stored_bytes;
