import type { DigestState } from "./chunk-digester.ts";

/** A request of this process that is writing an upload. */
export type LocalWriter = {
  /** Gives way if its client has gone silent. */
  askToGiveWay(): void;
  /** Ends at a durable offset; settles when it has. */
  stop(): Promise<void>;
};

// Who is writing in this process. Only a short cut: the lease in the database decides.
const writers = new Map<string, LocalWriter>();

/** Keeps digests of half chunks between PATCHes; dropping one costs reading at most one chunk again. */
const maxKeptDigests = 512;
const keptDigests = new Map<string, DigestState & { fence: number }>();

export function addLocalWriter(uploadId: string, writer: LocalWriter): void {
  writers.set(uploadId, writer);
}

export function removeLocalWriter(uploadId: string, writer: LocalWriter): void {
  if (writers.get(uploadId) === writer) writers.delete(uploadId);
}

/** Asks this process's writer of an upload to give way; false when there is none here. */
export function askLocalWriter(uploadId: string): boolean {
  const writer = writers.get(uploadId);
  writer?.askToGiveWay();
  return writer !== undefined;
}

/** Ends every PATCH of this process at a durable offset. For a server that stops. */
export async function stopWriters(): Promise<void> {
  await Promise.all(Array.from(writers.values(), (writer) => writer.stop()));
}

/** Leaves the digest of a half chunk for the next PATCH. */
export function keepDigest(uploadId: string, fence: number, state: DigestState): void {
  keptDigests.delete(uploadId);
  keptDigests.set(uploadId, { ...state, fence });
  const oldest = keptDigests.keys().next();
  if (keptDigests.size > maxKeptDigests && !oldest.done) keptDigests.delete(oldest.value);
}

/** The digest that the lease just before this one left at this offset; null when another process wrote since. */
export function takeKeptDigest(uploadId: string, fence: number, offsetBytes: number): DigestState | null {
  const kept = keptDigests.get(uploadId);
  keptDigests.delete(uploadId);
  return kept !== undefined && kept.fence === fence - 1 && kept.offsetBytes === offsetBytes ? kept : null;
}
