import "server-only";
import { AppError } from "@/lib/errors.ts";

const maxBytes = 64 * 1024;

/**
 * The JSON object that a request carries, at most 64 KiB of it; without a body an empty one, so that the verb can
 * say who may not before it says what is missing. The verbs check what is in it.
 *
 * @throws AppError invalid_input, too_large
 */
export async function readJson(request: Request): Promise<Record<string, unknown>> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of request.body ?? []) {
    size += part.length;
    if (size > maxBytes) throw new AppError("too_large", "Send at most 64 KiB of JSON.");
    parts.push(part);
  }
  if (size === 0) return {};
  try {
    const value: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(Buffer.concat(parts)));
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return { ...value };
  } catch {
    // Said below, in one sentence for every way of being no JSON object.
  }
  throw new AppError("invalid_input", "Send a JSON object.");
}
