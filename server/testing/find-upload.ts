import type { Database } from "../../lib/context.ts";

/** The upload at an address, with its recording and that one's chunks; not for parts, which have none. */
export async function findUpload(db: Database, location: string) {
  const { recording, ...upload } = await db.upload.findUniqueOrThrow({
    where: { id: location.split("/").at(-1) ?? "" },
    include: { recording: { include: { chunks: { orderBy: { index: "asc" } } } } },
  });
  if (recording === null) throw new Error(`Upload ${upload.id} is a part of a file`);
  return { ...upload, recording, recordingId: recording.id };
}
