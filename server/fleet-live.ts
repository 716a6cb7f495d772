import { AppError } from "../lib/errors.ts";
import { jitteredSeconds } from "../lib/jitter.ts";
import { authorise } from "../lib/people/index.ts";
import { requestContext } from "./request-context.ts";
import type { Call } from "./routes.ts";
import { sessionActor } from "./session-actor.ts";

/** Often enough for proxies, which close what is silent for a minute; an ended session is noticed no later. */
const beatMs = 15_000;
/** Tabs that one person looks at at once. */
const perPerson = 8;

/** Streams that are open, by person, in this process. */
const open = new Map<string, number>();

/**
 * Answers `GET /api/devices/live`: server-sent events for who may list devices. `changed` says which devices did, at
 * most about once a second; a page that shows one of them then asks anew. Ends with the session.
 */
export async function handleFleetLive(call: Call): Promise<void> {
  const { services, fleet, request, response } = call;
  const ctx = requestContext(services, request, await sessionActor(services, request));
  const { accountId } = await authorise(ctx, "devices.list");
  const count = open.get(accountId) ?? 0;
  if (count >= perPerson)
    throw new AppError("too_many_requests", "You look at the fleet in too many places at once.", {
      retryAfterSeconds: jitteredSeconds(10, 30),
    });
  response.writeHead(200, {
    "Content-Type": "text/event-stream",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    // nginx would hold events back until a buffer is full.
    "X-Accel-Buffering": "no",
  });
  if (request.method === "HEAD" || response.destroyed) return void response.end();
  open.set(accountId, count + 1);
  response.write("retry: 5000\n\n");
  const tell = async (text: string) => {
    const person = await sessionActor(services, request).catch(() => "unknown" as const);
    // A database that is away ends nothing: the next time will tell.
    const isIn = person === "unknown" || (person.kind === "person" && person.accountId === accountId);
    if (!isIn) response.end();
    // Who does not read gets no more: one change is as good as many.
    else if (!response.writableNeedDrain && !response.writableEnded) response.write(text);
  };
  const stopWatching = fleet.watch(
    (devices) => void tell(`event: changed\ndata: ${JSON.stringify({ devices })}\n\n`),
    () => response.end(),
  );
  const timer = setInterval(() => void tell(": still here\n\n"), beatMs);
  response.once("close", () => {
    clearInterval(timer);
    stopWatching();
    const left = (open.get(accountId) ?? 1) - 1;
    if (left === 0) open.delete(accountId);
    else open.set(accountId, left);
  });
}
