import { errorCodeHeader, type WaitReason } from "../../lib/protocol/index.ts";
import { Problem } from "../problems.ts";
import { readRetryAfter } from "./retry-after.ts";
import type { Answer, RequestBody } from "./transport.ts";

/** Bytes in memory as a request's body. */
export function bodyOf(bytes: Uint8Array): RequestBody {
  return {
    sizeBytes: bytes.length,
    read: async (buffer, position, lengthBytes) => {
      const part = bytes.subarray(position, position + lengthBytes);
      buffer.set(part);
      return part.length;
    },
  };
}

/** Reads an answer's JSON object; null when it is none. */
export function readObject(body: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : null;
  } catch {
    return null;
  }
}

/** What came back is not an archive's answer. */
export function notTheArchives(): Problem {
  return new Problem("again", "The answer is not the archive's. Is something between it and this device?");
}

/**
 * What an answer that is no success asks of us. Nothing but 404 and 410 ever gives an upload up, and no refusal of
 * a token ever counts as success.
 */
export function problemOf(answer: Answer, what: string): Problem {
  const { status } = answer;
  const said = titleIn(answer);
  const code = codeIn(answer);
  const message = `The archive did not ${what}: ${status}${said === null ? "" : `, ${said}`}.`.replace(/\.\.$/, ".");
  const retryAfterMs = readRetryAfter(answer.headers["retry-after"], answer.headers.date);
  if (status === 401 || status === 403) {
    // The answer to a HEAD has no words of its own.
    const words = said === null ? `${message} The device's token is not valid there.` : message;
    const reason = (code === null ? undefined : reasonOfCode.get(code)) ?? "token";
    return new Problem("authentication", `${words} What was sent is kept.`, { retryAfterMs, reason, code });
  }
  if (status === 404 || status === 410) return new Problem("restart", message, { code });
  if (status >= 300 && status < 400)
    return new Problem(
      "again",
      `${message} It points to ${answer.headers.location ?? "nowhere"}; redirects are not followed.`,
      { reason: "server" },
    );
  // 408, 409, 423, 425, 429 and 460 pass; the other 4xx say that this request will never do.
  const passes = [408, 409, 423, 425, 429, 460].includes(status);
  if (status >= 400 && status < 500 && !passes) return new Problem("refused", message, { code });
  const isWholeServer = status === 429 || status >= 500;
  return new Problem("again", message, { retryAfterMs, code, reason: isWholeServer ? "server" : undefined });
}

const reasonOfCode = new Map<string, WaitReason>([
  ["device_pending", "pending"],
  ["device_suspended", "suspended"],
  ["device_revoked", "revoked"],
]);

// The header repeats it where an answer has no body.
function codeIn(answer: Answer): string | null {
  const code = readObject(answer.body)?.code ?? answer.headers[errorCodeHeader.toLowerCase()];
  return typeof code === "string" ? code : null;
}

// RFC 9457: the title says it; other servers answer plain text.
function titleIn(answer: Answer): string | null {
  try {
    const value: unknown = JSON.parse(answer.body);
    if (typeof value === "object" && value !== null && "title" in value && typeof value.title === "string")
      return value.title;
  } catch {
    const line = answer.body.trim().split("\n")[0] ?? "";
    if (line !== "" && !line.startsWith("<")) return line.slice(0, 200);
  }
  return null;
}
