-- CreateSchema
CREATE SCHEMA IF NOT EXISTS "public";

-- CreateEnum
CREATE TYPE "organisation_kind" AS ENUM ('operator', 'police', 'prosecution', 'court', 'insurer', 'data_subject');

-- CreateEnum
CREATE TYPE "role" AS ENUM ('admin', 'officer', 'requester', 'auditor');

-- CreateEnum
CREATE TYPE "account_state" AS ENUM ('invited', 'active', 'disabled');

-- CreateEnum
CREATE TYPE "device_state" AS ENUM ('active', 'suspended', 'revoked');

-- CreateEnum
CREATE TYPE "recording_state" AS ENUM ('receiving', 'received', 'sealed', 'quarantined', 'disposed');

-- CreateEnum
CREATE TYPE "digest_originator" AS ENUM ('device', 'archive');

-- CreateEnum
CREATE TYPE "upload_state" AS ENUM ('open', 'complete', 'terminated');

-- CreateEnum
CREATE TYPE "legal_basis" AS ENUM ('judicial_order', 'warrant', 'prosecution_order', 'police_request', 'emergency', 'insurance_claim', 'data_subject_access');

-- CreateEnum
CREATE TYPE "request_state" AS ENUM ('submitted', 'in_review', 'approved', 'released', 'closed', 'denied', 'withdrawn', 'expired');

-- CreateEnum
CREATE TYPE "match_decision" AS ENUM ('included', 'excluded', 'unavailable');

-- CreateEnum
CREATE TYPE "actor_kind" AS ENUM ('person', 'device', 'system', 'nobody');

-- CreateEnum
CREATE TYPE "outcome" AS ENUM ('done', 'refused', 'failed');

-- CreateTable
CREATE TABLE "organisation" (
    "id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "kind" "organisation_kind" NOT NULL,
    "created_at" TIMESTAMPTZ(6) NOT NULL,

    CONSTRAINT "organisation_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "account" (
    "id" TEXT NOT NULL,
    "email" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "role" "role" NOT NULL,
    "state" "account_state" NOT NULL,
    "organisation_id" TEXT NOT NULL,
    "badge" TEXT,
    "password_hash" TEXT,
    "session_epoch" INTEGER NOT NULL DEFAULT 1,
    "created_at" TIMESTAMPTZ(6) NOT NULL,
    "last_login_at" TIMESTAMPTZ(6),

    CONSTRAINT "account_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "invitation" (
    "id" TEXT NOT NULL,
    "account_id" TEXT NOT NULL,
    "secret_sha256" BYTEA NOT NULL,
    "created_at" TIMESTAMPTZ(6) NOT NULL,
    "expires_at" TIMESTAMPTZ(6) NOT NULL,
    "used_at" TIMESTAMPTZ(6),

    CONSTRAINT "invitation_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "setup_link" (
    "id" INTEGER NOT NULL DEFAULT 1,
    "secret_sha256" BYTEA NOT NULL,
    "created_at" TIMESTAMPTZ(6) NOT NULL,
    "used_at" TIMESTAMPTZ(6),

    CONSTRAINT "setup_link_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "login_limit" (
    "key" VARCHAR(255) NOT NULL,
    "points" INTEGER NOT NULL DEFAULT 0,
    "expire" BIGINT,

    CONSTRAINT "login_limit_pkey" PRIMARY KEY ("key")
);

-- CreateTable
CREATE TABLE "setting" (
    "key" TEXT NOT NULL,
    "value" JSONB NOT NULL,
    "updated_at" TIMESTAMPTZ(6) NOT NULL,

    CONSTRAINT "setting_pkey" PRIMARY KEY ("key")
);

