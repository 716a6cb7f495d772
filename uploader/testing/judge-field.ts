import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { gunzipSync } from "node:zlib";
import { publicKeys } from "../../lib/keys/index.ts";
import { verifyReceipt } from "../../lib/protocol/index.ts";
import { recordingKey } from "../../lib/recordings/index.ts";
import type { TestWorld } from "../../lib/testing/test-world.ts";

/** A recording as it was made on the device. */
export type FieldFile = {
  path: string;
  sha256: string;
  sizeBytes: number;
  /** What must come of it: the archive seals it; nothing of it may be sealed; or the test itself says. */
  must: "arrive" | "stay" | "either";
  /** The test took it away. */
  isTaken: boolean;
};

/** What a judge looks at. */
export type Evidence = {
  world: TestWorld;
  deviceId: string;
  stateFolder: string;
  files: readonly FieldFile[];
  /** Uploads with bytes that nobody goes on with: those of files that changed while they were sent. */
  mayLeaveOpen: number;
};

/** Sealing is background work on a busy machine. */
const arrivalMs = 90_000;

/**
 * Compares a device with what the archive has of it, once the faults are over. The five that hold whatever happens:
 *
 * A. a file whose receipt the device holds is on the server byte by byte;
 * B. no file is gone from the device without such a receipt, or a tombstone;
 * C. every finished file arrives within a bounded time;
 * D. the archive has no file twice;
 * E. the numbers of the device's chain have no unexplained gap.
 *
 * @returns what is broken, in sentences; empty: nothing
 */
export async function judgeField(evidence: Evidence): Promise<string[]> {
  return [
    ...(await lateFiles(evidence)),
    ...(await brokenReceipts(evidence)),
    ...(await unexplainedLosses(evidence)),
    ...(await duplicates(evidence)),
    ...(await chainGaps(evidence)),
  ];
}

async function lateFiles({ world, deviceId, files }: Evidence): Promise<string[]> {
  const deadline = performance.now() + arrivalMs;
  const wanted = new Set(files.filter(({ must }) => must === "arrive").map(({ sha256 }) => sha256));
  for (;;) {
    const sealed = await sealedOf(world, deviceId);
    const late = [...wanted].filter((sha256) => !sealed.has(sha256));
    if (late.length === 0 || performance.now() > deadline) {
      const wrong = files.filter(({ must, sha256 }) => must === "stay" && sealed.has(sha256) && !wanted.has(sha256));
      return [
        ...late.map((sha256) => `C: ${nameOf(files, sha256)} has not arrived within ${arrivalMs / 1000} s`),
        ...wrong.map(({ path }) => `C: ${path} is sealed, and should not be`),
      ];
    }
    await sleep(100);
  }
}

async function sealedOf({ db }: TestWorld, deviceId: string): Promise<Map<string, string>> {
  const rows = await db.recording.findMany({
    where: { deviceId, state: "sealed" },
    select: { id: true, sha256: true },
  });
  return new Map(rows.map(({ id, sha256 }) => [hex(sha256), id]));
}

/** Receipts that the device holds, by what they are for: those of files that are gone lie in packs. */
async function heldReceipts({ world, stateFolder }: Evidence) {
  const keys = await publicKeys(world.db);
  const folder = join(stateFolder, "receipts");
  const held: string[] = [];
  // One after the other: a day's are too many at once.
  for (const name of await namesIn(folder, ".jws")) held.push((await readFile(join(folder, name), "utf8")).trim());
  for (const name of await namesIn(join(folder, "packed"), ".gz"))
    held.push(...packedIn(await readFile(join(folder, "packed", name))));
  return held.flatMap((jws) => {
    try {
      return [verifyReceipt(jws, keys).receipt];
    } catch {
      return []; // damaged, so that nothing may hang on it
    }
  });
}

async function namesIn(folder: string, ending: string): Promise<string[]> {
  return (await readdir(folder).catch(() => [])).filter((name) => name.endsWith(ending));
}

// Lines of a recording and its receipt.
function packedIn(pack: Buffer): string[] {
  try {
    const lines = gunzipSync(pack).toString("utf8").split("\n");
    return lines.flatMap((line) => line.split(" ")[1] ?? []);
  } catch {
    return []; // damaged, as above
  }
}

