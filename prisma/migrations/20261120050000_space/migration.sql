-- AlterTable
ALTER TABLE "device" ADD COLUMN     "quota_bytes" BIGINT;

-- CreateTable
CREATE TABLE "device_usage" (
    "device_id" TEXT NOT NULL,
    "slot" INTEGER NOT NULL,
    "stored_bytes" BIGINT NOT NULL,

    CONSTRAINT "device_usage_pkey" PRIMARY KEY ("device_id","slot")
);

-- AddForeignKey
ALTER TABLE "device_usage" ADD CONSTRAINT "device_usage_device_id_fkey" FOREIGN KEY ("device_id") REFERENCES "device"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- What Prisma cannot express.

ALTER TABLE "device" ADD CONSTRAINT "device_quota_range" CHECK (quota_bytes >= 0);

-- Everything that is promised and may still grow, or lies ready to become a file.
CREATE INDEX "upload_promised" ON "upload" (device_id)
  WHERE state = 'open' OR (kind = 'part' AND final_upload_id IS NULL);

-- Bytes of a recording that count: whole, and not disposed of.
CREATE FUNCTION counted_bytes(r recording) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN r.state IN ('received', 'sealed', 'quarantined') THEN coalesce(r.size_bytes, 0) ELSE 0 END
$$;

CREATE FUNCTION recording_counts_usage() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  more bigint := counted_bytes(NEW);
BEGIN
  IF TG_OP = 'UPDATE' THEN more := more - counted_bytes(OLD); END IF;
  IF more <> 0 THEN
    INSERT INTO device_usage AS u (device_id, slot, stored_bytes)
    VALUES (NEW.device_id, pg_backend_pid() % 16, more)
    ON CONFLICT (device_id, slot) DO UPDATE SET stored_bytes = u.stored_bytes + excluded.stored_bytes;
  END IF;
  RETURN NULL;
END
$$;

CREATE TRIGGER recording_counts_usage AFTER INSERT OR UPDATE OF state, size_bytes ON "recording"
  FOR EACH ROW EXECUTE FUNCTION recording_counts_usage();

INSERT INTO device_usage (device_id, slot, stored_bytes)
SELECT r.device_id, 0, sum(counted_bytes(r)) FROM recording r GROUP BY r.device_id HAVING sum(counted_bytes(r)) > 0;
