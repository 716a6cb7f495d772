import type { Prisma } from "../../generated/prisma/client.ts";
import type { RequestRow } from "./types.ts";

/** What a request row needs from the database. */
export const requestInclude = {
  requester: { select: { id: true, name: true, badge: true } },
  organisation: { select: { name: true, kind: true } },
  site: { select: { id: true, name: true, timeZone: true } },
  _count: { select: { approvals: { where: { voidedAt: null } }, recordings: { where: { decision: "included" } } } },
} as const satisfies Prisma.RequestInclude;

type RequestWithParts = Prisma.RequestGetPayload<{ include: typeof requestInclude }>;

/** One request as a list shows it. */
export function toRequestRow(request: RequestWithParts, foundCount: number): RequestRow {
  return {
    id: request.id,
    state: request.state,
    requester: {
      ...request.requester,
      organisation: request.organisation.name,
      organisationKind: request.organisation.kind,
    },
    place: request.place,
    site: request.site,
    intervalFrom: request.intervalFrom,
    intervalUntil: request.intervalUntil,
    timeZone: request.timeZone,
    legalBasis: request.legalBasis,
    authority: request.authority,
    reference: request.reference,
    purpose: request.purpose,
    createdAt: request.createdAt,
    answerBy: request.answerBy,
    approvals: request._count.approvals,
    includedCount: request._count.recordings,
    foundCount,
  };
}