-- CreateTable
CREATE TABLE "site" (
    "id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "address" TEXT,
    "time_zone" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(6) NOT NULL,

    CONSTRAINT "site_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "device" (
    "id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "alias" TEXT,
    "state" "device_state" NOT NULL DEFAULT 'active',
    "site_id" TEXT,
    "created_at" TIMESTAMPTZ(6) NOT NULL,
    "last_seen_at" TIMESTAMPTZ(6),
    "last_seen_from" TEXT,

    CONSTRAINT "device_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "device_token" (
    "id" TEXT NOT NULL,
    "device_id" TEXT NOT NULL,
    "token_sha256" BYTEA NOT NULL,
    "created_at" TIMESTAMPTZ(6) NOT NULL,
    "revoked_at" TIMESTAMPTZ(6),

    CONSTRAINT "device_token_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "recording" (
    "id" TEXT NOT NULL,
    "device_id" TEXT NOT NULL,
    "site_id" TEXT,
    "state" "recording_state" NOT NULL DEFAULT 'receiving',
    "file_name" TEXT NOT NULL,
    "media_type" TEXT NOT NULL,
    "size_bytes" BIGINT,
    "declared_sha256" BYTEA,
    "sha256" BYTEA,
    "digest_originator" "digest_originator" NOT NULL,
    "captured_from" TIMESTAMPTZ(6),
    "captured_until" TIMESTAMPTZ(6),
    "start_at" TIMESTAMPTZ(6) NOT NULL,
    "end_at" TIMESTAMPTZ(6) NOT NULL,
    "source" TEXT,
    "alias" TEXT,
    "place" TEXT,
    "metadata" JSONB,
    "created_at" TIMESTAMPTZ(6) NOT NULL,
    "received_at" TIMESTAMPTZ(6),
    "sealed_at" TIMESTAMPTZ(6),
    "quarantined_at" TIMESTAMPTZ(6),
    "quarantine_reason" TEXT,
    "search_text" TEXT NOT NULL,

    CONSTRAINT "recording_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "upload" (
    "id" TEXT NOT NULL,
    "recording_id" TEXT NOT NULL,
    "device_id" TEXT NOT NULL,
    "state" "upload_state" NOT NULL DEFAULT 'open',
    "offset_bytes" BIGINT NOT NULL DEFAULT 0,
    "length_bytes" BIGINT,
    "chunk_size_bytes" INTEGER NOT NULL,
    "metadata_header" TEXT,
    "interruptions" INTEGER NOT NULL DEFAULT 0,
    "created_at" TIMESTAMPTZ(6) NOT NULL,
    "last_activity_at" TIMESTAMPTZ(6) NOT NULL,
    "fence" INTEGER NOT NULL DEFAULT 0,
    "lease_until" TIMESTAMPTZ(6),
    "lease_wanted" BOOLEAN NOT NULL DEFAULT false,

    CONSTRAINT "upload_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "chunk" (
    "recording_id" TEXT NOT NULL,
    "index" INTEGER NOT NULL,
    "offset_bytes" BIGINT NOT NULL,
    "length_bytes" INTEGER NOT NULL,
    "sha256" BYTEA,
    "received_at" TIMESTAMPTZ(6) NOT NULL,
    "received_from" TEXT NOT NULL,

    CONSTRAINT "chunk_pkey" PRIMARY KEY ("recording_id","index")
);

-- CreateTable
CREATE TABLE "request" (
    "id" TEXT NOT NULL,
    "requester_id" TEXT NOT NULL,
    "organisation_id" TEXT NOT NULL,
    "state" "request_state" NOT NULL DEFAULT 'submitted',
    "place" TEXT NOT NULL,
    "site_id" TEXT,
    "interval_from" TIMESTAMPTZ(6) NOT NULL,
    "interval_until" TIMESTAMPTZ(6) NOT NULL,
    "time_zone" TEXT NOT NULL,
    "legal_basis" "legal_basis" NOT NULL,
    "authority" TEXT NOT NULL,
    "reference" TEXT NOT NULL,
    "purpose" TEXT NOT NULL,
    "order_file_name" TEXT NOT NULL,
    "order_size_bytes" INTEGER NOT NULL,
    "order_sha256" BYTEA NOT NULL,
    "created_at" TIMESTAMPTZ(6) NOT NULL,
    "answer_by" TIMESTAMPTZ(6) NOT NULL,
    "revision" INTEGER NOT NULL DEFAULT 1,
    "denial_reason" TEXT,
    "ended_at" TIMESTAMPTZ(6),

    CONSTRAINT "request_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "request_recording" (
    "request_id" TEXT NOT NULL,
    "recording_id" TEXT NOT NULL,
    "decision" "match_decision" NOT NULL,
    "reason" TEXT,
    "decided_by_id" TEXT NOT NULL,
    "decided_at" TIMESTAMPTZ(6) NOT NULL,

    CONSTRAINT "request_recording_pkey" PRIMARY KEY ("request_id","recording_id")
);

