import "server-only";
import { requestStates } from "@/components/ui/states";
import { getRequest, listRequests } from "@/lib/access/index.ts";
import type { RequestRow } from "@/lib/access/types.ts";
import type { PersonContext } from "../context";
import type { PlacedWork } from "./index";

const shown = 20;

/** For an officer: what nobody took up, what is in review, what this officer may approve second. */
export async function requestWork(ctx: PersonContext): Promise<PlacedWork[]> {
  const [submitted, inReview, approved] = await Promise.all([
    listRequests(ctx, { state: "submitted", limit: shown }),
    listRequests(ctx, { state: "in_review", limit: shown }),
    listRequests(ctx, { state: "approved", limit: shown }),
  ]);
  // Who may approve second is the verb's decision, so it is asked for each.
  const details = await Promise.all(approved.rows.map((row) => getRequest(ctx, row.id)));
  const mine = details.filter((request) => request.can.approve === null);
  return [
    ...submitted.rows.map((row) => toWork(row, "Take up")),
    ...inReview.rows.map((row) => toWork(row, "Review")),
    ...mine.map((row) => toWork(row, "Approve")),
  ];
}

function toWork(row: RequestRow, verb: string): PlacedWork {
  return {
    key: row.id,
    place: "requests",
    look: requestStates[row.state],
    title: row.site?.name ?? row.place,
    text: `${row.requester.name}, ${row.requester.organisation} · ${row.authority} ${row.reference} · ${row.id}`,
    verb,
    href: `/requests/${row.id}`,
    dueAt: row.answerBy,
    since: row.createdAt,
    zone: row.timeZone,
  };
}

/** For a requester: what is ready to be downloaded. */
export async function ownRequestWork(ctx: PersonContext): Promise<PlacedWork[]> {
  const { rows } = await listRequests(ctx, { state: "released", limit: shown });
  return rows.map((row) => ({
    key: row.id,
    place: "my-requests",
    look: requestStates[row.state],
    title: row.site?.name ?? row.place,
    text: `Ready for you · ${row.authority} ${row.reference} · ${row.id}`,
    verb: "Download",
    href: `/ask/${row.id}`,
    dueAt: null,
    since: row.createdAt,
    zone: row.timeZone,
  }));
}
