import type { Readable } from "node:stream";
import type { Context } from "../context.ts";
import type { AppendResult } from "./append-bytes.ts";
import type { HttpUploadStatement } from "./http-upload-request.ts";
import type { UploadRow } from "./internal.ts";
import type { TusRequest } from "./tus-request.ts";
import type { Writers } from "./writers.ts";

/** Sends an interim response, where the connection can carry one. */
export type Inform = (status: number, reason: string, headers: Readonly<Record<string, string>>) => void;

/** One request of the draft on its way. What is known of its upload stays here also when it fails, for the answer. */
export type HttpUploadScope = {
  ctx: Context;
  request: TusRequest;
  body: Readable;
  /** How clients reach this endpoint. */
  location: string;
  stated: HttpUploadStatement;
  upload: UploadRow | null;
  result: AppendResult | null;
  /** Sends `104 (Upload Resumption Supported)` to a client that takes it. */
  inform(headers: Readonly<Record<string, string>>): void;
};

export type HttpUploadParts = { writers: Writers; maxBytes: number; expiresMs: number };

/** "The `Upload-Limit` header field SHOULD be included in the response to an OPTIONS request" (Limits). */
export function limitFields(parts: Omit<HttpUploadParts, "writers">, scope: HttpUploadScope | null) {
  const { maxBytes, expiresMs } = parts;
  const upload = scope?.upload ?? null;
  const limits = [`max-size=${maxBytes}`];
  if (scope === null) limits.push(`max-age=${Math.floor(expiresMs / 1000)}`);
  if (scope !== null && upload?.state === "open") {
    const leftMs = upload.lastActivityAt.getTime() + expiresMs - scope.ctx.clock.now().getTime();
    limits.push(`max-age=${Math.max(0, Math.floor(leftMs / 1000))}`);
  }
  return { "Upload-Limit": limits.join(", ") };
}
