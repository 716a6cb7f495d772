import "server-only";
import { AppError } from "@/lib/errors.ts";

const maxBytes = 64 * 1024;

/**
 * The body of a request that is known to be small, at most 64 KiB: read piece by piece, so that a longer one is
 * refused before it is held.
 *
 * @throws AppError too_large
 */
export async function readSmallBody(request: Request): Promise<Uint8Array<ArrayBuffer>> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of request.body ?? []) {
    size += part.length;
    if (size > maxBytes) throw new AppError("too_large", "Send at most 64 KiB.");
    parts.push(part);
  }
  return Buffer.concat(parts);
}

/**
 * The JSON object that a request carries, at most 64 KiB of it; without a body an empty one, so that the verb can
 * say who may not before it says what is missing. The verbs check what is in it.
 *
 * @throws AppError invalid_input, too_large
 */
export async function readJson(request: Request): Promise<Record<string, unknown>> {
  const body = await readSmallBody(request);
  if (body.length === 0) return {};
  try {
    const value: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return { ...value };
  } catch {
    // Said below, in one sentence for every way of being no JSON object.
  }
  throw new AppError("invalid_input", "Send a JSON object.");
}