-- CreateTable
CREATE TABLE "approval" (
    "id" TEXT NOT NULL,
    "request_id" TEXT NOT NULL,
    "approver_id" TEXT NOT NULL,
    "ordinal" INTEGER NOT NULL,
    "scope_sha256" BYTEA NOT NULL,
    "approved_at" TIMESTAMPTZ(6) NOT NULL,
    "voided_at" TIMESTAMPTZ(6),

    CONSTRAINT "approval_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "release" (
    "id" TEXT NOT NULL,
    "request_id" TEXT NOT NULL,
    "requester_id" TEXT NOT NULL,
    "scope_sha256" BYTEA NOT NULL,
    "opened_at" TIMESTAMPTZ(6) NOT NULL,
    "open_until" TIMESTAMPTZ(6) NOT NULL,
    "withdrawn_at" TIMESTAMPTZ(6),
    "withdrawn_by_id" TEXT,
    "withdraw_reason" TEXT,

    CONSTRAINT "release_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "release_recording" (
    "release_id" TEXT NOT NULL,
    "recording_id" TEXT NOT NULL,

    CONSTRAINT "release_recording_pkey" PRIMARY KEY ("release_id","recording_id")
);

-- CreateTable
CREATE TABLE "access_grant" (
    "id" TEXT NOT NULL,
    "recording_id" TEXT NOT NULL,
    "account_id" TEXT NOT NULL,
    "purpose" TEXT NOT NULL,
    "opened_at" TIMESTAMPTZ(6) NOT NULL,
    "open_until" TIMESTAMPTZ(6) NOT NULL,

    CONSTRAINT "access_grant_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "custody_event" (
    "seq" BIGSERIAL NOT NULL,
    "at" TIMESTAMPTZ(6) NOT NULL,
    "action" TEXT NOT NULL,
    "outcome" "outcome" NOT NULL DEFAULT 'done',
    "actor_kind" "actor_kind" NOT NULL,
    "actor_id" TEXT,
    "actor_name" TEXT NOT NULL,
    "actor_role" "role",
    "recording_id" TEXT,
    "request_id" TEXT,
    "release_id" TEXT,
    "device_id" TEXT,
    "account_id" TEXT,
    "purpose" TEXT,
    "details" JSONB,
    "from_address" TEXT,
    "user_agent" TEXT,
    "correlation_id" TEXT NOT NULL,

    CONSTRAINT "custody_event_pkey" PRIMARY KEY ("seq")
);

-- CreateIndex
CREATE UNIQUE INDEX "organisation_name_key" ON "organisation"("name");

-- CreateIndex
CREATE UNIQUE INDEX "account_email_key" ON "account"("email");

-- CreateIndex
CREATE UNIQUE INDEX "invitation_secret_sha256_key" ON "invitation"("secret_sha256");

-- CreateIndex
CREATE INDEX "invitation_account_id_idx" ON "invitation"("account_id");

-- CreateIndex
CREATE UNIQUE INDEX "site_name_key" ON "site"("name");

-- CreateIndex
CREATE UNIQUE INDEX "device_name_key" ON "device"("name");

-- CreateIndex
CREATE UNIQUE INDEX "device_token_token_sha256_key" ON "device_token"("token_sha256");

-- CreateIndex
CREATE INDEX "device_token_device_id_idx" ON "device_token"("device_id");

-- CreateIndex
CREATE INDEX "recording_start_at_id_idx" ON "recording"("start_at" DESC, "id" DESC);

-- CreateIndex
CREATE INDEX "recording_site_id_start_at_id_idx" ON "recording"("site_id", "start_at" DESC, "id" DESC);

-- CreateIndex
CREATE INDEX "recording_device_id_start_at_id_idx" ON "recording"("device_id", "start_at" DESC, "id" DESC);

-- CreateIndex
CREATE INDEX "recording_state_start_at_id_idx" ON "recording"("state", "start_at" DESC, "id" DESC);

-- CreateIndex
CREATE INDEX "recording_sha256_idx" ON "recording"("sha256");

