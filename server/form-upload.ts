import type { IncomingMessage } from "node:http";
import { Busboy, type BusboyFileStream, type BusboyInstance } from "@fastify/busboy";
import type { Context } from "../lib/context.ts";
import { AppError } from "../lib/errors.ts";
import { maxManifestBytes, receiptPath, recordingIdHeader, recordingsPath } from "../lib/protocol/index.ts";
import { getDeviceRecording } from "../lib/recordings/index.ts";
import { contentDigestOf, type ReceivedForm } from "../lib/uploads/index.ts";
import { sendAnswer } from "./answer.ts";
import { fieldOf } from "./request-context.ts";
import type { Call } from "./routes.ts";

const maxFields = 40;
/** Longest field but the manifest: room for free metadata (64 KiB). */
const maxFieldBytes = 96 * 1024;
/** Name of the part that brings the file. */
const fileField = "file";

const refuse = (message: string, field: string) => new AppError("invalid_input", message, { field });
const brokeOff = () =>
  new AppError("invalid_input", "The form broke off. What arrived of the file is kept; send it again.");

/** Answers a form that brings a whole recording: its fields, and its file last. */
export async function handleForm({ services, endpoint, request, response }: Call, ctx: Context): Promise<void> {
  const { form, stop } = readForm(request, services.env.uploadIdleMs);
  try {
    const { recordingId, isNew } = await endpoint.receiveForm(ctx, await form);
    const recording = await getDeviceRecording(ctx, recordingId);
    const self = `${recordingsPath}/${recordingId}`;
    const body = JSON.stringify({ ...recording, links: { self, receipt: receiptPath(recordingId) } });
    const headers = {
      "Content-Type": "application/json",
      "Cache-Control": "no-store",
      Location: self,
      [recordingIdHeader]: recordingId,
    };
    sendAnswer(request, response, { status: isNew ? 201 : 200, headers, body });
  } finally {
    stop();
  }
}

/** Reads a form as it arrives; it is there as soon as its file begins, so that nothing of the file is ever held. */
function readForm(request: IncomingMessage, idleMs: number): { form: Promise<ReceivedForm>; stop: () => void } {
  const parser = openParser(request);
  const digest = contentDigestOf({ "content-digest": fieldOf(request, "content-digest") });
  const stopped = new AbortController();
  const { promise: form, resolve, reject } = Promise.withResolvers<ReceivedForm>();
  const whole = Promise.withResolvers<void>();
  const fields = new Map<string, string>();
  let file: BusboyFileStream | null = null;
  const fail = (error: AppError) => {
    reject(error);
    whole.reject(error);
    file?.destroy(error);
  };
  // Only until the file begins: then its reception counts the seconds.
  const idle = setTimeout(() => fail(new AppError("idle_timeout", "No byte came for too long.")), idleMs);
  parser.on("field", (name, value, _isNameCut, isCut) => {
    const problem = fieldProblem({ name, value, isCut, isLate: file !== null, isTwice: fields.has(name) });
    if (problem !== null) fail(refuse(problem, name));
    fields.set(name, value);
  });
  parser.on("file", (name, content, fileName, _encoding, mediaType) => {
    clearTimeout(idle);
    content.on("error", () => undefined); // without a listener it would end the process; its reader sees it anyway
    file = content;
    if (name !== fileField) return fail(refuse(`Send one file, named ${fileField}.`, name));
    resolve({ fields, fileName: fileName || null, mediaType: mediaType || null, content, whole: whole.promise });
  });
  parser.on("filesLimit", () => fail(refuse("Send one file.", fileField)));
  parser.on("fieldsLimit", () => fail(refuse(`Send at most ${maxFields} fields.`, fileField)));
  parser.on("error", () => fail(brokeOff()));
  parser.on("finish", () => {
    if (file === null) return fail(refuse(`The form has no file; name it ${fileField}.`, fileField));
    try {
      digest?.verify();
      whole.resolve();
    } catch (error) {
      fail(error instanceof AppError ? error : brokeOff());
    }
  });
  for (const promise of [form, whole.promise]) promise.catch(() => undefined); // told where it is waited for
  const see = (piece: Uint8Array) => {
    digest?.update([piece]);
    if (file === null) idle.refresh();
  };
  pump(request, parser, see, stopped.signal).catch(() => fail(brokeOff()));
  return {
    form,
    stop: () => {
      clearTimeout(idle);
      stopped.abort();
      file?.destroy();
    },
  };
}

function openParser(request: IncomingMessage): BusboyInstance {
  const limits = {
    fields: maxFields,
    fieldSize: maxManifestBytes,
    fieldNameSize: 100,
    files: 1,
    parts: maxFields + 1,
    headerPairs: 20,
  };
  try {
    return new Busboy({ headers: { "content-type": fieldOf(request, "content-type") ?? "" }, limits });
  } catch {
    throw new AppError("unsupported_media_type", "Send this as multipart/form-data with a boundary, the file last.");
  }
}

type Field = { name: string; value: string; isCut: boolean; isLate: boolean; isTwice: boolean };

function fieldProblem({ name, value, isCut, isLate, isTwice }: Field): string | null {
  if (isLate) return "Fields must come before the file.";
  if (isTwice) return "This field stands twice.";
  if (isCut || (name !== "manifest" && value.length > maxFieldBytes)) return "This field is too long.";
  return null;
}

/** Feeds the body to the parser at the parser's pace, until its end or `stop`. */
async function pump(
  request: IncomingMessage,
  parser: BusboyInstance,
  see: (piece: Uint8Array) => void,
  stop: AbortSignal,
): Promise<void> {
  const stopped = new Promise<void>((resolve) => stop.addEventListener("abort", () => resolve(), { once: true }));
  const pieces = request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>; // a request has bytes
  for await (const piece of pieces) {
    see(piece);
    await Promise.race([new Promise<void>((resolve) => parser.write(piece, () => resolve())), stopped]);
    if (stop.aborted) return;
  }
  if (!request.complete) throw new Error("the connection broke");
  parser.end();
}
