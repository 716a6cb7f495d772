import type { IncomingMessage } from "node:http";
import { errorCodeHeader, recordingIdHeader, requestIdHeader } from "../lib/protocol/index.ts";

/** Fields that a script may read (Fetch standard, CORS protocol); what HTTP calls safelisted it may read anyway. */
const exposed = [
  "Location",
  "Retry-After",
  "Tus-Resumable",
  "Tus-Version",
  "Tus-Extension",
  "Tus-Max-Size",
  "Tus-Checksum-Algorithm",
  "Upload-Offset",
  "Upload-Length",
  "Upload-Defer-Length",
  "Upload-Metadata",
  "Upload-Expires",
  "Upload-Concat",
  "Upload-Complete",
  "Upload-Limit",
  "Accept-Patch",
  "Repr-Digest",
  "Want-Content-Digest",
  "Want-Repr-Digest",
  recordingIdHeader,
  requestIdHeader,
  errorCodeHeader,
];

const accepted = [
  "Authorization",
  "Content-Type",
  "Tus-Resumable",
  "Upload-Offset",
  "Upload-Length",
  "Upload-Defer-Length",
  "Upload-Metadata",
  "Upload-Checksum",
  "Upload-Concat",
  "Upload-Complete",
  "Upload-Draft-Interop-Version",
  "Content-Disposition",
  "Content-Digest",
  "Repr-Digest",
  "Want-Repr-Digest",
  "X-HTTP-Method-Override",
  "X-Request-ID",
  "X-Requested-With",
];

/** How long a browser may remember a preflight, in seconds; browsers cap it themselves. */
const preflightSeconds = 86_400;

/**
 * Fields that let scripts of the listed origins call the upload endpoint. Credentials are never allowed: a device
 * shows its token in Authorization, and a person's cookie is worth nothing here.
 *
 * @returns nothing when no origin is listed; only `Vary` for one that is not
 */
export function corsFields(origins: readonly string[], request: IncomingMessage): Record<string, string> {
  if (origins.length === 0) return {};
  const { origin } = request.headers;
  const vary = { Vary: "Origin" };
  if (origin === undefined || !origins.includes(origin)) return vary;
  const allowed = { ...vary, "Access-Control-Allow-Origin": origin };
  if (request.method !== "OPTIONS") return { ...allowed, "Access-Control-Expose-Headers": exposed.join(", ") };
  return {
    ...allowed,
    "Access-Control-Allow-Methods": "POST, HEAD, PATCH, DELETE, OPTIONS",
    "Access-Control-Allow-Headers": accepted.join(", "),
    "Access-Control-Expose-Headers": exposed.join(", "),
    "Access-Control-Max-Age": String(preflightSeconds),
  };
}
