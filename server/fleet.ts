import { AppError } from "../lib/errors.ts";
import { getDeviceConfig, receiveHeartbeat } from "../lib/fleet/index.ts";
import { maxHeartbeatBytes, maxStatementBytes, statementMediaType } from "../lib/protocol/index.ts";
import { logFailure, recordStatement } from "../lib/uploads/index.ts";
import { sendAnswer } from "./answer.ts";
import { readText } from "./read-text.ts";
import { fieldOf, requestContext } from "./request-context.ts";
import type { Call } from "./routes.ts";
import { requireDeviceActor } from "./uploads.ts";

const jsonFields = { "Content-Type": "application/json", "Cache-Control": "no-store" };

/** Answers a device's `POST /api/devices/heartbeat`. */
export async function handleHeartbeat(call: Call): Promise<void> {
  const { services, request, response, fleet } = call;
  const device = await requireDeviceActor(call, "POST");
  const ctx = requestContext(services, request, device);
  const text = await readText(request, { maxBytes: maxHeartbeatBytes, idleMs: services.env.uploadIdleMs });
  const answer = await receiveHeartbeat(ctx, parseJson(text));
  fleet.changed(device.deviceId);
  sendAnswer(request, response, { status: 200, headers: { ...jsonFields }, body: JSON.stringify(answer) });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new AppError("invalid_input", "Send a JSON object.");
  }
}

/** Answers a device's `GET /api/devices/config`: what it has already is not sent again. */
export async function handleDeviceConfig(call: Call): Promise<void> {
  const { services, request, response } = call;
  const ctx = requestContext(services, request, await requireDeviceActor(call, "GET"));
  const config = await getDeviceConfig(ctx);
  const etag = `"${config.version}"`;
  const known = (fieldOf(request, "if-none-match") ?? "").split(",").map((tag) => tag.trim().replace(/^W\//, ""));
  if (known.includes(etag)) {
    const headers = { ETag: etag, "Cache-Control": "no-store" };
    return sendAnswer(request, response, { status: 304, headers, body: null });
  }
  const headers = { ...jsonFields, ETag: etag };
  sendAnswer(request, response, { status: 200, headers, body: JSON.stringify(config) });
}

/** Answers a device's `POST /api/devices/statements`. */
export async function handleStatement(call: Call): Promise<void> {
  const { services, request, response, fleet } = call;
  const device = await requireDeviceActor(call, "POST");
  const ctx = requestContext(services, request, device);
  const [type = ""] = (fieldOf(request, "content-type") ?? "").split(";");
  if (type.trim().toLowerCase() !== statementMediaType)
    throw new AppError("unsupported_media_type", `Send a signed statement as ${statementMediaType}.`);
  const jws = await readText(request, { maxBytes: maxStatementBytes, idleMs: services.env.uploadIdleMs });
  try {
    const { isNew, ...view } = await recordStatement(ctx, jws.trim());
    fleet.changed(device.deviceId);
    sendAnswer(request, response, {
      status: isNew ? 201 : 200,
      headers: { ...jsonFields },
      body: JSON.stringify(view),
    });
  } catch (error) {
    logFailure(ctx, error, null);
    throw error;
  }
}