-- CreateIndex
CREATE INDEX "recording_declared_sha256_idx" ON "recording"("declared_sha256");

-- CreateIndex
CREATE UNIQUE INDEX "upload_recording_id_key" ON "upload"("recording_id");

-- CreateIndex
CREATE INDEX "upload_device_id_state_idx" ON "upload"("device_id", "state");

-- CreateIndex
CREATE INDEX "request_state_answer_by_id_idx" ON "request"("state", "answer_by", "id");

-- CreateIndex
CREATE INDEX "request_requester_id_created_at_idx" ON "request"("requester_id", "created_at" DESC);

-- CreateIndex
CREATE INDEX "request_recording_recording_id_idx" ON "request_recording"("recording_id");

-- CreateIndex
CREATE INDEX "approval_request_id_idx" ON "approval"("request_id");

-- CreateIndex
CREATE UNIQUE INDEX "release_request_id_key" ON "release"("request_id");

-- CreateIndex
CREATE INDEX "release_requester_id_idx" ON "release"("requester_id");

-- CreateIndex
CREATE INDEX "release_recording_recording_id_idx" ON "release_recording"("recording_id");

-- CreateIndex
CREATE INDEX "access_grant_recording_id_account_id_open_until_idx" ON "access_grant"("recording_id", "account_id", "open_until");

-- CreateIndex
CREATE INDEX "custody_event_recording_id_seq_idx" ON "custody_event"("recording_id", "seq");

-- CreateIndex
CREATE INDEX "custody_event_request_id_seq_idx" ON "custody_event"("request_id", "seq");

-- CreateIndex
CREATE INDEX "custody_event_actor_id_seq_idx" ON "custody_event"("actor_id", "seq");

-- CreateIndex
CREATE INDEX "custody_event_action_seq_idx" ON "custody_event"("action", "seq");

-- CreateIndex
CREATE INDEX "custody_event_at_idx" ON "custody_event"("at");

-- AddForeignKey
ALTER TABLE "account" ADD CONSTRAINT "account_organisation_id_fkey" FOREIGN KEY ("organisation_id") REFERENCES "organisation"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "invitation" ADD CONSTRAINT "invitation_account_id_fkey" FOREIGN KEY ("account_id") REFERENCES "account"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "device" ADD CONSTRAINT "device_site_id_fkey" FOREIGN KEY ("site_id") REFERENCES "site"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "device_token" ADD CONSTRAINT "device_token_device_id_fkey" FOREIGN KEY ("device_id") REFERENCES "device"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "recording" ADD CONSTRAINT "recording_device_id_fkey" FOREIGN KEY ("device_id") REFERENCES "device"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "recording" ADD CONSTRAINT "recording_site_id_fkey" FOREIGN KEY ("site_id") REFERENCES "site"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "upload" ADD CONSTRAINT "upload_recording_id_fkey" FOREIGN KEY ("recording_id") REFERENCES "recording"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "chunk" ADD CONSTRAINT "chunk_recording_id_fkey" FOREIGN KEY ("recording_id") REFERENCES "recording"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "request" ADD CONSTRAINT "request_requester_id_fkey" FOREIGN KEY ("requester_id") REFERENCES "account"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "request" ADD CONSTRAINT "request_organisation_id_fkey" FOREIGN KEY ("organisation_id") REFERENCES "organisation"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "request" ADD CONSTRAINT "request_site_id_fkey" FOREIGN KEY ("site_id") REFERENCES "site"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "request_recording" ADD CONSTRAINT "request_recording_request_id_fkey" FOREIGN KEY ("request_id") REFERENCES "request"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "request_recording" ADD CONSTRAINT "request_recording_recording_id_fkey" FOREIGN KEY ("recording_id") REFERENCES "recording"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "request_recording" ADD CONSTRAINT "request_recording_decided_by_id_fkey" FOREIGN KEY ("decided_by_id") REFERENCES "account"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "approval" ADD CONSTRAINT "approval_request_id_fkey" FOREIGN KEY ("request_id") REFERENCES "request"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "approval" ADD CONSTRAINT "approval_approver_id_fkey" FOREIGN KEY ("approver_id") REFERENCES "account"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "release" ADD CONSTRAINT "release_request_id_fkey" FOREIGN KEY ("request_id") REFERENCES "request"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "release" ADD CONSTRAINT "release_requester_id_fkey" FOREIGN KEY ("requester_id") REFERENCES "account"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "release" ADD CONSTRAINT "release_withdrawn_by_id_fkey" FOREIGN KEY ("withdrawn_by_id") REFERENCES "account"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "release_recording" ADD CONSTRAINT "release_recording_release_id_fkey" FOREIGN KEY ("release_id") REFERENCES "release"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "release_recording" ADD CONSTRAINT "release_recording_recording_id_fkey" FOREIGN KEY ("recording_id") REFERENCES "recording"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "access_grant" ADD CONSTRAINT "access_grant_recording_id_fkey" FOREIGN KEY ("recording_id") REFERENCES "recording"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "access_grant" ADD CONSTRAINT "access_grant_account_id_fkey" FOREIGN KEY ("account_id") REFERENCES "account"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- ============================================================================================
-- What Prisma cannot express. Each name below stands in schema.prisma and has a test.
-- ============================================================================================

