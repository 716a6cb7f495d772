import { z } from "zod";
import { ActorKind, Outcome, Role } from "../../../generated/prisma/enums.ts";
import { type CustodyAction, custodyActions } from "../../../lib/custody/index.ts";
import { type CustodyEventRow, custodyFilterInput } from "../../../lib/custody-log/index.ts";
import type { Area } from "../operation.ts";
import { json } from "../operation.ts";
import { pageOf, paging, query, shapeOf, time } from "../shapes.ts";

/** A stable name of an act. */
export const actionName = z.enum(Object.keys(custodyActions) as [CustodyAction, ...CustodyAction[]]); // a table with many rows

export const eventRow = shapeOf<CustodyEventRow>()(
  z
    .strictObject({
      seq: z.string().regex(/^\d+$/),
      at: time,
      action: actionName,
      sentence: z.string(),
      outcome: z.enum(Outcome),
      actorKind: z.enum(ActorKind),
      actorId: z.string().nullable(),
      actorName: z.string(),
      actorRole: z.enum(Role).nullable(),
      recordingId: z.string().nullable(),
      requestId: z.string().nullable(),
      releaseId: z.string().nullable(),
      deviceId: z.string().nullable(),
      accountId: z.string().nullable(),
      purpose: z.string().nullable(),
      details: z.record(z.string(), z.unknown()).nullable(),
      fromAddress: z.string().nullable(),
      userAgent: z.string().nullable(),
      correlationId: z.string(),
    })
    .meta({ id: "CustodyEvent" }),
);

const { from, until, group, outcome, actorId, subjectId } = custodyFilterInput.shape;
const filter = [
  query("from", from, "Events at this moment or later."),
  query("until", until, "Events before this moment."),
  query("group", group, "Kind of act."),
  query("outcome", outcome, "How it ended."),
  query("actor", actorId, "Id of the account or device that acted."),
  query("subject", subjectId, "Id of what was acted upon."),
];

export const custody: Area = {
  name: "Custody",
  description: "The custody log: who did what, and what was refused.",
  operations: [
    {
      method: "GET",
      path: "/api/custody",
      id: "listCustody",
      summary: "A page of the custody log, newest first",
      caller: "person",
      parameters: [...filter, ...paging],
      answers: { 200: json("The page.", pageOf(eventRow)) },
      refuses: [],
    },
    {
      method: "GET",
      path: "/api/custody/export",
      id: "exportCustody",
      summary: "The custody log as CSV, oldest first",
      caller: "person",
      parameters: filter,
      answers: { 200: { description: "The events.", type: "text/csv; charset=utf-8" } },
      refuses: [],
    },
  ],
};
