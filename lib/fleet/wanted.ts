import { z } from "zod";
import type { Prisma, WantedState } from "../../generated/prisma/client.ts";
import type { Context, Transaction } from "../context.ts";
import { recordEvent } from "../custody/index.ts";
import { AppError, notFound } from "../errors.ts";
import { newId } from "../ids.ts";
import { optionalLine, parseInput, requireId } from "../input.ts";
import { authoriseOperator, type Person, roleMay, type System } from "../people/index.ts";
import { fileNameProblem, parseSha256Hex, sha256HexOf } from "../protocol/index.ts";
import type { WantedRow } from "./types.ts";

/** Files that one device may be asked for at a time: they go before all others. */
const openAtOnce = 50;

/** A file that is wanted, as it is asked for. */
export const wantedInput = z
  .object({
    deviceId: z.string(),
    /** As the device names it, without folders. */
    fileName: optionalLine(255).refine(
      (name) => name === null || fileNameProblem(name) === null,
      "Write a name without folders.",
    ),
    sha256: optionalLine(64).refine(
      (text) => text === null || parseSha256Hex(text) !== null,
      "Write 64 hexadecimal digits.",
    ),
    /** Why, in words. */
    reason: optionalLine(300),
  })
  .refine(({ fileName, sha256 }) => fileName !== null || sha256 !== null, {
    message: "Write a file name or a SHA-256.",
    path: ["fileName"],
  });
/** A file that is wanted, as people describe it. */
export type WantedInput = z.input<typeof wantedInput>;

/**
 * Asks a device for one file, before all others: it hears of it with its next heartbeat. Asking for what it was asked
 * for already answers that.
 *
 * @throws AppError forbidden, not_found, invalid_input, conflict when the archive has it, state_conflict when the device
 *   is revoked, too_many_requests
 */
export async function askForFile(ctx: Context, input: WantedInput): Promise<WantedRow> {
  const actor = await authoriseOperator(ctx, "wanted.ask");
  const deviceId = requireId("device", input.deviceId);
  const { fileName, sha256, reason } = parseInput(wantedInput, input);
  const digest = sha256 === null ? null : Buffer.from(sha256, "hex");
  return ctx.db.$transaction(async (tx) => {
    const [device] = await tx.$queryRaw<{ name: string; state: string }[]>`
      SELECT name, state::text AS state FROM device WHERE id = ${deviceId} FOR NO KEY UPDATE`;
    if (device === undefined) throw notFound("device");
    if (device.state === "revoked")
      throw new AppError("state_conflict", `${device.name} is revoked: it hears nothing.`);
    if (digest !== null) await refuseWhatIsHere(tx, deviceId, digest);
    const open = await tx.wantedFile.findMany({ where: { deviceId, state: { in: ["open", "seen"] } } });
    const same = open.find(
      (row) => row.fileName === fileName && hexOrNull(row.sha256) === (digest?.toString("hex") ?? null),
    );
    if (same !== undefined) return toRow(same, actor);
    if (open.length >= openAtOnce)
      throw new AppError("too_many_requests", `${device.name} was asked for ${open.length} files already.`, {
        retryAfterSeconds: 600,
      });
    const askedBy = actor.name;
    const row = await tx.wantedFile.create({
      data: { id: newId("wanted"), deviceId, fileName, sha256: digest, reason, askedBy, askedAt: ctx.clock.now() },
    });
    const details = { wantedId: row.id, fileName, sha256: hexOrNull(digest) };
    await recordEvent(ctx, tx, {
      action: "wanted.asked",
      deviceId,
      ...(reason !== null && { purpose: reason }),
      details,
    });
    return toRow(row, actor);
  });
}

async function refuseWhatIsHere(tx: Transaction, deviceId: string, sha256: Buffer<ArrayBuffer>): Promise<void> {
  const here = await tx.recording.findFirst({ where: { deviceId, sha256, state: "sealed" }, select: { id: true } });
  if (here !== null) throw new AppError("conflict", `The archive has it: ${here.id}.`, { field: "sha256" });
}

/**
 * Asks no longer. A device that has begun to send it goes on; what it brings is kept.
 *
 * @throws AppError forbidden, not_found, state_conflict when it has ended
 */
export async function cancelWantedFile(ctx: Context, id: string): Promise<void> {
  await authoriseOperator(ctx, "wanted.ask");
  const wantedId = requireId("wanted", id);
  await ctx.db.$transaction(async (tx) => {
    const row = await tx.wantedFile.findUnique({ where: { id: wantedId } });
    if (row === null) throw notFound("file that was asked for");
    const where = { id: wantedId, state: { in: ["open" as const, "seen" as const] } };
    const { count } = await tx.wantedFile.updateMany({ where, data: { state: "cancelled", endedAt: ctx.clock.now() } });
    if (count === 0) throw new AppError("state_conflict", ended[row.state] ?? "It has ended.");
    await recordEvent(ctx, tx, { action: "wanted.cancelled", deviceId: row.deviceId, details: { wantedId } });
  });
}

/**
 * Files that devices were asked for, newest first: of one device, or of all.
 *
 * @throws AppError unauthenticated, forbidden
 */
export async function listWantedFiles(
  ctx: Context,
  input: { deviceId?: string; limit?: number } = {},
): Promise<WantedRow[]> {
  const actor = await authoriseOperator(ctx, "devices.list");
  const rows = await ctx.db.wantedFile.findMany({
    where: input.deviceId === undefined ? {} : { deviceId: requireId("device", input.deviceId) },
    orderBy: [{ askedAt: "desc" }, { id: "asc" }],
    take: Math.min(Math.max(input.limit ?? 100, 1), 500),
  });
  return rows.map((row) => toRow(row, actor));
}

/**
 * Ends the wishes that a sealed recording fulfils, in the transaction that seals it: of its device, with its content,
 * its name, or both where both were said.
 */
export async function fulfilWanted(
  ctx: Context,
  tx: Transaction,
  sealed: { recordingId: string; deviceId: string; fileName: string; sha256: string },
): Promise<void> {
  const { recordingId, deviceId, fileName } = sealed;
  const sha256 = Buffer.from(sealed.sha256, "hex");
  const rows = await tx.wantedFile.findMany({
    where: {
      deviceId,
      state: { in: ["open", "seen", "not_there"] },
      AND: [{ OR: [{ fileName: null }, { fileName }] }, { OR: [{ sha256: null }, { sha256 }] }],
    },
    select: { id: true },
  });
  for (const { id } of rows) {
    const where = { id, state: { in: ["open", "seen", "not_there"] satisfies WantedState[] } };
    const data = { state: "arrived" as const, endedAt: ctx.clock.now(), recordingId };
    if ((await tx.wantedFile.updateMany({ where, data })).count === 1)
      await recordEvent(ctx, tx, { action: "wanted.arrived", deviceId, recordingId, details: { wantedId: id } });
  }
}

const ended: Partial<Record<WantedState, string>> = {
  arrived: "It has arrived.",
  not_there: "The device has no such file.",
  cancelled: "It was cancelled already.",
};

const hexOrNull = (bytes: Uint8Array | null) => (bytes === null ? null : sha256HexOf(bytes));

/** A row as lists show it to this actor. */
export function toRow(row: Prisma.WantedFileModel, actor: Person | System): WantedRow {
  const may = actor.kind === "system" || roleMay(actor.role, "wanted.ask");
  const cancel = may ? (ended[row.state] ?? null) : "Only officers and administrators ask devices for files.";
  return { ...row, sha256: hexOrNull(row.sha256), can: { cancel } };
}
