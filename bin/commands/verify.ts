import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import type { Command } from "commander";
import { AppError } from "../../lib/errors.ts";
import { listRecordings, type RecordingRow } from "../../lib/recordings/index.ts";
import { withArchive } from "../archive.ts";
import { type OutputOptions, print, utc } from "../output.ts";

/** Adds `verify`. */
export function addVerifyCommand(program: Command): void {
  program
    .command("verify <file>")
    .description("Compute a file's SHA-256 and say which recording it is, in what state, and since when it is sealed.")
    .option("--json", "print one JSON object")
    .addHelpText("after", "\nExit code: 0 it is a sealed recording, 1 it is not.")
    .action(async (file: string, options: OutputOptions) => {
      const sha256 = await sha256Of(file);
      await withArchive("verify", async (ctx) => {
        const { rows } = await listRecordings(ctx, { digest: sha256 });
        const recordings = rows.map(({ id, state, fileName, sealedAt, device, startAt, endAt }) => ({
          id,
          state,
          fileName,
          device: device.name,
          startAt,
          endAt,
          sealedAt,
        }));
        print(options, { sha256, recordings }, [`SHA-256 ${sha256}`, ...linesOf(rows)]);
        if (!rows.some((row) => row.state === "sealed")) process.exitCode = 1;
      });
    });
}

function linesOf(rows: RecordingRow[]): string[] {
  if (rows.length === 0) return ["No recording has this digest: the archive does not know these bytes."];
  return rows.map((row) => {
    const sealed = row.sealedAt === null ? "not sealed" : `sealed ${utc(row.sealedAt)}`;
    return `${row.id}  ${row.state}, ${sealed}: ${row.fileName} of ${row.device.name}, from ${utc(row.startAt)}`;
  });
}

async function sha256Of(file: string): Promise<string> {
  const hash = createHash("sha256");
  try {
    for await (const piece of createReadStream(file)) hash.update(piece);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new AppError("not_found", `${file} cannot be read: ${reason}.`);
  }
  return hash.digest("hex");
}
