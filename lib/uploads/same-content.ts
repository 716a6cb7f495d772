import type { Context, Transaction } from "../context.ts";
import type { UploadRow } from "./internal.ts";

/** What makes two files the same. Whoever does not know the length yet takes any. */
export type Content = { sha256: string; sizeBytes: number | null };

/** A recording that is there already, with its upload. */
export type KnownRecording = { recordingId: string; upload: UploadRow };

/**
 * The first recording of a device with this content that arrived, or may still arrive: not one whose upload ended, nor
 * one in quarantine or disposed of. Another device's is never looked at.
 */
export async function findSameContent(
  db: Context["db"] | Transaction,
  deviceId: string,
  { sha256, sizeBytes }: Content,
): Promise<KnownRecording | null> {
  // An open final upload takes no bytes itself. One of the IETF draft may wait for nothing but the word that it is
  // complete, which nobody gives who is told that all bytes are here.
  const lacksBytes = { OR: [{ lengthBytes: null }, { offsetBytes: { lt: db.upload.fields.lengthBytes } }] };
  const digest = Buffer.from(sha256, "hex");
  // Who told the length will not tell it again: an upload that still waits for one would never be complete.
  const fits = sizeBytes === null ? {} : { sizeBytes: BigInt(sizeBytes) };
  const found = await db.recording.findFirst({
    where: {
      deviceId,
      repeatOfId: null,
      state: { in: ["receiving", "received", "sealed"] },
      upload: { OR: [{ state: "complete" }, { state: "open", kind: "whole", ...lacksBytes }] },
      AND: [{ OR: [{ declaredSha256: digest }, { sha256: digest }] }, fits],
    },
    orderBy: [{ createdAt: "asc" }, { id: "asc" }],
    select: { id: true },
  });
  return found === null ? null : findUploadOf(db, found.id);
}

/** The upload of a recording, which every recording has. */
export async function findUploadOf(db: Context["db"] | Transaction, recordingId: string): Promise<KnownRecording> {
  const row = await db.upload.findUniqueOrThrow({ where: { recordingId } });
  return {
    recordingId,
    upload: {
      id: row.id,
      recordingId,
      deviceId: row.deviceId,
      kind: row.kind,
      state: row.state,
      offsetBytes: Number(row.offsetBytes),
      lengthBytes: row.lengthBytes === null ? null : Number(row.lengthBytes),
      chunkSizeBytes: row.chunkSizeBytes,
      metadataHeader: row.metadataHeader,
      concatHeader: row.concatHeader,
      finalUploadId: row.finalUploadId,
      hasManifest: row.manifestSha256 !== null,
      lastActivityAt: row.lastActivityAt,
      heldFence: row.leaseUntil === null ? null : row.fence,
    },
  };
}
