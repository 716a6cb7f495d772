import type { Context } from "../context.ts";
import { publicKeys } from "../keys/index.ts";
import { ProtocolError, sha256HexOf, verifyReceipt } from "../protocol/index.ts";
import type { CheckDepth, Problem } from "./types.ts";

/** A sealed recording, as its row says. */
type Sealed = { id: string; sha256: Uint8Array | null };

const mend =
  "Rows were changed past the program. Compare the database with its backup; its device may hold the receipt.";

/** What is wrong with the receipt of a sealed recording: it is there, or on its way, and says what the row says. */
export async function checkReceipt(
  ctx: Context,
  { id: subject, sha256 }: Sealed,
  reaches: (depth: CheckDepth) => boolean,
): Promise<Problem[]> {
  const row = await ctx.db.receipt.findUnique({ where: { recordingId: subject }, select: { jws: true } });
  if (row === null) {
    const due = await ctx.db.receiptDue.count({ where: { recordingId: subject } });
    // It may have been made between the two questions.
    const isThere = due > 0 || (await ctx.db.receipt.count({ where: { recordingId: subject } })) > 0;
    if (isThere) return [];
    return [{ code: "receipt_missing", subject, found: "It is sealed, and has no receipt and none to come.", mend }];
  }
  if (!reaches("digest")) return [];
  try {
    const { receipt } = verifyReceipt(row.jws, await publicKeys(ctx.db));
    const isSame = receipt.recording === subject && sha256 !== null && receipt.sha256 === sha256HexOf(sha256);
    if (isSame) return [];
    return [{ code: "receipt_differs", subject, found: "Its receipt is about other bytes.", mend }];
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    return [{ code: "receipt_differs", subject, found: `Its receipt is not valid: ${error.message}`, mend }];
  }
}
