import { requestIdHeader } from "../../lib/protocol/index.ts";
import { Problem } from "../problems.ts";
import type { Answer } from "./transport.ts";

/**
 * Tells when not the archive has answered but a network that wants somebody to sign in first. Whatever such an answer
 * says is no word of the archive's. Null: it may be the archive's.
 */
export function portalIn(answer: Answer, url: URL): Problem | null {
  const { status, headers } = answer;
  // Our own answers name their request; RFC 6585, section 6: 511 is never the origin's.
  if (headers[requestIdHeader.toLowerCase()] !== undefined || headers["tus-resumable"] !== undefined) return null;
  const isPage = status >= 200 && status < 300 && /^text\/html\b/i.test(headers["content-type"] ?? "");
  const elsewhere = status >= 300 && status < 400 ? leadsAway(headers.location, url) : null;
  if (status !== 511 && !isPage && elsewhere === null) return null;
  const where = elsewhere === null ? "" : ` at ${elsewhere}`;
  return new Problem(
    "again",
    `This network answers in the archive's place with a page${where}, which often means that somebody has to sign in to it (captive portal). Nothing was lost.`,
    { reason: "captive_portal" },
  );
}

// A redirect that only adds a slash, or goes from http to https of the same host, is a matter of the address.
function leadsAway(location: string | undefined, url: URL): string | null {
  if (location === undefined || !URL.canParse(location, url)) return null;
  const { hostname } = new URL(location, url);
  return hostname === url.hostname ? null : hostname;
}
