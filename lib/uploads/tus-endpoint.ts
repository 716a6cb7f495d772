import type { Readable } from "node:stream";
import type { Context } from "../context.ts";
import { type ErrorCode, isAppError, toProblem } from "../errors.ts";
import { recordingIdHeader } from "../protocol/index.ts";
import type { Signals } from "../signals.ts";
import { refuseEnd } from "./body-end.ts";
import { checksumAlgorithms } from "./checksum.ts";
import { handleHttpUpload } from "./http-upload-endpoint.ts";
import { isHttpUpload, partialUploadType } from "./http-upload-request.ts";
import { type Inform, limitFields } from "./http-upload-scope.ts";
import { logFailure } from "./log-failure.ts";
import { type FormReceipt, type ReceivedForm, receiveForm } from "./receive-form.ts";
import type { WriterTiming } from "./timing.ts";
import { TusLibrary } from "./tus-library.ts";
import { type TusParts, type TusScope, tusMethods } from "./tus-methods.ts";
import {
  checkTusRequest,
  noStatement,
  refusalFields,
  type TusRequest,
  tusExtensions,
  tusVersion,
} from "./tus-request.ts";
import { Writers } from "./writers.ts";

export type { TusRequest } from "./tus-request.ts";

/** An answer, ready for any HTTP server. */
export type TusAnswer = {
  status: number;
  headers: Record<string, string>;
  body: string | null;
  /** The body was not read to its end: close the connection after the answer. */
  mustClose: boolean;
};

export type TusEndpoint = {
  /**
   * Answers one request, of tus or of the IETF draft; never throws. `location` says how clients reach this endpoint,
   * `inform` sends an interim response.
   */
  handle(ctx: Context, request: TusRequest, body: Readable, location: string, inform: Inform): Promise<TusAnswer>;
  /** Takes in a file that came in one plain form, beside the other ways and by the same writers. */
  receiveForm(ctx: Context, form: ReceivedForm): Promise<FormReceipt>;
  /** Ends every running PATCH at a durable offset, also those that come later. For a server that stops. */
  stop(): Promise<void>;
};

type EndpointOptions = {
  timing: WriterTiming;
  /** How the processes of one archive reach each other's writers. */
  signals: Signals;
  /** Longest file, in bytes. */
  maxBytes: number;
  /** After how long without activity an unfinished upload is ended. */
  expiresMs: number;
};

/** The tus 1.0 endpoint: requests are checked, become verbs, and errors become problem details with a stable code. */
export function createTusEndpoint(options: EndpointOptions): TusEndpoint {
  const writers = new Writers(options.timing, options.signals);
  const { maxBytes } = options;
  const parts: TusParts = { library: new TusLibrary(maxBytes), writers, maxBytes };
  return {
    stop: () => writers.stop(),
    receiveForm: (ctx, form) => receiveForm(ctx, form, parts),
    handle: async (ctx, request, body, location, inform) => {
      if (isHttpUpload(request)) return handleHttpUpload({ ...options, writers }, ctx, request, body, location, inform);
      const scope: TusScope = { ctx, request, body, stated: noStatement, upload: null, isReady: false, result: null };
      try {
        scope.stated = checkTusRequest(request, options.maxBytes);
        if (request.method === "OPTIONS") return configuration(options);
        return await answer(scope, parts, location, options.expiresMs);
      } catch (error) {
        const problem = problemAnswer(scope, error, location);
        return { ...problem, headers: { ...problem.headers, ...expiryFields(scope, options.expiresMs) } };
      }
    },
  };
}

async function answer(scope: TusScope, parts: TusParts, location: string, expiresMs: number): Promise<TusAnswer> {
  const method = tusMethods.get(scope.request.method);
  if (method === undefined) throw new Error(`No answer to ${scope.request.method}`); // refused when it was checked
  const { status, headers } = await method(scope, parts);
  headers["Tus-Resumable"] = tusVersion;
  const recordingId = scope.upload?.recordingId ?? null;
  if (recordingId !== null) headers[recordingIdHeader] = recordingId;
  if (scope.upload !== null && status === 201) headers.Location = `${location}/${scope.upload.id}`;
  Object.assign(headers, expiryFields(scope, expiresMs));
  return { status, headers, body: null, mustClose: refuseEnd(scope.result, scope.stated.checksum !== null) };
}

/**
 * "This header MUST be included in every PATCH response if the upload is going to expire", in the first answer too,
 * and here also where somebody asks (Upload-Expires). Its date moves with every body that is kept.
 */
function expiryFields({ ctx, upload, isReady, result }: TusScope, expiresMs: number): Record<string, string> {
  if (upload === null || isReady) return {};
  // A part that is complete expires too, until a file needs it.
  const isLoosePart = upload.kind === "part" && upload.finalUploadId === null && upload.state !== "terminated";
  if (!isLoosePart && (upload.state !== "open" || result?.isComplete === true)) return {};
  const activeAt = result === null ? upload.lastActivityAt : ctx.clock.now();
  return { "Upload-Expires": new Date(activeAt.getTime() + expiresMs).toUTCString() };
}

/** "A successful response […] MUST contain the Tus-Version header" (OPTIONS). */
function configuration({ maxBytes, expiresMs }: EndpointOptions): TusAnswer {
  const headers = {
    "Tus-Resumable": tusVersion,
    "Tus-Version": tusVersion,
    "Tus-Extension": tusExtensions.join(","),
    "Tus-Max-Size": String(maxBytes),
    "Tus-Checksum-Algorithm": checksumAlgorithms.join(","),
    // "the server MUST include the Accept-Patch header field in the response" (IETF draft, Limits).
    "Accept-Patch": partialUploadType,
    ...limitFields({ maxBytes, expiresMs }, null),
  };
  return { status: 204, headers, body: null, mustClose: false };
}

/** Refusals after which the offset is exactly what it was. */
const offsetCodes: ReadonlySet<string> = new Set<ErrorCode>(["offset_conflict", "checksum_mismatch", "chunk_mismatch"]);

function problemAnswer(scope: TusScope, error: unknown, location: string): TusAnswer {
  const { request } = scope;
  const { status, body, headers } = toProblem(error, scope.ctx.correlationId);
  logFailure(scope.ctx, error, scope.upload);
  Object.assign(headers, refusalFields(error, request));
  if (isAppError(error) && offsetCodes.has(error.code) && scope.upload !== null)
    headers["Upload-Offset"] = String(scope.upload.offsetBytes);
  // What arrived before a body was ended is kept: go on from there.
  if (scope.result !== null) headers["Upload-Offset"] = String(scope.result.offsetBytes);
  // The upload is there although its first bytes were refused: the client can go on with it.
  // After a wrong chunk it goes on here, which may be another upload than before.
  const isElsewhere = isAppError(error) && error.code === "chunk_mismatch";
  if ((request.method === "POST" || isElsewhere) && scope.upload !== null)
    headers.Location = `${location}/${scope.upload.id}`;
  return { status, headers, body: JSON.stringify(body), mustClose: true };
}
