import { z } from "zod";
import { Prisma } from "../../generated/prisma/client.ts";
import { Outcome } from "../../generated/prisma/enums.ts";
import { type CustodyAction, custodyActions } from "../custody/index.ts";
import { type IdKind, parseId } from "../ids.ts";
import { moment, wantedId } from "../input.ts";

const groups = ["people", "devices", "recordings", "access", "requests"] as const;

export const filterInput = z.object({
  from: moment.optional(),
  until: moment.optional(),
  group: z.enum(groups, "There is no such group.").optional(),
  outcome: z.enum(Outcome, "There is no such outcome.").optional(),
  actorId: wantedId.optional(),
  subjectId: wantedId.optional(),
});
/** A filter that was read. */
export type ReadFilter = z.output<typeof filterInput>;

/** Actions of one group. */
function actionsOf(group: ReadFilter["group"]): CustodyAction[] {
  // Object.keys forgets the literal keys.
  return (Object.keys(custodyActions) as CustodyAction[]).filter((action) => custodyActions[action].group === group);
}

const subjectColumns = {
  recording: Prisma.sql`recording_id`,
  request: Prisma.sql`request_id`,
  release: Prisma.sql`release_id`,
  device: Prisma.sql`device_id`,
  account: Prisma.sql`account_id`,
} as const satisfies Partial<Record<IdKind, Prisma.Sql>>;

// Written out, so that the database sees that its index of what was not simply done answers them.
const outcomeConditions = {
  done: Prisma.sql`outcome = 'done'`,
  refused: Prisma.sql`outcome = 'refused'`,
  failed: Prisma.sql`outcome = 'failed'`,
} as const satisfies Record<Outcome, Prisma.Sql>;

/** An id tells by its first letter what it names; what is no id of these kinds was never acted upon. */
function subjectCondition(text: string): Prisma.Sql {
  for (const [kind, column] of Object.entries(subjectColumns)) {
    const id = parseId(kind as keyof typeof subjectColumns, text); // Object.entries forgets the literal keys
    if (id !== null) return Prisma.sql`${column} = ${id}`;
  }
  return Prisma.sql`false`;
}

function actorCondition(text: string): Prisma.Sql {
  const id = parseId("account", text) ?? parseId("device", text);
  return id === null ? Prisma.sql`false` : Prisma.sql`actor_id = ${id}`;
}

/** The filter as a WHERE clause over custody_event, joined with further conditions. */
export function whereOf(filter: ReadFilter, further: Prisma.Sql[] = []): Prisma.Sql {
  const conditions = [
    ...further,
    ...(filter.from === undefined ? [] : [Prisma.sql`at >= ${filter.from}`]),
    ...(filter.until === undefined ? [] : [Prisma.sql`at < ${filter.until}`]),
    ...(filter.group === undefined ? [] : [Prisma.sql`action IN (${Prisma.join(actionsOf(filter.group))})`]),
    ...(filter.outcome === undefined ? [] : [outcomeConditions[filter.outcome]]),
    ...(filter.actorId === undefined ? [] : [actorCondition(filter.actorId)]),
    ...(filter.subjectId === undefined ? [] : [subjectCondition(filter.subjectId)]),
  ];
  return conditions.length === 0 ? Prisma.empty : Prisma.sql`WHERE ${Prisma.join(conditions, " AND ")}`;
}