-- ---------------------------------------------------------------------------------- plain checks

ALTER TABLE "organisation" ADD CONSTRAINT "organisation_name_length" CHECK (char_length("name") BETWEEN 1 AND 200);
ALTER TABLE "account" ADD CONSTRAINT "account_email_lower" CHECK ("email" = lower(btrim("email")) AND "email" LIKE '%_@_%');
ALTER TABLE "account" ADD CONSTRAINT "account_active_has_password" CHECK ("state" <> 'active' OR "password_hash" IS NOT NULL);
ALTER TABLE "setup_link" ADD CONSTRAINT "setup_link_single" CHECK ("id" = 1);

ALTER TABLE "recording" ADD CONSTRAINT "recording_digest_lengths"
  CHECK (("sha256" IS NULL OR octet_length("sha256") = 32) AND ("declared_sha256" IS NULL OR octet_length("declared_sha256") = 32));
ALTER TABLE "recording" ADD CONSTRAINT "recording_sealed_is_complete"
  CHECK ("state" NOT IN ('sealed', 'disposed')
    OR ("sha256" IS NOT NULL AND "size_bytes" IS NOT NULL AND "received_at" IS NOT NULL AND "sealed_at" IS NOT NULL));
ALTER TABLE "recording" ADD CONSTRAINT "recording_sealed_equals_declared"
  CHECK ("state" NOT IN ('sealed', 'disposed') OR "declared_sha256" IS NULL OR "declared_sha256" = "sha256");
ALTER TABLE "recording" ADD CONSTRAINT "recording_quarantine_has_reason"
  CHECK (("state" = 'quarantined') = ("quarantine_reason" IS NOT NULL AND "quarantined_at" IS NOT NULL));
ALTER TABLE "recording" ADD CONSTRAINT "recording_capture_order"
  CHECK ("captured_from" IS NULL OR "captured_until" IS NULL OR "captured_from" <= "captured_until");
ALTER TABLE "recording" ADD CONSTRAINT "recording_interval_order" CHECK ("start_at" <= "end_at");
ALTER TABLE "recording" ADD CONSTRAINT "recording_size_positive" CHECK ("size_bytes" IS NULL OR "size_bytes" >= 0);

ALTER TABLE "upload" ADD CONSTRAINT "upload_offset_within_length"
  CHECK ("offset_bytes" >= 0 AND ("length_bytes" IS NULL OR "offset_bytes" <= "length_bytes"));
ALTER TABLE "upload" ADD CONSTRAINT "upload_complete_is_whole"
  CHECK ("state" <> 'complete' OR ("length_bytes" IS NOT NULL AND "offset_bytes" = "length_bytes"));
ALTER TABLE "upload" ADD CONSTRAINT "upload_chunk_size_range" CHECK ("chunk_size_bytes" BETWEEN 400000 AND 67108864);

ALTER TABLE "chunk" ADD CONSTRAINT "chunk_shape"
  CHECK ("index" >= 0 AND "offset_bytes" >= 0 AND "length_bytes" BETWEEN 1 AND 67108864
    AND ("sha256" IS NULL OR octet_length("sha256") = 32));

