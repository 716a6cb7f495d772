import type { Context } from "../lib/context.ts";
import { notFound } from "../lib/errors.ts";
import { maxSidecarBytes } from "../lib/protocol/index.ts";
import { openSidecar } from "../lib/recordings/index.ts";
import { logFailure, putSidecar } from "../lib/uploads/index.ts";
import { sendAnswer } from "./answer.ts";
import { attachment } from "./content-fields.ts";
import { readBytes } from "./read-text.ts";
import { fieldOf, requestContext } from "./request-context.ts";
import type { Call } from "./routes.ts";
import { sessionActor } from "./session-actor.ts";
import { beginTransfer, requireDeviceActor } from "./uploads.ts";

type Address = { recordingId: string; name: string };

function addressOf(path: string): Address {
  const [, recordingId, name] = /^\/api\/recordings\/([^/]+)\/sidecars\/([^/]+)$/.exec(path) ?? [];
  try {
    if (recordingId !== undefined && name !== undefined) return { recordingId, name: decodeURIComponent(name) };
  } catch {
    // Not UTF-8 below its percent signs: nothing has such a name.
  }
  throw notFound("sidecar");
}

/** Answers `PUT` and `GET` of a recording's sidecar. */
export async function handleSidecar(call: Call): Promise<void> {
  const address = addressOf(call.path);
  if (call.request.method === "PUT") await put(call, address);
  else await get(call, address);
}

async function put(call: Call, address: Address): Promise<void> {
  const { services, request, response } = call;
  const actor = await requireDeviceActor(call, "PUT");
  const ctx = requestContext(services, request, actor);
  const endTransfer = beginTransfer(services, actor);
  try {
    const content = await readBytes(request, { maxBytes: maxSidecarBytes, idleMs: services.env.uploadIdleMs });
    const { isNew, ...view } = await putSidecar(ctx, { ...address, content });
    const headers = { "Content-Type": "application/json", "Cache-Control": "no-store" };
    sendAnswer(request, response, { status: isNew ? 201 : 200, headers, body: JSON.stringify(view) });
  } catch (error) {
    logFailure(ctx, error, null);
    throw error;
  } finally {
    endTransfer();
  }
}

/** Always as a file to keep: what a device sent is never shown as a page of ours. */
async function get(call: Call, address: Address): Promise<void> {
  const { services, request, response } = call;
  const { name, mediaType, sha256, content } = await openSidecar(await readerOf(call), address);
  const headers = {
    "Content-Type": mediaType,
    "Content-Length": String(content.length),
    "Content-Disposition": attachment(name),
    "Content-Security-Policy": "sandbox; default-src 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "private, no-store",
    ETag: `"${sha256}"`,
    "Repr-Digest": `sha-256=:${Buffer.from(sha256, "hex").toString("base64")}:`,
  };
  services.log.debug({ recordingId: address.recordingId, name }, "a sidecar is read");
  response.writeHead(200, headers);
  response.end(request.method === "HEAD" ? undefined : content);
}

async function readerOf(call: Call): Promise<Context> {
  const { services, request } = call;
  const isDevice = fieldOf(request, "authorization") !== undefined;
  // As for a POST: a look-up that asks whether the token is good now.
  const actor = isDevice ? await requireDeviceActor(call, "GET") : await sessionActor(services, request);
  return requestContext(services, request, actor);
}
