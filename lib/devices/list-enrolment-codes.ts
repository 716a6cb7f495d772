import type { Context } from "../context.ts";
import { authoriseOperator, roleMay } from "../people/index.ts";
import type { EnrolmentCodeRow } from "./types.ts";

/** Newest shown; older ones are history that custody has. */
const shown = 200;

/**
 * Enrolment codes, newest first, without the codes themselves.
 *
 * @throws AppError unauthenticated, forbidden
 */
export async function listEnrolmentCodes(ctx: Context): Promise<EnrolmentCodeRow[]> {
  const actor = await authoriseOperator(ctx, "devices.list");
  const mayChange = actor.kind === "system" || roleMay(actor.role, "devices.change");
  const now = ctx.clock.now();
  const rows = await ctx.db.enrolmentCode.findMany({
    orderBy: [{ createdAt: "desc" }, { id: "asc" }],
    take: shown,
    include: {
      site: { select: { id: true, name: true } },
      devices: { orderBy: { createdAt: "asc" }, select: { id: true, name: true, state: true } },
    },
  });
  return rows.map(({ codeSha256: _, siteId: _site, isTyped, ...row }) => {
    const state = stateOf(row, now);
    const refusal = state === "open" ? null : `The code is ${words[state]}.`;
    return {
      ...row,
      form: isTyped ? "typed" : "long",
      state,
      can: { revoke: mayChange ? refusal : "Only administrators change devices." },
    };
  });
}

const words = { revoked: "revoked", used_up: "used up", expired: "out of date" } as const;

type Limits = { revokedAt: Date | null; expiresAt: Date; uses: number; maxUses: number };

/** Whether a code lets somebody in now, and else why not. */
export function stateOf(code: Limits, now: Date): EnrolmentCodeRow["state"] {
  if (code.revokedAt !== null) return "revoked";
  if (code.uses >= code.maxUses) return "used_up";
  return code.expiresAt <= now ? "expired" : "open";
}