async function brokenReceipts(evidence: Evidence): Promise<string[]> {
  const broken: string[] = [];
  for (const { recording, sha256 } of await heldReceipts(evidence)) {
    const row = await evidence.world.db.recording.findUnique({ where: { id: recording } });
    const stored = row === null ? null : await digestOf(evidence.world, row.id);
    if (row?.state !== "sealed" || stored !== sha256)
      broken.push(`A: the device holds a receipt of ${recording} for ${sha256}, and stored is ${stored ?? "nothing"}`);
    if (!evidence.files.some((file) => file.sha256 === sha256))
      broken.push(`A: a receipt for bytes that no file had: ${sha256}`);
  }
  return broken;
}

async function digestOf({ storage }: TestWorld, recording: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const data of storage.read(recordingKey(recording))) hash.update(data);
  return hash.digest("hex");
}

async function unexplainedLosses(evidence: Evidence): Promise<string[]> {
  const gone = evidence.files.filter(({ path, isTaken }) => !isTaken && !existsSync(path));
  if (gone.length === 0) return [];
  const explained = new Set((await heldReceipts(evidence)).map(({ sha256 }) => sha256));
  for (const sha256 of await tombstonesOf(evidence)) explained.add(sha256);
  return gone
    .filter(({ sha256 }) => !explained.has(sha256))
    .map(({ path }) => `B: ${path} is gone, and the device holds no receipt for it`);
}

/** Digests of recordings that the device said would not come. */
async function tombstonesOf({ world, deviceId }: Evidence): Promise<string[]> {
  const rows = await world.db.chainStatement.findMany({ where: { deviceId, kind: "tombstone" } });
  return rows.map(({ jws }) => JSON.parse(Buffer.from(jws.split(".")[1] ?? "", "base64url").toString()).sha256);
}

async function duplicates({ world, deviceId, mayLeaveOpen }: Evidence): Promise<string[]> {
  const rows = await world.db.recording.findMany({ where: { deviceId }, include: { upload: true } });
  const counts = new Map<string, string[]>();
  for (const { id, state, sha256, declaredSha256, repeatOfId } of rows) {
    if (state === "receiving" || state === "quarantined" || repeatOfId !== null) continue;
    const content = hex(sha256 ?? declaredSha256);
    counts.set(content, [...(counts.get(content) ?? []), id]);
  }
  const open = rows.filter(
    ({ state, upload }) => state === "receiving" && upload?.state === "open" && upload.offsetBytes > 0n,
  );
  return [
    ...[...counts].filter(([, ids]) => ids.length > 1).map(([sha256, ids]) => `D: ${ids.join(", ")} are all ${sha256}`),
    ...(open.length > mayLeaveOpen ? [`D: ${open.map(({ id }) => id).join(", ")} have bytes, and nobody goes on`] : []),
  ];
}

async function chainGaps({ world, deviceId }: Evidence): Promise<string[]> {
  const select = { sequence: true, previousSha256: true } as const;
  const manifests = await world.db.manifest.findMany({
    where: { deviceId },
    select: { ...select, manifestSha256: true },
  });
  const statements = await world.db.chainStatement.findMany({ where: { deviceId } });
  const links = [
    ...manifests.map(({ manifestSha256, ...link }) => ({ ...link, own: hex(manifestSha256) })),
    ...statements.map(({ statementSha256, ...link }) => ({ ...link, own: hex(statementSha256) })),
  ].sort((a, b) => Number(a.sequence - b.sequence));
  // A number whose manifest never came is explained by the tombstone that names it.
  const explained = new Map(statements.map((said) => [Number(said.ofSequence ?? 0), hex(said.ofManifestSha256)]));
  const broken: string[] = [];
  let before = { sequence: 0, own: "" };
  for (const link of links) {
    for (let missing = before.sequence + 1; missing < Number(link.sequence); missing++) {
      const own = explained.get(missing);
      if (own === undefined) return [...broken, `E: number ${missing} of the chain is missing`];
      before = { sequence: missing, own };
    }
    if (Number(link.sequence) === before.sequence) broken.push(`E: number ${link.sequence} is there twice`);
    if (hex(link.previousSha256) !== before.own) broken.push(`E: ${link.sequence} does not name the one before`);
    before = { sequence: Number(link.sequence), own: link.own };
  }
  return broken;
}

function nameOf(files: readonly FieldFile[], sha256: string): string {
  return files.find((file) => file.sha256 === sha256)?.path ?? sha256;
}

function hex(bytes: Uint8Array | null): string {
  return bytes === null ? "" : Buffer.from(bytes).toString("hex");
}
