import type { Context, Transaction } from "../context.ts";
import { holdDevice } from "../devices/index.ts";
import { newId } from "../ids.ts";
import { recordingKey } from "../recordings/index.ts";
import { requireDevice } from "./internal.ts";
import { withSpace } from "./reserve-space.ts";
import { storageError } from "./storage-error.ts";

type Subject = {
  deviceId: string;
  lengthBytes: number | null;
  /** Nothing of the device's can be the same, so nothing has to wait for its other announcements. */
  isAlone: boolean;
};

type Steps<Found, Opened> = {
  /** What is there already; asked before anything is made, and again when nothing can change any more. */
  find: (db: Context["db"] | Transaction) => Promise<Found | null>;
  /** Answers with what is there. */
  known: (tx: Transaction, found: Found) => Promise<Opened>;
  /** Makes the rows of a new recording, whose empty blob is there. */
  open: (tx: Transaction, recordingId: string) => Promise<Opened>;
};

/**
 * Answers what is there, or opens something new: once, however many ask at the same time and whenever one of them is
 * killed. Bytes before rows: a kill in between leaves an empty blob that nothing names.
 *
 * @throws AppError token_invalid, insufficient_storage, too_many_requests
 */
export async function openOnce<Found, Opened>(ctx: Context, subject: Subject, steps: Steps<Found, Opened>) {
  for (;;) {
    const recordingId = (await steps.find(ctx.db)) === null ? await makeBlob(ctx) : null;
    let isUsed = false;
    try {
      const opened = await openLocked(ctx, subject, steps, recordingId);
      isUsed = opened?.isNew === true;
      // What was found a moment ago ended in between: now a new one is needed.
      if (opened !== null) return opened.value;
    } finally {
      if (recordingId !== null && !isUsed) await removeUnused(ctx, recordingId);
    }
  }
}

async function openLocked<Found, Opened>(
  ctx: Context,
  subject: Subject,
  steps: Steps<Found, Opened>,
  recordingId: string | null,
): Promise<{ value: Opened; isNew: boolean } | null> {
  return withSpace(ctx, subject.lengthBytes, async (tx, claim) => {
    if (!subject.isAlone) await holdDevice(tx, requireDevice(ctx));
    const found = await steps.find(tx);
    if (found !== null) return { value: await steps.known(tx, found), isNew: false };
    if (recordingId === null) return null;
    const value = await steps.open(tx, recordingId);
    await claim(subject.deviceId, { isNew: true });
    return { value, isNew: true };
  });
}

async function makeBlob(ctx: Context): Promise<string> {
  const recordingId = newId("recording");
  await ctx.storage.create(recordingKey(recordingId)).catch((error: unknown) => {
    throw storageError(error);
  });
  return recordingId;
}

/** The commit may have happened although its answer was lost; only a row that is known to be missing frees the blob. */
async function removeUnused(ctx: Context, recordingId: string): Promise<void> {
  if ((await ctx.db.recording.count({ where: { id: recordingId } }).catch(() => 1)) === 0)
    await ctx.storage.remove(recordingKey(recordingId));
}
