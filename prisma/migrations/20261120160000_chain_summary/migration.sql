-- CreateTable
CREATE TABLE "device_chain" (
    "device_id" TEXT NOT NULL,
    "changes" BIGINT NOT NULL,
    "counted" BIGINT NOT NULL DEFAULT 0,
    "trouble" JSONB,

    CONSTRAINT "device_chain_pkey" PRIMARY KEY ("device_id")
);

-- AddForeignKey
ALTER TABLE "device_chain" ADD CONSTRAINT "device_chain_device_id_fkey" FOREIGN KEY ("device_id") REFERENCES "device"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- ------------------------------------------------------------------- what Prisma cannot express

-- Few of many: what a list has to count anew, or to show.
CREATE INDEX "device_chain_told" ON "device_chain" ("device_id") WHERE "counted" <> "changes" OR "trouble" IS NOT NULL;

-- A link in order closes a gap at most, and can make none. Links of one device come one after another (lib/devices,
-- holdDevice), so nothing is missed between two. What is set aside or acknowledged changes what is missing.
CREATE FUNCTION strongroom_counts_chain() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' AND TG_TABLE_NAME <> 'acknowledged_gap' THEN
    IF NEW.chain NOT IN ('gap', 'fork') THEN
      UPDATE device_chain SET changes = changes + 1
       WHERE device_id = NEW.device_id AND (trouble IS NOT NULL OR counted <> changes);
      RETURN NULL;
    END IF;
  END IF;
  INSERT INTO device_chain AS c (device_id, changes) VALUES (NEW.device_id, 1)
  ON CONFLICT (device_id) DO UPDATE SET changes = c.changes + 1;
  RETURN NULL;
END $$;
CREATE TRIGGER "manifest_counts_chain" AFTER INSERT OR UPDATE OF "set_aside_at" ON "manifest"
  FOR EACH ROW EXECUTE FUNCTION strongroom_counts_chain();
CREATE TRIGGER "chain_statement_counts_chain" AFTER INSERT OR UPDATE OF "set_aside_at" ON "chain_statement"
  FOR EACH ROW EXECUTE FUNCTION strongroom_counts_chain();
CREATE TRIGGER "acknowledged_gap_counts_chain" AFTER INSERT OR UPDATE ON "acknowledged_gap"
  FOR EACH ROW EXECUTE FUNCTION strongroom_counts_chain();
ALTER TABLE "manifest" ENABLE ALWAYS TRIGGER "manifest_counts_chain";
ALTER TABLE "chain_statement" ENABLE ALWAYS TRIGGER "chain_statement_counts_chain";
ALTER TABLE "acknowledged_gap" ENABLE ALWAYS TRIGGER "acknowledged_gap_counts_chain";

-- Chains that are here already are counted at the first look.
INSERT INTO "device_chain" ("device_id", "changes")
  SELECT "device_id", 1 FROM "manifest" WHERE "chain" IN ('gap', 'fork') OR "set_aside_at" IS NOT NULL
  UNION SELECT "device_id", 1 FROM "chain_statement" WHERE "chain" IN ('gap', 'fork') OR "set_aside_at" IS NOT NULL;
