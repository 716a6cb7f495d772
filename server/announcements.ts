import type { Context } from "../lib/context.ts";
import { AppError } from "../lib/errors.ts";
import { type AnnouncedView, manifestMediaType, maxManifestBytes, recordingIdHeader } from "../lib/protocol/index.ts";
import { type Announced, announceRecording, logFailure } from "../lib/uploads/index.ts";
import { sendAnswer } from "./answer.ts";
import { handleForm } from "./form-upload.ts";
import { readText } from "./read-text.ts";
import { fieldOf, requestContext } from "./request-context.ts";
import type { Call } from "./routes.ts";
import { beginTransfer, locationBase, requireDeviceActor } from "./uploads.ts";

/** Answers a `POST` to the recordings: a signed manifest announces one, a form brings one whole. */
export async function handleAnnouncement(call: Call): Promise<void> {
  const { services, request } = call;
  const actor = await requireDeviceActor(call, "POST");
  const ctx = requestContext(services, request, actor);
  const endTransfer = beginTransfer(services, actor);
  const [type = ""] = (fieldOf(request, "content-type") ?? "").split(";");
  try {
    if (type.trim().toLowerCase() === "multipart/form-data") await handleForm(call, ctx);
    else await handleManifest(call, ctx, type);
  } catch (error) {
    logFailure(ctx, error, null);
    throw error;
  } finally {
    endTransfer();
  }
}

async function handleManifest({ services, request, response }: Call, ctx: Context, type: string): Promise<void> {
  if (type.trim().toLowerCase() !== manifestMediaType)
    throw new AppError(
      "unsupported_media_type",
      `Send a signed manifest as ${manifestMediaType}, or a form with a file as multipart/form-data.`,
    );
  const jws = await readText(request, { maxBytes: maxManifestBytes, idleMs: services.env.uploadIdleMs });
  const announced = await announceRecording(ctx, jws.trim(), services.env.uploadMaxBytes);
  const location = `${locationBase(services, request)}/${announced.upload.id}`;
  const headers = {
    "Content-Type": "application/json",
    "Cache-Control": "no-store",
    Location: location,
    [recordingIdHeader]: announced.recordingId,
    "Upload-Offset": String(announced.upload.offsetBytes),
  };
  const body = JSON.stringify(view(announced, location));
  sendAnswer(request, response, { status: announced.isNew ? 201 : 200, headers, body });
}

function view({ recordingId, upload, isNew: _, ...rest }: Announced, location: string): AnnouncedView {
  const { offsetBytes, lengthBytes } = upload;
  return { recording: recordingId, upload: location, offsetBytes, sizeBytes: lengthBytes ?? 0, ...rest };
}
