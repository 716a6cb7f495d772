import { createHash } from "node:crypto";
import type { Prisma, RecordingState } from "../../../generated/prisma/client.ts";
import type { Database } from "../../context.ts";
import { newId } from "../../ids.ts";
import { madeAt, nextNumber } from "./defaults.ts";
import { makeDevice } from "./devices.ts";

const sha256 = (bytes: Uint8Array) => new Uint8Array(createHash("sha256").update(bytes).digest());

type RecordingOptions = {
  deviceId?: string;
  siteId?: string | null;
  state?: RecordingState;
  /** The file's bytes; digests, sizes and chunk rows follow from them. They are not stored. */
  content?: Uint8Array;
  chunkSizeBytes?: number;
  capturedFrom?: Date;
  capturedUntil?: Date;
  data?: Partial<Prisma.RecordingUncheckedCreateInput>;
};

/** Makes a recording with its upload and chunk rows, sealed unless said otherwise. Only rows, no bytes. */
export async function makeRecording(db: Database, options: RecordingOptions = {}) {
  const state = options.state ?? "sealed";
  const number = nextNumber();
  const content = options.content ?? new TextEncoder().encode(`recording ${number}`);
  const chunkSizeBytes = options.chunkSizeBytes ?? 8 * 1024 * 1024;
  const deviceId = options.deviceId ?? (await makeDevice(db)).id;
  const capturedFrom = options.capturedFrom ?? new Date("2026-03-02T09:00:00Z");
  const capturedUntil = options.capturedUntil ?? new Date(capturedFrom.getTime() + 10 * 60_000);
  const isWhole = state !== "receiving";
  const fileName = options.data?.fileName ?? `recording-${number}.mp4`;
  return db.recording.create({
    data: {
      id: newId("recording"),
      deviceId,
      siteId: options.siteId ?? null,
      state,
      fileName,
      mediaType: "video/mp4",
      sizeBytes: content.length,
      declaredSha256: state === "quarantined" ? new Uint8Array(32) : sha256(content),
      sha256: isWhole ? sha256(content) : null,
      digestOriginator: "device",
      capturedFrom,
      capturedUntil,
      startAt: capturedFrom,
      endAt: capturedUntil,
      createdAt: madeAt,
      receivedAt: isWhole ? madeAt : null,
      sealedAt: state === "sealed" || state === "disposed" ? madeAt : null,
      quarantinedAt: state === "quarantined" ? madeAt : null,
      quarantineReason: state === "quarantined" ? "digest_mismatch" : null,
      searchText: fileName.toLowerCase(),
      upload: {
        create: {
          id: newId("upload"),
          deviceId,
          state: isWhole ? "complete" : "open",
          offsetBytes: isWhole ? content.length : 0,
          lengthBytes: content.length,
          chunkSizeBytes,
          createdAt: madeAt,
          lastActivityAt: madeAt,
        },
      },
      chunks: { create: isWhole ? chunkRows(content, chunkSizeBytes) : [] },
      ...options.data,
    },
    include: { upload: true, chunks: true, device: true, site: true },
  });
}

function chunkRows(content: Uint8Array, chunkSizeBytes: number) {
  return Array.from({ length: Math.ceil(content.length / chunkSizeBytes) }, (_, index) => {
    const bytes = content.subarray(index * chunkSizeBytes, (index + 1) * chunkSizeBytes);
    return {
      index,
      offsetBytes: index * chunkSizeBytes,
      lengthBytes: bytes.length,
      sha256: sha256(bytes),
      receivedAt: madeAt,
      receivedFrom: "192.0.2.7",
    };
  });
}
