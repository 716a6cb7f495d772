-- CreateEnum
CREATE TYPE "manifest_chain" AS ENUM ('first', 'in_order', 'gap', 'fork');

-- AlterTable
ALTER TABLE "recording" ADD COLUMN     "repeat_of_id" TEXT;

-- AlterTable
ALTER TABLE "upload" ADD COLUMN     "manifest_sha256" BYTEA;

-- CreateTable
CREATE TABLE "device_key" (
    "kid" TEXT NOT NULL,
    "device_id" TEXT NOT NULL,
    "public_key" BYTEA NOT NULL,
    "created_at" TIMESTAMPTZ(6) NOT NULL,
    "revoked_at" TIMESTAMPTZ(6),

    CONSTRAINT "device_key_pkey" PRIMARY KEY ("kid")
);

-- CreateTable
CREATE TABLE "replaced_upload" (
    "id" TEXT NOT NULL,
    "recording_id" TEXT NOT NULL,
    "device_id" TEXT NOT NULL,
    "offset_bytes" BIGINT NOT NULL,
    "replaced_at" TIMESTAMPTZ(6) NOT NULL,

    CONSTRAINT "replaced_upload_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "manifest" (
    "manifest_sha256" BYTEA NOT NULL,
    "recording_id" TEXT NOT NULL,
    "device_id" TEXT NOT NULL,
    "kid" TEXT NOT NULL,
    "sequence" BIGINT NOT NULL,
    "previous_sha256" BYTEA,
    "chain" "manifest_chain" NOT NULL,
    "chunk_size_bytes" INTEGER NOT NULL,
    "chunk_sha256s" BYTEA NOT NULL,
    "facts" JSONB NOT NULL,
    "jws" TEXT NOT NULL,
    "received_at" TIMESTAMPTZ(6) NOT NULL,

    CONSTRAINT "manifest_pkey" PRIMARY KEY ("manifest_sha256")
);

-- CreateIndex
CREATE INDEX "device_key_device_id_idx" ON "device_key"("device_id");

-- CreateIndex
CREATE INDEX "manifest_device_id_sequence_idx" ON "manifest"("device_id", "sequence");

-- CreateIndex
CREATE INDEX "manifest_recording_id_idx" ON "manifest"("recording_id");

-- CreateIndex
CREATE INDEX "manifest_kid_idx" ON "manifest"("kid");

-- CreateIndex
CREATE INDEX "recording_repeat_of_id_idx" ON "recording"("repeat_of_id");

-- CreateIndex
CREATE INDEX "upload_manifest_sha256_idx" ON "upload"("manifest_sha256");

-- AddForeignKey
ALTER TABLE "device_key" ADD CONSTRAINT "device_key_device_id_fkey" FOREIGN KEY ("device_id") REFERENCES "device"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "recording" ADD CONSTRAINT "recording_repeat_of_id_fkey" FOREIGN KEY ("repeat_of_id") REFERENCES "recording"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "upload" ADD CONSTRAINT "upload_manifest_sha256_fkey" FOREIGN KEY ("manifest_sha256") REFERENCES "manifest"("manifest_sha256") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "manifest" ADD CONSTRAINT "manifest_recording_id_fkey" FOREIGN KEY ("recording_id") REFERENCES "recording"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "manifest" ADD CONSTRAINT "manifest_device_id_fkey" FOREIGN KEY ("device_id") REFERENCES "device"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "manifest" ADD CONSTRAINT "manifest_kid_fkey" FOREIGN KEY ("kid") REFERENCES "device_key"("kid") ON DELETE RESTRICT ON UPDATE CASCADE;

-- ------------------------------------------------------------------- what Prisma cannot express

-- Plain bytes outside of the row: a part of them is read without the rest, and digests do not compress.
ALTER TABLE "manifest" ALTER COLUMN "chunk_sha256s" SET STORAGE EXTERNAL;

ALTER TABLE "device_key" ADD CONSTRAINT "device_key_shape" CHECK (char_length("kid") = 43 AND octet_length("public_key") = 32);
ALTER TABLE "manifest" ADD CONSTRAINT "manifest_shape"
  CHECK (octet_length("manifest_sha256") = 32 AND ("previous_sha256" IS NULL OR octet_length("previous_sha256") = 32)
    AND "sequence" >= 1 AND "chunk_size_bytes" BETWEEN 400000 AND 67108864 AND octet_length("chunk_sha256s") % 32 = 0);
-- A repeat was found by digest, which only a recording that was read back has.
ALTER TABLE "recording" ADD CONSTRAINT "recording_repeat_shape"
  CHECK ("repeat_of_id" IS NULL OR ("repeat_of_id" <> "id" AND "state" NOT IN ('receiving', 'received')));

-- What a device signed never changes, and the key that proves it stays.
CREATE TRIGGER "manifest_stays" BEFORE UPDATE OR DELETE ON "manifest"
  FOR EACH ROW EXECUTE FUNCTION strongroom_refuse('a manifest stays as it came');
CREATE FUNCTION strongroom_device_key_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' OR OLD.revoked_at IS NOT NULL OR NEW.kid <> OLD.kid OR NEW.device_id <> OLD.device_id
    OR NEW.public_key <> OLD.public_key OR NEW.created_at <> OLD.created_at THEN
    RAISE EXCEPTION 'device key %: it stays, and is revoked once', OLD.kid USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER "device_key_stays" BEFORE UPDATE OR DELETE ON "device_key"
  FOR EACH ROW EXECUTE FUNCTION strongroom_device_key_guard();
