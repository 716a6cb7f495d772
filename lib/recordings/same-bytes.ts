import type { Prisma } from "../../generated/prisma/client.ts";
import type { Context } from "../context.ts";
import type { Person, System } from "../people/index.ts";
import type { RecordingWithParts } from "./row.ts";
import type { RecordingDetail } from "./types.ts";
import { releasedTo, seesReleasedOnly } from "./visible.ts";

/** Others that are shown; more of the same bytes say nothing more. */
const shown = 20;

/** Recordings with the same bytes: of the same device, of which one stands for all, and of others. */
export async function findSame(
  ctx: Context,
  actor: Person | System,
  recording: RecordingWithParts,
): Promise<Pick<RecordingDetail, "repeatOf" | "repeats" | "sameBytes">> {
  const visible = seesReleasedOnly(actor) ? releasedTo(actor.accountId, ctx.clock.now()) : {};
  const { id, deviceId, repeatOfId, sha256, sizeBytes } = recording;
  const order: Pick<Prisma.RecordingFindManyArgs, "orderBy" | "take"> = {
    orderBy: [{ createdAt: "asc" }, { id: "asc" }],
    take: shown,
  };
  const [first, repeats, others] = await Promise.all([
    repeatOfId === null
      ? null
      : ctx.db.recording.findFirst({ where: { id: repeatOfId, ...visible }, select: { id: true } }),
    ctx.db.recording.findMany({ where: { repeatOfId: id, ...visible }, select: { id: true }, ...order }),
    sha256 === null || sizeBytes === null
      ? []
      : ctx.db.recording.findMany({
          where: {
            sha256,
            sizeBytes,
            deviceId: { not: deviceId },
            repeatOfId: null,
            state: { in: ["sealed", "disposed"] },
            ...visible,
          },
          select: { id: true, device: { select: { id: true, name: true } } },
          ...order,
        }),
  ]);
  return { repeatOf: first?.id ?? null, repeats: repeats.map((repeat) => repeat.id), sameBytes: others };
}
