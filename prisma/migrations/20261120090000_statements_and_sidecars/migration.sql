-- CreateEnum
CREATE TYPE "statement_kind" AS ENUM ('tombstone', 'gap');

-- CreateTable
CREATE TABLE "chain_statement" (
    "statement_sha256" BYTEA NOT NULL,
    "device_id" TEXT NOT NULL,
    "kid" TEXT NOT NULL,
    "sequence" BIGINT NOT NULL,
    "previous_sha256" BYTEA,
    "chain" "manifest_chain" NOT NULL,
    "kind" "statement_kind" NOT NULL,
    "of_sequence" BIGINT,
    "of_manifest_sha256" BYTEA,
    "facts" JSONB NOT NULL,
    "jws" TEXT NOT NULL,
    "received_at" TIMESTAMPTZ(6) NOT NULL,

    CONSTRAINT "chain_statement_pkey" PRIMARY KEY ("statement_sha256")
);

-- CreateTable
CREATE TABLE "sidecar" (
    "recording_id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "sha256" BYTEA NOT NULL,
    "size_bytes" INTEGER NOT NULL,
    "manifest_sha256" BYTEA NOT NULL,
    "received_at" TIMESTAMPTZ(6) NOT NULL,

    CONSTRAINT "sidecar_pkey" PRIMARY KEY ("recording_id","name","sha256")
);

-- CreateIndex
CREATE INDEX "chain_statement_device_id_sequence_idx" ON "chain_statement"("device_id", "sequence");

-- CreateIndex
CREATE INDEX "chain_statement_device_id_of_sequence_idx" ON "chain_statement"("device_id", "of_sequence");

-- CreateIndex
CREATE INDEX "chain_statement_of_manifest_sha256_idx" ON "chain_statement"("of_manifest_sha256");

-- CreateIndex
CREATE INDEX "chain_statement_kid_idx" ON "chain_statement"("kid");

-- CreateIndex
CREATE INDEX "sidecar_manifest_sha256_idx" ON "sidecar"("manifest_sha256");

-- AddForeignKey
ALTER TABLE "chain_statement" ADD CONSTRAINT "chain_statement_device_id_fkey" FOREIGN KEY ("device_id") REFERENCES "device"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "chain_statement" ADD CONSTRAINT "chain_statement_kid_fkey" FOREIGN KEY ("kid") REFERENCES "device_key"("kid") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "sidecar" ADD CONSTRAINT "sidecar_recording_id_fkey" FOREIGN KEY ("recording_id") REFERENCES "recording"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "sidecar" ADD CONSTRAINT "sidecar_manifest_sha256_fkey" FOREIGN KEY ("manifest_sha256") REFERENCES "manifest"("manifest_sha256") ON DELETE RESTRICT ON UPDATE CASCADE;

-- ------------------------------------------------------------------- what Prisma cannot express

ALTER TABLE "chain_statement" ADD CONSTRAINT "chain_statement_shape"
  CHECK (octet_length("statement_sha256") = 32 AND ("previous_sha256" IS NULL OR octet_length("previous_sha256") = 32)
    AND "sequence" >= 1 AND (("kind" = 'tombstone') = ("of_sequence" IS NOT NULL))
    AND (("of_sequence" IS NULL) = ("of_manifest_sha256" IS NULL)) AND ("of_sequence" IS NULL OR "of_sequence" < "sequence")
    AND ("of_manifest_sha256" IS NULL OR octet_length("of_manifest_sha256") = 32));
ALTER TABLE "sidecar" ADD CONSTRAINT "sidecar_shape"
  CHECK (octet_length("sha256") = 32 AND "size_bytes" BETWEEN 0 AND 4194304);

-- Few of very many: what alarms look for.
CREATE INDEX "manifest_trouble" ON "manifest" ("device_id", "sequence") WHERE "chain" IN ('gap', 'fork');
CREATE INDEX "chain_statement_trouble" ON "chain_statement" ("device_id", "sequence") WHERE "chain" IN ('gap', 'fork');

-- What a device signed, and what came beside a recording, never changes.
CREATE TRIGGER "chain_statement_stays" BEFORE UPDATE OR DELETE ON "chain_statement"
  FOR EACH ROW EXECUTE FUNCTION strongroom_refuse('a statement stays as it came');
CREATE TRIGGER "chain_statement_no_truncate" BEFORE TRUNCATE ON "chain_statement"
  FOR EACH STATEMENT EXECUTE FUNCTION strongroom_refuse('a statement stays as it came');
CREATE TRIGGER "sidecar_stays" BEFORE UPDATE OR DELETE ON "sidecar"
  FOR EACH ROW EXECUTE FUNCTION strongroom_refuse('a sidecar stays as it came');
CREATE TRIGGER "sidecar_no_truncate" BEFORE TRUNCATE ON "sidecar"
  FOR EACH STATEMENT EXECUTE FUNCTION strongroom_refuse('a sidecar stays as it came');
ALTER TABLE "chain_statement" ENABLE ALWAYS TRIGGER "chain_statement_stays";
ALTER TABLE "chain_statement" ENABLE ALWAYS TRIGGER "chain_statement_no_truncate";
ALTER TABLE "sidecar" ENABLE ALWAYS TRIGGER "sidecar_stays";
ALTER TABLE "sidecar" ENABLE ALWAYS TRIGGER "sidecar_no_truncate";
