import { chunkCount } from "../../lib/protocol/index.ts";
import { digestFile } from "../digest-file.ts";
import { identityOf, isSameIdentity, readIdentity } from "../file-identity.ts";
import { Problem } from "../problems.ts";
import type { ReadyFile } from "../ready-file.ts";
import type { FileRecord } from "../state/file-record.ts";
import type { World } from "./world.ts";

/**
 * Finds out what a finished file is: from the state when nothing about the file has changed, else by reading it
 * once. What the state knows of the same content, under this name or an old one, is carried over.
 *
 * @throws Problem "changed" when the file moves while it is read
 */
export async function describeFile(ready: ReadyFile, world: World): Promise<FileRecord> {
  const { path, identity } = ready;
  const known = await world.store.read(world.archive.server, path);
  if (known !== null && isSameIdentity(known.identity, identity)) {
    tell(known, world);
    return known;
  }
  const chunkSizeBytes = known?.uploadUrl == null ? world.settings.chunkSizeBytes : known.chunkSizeBytes;
  const digests = await readDigests(ready, chunkSizeBytes, world);
  const fresh: FileRecord = {
    file: path,
    server: world.archive.server,
    identity,
    sha256: digests.sha256,
    chunkSizeBytes,
    mediaType: ready.container.mediaType,
    class: "bulk",
    capturedFrom: null,
    sequence: null,
    manifestSha256: null,
    sidecars: [],
    uploadUrl: null,
    recording: null,
    acknowledgedBytes: 0,
    phase: "described",
    receiptedAtRunMs: null,
    isDeleted: false,
    problem: null,
    retryAt: null,
    updatedAt: new Date().toISOString(),
  };
  const earlier = known?.sha256 === fresh.sha256 ? known : await findMoved(fresh, world);
  const record = earlier === null ? fresh : { ...earlier, file: path, identity };
  await world.store.write(record, true);
  if (earlier !== null && earlier.file !== path) await world.store.remove(earlier);
  tell(record, world);
  return record;
}

function tell(record: FileRecord, world: World): void {
  world.report({
    event: "described",
    file: record.file,
    sha256: record.sha256,
    sizeBytes: record.identity.sizeBytes,
    chunks: chunkCount(record.identity.sizeBytes, record.chunkSizeBytes),
    mediaType: record.mediaType,
  });
}

/** Digests of a file that must not move meanwhile. @throws Problem "changed" */
export async function readDigests(ready: ReadyFile, chunkSizeBytes: number, world: World) {
  let toldAtMs = performance.now();
  const { sizeBytes } = ready.identity;
  const digests = await digestFile(ready.handle, ready.path, sizeBytes, chunkSizeBytes, world.signal, (readBytes) => {
    if (performance.now() - toldAtMs < 500) return;
    toldAtMs = performance.now();
    world.report({ event: "hashing", file: ready.path, readBytes, sizeBytes });
  });
  const after = identityOf(await ready.handle.stat());
  if (!isSameIdentity(after, ready.identity)) throw new Problem("changed", `${ready.path} changed while it was read.`);
  return digests;
}

// The same bytes under a name that is gone: the file was renamed, and what was sent under the old name counts.
async function findMoved(fresh: FileRecord, world: World): Promise<FileRecord | null> {
  for (const record of await world.store.findByContent(fresh.server, fresh.sha256)) {
    if (record.uploadUrl === null || record.file === fresh.file) continue;
    const there = await readIdentity(record.file).catch(() => null);
    if (there === null) return record;
  }
  return null;
}