ALTER TABLE "request" ADD CONSTRAINT "request_interval_order" CHECK ("interval_from" < "interval_until");
ALTER TABLE "request" ADD CONSTRAINT "request_order_complete" CHECK ("order_size_bytes" > 0 AND octet_length("order_sha256") = 32);
ALTER TABLE "request" ADD CONSTRAINT "request_denied_has_reason" CHECK (("state" = 'denied') = ("denial_reason" IS NOT NULL));
ALTER TABLE "request" ADD CONSTRAINT "request_end_has_time"
  CHECK (("state" IN ('closed', 'denied', 'withdrawn', 'expired')) = ("ended_at" IS NOT NULL));
ALTER TABLE "request_recording" ADD CONSTRAINT "match_left_out_has_reason"
  CHECK ("decision" = 'included' OR "reason" IS NOT NULL);
ALTER TABLE "approval" ADD CONSTRAINT "approval_ordinal" CHECK ("ordinal" IN (1, 2));
ALTER TABLE "approval" ADD CONSTRAINT "approval_scope_length" CHECK (octet_length("scope_sha256") = 32);
ALTER TABLE "release" ADD CONSTRAINT "release_withdrawal_complete"
  CHECK (("withdrawn_at" IS NULL) = ("withdrawn_by_id" IS NULL) AND ("withdrawn_at" IS NULL) = ("withdraw_reason" IS NULL));
ALTER TABLE "release" ADD CONSTRAINT "release_interval" CHECK ("opened_at" < "open_until");
ALTER TABLE "access_grant" ADD CONSTRAINT "access_grant_shape"
  CHECK (char_length("purpose") BETWEEN 3 AND 500 AND "opened_at" < "open_until");
ALTER TABLE "custody_event" ADD CONSTRAINT "custody_event_actor"
  CHECK (("actor_kind" IN ('person', 'device')) = ("actor_id" IS NOT NULL AND "actor_kind" <> 'system') OR "actor_kind" = 'system');
ALTER TABLE "custody_event" ADD CONSTRAINT "custody_event_person_has_role" CHECK (("actor_kind" = 'person') = ("actor_role" IS NOT NULL));

-- ------------------------------------------------------------------------------- partial uniques

-- The same officer cannot hold two valid approvals of one request, nor two officers the same place.
CREATE UNIQUE INDEX "approval_one_per_officer" ON "approval" ("request_id", "approver_id") WHERE "voided_at" IS NULL;
CREATE UNIQUE INDEX "approval_one_per_ordinal" ON "approval" ("request_id", "ordinal") WHERE "voided_at" IS NULL;

-- ------------------------------------------------------------------------------------ text search

CREATE EXTENSION IF NOT EXISTS pg_trgm;
CREATE INDEX "recording_search_trgm" ON "recording" USING gin ("search_text" gin_trgm_ops);

-- ---------------------------------------------------------------------------------- overlap search

-- "Overlaps the interval" asks start_at < until AND end_at > from; a range index answers both at once.
CREATE INDEX "recording_interval" ON "recording" USING gist (tstzrange("start_at", "end_at", '[]'));

-- --------------------------------------------------------------------------------------- triggers

CREATE FUNCTION strongroom_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% on % is refused: %', TG_OP, TG_TABLE_NAME, TG_ARGV[0] USING ERRCODE = 'restrict_violation';
END $$;

-- Custody only grows.
CREATE TRIGGER "custody_event_append_only" BEFORE UPDATE OR DELETE ON "custody_event"
  FOR EACH ROW EXECUTE FUNCTION strongroom_refuse('custody events are append-only');
CREATE TRIGGER "custody_event_no_truncate" BEFORE TRUNCATE ON "custody_event"
  FOR EACH STATEMENT EXECUTE FUNCTION strongroom_refuse('custody events are append-only');
-- Triggers fire for replicas and for session_replication_role = replica too.
ALTER TABLE "custody_event" ENABLE ALWAYS TRIGGER "custody_event_append_only";
ALTER TABLE "custody_event" ENABLE ALWAYS TRIGGER "custody_event_no_truncate";

-- Rows that evidence hangs on are never deleted.
CREATE TRIGGER "recording_never_deleted" BEFORE DELETE ON "recording"
  FOR EACH ROW EXECUTE FUNCTION strongroom_refuse('a recording row stays for ever');
