import { Prisma } from "../../generated/prisma/client.ts";
import type { Actor, Context, Transaction } from "../context.ts";
import type { CustodyAction } from "./actions.ts";

/** What a verb tells custody about its act. Ids name what was acted upon; the actor comes from the context. */
export type EventInput = {
  action: CustodyAction;
  outcome?: "done" | "refused" | "failed";
  recordingId?: string;
  requestId?: string;
  releaseId?: string;
  deviceId?: string;
  accountId?: string;
  purpose?: string;
  details?: Prisma.InputJsonObject;
};

type ActorColumns = {
  actorKind: Actor["kind"];
  actorId: string | null;
  actorName: string;
  actorRole: (Prisma.CustodyEventCreateInput["actorRole"] & string) | null;
};

function actorColumns(actor: Actor): ActorColumns {
  switch (actor.kind) {
    case "person":
      return { actorKind: "person", actorId: actor.accountId, actorName: actor.name, actorRole: actor.role };
    case "device":
      return { actorKind: "device", actorId: actor.deviceId, actorName: actor.name, actorRole: null };
    case "system":
      return { actorKind: "system", actorId: null, actorName: actor.name, actorRole: null };
    case "nobody":
      return { actorKind: "nobody", actorId: null, actorName: "Nobody", actorRole: null };
  }
}

/**
 * Appends one custody event in the transaction of the act. No event, no act: when this throws, the act's
 * transaction rolls back with it.
 */
export async function recordEvent(ctx: Context, tx: Transaction, input: EventInput): Promise<void> {
  await tx.custodyEvent.create({ data: eventColumns(ctx, input) });
}

/** The same for acts of several callers in one transaction, each under its own name. */
export async function recordEvents(tx: Transaction, events: readonly { ctx: Context; input: EventInput }[]) {
  await tx.custodyEvent.createMany({ data: events.map(({ ctx, input }) => eventColumns(ctx, input)) });
}

function eventColumns(ctx: Context, input: EventInput) {
  return {
    at: ctx.clock.now(),
    action: input.action,
    outcome: input.outcome ?? "done",
    ...actorColumns(ctx.actor),
    recordingId: input.recordingId ?? null,
    requestId: input.requestId ?? null,
    releaseId: input.releaseId ?? null,
    deviceId: input.deviceId ?? null,
    accountId: input.accountId ?? null,
    purpose: input.purpose ?? null,
    details: input.details ?? Prisma.DbNull,
    fromAddress: ctx.origin.address,
    userAgent: ctx.origin.userAgent,
    correlationId: ctx.correlationId,
  };
}
