-- CreateEnum
CREATE TYPE "key_purpose" AS ENUM ('receipt', 'log');

-- CreateTable
CREATE TABLE "signing_key" (
    "kid" TEXT NOT NULL,
    "purpose" "key_purpose" NOT NULL,
    "name" TEXT,
    "public_key" BYTEA NOT NULL,
    "encrypted_private_key" BYTEA,
    "created_at" TIMESTAMPTZ(6) NOT NULL,
    "retired_at" TIMESTAMPTZ(6),

    CONSTRAINT "signing_key_pkey" PRIMARY KEY ("kid")
);

-- CreateTable
CREATE TABLE "log_pending" (
    "seq" BIGINT NOT NULL,

    CONSTRAINT "log_pending_pkey" PRIMARY KEY ("seq")
);

-- CreateTable
CREATE TABLE "log_leaf" (
    "index" BIGINT NOT NULL,
    "seq" BIGINT NOT NULL,
    "leaf" BYTEA NOT NULL,
    "salt" BYTEA NOT NULL,
    "hash" BYTEA NOT NULL,

    CONSTRAINT "log_leaf_pkey" PRIMARY KEY ("index")
);

-- CreateTable
CREATE TABLE "log_tile" (
    "level" INTEGER NOT NULL,
    "index" BIGINT NOT NULL,
    "hashes" BYTEA NOT NULL,
    "root" BYTEA NOT NULL,

    CONSTRAINT "log_tile_pkey" PRIMARY KEY ("level","index")
);

-- CreateTable
CREATE TABLE "log_checkpoint" (
    "size" BIGINT NOT NULL,
    "root" BYTEA NOT NULL,
    "note" TEXT NOT NULL,
    "kid" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(6) NOT NULL,

    CONSTRAINT "log_checkpoint_pkey" PRIMARY KEY ("size")
);

-- CreateTable
CREATE TABLE "receipt_due" (
    "recording_id" TEXT NOT NULL,

    CONSTRAINT "receipt_due_pkey" PRIMARY KEY ("recording_id")
);

-- CreateTable
CREATE TABLE "receipt" (
    "recording_id" TEXT NOT NULL,
    "log_index" BIGINT NOT NULL,
    "kid" TEXT NOT NULL,
    "jws" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(6) NOT NULL,

    CONSTRAINT "receipt_pkey" PRIMARY KEY ("recording_id")
);

-- CreateIndex
CREATE UNIQUE INDEX "log_leaf_seq_key" ON "log_leaf"("seq");

-- CreateIndex
CREATE INDEX "log_checkpoint_kid_idx" ON "log_checkpoint"("kid");

-- CreateIndex
CREATE INDEX "receipt_kid_idx" ON "receipt"("kid");

-- AddForeignKey
ALTER TABLE "log_checkpoint" ADD CONSTRAINT "log_checkpoint_kid_fkey" FOREIGN KEY ("kid") REFERENCES "signing_key"("kid") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "receipt" ADD CONSTRAINT "receipt_recording_id_fkey" FOREIGN KEY ("recording_id") REFERENCES "recording"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "receipt" ADD CONSTRAINT "receipt_kid_fkey" FOREIGN KEY ("kid") REFERENCES "signing_key"("kid") ON DELETE RESTRICT ON UPDATE CASCADE;

-- ============================================================================================
-- What Prisma cannot express. Each name below stands in schema.prisma and has a test.
-- ============================================================================================

ALTER TABLE "signing_key" ADD CONSTRAINT "signing_key_shape"
  CHECK (octet_length("public_key") = 32 AND ("purpose" = 'log') = ("name" IS NOT NULL)
    AND ("retired_at" IS NULL) = ("encrypted_private_key" IS NOT NULL));
CREATE UNIQUE INDEX "signing_key_one_active" ON "signing_key" ("purpose") WHERE "retired_at" IS NULL;

ALTER TABLE "log_leaf" ADD CONSTRAINT "log_leaf_shape"
  CHECK ("index" >= 0 AND octet_length("leaf") BETWEEN 1 AND 65535 AND octet_length("salt") = 32 AND octet_length("hash") = 32);
ALTER TABLE "log_tile" ADD CONSTRAINT "log_tile_shape"
  CHECK ("level" BETWEEN 0 AND 6 AND "index" >= 0 AND octet_length("hashes") = 8192 AND octet_length("root") = 32);
ALTER TABLE "log_checkpoint" ADD CONSTRAINT "log_checkpoint_shape" CHECK ("size" > 0 AND octet_length("root") = 32);

-- Bytes that do not shrink: kept outside the row, where they cost nothing to those who do not read them.
ALTER TABLE "log_tile" ALTER COLUMN "hashes" SET STORAGE EXTERNAL;

-- A key retires once, and stays.
CREATE FUNCTION strongroom_signing_key_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' OR OLD.retired_at IS NOT NULL OR NEW.retired_at IS NULL
    OR NEW.kid <> OLD.kid OR NEW.purpose <> OLD.purpose OR NEW.name IS DISTINCT FROM OLD.name
    OR NEW.public_key <> OLD.public_key OR NEW.created_at <> OLD.created_at THEN
    RAISE EXCEPTION 'signing key %: a key can only be retired, once', OLD.kid USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER "signing_key_stays" BEFORE UPDATE OR DELETE ON "signing_key"
  FOR EACH ROW EXECUTE FUNCTION strongroom_signing_key_guard();

-- Every event waits for the tree from the moment it is there. Per statement, so that many at once cost little.
CREATE FUNCTION strongroom_custody_event_enters_log() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO "log_pending" ("seq") SELECT added.seq FROM added;
  RETURN NULL;
