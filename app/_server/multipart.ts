import "server-only";
import { Busboy, type BusboyFileStream, type BusboyInstance } from "@fastify/busboy";
import { AppError, isAppError } from "@/lib/errors.ts";

/** A form with one file: the fields that came before it, and the file as a stream. */
export type UploadedForm = { fields: Record<string, string>; fileName: string; content: AsyncIterable<Uint8Array> };

const maxFields = 40;
const maxFieldBytes = 64 * 1024;
// What is read and thrown away after a refusal, so that a browser gets to read why. Beyond it the connection ends.
const maxDiscardedBytes = 64 * 1024 * 1024;
const maxDiscardMs = 10_000;

function incomplete(): AppError {
  return new AppError("invalid_input", "The form arrived incomplete. Send it again.");
}

function openParser(request: Request): BusboyInstance {
  const contentType = request.headers.get("content-type") ?? "";
  try {
    return new Busboy({
      headers: { "content-type": contentType },
      limits: { fields: maxFields, fieldSize: maxFieldBytes, files: 1, parts: maxFields + 1, headerPairs: 20 },
    });
  } catch {
    throw new AppError("unsupported_media_type", "Send this as multipart/form-data, the file last.");
  }
}

/** The form as it begins, and a way to say that no more of it comes. */
function listen(parser: BusboyInstance, fileField: string) {
  const fields = new Map<string, string>();
  const { promise, resolve, reject } = Promise.withResolvers<UploadedForm>();
  let file: BusboyFileStream | null = null;
  const fail = (error: AppError) => {
    reject(error);
    file?.destroy(error);
  };
  parser.on("field", (name, value, _isNameCut, isCut) => {
    if (isCut) fail(new AppError("invalid_input", "This field is too long.", { field: name }));
    fields.set(name, value);
  });
  parser.on("file", (name, begun, fileName) => {
    file = begun;
    begun.on("error", () => undefined); // without a listener it would end the process; its reader sees it anyway
    if (name !== fileField) return fail(new AppError("invalid_input", `Send one file, named ${fileField}.`));
    resolve({ fields: Object.fromEntries(fields), fileName, content: contentOf(begun) });
  });
  parser.on("finish", () => resolve({ fields: Object.fromEntries(fields), fileName: "", content: nothing() }));
  parser.on("error", () => fail(incomplete()));
  promise.catch(() => undefined); // whoever waits for it is told; nobody may be waiting any more
  return { form: promise, fail };
}

async function* contentOf(file: BusboyFileStream): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of file) yield chunk;
  } catch (error) {
    throw isAppError(error) ? error : incomplete();
  }
}

async function* nothing(): AsyncGenerator<Uint8Array> {}

/** Feeds the body to the parser at the parser's pace; after `stop`, reads on without keeping anything. */
async function pump(
  body: ReadableStreamDefaultReader<Uint8Array>,
  parser: BusboyInstance,
  stop: AbortSignal,
): Promise<void> {
  const stopped = new Promise<void>((resolve) => stop.addEventListener("abort", () => resolve(), { once: true }));
  let discardedBytes = 0;
  for (;;) {
    const { done, value } = await body.read();
    if (done) break;
    if (stop.aborted) {
      discardedBytes += value.length;
      if (discardedBytes > maxDiscardedBytes) return;
    } else {
      const written = new Promise<void>((resolve) => parser.write(Buffer.from(value), () => resolve()));
      await Promise.race([written, stopped]);
    }
  }
  if (!stop.aborted) parser.end();
}

/**
 * Reads a form as it arrives and runs `run` as soon as its file begins, so that nothing of the file is ever held.
 * Fields that come after the file are not read.
 *
 * @throws AppError unsupported_media_type, invalid_input, client_closed, and what `run` throws
 */
export async function withUploadedForm<T>(
  request: Request,
  fileField: string,
  run: (form: UploadedForm) => Promise<T>,
): Promise<T> {
  const parser = openParser(request);
  const body = request.body?.getReader();
  if (body === undefined) throw incomplete();
  const stop = new AbortController();
  const { form, fail } = listen(parser, fileField);
  const pumping = pump(body, parser, stop.signal).catch(() => {
    fail(new AppError("client_closed", "The connection was cut off. Send it again."));
  });
  try {
    return await run(await form);
  } finally {
    stop.abort();
    const timeout = new Promise((resolve) => setTimeout(resolve, maxDiscardMs).unref());
    await Promise.race([pumping, timeout]);
    await body.cancel().catch(() => undefined);
  }
}
