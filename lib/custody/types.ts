import type { ActorKind, Outcome, Role } from "../../generated/prisma/client.ts";
import type { CustodyAction } from "./actions.ts";

/** One custody event as screens and exports show it. */
export type CustodyEventRow = {
  /** Decimal digits; the order of reading. */
  seq: string;
  at: Date;
  action: CustodyAction;
  /** After the actor's name, as in "sealed it". */
  sentence: string;
  outcome: Outcome;
  actorKind: ActorKind;
  actorId: string | null;
  actorName: string;
  actorRole: Role | null;
  recordingId: string | null;
  requestId: string | null;
  releaseId: string | null;
  deviceId: string | null;
  accountId: string | null;
  purpose: string | null;
  details: Record<string, unknown> | null;
  fromAddress: string | null;
  userAgent: string | null;
  correlationId: string;
};

/** Filters of the custody log; all combine. */
export type CustodyFilter = {
  from?: Date;
  until?: Date;
  group?: "people" | "devices" | "recordings" | "access" | "requests";
  outcome?: Outcome;
  /** Account or device that acted. */
  actorId?: string;
  /** Any id: recording, request, release, device or account that was acted upon. */
  subjectId?: string;
};
