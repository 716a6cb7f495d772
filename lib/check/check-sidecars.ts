import { createHash } from "node:crypto";
import type { Context } from "../context.ts";
import { sha256HexOf } from "../protocol/index.ts";
import { sidecarKey } from "../recordings/index.ts";
import type { CheckDepth, CheckReport, Problem } from "./types.ts";

const batchSize = 500;
const mend = "Restore the file from a backup; the manifest that its device signed names its digest.";

type Sidecar = { recordingId: string; name: string; sha256: Uint8Array<ArrayBuffer>; sizeBytes: number };

/** The problems of all sidecars. */
export async function checkSidecars(
  ctx: Context,
  reaches: (depth: CheckDepth) => boolean,
  report: CheckReport,
): Promise<Problem[]> {
  const problems: Problem[] = [];
  let last: Omit<Sidecar, "sizeBytes"> | undefined;
  for (;;) {
    const sidecars: Sidecar[] = await ctx.db.sidecar.findMany({
      ...(last === undefined ? {} : { cursor: { recordingId_name_sha256: last }, skip: 1 }),
      orderBy: [{ recordingId: "asc" }, { name: "asc" }, { sha256: "asc" }],
      take: batchSize,
      select: { recordingId: true, name: true, sha256: true, sizeBytes: true },
    });
    for (const sidecar of sidecars) {
      const found = await judge(ctx, sidecar, reaches, report);
      report.sidecars += 1;
      if (found !== null) problems.push(found);
    }
    const end = sidecars.at(-1);
    if (end === undefined) return problems;
    const { recordingId, name, sha256 } = end;
    last = { recordingId, name, sha256 };
  }
}

async function judge(
  ctx: Context,
  { recordingId: subject, name, sha256, sizeBytes }: Sidecar,
  reaches: (depth: CheckDepth) => boolean,
  report: CheckReport,
): Promise<Problem | null> {
  const key = sidecarKey(subject, sha256HexOf(sha256));
  const size = await ctx.storage.size(key);
  if (size === null) return { code: "sidecar_missing", subject, found: `Its sidecar ${name} is not in storage.`, mend };
  if (!reaches("size")) return null;
  if (size !== sizeBytes) {
    const found = `Its sidecar ${name} has ${size} bytes, and its row says ${sizeBytes}.`;
    return { code: "sidecar_differs", subject, found, mend };
  }
  if (!reaches("digest")) return null;
  const hash = createHash("sha256");
  for await (const piece of ctx.storage.read(key)) hash.update(piece);
  report.bytesRead += size;
  if (hash.digest("hex") === sha256HexOf(sha256)) return null;
  return { code: "sidecar_differs", subject, found: `Its sidecar ${name} is not the file that came.`, mend };
}
