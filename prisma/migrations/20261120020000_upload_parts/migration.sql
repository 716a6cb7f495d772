-- CreateEnum
CREATE TYPE "upload_kind" AS ENUM ('whole', 'part', 'final');

-- AlterTable
ALTER TABLE "upload" ADD COLUMN     "concat_header" TEXT,
ADD COLUMN     "final_upload_id" TEXT,
ADD COLUMN     "kind" "upload_kind" NOT NULL DEFAULT 'whole',
ADD COLUMN     "part_index" INTEGER,
ALTER COLUMN "recording_id" DROP NOT NULL;

-- CreateIndex
CREATE UNIQUE INDEX "upload_final_upload_id_part_index_key" ON "upload"("final_upload_id", "part_index");

-- AddForeignKey
ALTER TABLE "upload" ADD CONSTRAINT "upload_final_upload_id_fkey" FOREIGN KEY ("final_upload_id") REFERENCES "upload"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- ------------------------------------------------------- what Prisma cannot express

-- A part has no recording, everything else has one; only parts belong to a final upload; only finals say of what.
ALTER TABLE "upload" ADD CONSTRAINT "upload_kind_shape" CHECK (
  ("kind" = 'part') = ("recording_id" IS NULL)
  AND ("kind" = 'final') = ("concat_header" IS NOT NULL)
  AND ("kind" = 'part' OR "final_upload_id" IS NULL)
  AND ("final_upload_id" IS NULL) = ("part_index" IS NULL) AND ("part_index" IS NULL OR "part_index" >= 0));

-- An acknowledged byte is never taken back. The bytes of a complete part are no evidence before the file that they
-- are for is whole: until then a part may still be ended, together with that file's upload or before there is one.
CREATE OR REPLACE FUNCTION strongroom_upload_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.offset_bytes < OLD.offset_bytes THEN
    RAISE EXCEPTION 'upload %: the offset cannot go from % to %', OLD.id, OLD.offset_bytes, NEW.offset_bytes
      USING ERRCODE = 'restrict_violation';
  END IF;
  IF NEW.fence < OLD.fence OR (OLD.length_bytes IS NOT NULL AND NEW.length_bytes IS DISTINCT FROM OLD.length_bytes)
    OR NEW.chunk_size_bytes <> OLD.chunk_size_bytes THEN
    RAISE EXCEPTION 'upload %: fence, length and chunk size never go back', OLD.id USING ERRCODE = 'restrict_violation';
  END IF;
  IF OLD.state <> 'open' AND NEW.state <> OLD.state AND NOT (
    OLD.kind = 'part' AND OLD.state = 'complete' AND NEW.state = 'terminated'
    AND NOT EXISTS (SELECT 1 FROM upload f WHERE f.id = OLD.final_upload_id AND f.state = 'complete')) THEN
    RAISE EXCEPTION 'upload %: a final state stays', OLD.id USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;

-- What an upload is never changes, and a part belongs to the one final upload that named it first.
CREATE FUNCTION strongroom_upload_part_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.kind <> OLD.kind OR NEW.recording_id IS DISTINCT FROM OLD.recording_id OR NEW.device_id <> OLD.device_id
    OR NEW.concat_header IS DISTINCT FROM OLD.concat_header
    OR (OLD.final_upload_id IS NOT NULL
      AND (NEW.final_upload_id, NEW.part_index) IS DISTINCT FROM (OLD.final_upload_id, OLD.part_index)) THEN
    RAISE EXCEPTION 'upload %: its kind, its recording and its place in a file never change', OLD.id
      USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER "upload_part_stays" BEFORE UPDATE ON "upload"
  FOR EACH ROW EXECUTE FUNCTION strongroom_upload_part_guard();
