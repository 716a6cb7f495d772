import { randomBytes } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Context } from "../lib/context.ts";
import {
  type ByteRange,
  type ContentFacts,
  type ContentInput,
  type ContentUse,
  getContentFacts,
  openContent,
} from "../lib/recordings/index.ts";
import type { Services } from "../lib/services.ts";
import { sendAnswer, sendProblem } from "./answer.ts";
import { contentFields, entityTag, isPlayable, servedType } from "./content-fields.ts";
import { type Selection, select } from "./content-ranges.ts";
import { deliver, type Stretch, totalLength } from "./deliver.ts";
import { fieldOf, requestContext } from "./request-context.ts";
import { sessionActor } from "./session-actor.ts";

/** An address of a file's bytes. */
export type ContentAddress = ContentInput & { wantsInline: boolean };

/** Reads `/api/recordings/{id}/content` and `/api/releases/{id}/content?recording=…`; null for other paths. */
export function matchContent(url: string): ContentAddress | null {
  const [path = "", query = ""] = url.split("?");
  const [, kind, id] = /^\/api\/(recordings|releases)\/([A-Za-z0-9-]{1,40})\/content$/.exec(path) ?? [];
  if (kind === undefined || id === undefined) return null;
  const parameters = new URLSearchParams(query);
  const wantsInline = parameters.get("disposition") === "inline";
  if (kind === "recordings") return { recordingId: id, releaseId: null, wantsInline };
  return { recordingId: parameters.get("recording"), releaseId: id, wantsInline };
}

/** Answers one GET or HEAD for a file's bytes. */
export async function handleContent(
  services: Services,
  address: ContentAddress,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  try {
    const ctx = requestContext(services, request, await sessionActor(services, request));
    const facts = await getContentFacts(ctx, address);
    const use: ContentUse = address.wantsInline && isPlayable(facts.mediaType) ? "playback" : "download";
    const selection = select(
      {
        range: fieldOf(request, "range"),
        ifRange: fieldOf(request, "if-range"),
        ifMatch: fieldOf(request, "if-match"),
        ifNoneMatch: fieldOf(request, "if-none-match"),
      },
      facts.sizeBytes,
      entityTag(facts),
    );
    await answer(ctx, facts, { use, selection }, request, response);
  } catch (error) {
    if (!response.headersSent) return sendProblem(request, response, error);
    services.log.error({ err: error }, "a file could not be sent to its end");
    response.destroy();
  }
}

type Choice = { use: ContentUse; selection: Selection };

async function answer(
  ctx: Context,
  facts: ContentFacts,
  { use, selection }: Choice,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const headers = contentFields(facts, use);
  switch (selection.kind) {
    case "not_modified":
      return sendAnswer(request, response, { status: 304, headers, body: null });
    case "failed":
      return sendAnswer(request, response, { status: 412, headers, body: null });
    case "unsatisfiable":
      headers["Content-Range"] = `bytes */${facts.sizeBytes}`;
      return sendAnswer(request, response, { status: 416, headers, body: null });
    case "whole":
    case "ranges":
  }
  // "A server MUST ignore a Range header field received with a request method that is … [not] GET" (RFC 9110, 14.2).
  const isWhole = selection.kind === "whole" || request.method === "HEAD";
  const ranges = isWhole ? wholeFile(facts) : selection.ranges;
  const plan = isWhole
    ? { fields: { "Content-Type": servedType(facts) }, stretches: ranges }
    : planParts(facts, ranges);
  const fields = { ...headers, ...plan.fields, "Content-Length": totalLength(plan.stretches) };
  const status = isWhole ? 200 : 206;
  if (request.method === "HEAD") {
    response.writeHead(status, fields).end();
    return;
  }
  // Opening writes the custody event: without it there is not even a head.
  const content = await openContent(ctx, facts, { use, ranges });
  response.writeHead(status, fields);
  await deliver(response, content, plan.stretches);
}

function wholeFile(facts: ContentFacts): ByteRange[] {
  return facts.sizeBytes === 0 ? [] : [{ start: 0, end: facts.sizeBytes - 1 }];
}

/** One range is sent as it is, several as multipart/byteranges (RFC 9110, section 14.6). */
function planParts(facts: ContentFacts, ranges: readonly ByteRange[]) {
  const type = servedType(facts);
  const rangeField = ({ start, end }: ByteRange) => `bytes ${start}-${end}/${facts.sizeBytes}`;
  const [first] = ranges;
  if (ranges.length === 1 && first !== undefined)
    return { fields: { "Content-Type": type, "Content-Range": rangeField(first) }, stretches: [first] };
  const boundary = randomBytes(18).toString("hex");
  const stretches: Stretch[] = ranges.flatMap((range) => [
    Buffer.from(`\r\n--${boundary}\r\nContent-Type: ${type}\r\nContent-Range: ${rangeField(range)}\r\n\r\n`),
    range,
  ]);
  stretches.push(Buffer.from(`\r\n--${boundary}--\r\n`));
  return { fields: { "Content-Type": `multipart/byteranges; boundary=${boundary}` }, stretches };
}
