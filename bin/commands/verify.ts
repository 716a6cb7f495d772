import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import type { Command } from "commander";
import type { Context } from "../../lib/context.ts";
import { AppError } from "../../lib/errors.ts";
import { publicKeys } from "../../lib/keys/index.ts";
import { ProtocolError, verifyReceipt } from "../../lib/protocol/index.ts";
import { findReceipt } from "../../lib/receipts/index.ts";
import { listRecordings, type RecordingRow } from "../../lib/recordings/index.ts";
import { withArchive } from "../archive.ts";
import { type OutputOptions, print, utc } from "../output.ts";

/** Adds `verify`. */
export function addVerifyCommand(program: Command): void {
  program
    .command("verify <file>")
    .description("Compute a file's SHA-256 and say which recording it is, in what state, and since when it is sealed.")
    .option("--json", "print one JSON object")
    .addHelpText("after", "\nExit code: 0 it is a sealed recording, 1 it is not, or its receipt is not valid.")
    .action(async (file: string, options: OutputOptions) => {
      const sha256 = await sha256Of(file);
      await withArchive("verify", async (ctx) => {
        const { rows } = await listRecordings(ctx, { digest: sha256 });
        const receipts = new Map<string, Words>();
        for (const { id } of rows) receipts.set(id, await receiptWords(ctx, id, sha256));
        const recordings = rows.map(({ id, state, fileName, sealedAt, device, startAt, endAt }) => ({
          receipt: receipts.get(id)?.words,
          id,
          state,
          fileName,
          device: device.name,
          startAt,
          endAt,
          sealedAt,
        }));
        print(options, { sha256, recordings }, [`SHA-256 ${sha256}`, ...linesOf(rows, receipts)]);
        if (!rows.some(({ id, state }) => state === "sealed" && receipts.get(id)?.isWrong === false))
          process.exitCode = 1;
      });
    });
}

type Words = { words: string; isWrong: boolean };

/** What the recording's receipt says when it is checked as anyone would. */
async function receiptWords(ctx: Context, recordingId: string, sha256: string): Promise<Words> {
  try {
    const kept = await findReceipt(ctx, recordingId);
    if (kept === null) return { words: "no receipt", isWrong: false };
    const { receipt, checkpointSize } = verifyReceipt(kept.jws, await publicKeys(ctx.db));
    if (receipt.recording !== recordingId || receipt.sha256 !== sha256)
      throw new ProtocolError("It is about another recording or other bytes.");
    const words = `receipt valid: event ${receipt.log.index} of ${checkpointSize} in the custody log`;
    return { words, isWrong: false };
  } catch (error) {
    if (error instanceof ProtocolError) return { words: `RECEIPT NOT VALID: ${error.message}`, isWrong: true };
    throw error;
  }
}

function linesOf(rows: RecordingRow[], receipts: ReadonlyMap<string, Words>): string[] {
  if (rows.length === 0) return ["No recording has this digest: the archive does not know these bytes."];
  return rows.map((row) => {
    const sealed = row.sealedAt === null ? "not sealed" : `sealed ${utc(row.sealedAt)}`;
    const what = `${row.id}  ${row.state}, ${sealed}: ${row.fileName} of ${row.device.name}, from ${utc(row.startAt)}`;
    return `${what}; ${receipts.get(row.id)?.words}`;
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
