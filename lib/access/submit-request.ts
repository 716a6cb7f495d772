import type { Context } from "../context.ts";
import { recordEvent } from "../custody/index.ts";
import { AppError } from "../errors.ts";
import { newId } from "../ids.ts";
import { parseInput } from "../input.ts";
import { authorise, type Person } from "../people/index.ts";
import { fileNameProblem, safeFileName, sha256HexOf } from "../protocol/index.ts";
import { getSettings } from "../settings/index.ts";
import { transact } from "./internal.ts";
import { readTime } from "./interval.ts";
import { answerBy, legalBases, mayClaim } from "./legal-bases.ts";
import { maxIntervalMs } from "./limits.ts";
import { removeOrder, storeOrder } from "./order-file.ts";
import { refuseTooMany, requireRoomForOne } from "./request-rate.ts";
import { type SubmitRequest, submitRequestSchema } from "./schemas.ts";

function readInterval(input: { intervalFrom: string; intervalUntil: string; timeZone: string }, now: Date) {
  const from = readTime(input.intervalFrom, input.timeZone, "from", "intervalFrom");
  const until = readTime(input.intervalUntil, input.timeZone, "until", "intervalUntil");
  const refuse = (message: string, field: string) => new AppError("invalid_input", message, { field });
  if (until <= from) throw refuse("The end must be after the start.", "intervalUntil");
  if (from >= now) throw refuse("This is in the future: nothing can have been recorded yet.", "intervalFrom");
  if (until.getTime() - from.getTime() > maxIntervalMs) {
    throw refuse("Ask for at most 31 days at once.", "intervalUntil");
  }
  return { from, until };
}

function requireClaim(person: Person, basis: keyof typeof legalBases): void {
  if (mayClaim(person.organisationKind, basis)) return;
  const label = legalBases[basis].label.toLowerCase();
  throw new AppError("invalid_input", `${person.organisationName} cannot rely on this: ${label}.`, {
    field: "legalBasis",
  });
}

function readOrderName(name: string): string {
  const safe = safeFileName(name.trim());
  const problem = fileNameProblem(safe);
  if (problem !== null) throw new AppError("invalid_input", `The file name ${problem}.`, { field: "order" });
  return safe;
}

/**
 * A requester asks for the recordings of a place and an interval and attaches the order, a PDF that streams into
 * storage before the row is written (see order-file.ts for the write order).
 *
 * @param order the PDF's bytes; read to its end or to the first problem
 * @returns the new request's id
 * @throws AppError invalid_input with the field, too_large, unsupported_media_type, too_many_requests
 */
export async function submitRequest(
  ctx: Context,
  input: SubmitRequest,
  order: AsyncIterable<Uint8Array>,
): Promise<{ id: string }> {
  const person = await authorise(ctx, "requests.submit");
  const { intervalFrom, intervalUntil, siteId, orderFileName, ...written } = parseInput(submitRequestSchema, input);
  const now = ctx.clock.now();
  requireClaim(person, written.legalBasis);
  const interval = readInterval({ intervalFrom, intervalUntil, timeZone: written.timeZone }, now);
  const fileName = readOrderName(orderFileName);
  if (siteId && (await ctx.db.site.count({ where: { id: siteId } })) === 0) {
    throw new AppError("invalid_input", "No such site. Choose one from the list or describe the place.", {
      field: "siteId",
    });
  }

  await refuseTooMany(ctx, person);
  const { orderMaxBytes } = await getSettings(ctx.db);
  const id = newId("request");
  const stored = await storeOrder(ctx, id, order, orderMaxBytes);
  try {
    await transact(ctx, async (tx) => {
      await requireRoomForOne(ctx, tx, person);
      await tx.request.create({
        data: {
          ...written,
          id,
          requesterId: person.accountId,
          organisationId: person.organisationId,
          siteId: siteId ?? null,
          intervalFrom: interval.from,
          intervalUntil: interval.until,
          orderFileName: fileName,
          orderSizeBytes: stored.sizeBytes,
          orderSha256: stored.sha256,
          createdAt: now,
          answerBy: answerBy(written.legalBasis, now),
        },
      });
      await recordEvent(ctx, tx, {
        action: "request.submitted",
        requestId: id,
        purpose: written.purpose,
        details: {
          legalBasis: written.legalBasis,
          authority: written.authority,
          reference: written.reference,
          place: written.place,
          intervalFrom: interval.from.toISOString(),
          intervalUntil: interval.until.toISOString(),
          orderSha256: sha256HexOf(stored.sha256),
          orderSizeBytes: stored.sizeBytes,
        },
      });
    });
  } catch (error) {
    // The commit may have happened although its answer was lost; only a row that is known to be missing frees the blob.
    if ((await ctx.db.request.count({ where: { id } }).catch(() => 1)) === 0) await removeOrder(ctx, id);
    throw error;
  }
  return { id };
}
