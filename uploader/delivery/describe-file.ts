import { chunkCount, type FileClass, ManifestError, type Sha256Hex } from "../../lib/protocol/index.ts";
import { digestFile } from "../digest-file.ts";
import { identityOf, isSameIdentity, readIdentity } from "../file-identity.ts";
import { Problem } from "../problems.ts";
import type { ReadyFile } from "../ready-file.ts";
import type { FileRecord, SidecarNote } from "../state/file-record.ts";
import { type Findings, manifestFactsOf, noFindings } from "./manifest-facts.ts";
import type { World } from "./world.ts";

/**
 * Finds out what a finished file is: from the state when nothing about the file has changed, else by reading it
 * once. What the state knows of the same content, under this name or an old one, is carried over. An enrolled device
 * signs what is new into its chain, and states that what was described under this name before will not come.
 *
 * @throws Problem "changed" when the file moves while it is read
 */
export async function describeFile(
  ready: ReadyFile,
  world: World,
  findings: Findings = noFindings,
  fileClass: FileClass = "bulk",
  foundAtRunMs = Math.floor(world.store.runMs),
): Promise<FileRecord> {
  const { path, identity } = ready;
  const known = await world.store.read(world.archive.server, path);
  if (known !== null && known.phase !== "gone" && isSameIdentity(known.identity, identity)) {
    const here = known.goneAtRunMs === null ? known : returned(known);
    if (here !== known) await world.store.write(here, true);
    tell(here, world);
    return here;
  }
  const chunkSizeBytes = known?.uploadUrl == null ? world.settings.chunkSizeBytes : known.chunkSizeBytes;
  const digests = await readDigests(ready, chunkSizeBytes, world);
  const { sha256 } = digests;
  const isSameContent = known !== null && known.phase !== "gone" && known.sha256 === sha256;
  const earlier = isSameContent ? known : await findMoved(path, sha256, world);
  if (earlier !== null) {
    const record = returned({ ...earlier, file: path, identity });
    await world.store.write(record, true);
    if (earlier.file !== path) await world.store.remove(earlier);
    tell(record, world);
    return record;
  }
  if (known !== null) await stateGone(known, "changed", world);
  const link = await signIn(ready, digests, chunkSizeBytes, findings, world);
  const record: FileRecord = {
    file: path,
    server: world.archive.server,
    identity,
    sha256,
    chunkSizeBytes,
    mediaType: ready.container.mediaType,
    class: fileClass,
    capturedFrom: findings.hints.capturedFrom ?? ready.container.createdAt?.toISOString() ?? null,
    sequence: link?.sequence ?? null,
    manifestSha256: link?.manifestSha256 ?? null,
    sidecars: link === null ? [] : sidecarNotes(findings),
    uploadUrl: null,
    recording: null,
    acknowledgedBytes: 0,
    phase: "described",
    foundAtRunMs,
    receiptedAtRunMs: null,
    isDeleted: false,
    goneAtRunMs: null,
    problem: null,
    retryAt: null,
    updatedAt: new Date().toISOString(),
  };
  await world.store.write(record, true);
  if (link !== null) world.chain?.adopted(link.sequence);
  tell(record, world);
  return record;
}

/** A file that was taken for deleted or gone is here: its receipt may be packed away, and is asked for anew. */
export function returned(record: FileRecord): FileRecord {
  const receipt = record.goneAtRunMs === null ? {} : { receiptedAtRunMs: null };
  return { ...record, ...receipt, isDeleted: false, goneAtRunMs: null };
}

/** States that a described file will not come, unless the archive has it already, or nobody was ever told of it. */
export async function stateGone(
  record: FileRecord,
  reason: "changed" | "vanished" | "evicted" | "discarded",
  world: World,
): Promise<void> {
  const isUnderWay = record.phase === "described" || record.phase === "sending" || record.phase === "refused";
  if (!isUnderWay || record.sequence === null || world.chain === null) return;
  await world.chain.tombstone(record, reason);
  world.figures.tombstones += 1;
  await world.store.write({ ...record, phase: "gone", problem: reason, updatedAt: new Date().toISOString() }, true);
}

type Digests = Awaited<ReturnType<typeof readDigests>>;

// A manifest that a power cut left without its record is the file's own: nothing is ever signed twice for a number.
async function signIn(ready: ReadyFile, digests: Digests, chunkSizeBytes: number, findings: Findings, world: World) {
  const { chain } = world;
  if (chain === null) return null;
  const orphan = chain.claim(digests.sha256, ready.identity.sizeBytes);
  if (orphan !== null) return orphan;
  const factsFor = (known: Findings) =>
    manifestFactsOf(ready, digests, chunkSizeBytes, known, world.settings.capture, world.clock);
  try {
    return await chain.describe(factsFor(findings));
  } catch (error) {
    if (!(error instanceof ManifestError)) throw error;
    // What lies beside a recording must never keep it from going: without that, it is described all the same.
    world.report({ event: "notice", file: ready.path, message: `${error.message} It is described without that.` });
    return chain.describe(factsFor(noFindings));
  }
}

function sidecarNotes({ sidecars }: Findings): SidecarNote[] {
  return sidecars.slice(0, 64).map(({ name, path: file, ...facts }) => ({
    ...{ name, file, sizeBytes: facts.sizeBytes, sha256: facts.sha256 },
    ...{ isDelivered: false, isLeft: false },
  }));
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
async function findMoved(path: string, sha256: Sha256Hex, world: World): Promise<FileRecord | null> {
  for (const record of await world.store.findByContent(world.archive.server, sha256)) {
    const isWorthIt = record.uploadUrl !== null || record.sequence !== null;
    if (!isWorthIt || record.phase === "gone" || record.isDeleted || record.file === path) continue;
    const there = await readIdentity(record.file).catch(() => null);
    if (there === null) return record;
  }
  return null;
}
