import { type Prisma, RequestState } from "../../generated/prisma/client.ts";
import type { Context } from "../context.ts";
import { AppError } from "../errors.ts";
import { parseId } from "../ids.ts";
import { moment, parseInput } from "../input.ts";
import { authorise } from "../people/index.ts";
import { countFound } from "./candidates.ts";
import { requestInclude, toRequestRow } from "./request-row.ts";
import { listRequestsSchema, type RequestFilter } from "./schemas.ts";
import type { RequestList } from "./types.ts";

const undecided: RequestState[] = ["submitted", "in_review", "approved"];
const dueStates: readonly string[] = ["waiting", ...undecided, "released"];

type Position = { answerBy: Date; id: string };

function writeCursor({ answerBy, id }: Position): string {
  return Buffer.from(`${answerBy.toISOString()} ${id}`).toString("base64url");
}

function readCursor(cursor: string): Position {
  const [at = "", id = ""] = Buffer.from(cursor, "base64url").toString("utf8").split(" ");
  const answerBy = new Date(at);
  if (!moment.safeParse(answerBy).success || parseId("request", id) === null) {
    throw new AppError("invalid_input", "This page marker is not one of ours. Start at the first page.", {
      field: "cursor",
    });
  }
  return { answerBy, id };
}

function after(position: Position, soonestFirst: boolean): Prisma.RequestWhereInput {
  const { answerBy, id } = position;
  return soonestFirst
    ? { OR: [{ answerBy: { gt: answerBy } }, { answerBy, id: { gt: id } }] }
    : { OR: [{ answerBy: { lt: answerBy } }, { answerBy, id: { lt: id } }] };
}

async function countByState(ctx: Context, where: Prisma.RequestWhereInput): Promise<Record<RequestState, number>> {
  const groups = await ctx.db.request.groupBy({ by: ["state"], where, _count: true });
  const counted = new Map(groups.map((group) => [group.state, group._count]));
  const states = Object.values(RequestState);
  // Every state is a key of the result, which fromEntries cannot say.
  return Object.fromEntries(states.map((state) => [state, counted.get(state) ?? 0])) as Record<RequestState, number>;
}

/**
 * The inbox: requests in one state or all, what is due soonest first, ended ones latest first, with a count for
 * every state. A requester sees their own only.
 *
 * @throws AppError invalid_input
 */
export async function listRequests(ctx: Context, filter: RequestFilter = {}): Promise<RequestList> {
  const person = await authorise(ctx, "requests.read");
  const { state, cursor, limit } = parseInput(listRequestsSchema, filter);
  const mine = person.role === "requester" ? { requesterId: person.accountId } : {};
  const soonestFirst = state !== undefined && dueStates.includes(state);
  const inState = state === "waiting" ? { state: { in: undecided } } : state ? { state } : {};
  const direction = soonestFirst ? "asc" : "desc";
  const found = await ctx.db.request.findMany({
    where: { AND: [mine, inState, cursor ? after(readCursor(cursor), soonestFirst) : {}] },
    include: requestInclude,
    orderBy: [{ answerBy: direction }, { id: direction }],
    take: limit + 1,
  });
  const page = found.slice(0, limit);
  const last = page.at(-1);
  // What was found is for those who decide; a requester learns of recordings when they are released.
  const counts =
    person.role === "requester"
      ? new Map<string, number>()
      : await countFound(
          ctx.db,
          page.map(({ id }) => id),
        );
  const rows = page.map((request) => toRequestRow(request, counts.get(request.id) ?? 0));
  return {
    rows: person.role === "requester" ? rows.map((row) => ({ ...row, includedCount: 0 })) : rows,
    nextCursor: found.length > limit && last ? writeCursor(last) : null,
    countByState: await countByState(ctx, mine),
  };
}
