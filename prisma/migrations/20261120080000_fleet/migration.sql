-- CreateEnum
CREATE TYPE "wanted_state" AS ENUM ('open', 'seen', 'arrived', 'not_there', 'cancelled');

-- AlterTable
ALTER TABLE "device" ADD COLUMN     "policy_id" TEXT;

-- CreateTable
CREATE TABLE "device_policy" (
    "id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "is_default" BOOLEAN NOT NULL DEFAULT false,
    "created_at" TIMESTAMPTZ(6) NOT NULL,

    CONSTRAINT "device_policy_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "device_policy_version" (
    "version" SERIAL NOT NULL,
    "policy_id" TEXT NOT NULL,
    "settings" JSONB NOT NULL,
    "silent_after_seconds" INTEGER NOT NULL,
    "key_max_age_days" INTEGER,
    "created_at" TIMESTAMPTZ(6) NOT NULL,

    CONSTRAINT "device_policy_version_pkey" PRIMARY KEY ("version")
);

-- CreateTable
CREATE TABLE "device_heartbeat" (
    "device_id" TEXT NOT NULL,
    "received_at" TIMESTAMPTZ(6) NOT NULL,
    "summary" JSONB NOT NULL,
    "work" JSONB NOT NULL,

    CONSTRAINT "device_heartbeat_pkey" PRIMARY KEY ("device_id")
);

-- CreateTable
CREATE TABLE "device_contact" (
    "device_id" TEXT NOT NULL,
    "slot_at" TIMESTAMPTZ(0) NOT NULL,
    "contacts" INTEGER NOT NULL,
    "sent_bytes" BIGINT NOT NULL,
    "queue_files" INTEGER,
    "queue_bytes" BIGINT,
    "clock_offset_ms" DOUBLE PRECISION,

    CONSTRAINT "device_contact_pkey" PRIMARY KEY ("device_id","slot_at")
);

-- CreateTable
CREATE TABLE "wanted_file" (
    "id" TEXT NOT NULL,
    "device_id" TEXT NOT NULL,
    "state" "wanted_state" NOT NULL DEFAULT 'open',
    "file_name" TEXT,
    "sha256" BYTEA,
    "reason" TEXT,
    "asked_by" TEXT NOT NULL,
    "asked_at" TIMESTAMPTZ(6) NOT NULL,
    "seen_at" TIMESTAMPTZ(6),
    "ended_at" TIMESTAMPTZ(6),
    "recording_id" TEXT,

    CONSTRAINT "wanted_file_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "device_policy_name_key" ON "device_policy"("name");

-- CreateIndex
CREATE INDEX "device_policy_version_policy_id_version_idx" ON "device_policy_version"("policy_id", "version" DESC);

-- CreateIndex
CREATE INDEX "device_contact_slot_at_idx" ON "device_contact" USING BRIN ("slot_at");

-- CreateIndex
CREATE INDEX "wanted_file_device_id_asked_at_idx" ON "wanted_file"("device_id", "asked_at" DESC);

-- CreateIndex
CREATE INDEX "wanted_file_device_id_state_idx" ON "wanted_file"("device_id", "state");

-- AddForeignKey
ALTER TABLE "device" ADD CONSTRAINT "device_policy_id_fkey" FOREIGN KEY ("policy_id") REFERENCES "device_policy"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "device_policy_version" ADD CONSTRAINT "device_policy_version_policy_id_fkey" FOREIGN KEY ("policy_id") REFERENCES "device_policy"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "device_heartbeat" ADD CONSTRAINT "device_heartbeat_device_id_fkey" FOREIGN KEY ("device_id") REFERENCES "device"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "device_contact" ADD CONSTRAINT "device_contact_device_id_fkey" FOREIGN KEY ("device_id") REFERENCES "device"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "wanted_file" ADD CONSTRAINT "wanted_file_device_id_fkey" FOREIGN KEY ("device_id") REFERENCES "device"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- ------------------------------------------------------------------- what Prisma cannot express

CREATE UNIQUE INDEX "device_policy_one_default" ON "device_policy" ("is_default") WHERE "is_default";
ALTER TABLE "device_policy_version" ADD CONSTRAINT "device_policy_version_shape"
  CHECK ("silent_after_seconds" BETWEEN 60 AND 31536000 AND ("key_max_age_days" IS NULL OR "key_max_age_days" BETWEEN 1 AND 3650));
ALTER TABLE "wanted_file" ADD CONSTRAINT "wanted_file_shape"
  CHECK (("file_name" IS NOT NULL OR "sha256" IS NOT NULL) AND ("sha256" IS NULL OR octet_length("sha256") = 32)
    AND (("ended_at" IS NULL) = ("state" IN ('open', 'seen'))) AND (("recording_id" IS NOT NULL) = ("state" = 'arrived')));

-- The default policy is there for ever, or a device without another would have none.
CREATE FUNCTION strongroom_policy_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' OR NEW.id <> OLD.id OR NEW.is_default <> OLD.is_default THEN
    RAISE EXCEPTION 'policy %: it stays, and so does which one is the default', OLD.id USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER "device_policy_default_stays" BEFORE UPDATE OR DELETE ON "device_policy"
  FOR EACH ROW EXECUTE FUNCTION strongroom_policy_guard();

-- Which configuration a number names must be known also years later.
CREATE TRIGGER "device_policy_version_stays" BEFORE UPDATE OR DELETE ON "device_policy_version"
  FOR EACH ROW EXECUTE FUNCTION strongroom_refuse('a version of a policy stays as it was');
CREATE TRIGGER "device_policy_version_no_truncate" BEFORE TRUNCATE ON "device_policy_version"
  FOR EACH STATEMENT EXECUTE FUNCTION strongroom_refuse('a version of a policy stays as it was');
ALTER TABLE "device_policy_version" ENABLE ALWAYS TRIGGER "device_policy_version_stays";
ALTER TABLE "device_policy_version" ENABLE ALWAYS TRIGGER "device_policy_version_no_truncate";

-- What was asked for stays what it was, and an end is an end; only what was not there may arrive after all.
CREATE FUNCTION strongroom_wanted_file_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' OR (NEW.id, NEW.device_id, NEW.asked_by, NEW.asked_at) <> (OLD.id, OLD.device_id, OLD.asked_by, OLD.asked_at)
    OR NEW.file_name IS DISTINCT FROM OLD.file_name OR NEW.sha256 IS DISTINCT FROM OLD.sha256
    OR NEW.reason IS DISTINCT FROM OLD.reason OR OLD.state IN ('arrived', 'cancelled')
    OR (OLD.state = 'not_there' AND NEW.state <> 'arrived') THEN
    RAISE EXCEPTION 'wanted file %: what was asked for stays, and its end too', OLD.id USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER "wanted_file_ends" BEFORE UPDATE OR DELETE ON "wanted_file"
  FOR EACH ROW EXECUTE FUNCTION strongroom_wanted_file_guard();

-- Rows that change every minute: with room beside them an update stays on its page and touches no index.
ALTER TABLE "device_heartbeat" SET (fillfactor = 40);
ALTER TABLE "device_contact" SET (fillfactor = 80);

-- The policy of every device that has no other: everything as it is built in.
INSERT INTO "device_policy" ("id", "name", "is_default", "created_at") VALUES ('F-00000-00000', 'Default', true, now());
INSERT INTO "device_policy_version" ("policy_id", "settings", "silent_after_seconds", "key_max_age_days", "created_at")
  VALUES ('F-00000-00000', '{}', 3600, 365, now());