CREATE TRIGGER "request_never_deleted" BEFORE DELETE ON "request"
  FOR EACH ROW EXECUTE FUNCTION strongroom_refuse('a request row stays for ever');
CREATE TRIGGER "release_never_deleted" BEFORE DELETE ON "release"
  FOR EACH ROW EXECUTE FUNCTION strongroom_refuse('a release row stays for ever');
CREATE TRIGGER "approval_never_deleted" BEFORE DELETE ON "approval"
  FOR EACH ROW EXECUTE FUNCTION strongroom_refuse('an approval row stays for ever');
CREATE TRIGGER "release_recording_immutable" BEFORE UPDATE OR DELETE ON "release_recording"
  FOR EACH ROW EXECUTE FUNCTION strongroom_refuse('the scope of a release never changes');

-- A recording's state moves only along lib/recordings/states.ts, and its digests are written once.
CREATE FUNCTION strongroom_recording_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.state <> OLD.state AND (OLD.state::text, NEW.state::text) NOT IN (
    ('receiving', 'received'), ('received', 'sealed'), ('received', 'quarantined'),
    ('sealed', 'quarantined'), ('sealed', 'disposed')) THEN
    RAISE EXCEPTION 'recording % cannot go from % to %', OLD.id, OLD.state, NEW.state USING ERRCODE = 'restrict_violation';
  END IF;
  IF (OLD.sha256 IS NOT NULL AND NEW.sha256 IS DISTINCT FROM OLD.sha256)
    OR (OLD.declared_sha256 IS DISTINCT FROM NEW.declared_sha256)
    OR (OLD.device_id <> NEW.device_id) OR (OLD.file_name <> NEW.file_name)
    OR (OLD.size_bytes IS NOT NULL AND NEW.size_bytes IS DISTINCT FROM OLD.size_bytes) THEN
    RAISE EXCEPTION 'recording %: what was declared or computed never changes', OLD.id USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER "recording_state_transition" BEFORE UPDATE ON "recording"
  FOR EACH ROW EXECUTE FUNCTION strongroom_recording_guard();

-- An acknowledged byte is never taken back.
CREATE FUNCTION strongroom_upload_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.offset_bytes < OLD.offset_bytes THEN
    RAISE EXCEPTION 'upload %: the offset cannot go from % to %', OLD.id, OLD.offset_bytes, NEW.offset_bytes
      USING ERRCODE = 'restrict_violation';
  END IF;
  IF NEW.fence < OLD.fence OR (OLD.length_bytes IS NOT NULL AND NEW.length_bytes IS DISTINCT FROM OLD.length_bytes)
    OR NEW.chunk_size_bytes <> OLD.chunk_size_bytes OR (OLD.state <> 'open' AND NEW.state <> OLD.state) THEN
    RAISE EXCEPTION 'upload %: fence, length, chunk size and final state never go back', OLD.id USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER "upload_offset_grows" BEFORE UPDATE ON "upload"
  FOR EACH ROW EXECUTE FUNCTION strongroom_upload_guard();

-- A chunk grows until it has its digest, and never changes after.
CREATE FUNCTION strongroom_chunk_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.sha256 IS NOT NULL OR NEW.length_bytes < OLD.length_bytes OR NEW.offset_bytes <> OLD.offset_bytes
    OR NEW.index <> OLD.index OR NEW.recording_id <> OLD.recording_id THEN
    RAISE EXCEPTION 'chunk % of %: a whole chunk never changes', OLD.index, OLD.recording_id USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER "chunk_never_shrinks" BEFORE UPDATE ON "chunk"
  FOR EACH ROW EXECUTE FUNCTION strongroom_chunk_guard();

