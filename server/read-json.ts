import type { IncomingMessage } from "node:http";
import { AppError } from "../lib/errors.ts";
import { readText } from "./read-text.ts";
import { fieldOf } from "./request-context.ts";

/**
 * A small JSON body, as a value that nobody has looked at yet.
 *
 * @throws AppError unsupported_media_type, too_large, invalid_input
 */
export async function readJson(
  request: IncomingMessage,
  limits: { maxBytes: number; idleMs: number },
): Promise<unknown> {
  const [type = ""] = (fieldOf(request, "content-type") ?? "").split(";");
  if (type.trim().toLowerCase() !== "application/json")
    throw new AppError("unsupported_media_type", "Send JSON, as application/json.");
  const text = await readText(request, limits);
  try {
    return JSON.parse(text);
  } catch {
    throw new AppError("invalid_input", "The body is not JSON.");
  }
}