END $$;
CREATE TRIGGER "custody_event_enters_log" AFTER INSERT ON "custody_event"
  REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION strongroom_custody_event_enters_log();
ALTER TABLE "custody_event" ENABLE ALWAYS TRIGGER "custody_event_enters_log";

-- The tree only grows, at its end.
CREATE FUNCTION strongroom_log_leaf_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.index > 0 AND NOT EXISTS (SELECT 1 FROM "log_leaf" l WHERE l.index = NEW.index - 1) THEN
    RAISE EXCEPTION 'leaf % has no leaf before it', NEW.index USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER "log_leaf_grows" BEFORE INSERT ON "log_leaf"
  FOR EACH ROW EXECUTE FUNCTION strongroom_log_leaf_guard();
CREATE FUNCTION strongroom_log_checkpoint_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM "log_checkpoint" c WHERE c.size >= NEW.size)
    OR NOT EXISTS (SELECT 1 FROM "log_leaf" l WHERE l.index = NEW.size - 1)
    OR EXISTS (SELECT 1 FROM "log_leaf" l WHERE l.index = NEW.size) THEN
    RAISE EXCEPTION 'a checkpoint of size % is not that of the whole tree now', NEW.size USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER "log_checkpoint_grows" BEFORE INSERT ON "log_checkpoint"
  FOR EACH ROW EXECUTE FUNCTION strongroom_log_checkpoint_guard();

CREATE TRIGGER "log_leaf_append_only" BEFORE UPDATE OR DELETE ON "log_leaf"
  FOR EACH ROW EXECUTE FUNCTION strongroom_refuse('the custody log only grows');
CREATE TRIGGER "log_leaf_no_truncate" BEFORE TRUNCATE ON "log_leaf"
  FOR EACH STATEMENT EXECUTE FUNCTION strongroom_refuse('the custody log only grows');
CREATE TRIGGER "log_tile_append_only" BEFORE UPDATE OR DELETE ON "log_tile"
  FOR EACH ROW EXECUTE FUNCTION strongroom_refuse('the custody log only grows');
CREATE TRIGGER "log_tile_no_truncate" BEFORE TRUNCATE ON "log_tile"
  FOR EACH STATEMENT EXECUTE FUNCTION strongroom_refuse('the custody log only grows');
CREATE TRIGGER "log_checkpoint_append_only" BEFORE UPDATE OR DELETE ON "log_checkpoint"
  FOR EACH ROW EXECUTE FUNCTION strongroom_refuse('the custody log only grows');
CREATE TRIGGER "log_checkpoint_no_truncate" BEFORE TRUNCATE ON "log_checkpoint"
  FOR EACH STATEMENT EXECUTE FUNCTION strongroom_refuse('the custody log only grows');
CREATE TRIGGER "receipt_append_only" BEFORE UPDATE OR DELETE ON "receipt"
  FOR EACH ROW EXECUTE FUNCTION strongroom_refuse('a receipt never changes');
CREATE TRIGGER "receipt_no_truncate" BEFORE TRUNCATE ON "receipt"
  FOR EACH STATEMENT EXECUTE FUNCTION strongroom_refuse('a receipt never changes');
ALTER TABLE "log_leaf" ENABLE ALWAYS TRIGGER "log_leaf_append_only";
ALTER TABLE "log_leaf" ENABLE ALWAYS TRIGGER "log_leaf_no_truncate";
ALTER TABLE "log_tile" ENABLE ALWAYS TRIGGER "log_tile_append_only";
ALTER TABLE "log_tile" ENABLE ALWAYS TRIGGER "log_tile_no_truncate";
ALTER TABLE "log_checkpoint" ENABLE ALWAYS TRIGGER "log_checkpoint_append_only";
ALTER TABLE "log_checkpoint" ENABLE ALWAYS TRIGGER "log_checkpoint_no_truncate";
ALTER TABLE "receipt" ENABLE ALWAYS TRIGGER "receipt_append_only";
ALTER TABLE "receipt" ENABLE ALWAYS TRIGGER "receipt_no_truncate";

-- A recording that is sealed, by whatever way, gets a receipt.
CREATE FUNCTION strongroom_recording_gets_receipt() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO "receipt_due" ("recording_id") VALUES (NEW.id) ON CONFLICT DO NOTHING;
  RETURN NULL;
END $$;
CREATE TRIGGER "recording_gets_receipt" AFTER INSERT OR UPDATE OF "state" ON "recording"
  FOR EACH ROW WHEN (NEW.state = 'sealed') EXECUTE FUNCTION strongroom_recording_gets_receipt();

-- A receipt exists only for a sealed recording, whose sealing is in the tree.
CREATE FUNCTION strongroom_receipt_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM "recording" r WHERE r.id = NEW.recording_id AND r.state = 'sealed') THEN
    RAISE EXCEPTION 'recording % is not sealed: it gets no receipt', NEW.recording_id USING ERRCODE = 'restrict_violation';
  END IF;
  IF NOT EXISTS (
    SELECT 1 FROM "log_leaf" l JOIN "custody_event" e ON e.seq = l.seq
    WHERE l.index = NEW.log_index AND e.recording_id = NEW.recording_id AND e.action = 'recording.sealed') THEN
    RAISE EXCEPTION 'leaf % is not the sealing of recording %', NEW.log_index, NEW.recording_id USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER "receipt_of_sealed" BEFORE INSERT ON "receipt"
  FOR EACH ROW EXECUTE FUNCTION strongroom_receipt_guard();

-- What is there already: every event enters the tree, and every sealed recording gets a receipt.
INSERT INTO "log_pending" ("seq") SELECT "seq" FROM "custody_event";
INSERT INTO "receipt_due" ("recording_id") SELECT "id" FROM "recording" WHERE "state" = 'sealed';