-- A request's state moves only along lib/access/states.ts.
CREATE FUNCTION strongroom_request_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.state <> OLD.state AND (OLD.state::text, NEW.state::text) NOT IN (
    ('submitted', 'in_review'), ('submitted', 'denied'), ('submitted', 'withdrawn'),
    ('in_review', 'approved'), ('in_review', 'denied'), ('in_review', 'withdrawn'),
    ('approved', 'in_review'), ('approved', 'released'), ('approved', 'denied'), ('approved', 'withdrawn'),
    ('released', 'closed'), ('released', 'expired')) THEN
    RAISE EXCEPTION 'request % cannot go from % to %', OLD.id, OLD.state, NEW.state USING ERRCODE = 'restrict_violation';
  END IF;
  IF NEW.requester_id <> OLD.requester_id OR NEW.order_sha256 <> OLD.order_sha256
    OR NEW.legal_basis <> OLD.legal_basis OR NEW.revision < OLD.revision THEN
    RAISE EXCEPTION 'request %: what was asked never changes', OLD.id USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER "request_state_transition" BEFORE UPDATE ON "request"
  FOR EACH ROW EXECUTE FUNCTION strongroom_request_guard();

-- Nobody approves their own request, only an active officer approves, and an approval changes only by being voided.
CREATE FUNCTION strongroom_approval_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' THEN
    IF OLD.voided_at IS NOT NULL OR NEW.voided_at IS NULL OR NEW.approver_id <> OLD.approver_id
      OR NEW.request_id <> OLD.request_id OR NEW.ordinal <> OLD.ordinal OR NEW.scope_sha256 <> OLD.scope_sha256 THEN
      RAISE EXCEPTION 'approval %: an approval can only be voided, once', OLD.id USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
  END IF;
  IF EXISTS (SELECT 1 FROM "request" r WHERE r.id = NEW.request_id AND r.requester_id = NEW.approver_id) THEN
    RAISE EXCEPTION 'approval of % by its own requester', NEW.request_id USING ERRCODE = 'restrict_violation';
  END IF;
  IF NOT EXISTS (SELECT 1 FROM "account" a WHERE a.id = NEW.approver_id AND a.role = 'officer' AND a.state = 'active') THEN
    RAISE EXCEPTION 'approval of % by someone who is not an active officer', NEW.request_id USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER "approval_not_by_requester" BEFORE INSERT OR UPDATE ON "approval"
  FOR EACH ROW EXECUTE FUNCTION strongroom_approval_guard();

-- No release without two valid approvals by two different officers over exactly its scope, for its requester.
CREATE FUNCTION strongroom_release_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' THEN
    IF NEW.request_id <> OLD.request_id OR NEW.requester_id <> OLD.requester_id OR NEW.scope_sha256 <> OLD.scope_sha256
      OR NEW.opened_at <> OLD.opened_at OR NEW.open_until <> OLD.open_until OR OLD.withdrawn_at IS NOT NULL THEN
      RAISE EXCEPTION 'release %: a release can only be withdrawn, once', OLD.id USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
  END IF;
  IF NOT EXISTS (SELECT 1 FROM "request" r WHERE r.id = NEW.request_id AND r.requester_id = NEW.requester_id) THEN
    RAISE EXCEPTION 'release for someone who did not ask' USING ERRCODE = 'restrict_violation';
  END IF;
  IF (SELECT count(DISTINCT a.approver_id) FROM "approval" a
      WHERE a.request_id = NEW.request_id AND a.voided_at IS NULL AND a.scope_sha256 = NEW.scope_sha256
        AND a.approver_id <> NEW.requester_id) < 2 THEN
    RAISE EXCEPTION 'release of % needs two valid approvals by two officers over its scope', NEW.request_id
      USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER "release_needs_two_approvals" BEFORE INSERT OR UPDATE ON "release"
  FOR EACH ROW EXECUTE FUNCTION strongroom_release_guard();

-- Only a sealed, included recording can stand in a release.
CREATE FUNCTION strongroom_release_recording_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (
    SELECT 1 FROM "release" l
      JOIN "request_recording" m ON m.request_id = l.request_id AND m.recording_id = NEW.recording_id AND m.decision = 'included'
      JOIN "recording" r ON r.id = NEW.recording_id AND r.state = 'sealed'
    WHERE l.id = NEW.release_id) THEN
    RAISE EXCEPTION 'recording % is not sealed and included in the request of release %', NEW.recording_id, NEW.release_id
      USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER "release_recording_sealed" BEFORE INSERT ON "release_recording"
  FOR EACH ROW EXECUTE FUNCTION strongroom_release_recording_guard();
