-- AlterTable
ALTER TABLE "manifest" ADD COLUMN     "set_aside_at" TIMESTAMPTZ(6);

-- AlterTable
ALTER TABLE "chain_statement" ADD COLUMN     "set_aside_at" TIMESTAMPTZ(6);

-- AlterTable
ALTER TABLE "sidecar" ADD COLUMN     "set_aside_at" TIMESTAMPTZ(6);

-- CreateTable
CREATE TABLE "acknowledged_gap" (
    "id" TEXT NOT NULL,
    "device_id" TEXT NOT NULL,
    "numbers" int8multirange NOT NULL,
    "reason" TEXT NOT NULL,
    "acknowledged_by" TEXT NOT NULL,
    "acknowledged_at" TIMESTAMPTZ(6) NOT NULL,
    "withdrawn_at" TIMESTAMPTZ(6),

    CONSTRAINT "acknowledged_gap_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "acknowledged_gap_device_id_acknowledged_at_idx" ON "acknowledged_gap"("device_id", "acknowledged_at" DESC);

-- AddForeignKey
ALTER TABLE "acknowledged_gap" ADD CONSTRAINT "acknowledged_gap_device_id_fkey" FOREIGN KEY ("device_id") REFERENCES "device"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- ------------------------------------------------------------------- what Prisma cannot express

ALTER TABLE "acknowledged_gap" ADD CONSTRAINT "acknowledged_gap_shape"
  CHECK (NOT isempty("numbers") AND lower("numbers") >= 1 AND NOT upper_inf("numbers"));

-- A row that stays as it came, but for one column that is set once: its name, and the sentence of a refusal.
CREATE FUNCTION strongroom_sets_once() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' OR to_jsonb(NEW) - TG_ARGV[0] <> to_jsonb(OLD) - TG_ARGV[0]
    OR to_jsonb(OLD) ->> TG_ARGV[0] IS NOT NULL THEN
    RAISE EXCEPTION '% on % is refused: %', TG_OP, TG_TABLE_NAME, TG_ARGV[1] USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;

CREATE TRIGGER "acknowledged_gap_stays" BEFORE UPDATE OR DELETE ON "acknowledged_gap"
  FOR EACH ROW EXECUTE FUNCTION strongroom_sets_once('withdrawn_at', 'an acknowledgement stays, and is withdrawn once');
ALTER TABLE "acknowledged_gap" ENABLE ALWAYS TRIGGER "acknowledged_gap_stays";

-- What a device signed, and what came beside a recording, never changes; it is set aside once.
DROP TRIGGER "chain_statement_stays" ON "chain_statement";
CREATE TRIGGER "chain_statement_stays" BEFORE UPDATE OR DELETE ON "chain_statement"
  FOR EACH ROW EXECUTE FUNCTION strongroom_sets_once('set_aside_at', 'a statement stays as it came');
ALTER TABLE "chain_statement" ENABLE ALWAYS TRIGGER "chain_statement_stays";
DROP TRIGGER "sidecar_stays" ON "sidecar";
CREATE TRIGGER "sidecar_stays" BEFORE UPDATE OR DELETE ON "sidecar"
  FOR EACH ROW EXECUTE FUNCTION strongroom_sets_once('set_aside_at', 'a sidecar stays as it came');
ALTER TABLE "sidecar" ENABLE ALWAYS TRIGGER "sidecar_stays";

CREATE OR REPLACE FUNCTION strongroom_manifest_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' OR to_jsonb(NEW) - 'recording_id' - 'set_aside_at' <> to_jsonb(OLD) - 'recording_id' - 'set_aside_at'
    OR (OLD.set_aside_at IS NOT NULL AND NEW.set_aside_at IS DISTINCT FROM OLD.set_aside_at) THEN
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
