import type { IncomingMessage } from "node:http";
import { AppError } from "../lib/errors.ts";

type BodyLimits = { maxBytes: number; idleMs: number };

/**
 * A body that is known to be small. Slow is fine, silent is not; a longer one is refused before it is held.
 *
 * @throws AppError too_large, invalid_input
 */
export async function readBytes(request: IncomingMessage, limits: BodyLimits): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  let sizeBytes = 0;
  const idle = setTimeout(() => request.destroy(), limits.idleMs);
  try {
    // What is too long is answered while its rest is read on (answer.ts): the request must outlive this loop.
    for await (const part of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>) {
      idle.refresh();
      sizeBytes += part.byteLength;
      if (sizeBytes > limits.maxBytes)
        throw new AppError("too_large", `This body has at most ${limits.maxBytes} bytes.`);
      parts.push(part);
    }
    return Buffer.concat(parts);
  } catch (error) {
    if (error instanceof AppError) throw error;
    throw new AppError("invalid_input", "The body broke off.");
  } finally {
    clearTimeout(idle);
  }
}

/**
 * The same as UTF-8.
 *
 * @throws AppError too_large, invalid_input
 */
export async function readText(request: IncomingMessage, limits: BodyLimits): Promise<string> {
  const body = await readBytes(request, limits);
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(body);
  } catch {
    throw new AppError("invalid_input", "The body is not UTF-8.");
  }
}
