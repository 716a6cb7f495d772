-- AlterEnum
ALTER TYPE "device_state" ADD VALUE 'pending' BEFORE 'active';

-- AlterTable
ALTER TABLE "device" ADD COLUMN     "clone_suspected_at" TIMESTAMPTZ(6),
ADD COLUMN     "enrolment_code_id" TEXT,
ADD COLUMN     "enrolment_facts" JSONB,
ADD COLUMN     "untrusted_since" TIMESTAMPTZ(6);

-- AlterTable
ALTER TABLE "device_key" ADD COLUMN     "buys_tokens" BOOLEAN NOT NULL DEFAULT false,
ADD COLUMN     "first_token_at" TIMESTAMPTZ(6),
ADD COLUMN     "from_sequence" BIGINT NOT NULL DEFAULT 1,
ADD COLUMN     "previous_kid" TEXT,
ADD COLUMN     "until_sequence" BIGINT;

-- AlterTable
ALTER TABLE "signing_key" ADD COLUMN     "endorsement" TEXT;

-- CreateTable
CREATE TABLE "enrolment_code" (
    "id" TEXT NOT NULL,
    "code_sha256" BYTEA NOT NULL,
    "is_typed" BOOLEAN NOT NULL,
    "site_id" TEXT,
    "policy_id" TEXT,
    "max_uses" INTEGER NOT NULL,
    "uses" INTEGER NOT NULL DEFAULT 0,
    "needs_approval" BOOLEAN NOT NULL,
    "created_at" TIMESTAMPTZ(6) NOT NULL,
    "made_by" TEXT NOT NULL,
    "expires_at" TIMESTAMPTZ(6) NOT NULL,
    "revoked_at" TIMESTAMPTZ(6),

    CONSTRAINT "enrolment_code_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "spent_nonce" (
    "nonce_sha256" BYTEA NOT NULL,
    "expires_at" TIMESTAMPTZ(6) NOT NULL,

    CONSTRAINT "spent_nonce_pkey" PRIMARY KEY ("nonce_sha256")
);

-- CreateTable
CREATE TABLE "device_instance" (
    "device_id" TEXT NOT NULL,
    "boot_id" TEXT NOT NULL,
    "process" TEXT NOT NULL,
    "first_seen_at" TIMESTAMPTZ(6) NOT NULL,
    "superseded_at" TIMESTAMPTZ(6),

    CONSTRAINT "device_instance_pkey" PRIMARY KEY ("device_id","boot_id","process")
);

-- CreateTable
CREATE TABLE "device_clone" (
    "device_id" TEXT NOT NULL,
    "pair" BYTEA NOT NULL,
    "found_at" TIMESTAMPTZ(6) NOT NULL,

    CONSTRAINT "device_clone_pkey" PRIMARY KEY ("device_id","pair")
);

-- CreateIndex
CREATE UNIQUE INDEX "enrolment_code_code_sha256_key" ON "enrolment_code"("code_sha256");

-- CreateIndex
CREATE INDEX "enrolment_code_created_at_idx" ON "enrolment_code"("created_at" DESC);

-- CreateIndex
CREATE INDEX "spent_nonce_expires_at_idx" ON "spent_nonce"("expires_at");

-- CreateIndex
CREATE UNIQUE INDEX "device_key_one_successor" ON "device_key"("previous_kid");

-- AddForeignKey
ALTER TABLE "device" ADD CONSTRAINT "device_enrolment_code_id_fkey" FOREIGN KEY ("enrolment_code_id") REFERENCES "enrolment_code"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "device_key" ADD CONSTRAINT "device_key_previous_kid_fkey" FOREIGN KEY ("previous_kid") REFERENCES "device_key"("kid") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "enrolment_code" ADD CONSTRAINT "enrolment_code_site_id_fkey" FOREIGN KEY ("site_id") REFERENCES "site"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "enrolment_code" ADD CONSTRAINT "enrolment_code_policy_id_fkey" FOREIGN KEY ("policy_id") REFERENCES "device_policy"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "device_instance" ADD CONSTRAINT "device_instance_device_id_fkey" FOREIGN KEY ("device_id") REFERENCES "device"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "device_clone" ADD CONSTRAINT "device_clone_device_id_fkey" FOREIGN KEY ("device_id") REFERENCES "device"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- --------------------------------------------------------------------------------- by hand from here on

ALTER TABLE "device" ADD CONSTRAINT "device_untrusted_is_revoked" CHECK (untrusted_since IS NULL OR state = 'revoked');

ALTER TABLE "enrolment_code" ADD CONSTRAINT "enrolment_code_shape" CHECK (
  octet_length(code_sha256) = 32 AND max_uses BETWEEN 1 AND 10000 AND (NOT is_typed OR max_uses = 1)
  AND expires_at > created_at);
ALTER TABLE "enrolment_code" ADD CONSTRAINT "enrolment_code_uses" CHECK (uses BETWEEN 0 AND max_uses);

ALTER TABLE "device_key" ADD CONSTRAINT "device_key_sequence_order" CHECK (
  from_sequence >= 1 AND (until_sequence IS NULL OR until_sequence >= from_sequence));

-- Of each device one instance runs.
CREATE UNIQUE INDEX "device_instance_one_current" ON "device_instance"("device_id") WHERE superseded_at IS NULL;

-- What a code lets in never changes: it is used, and revoked once.
CREATE FUNCTION strongroom_enrolment_code_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' OR to_jsonb(NEW) - 'uses' - 'revoked_at' <> to_jsonb(OLD) - 'uses' - 'revoked_at'
    OR NEW.uses < OLD.uses OR (OLD.revoked_at IS NOT NULL AND NEW.revoked_at IS DISTINCT FROM OLD.revoked_at) THEN
    RAISE EXCEPTION 'enrolment code %: it stays, is used, and is revoked once', OLD.id USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER "enrolment_code_stays" BEFORE UPDATE OR DELETE ON "enrolment_code"
  FOR EACH ROW EXECUTE FUNCTION strongroom_enrolment_code_guard();

-- A key is revoked once, hands over once, and buys its first token once; else it stays as it came.
CREATE OR REPLACE FUNCTION strongroom_device_key_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' OR OLD.revoked_at IS NOT NULL
    OR to_jsonb(NEW) - 'revoked_at' - 'until_sequence' - 'first_token_at'
      <> to_jsonb(OLD) - 'revoked_at' - 'until_sequence' - 'first_token_at'
    OR (OLD.until_sequence IS NOT NULL AND NEW.until_sequence IS DISTINCT FROM OLD.until_sequence)
    OR (OLD.first_token_at IS NOT NULL AND NEW.first_token_at IS DISTINCT FROM OLD.first_token_at) THEN
    RAISE EXCEPTION 'device key %: it stays, and is revoked once', OLD.kid USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;

-- The word of the key before it stays with a key too.
CREATE OR REPLACE FUNCTION strongroom_signing_key_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' OR OLD.retired_at IS NOT NULL OR NEW.retired_at IS NULL
    OR NEW.kid <> OLD.kid OR NEW.purpose <> OLD.purpose OR NEW.name IS DISTINCT FROM OLD.name
    OR NEW.public_key <> OLD.public_key OR NEW.created_at <> OLD.created_at
    OR NEW.endorsement IS DISTINCT FROM OLD.endorsement THEN
    RAISE EXCEPTION 'signing key %: a key can only be retired, once', OLD.kid USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
