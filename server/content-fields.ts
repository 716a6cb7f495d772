import { create as contentDisposition } from "content-disposition";
import { reprDigest, safeFileName, sha256HexOf } from "../lib/protocol/index.ts";
import type { ContentFacts, ContentUse } from "../lib/recordings/index.ts";

/**
 * What a browser may show in its player. Nothing that can hold a program: what is not in here is handed out as
 * bytes to keep, whatever the device called it.
 */
const playable = new Set(["video/mp4", "video/webm", "video/ogg", "video/quicktime", "video/x-matroska", "video/mp2t"]);

/** Whether `?disposition=inline` may be honoured. */
export function isPlayable(mediaType: string): boolean {
  return playable.has(mediaType);
}

/** The strong validator of a recording: its SHA-256, which can never change. */
export function entityTag(facts: ContentFacts): string {
  return `"${sha256HexOf(facts.sha256)}"`;
}

/** The media type that is sent: the declared one only when it cannot be a document that runs. */
export function servedType(facts: ContentFacts): string {
  return isPlayable(facts.mediaType) ? facts.mediaType : "application/octet-stream";
}

/** The Content-Disposition (RFC 6266) of a file to keep, whatever a device called it. */
export function attachment(name: string): string {
  return contentDisposition(safeFileName(name), { type: "attachment" });
}

/** Fields of every answer about a file's bytes: 200, 206, 304 and 416. */
export function contentFields(facts: ContentFacts, use: ContentUse): Record<string, string> {
  const type = use === "playback" ? "inline" : "attachment";
  return {
    ETag: entityTag(facts),
    // RFC 9530: of the whole file, also on a part of it.
    "Repr-Digest": reprDigest(facts.sha256),
    "Accept-Ranges": "bytes",
    "Cache-Control": "private, no-store",
    "Content-Disposition": contentDisposition(safeFileName(facts.fileName), { type }),
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "sandbox; default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    Vary: "Cookie",
  };
}
