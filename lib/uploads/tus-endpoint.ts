import type { Readable } from "node:stream";
import { type Locker, Server } from "@tus/server";
import type { Context } from "../context.ts";
import { AppError, type ErrorCode, isAppError, notFound, toProblem } from "../errors.ts";
import { newId, parseId } from "../ids.ts";
import { recordingIdHeader, uploadsPath } from "../protocol/index.ts";
import { checksumAlgorithms } from "./checksum.ts";
import type { WriterTiming } from "./timing.ts";
import {
  checkTusRequest,
  noStatement,
  refusalFields,
  type TusRequest,
  tusExtensions,
  tusVersion,
} from "./tus-request.ts";
import { ArchiveStore, type TusScope } from "./tus-store.ts";
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
  /** Answers one request; never throws. `location` says how clients reach this endpoint. */
  handle(ctx: Context, request: TusRequest, body: Readable, location: string): Promise<TusAnswer>;
  /** Ends every running PATCH at a durable offset, also those that come later. For a server that stops. */
  stop(): Promise<void>;
};

type EndpointOptions = {
  /** A directory that @tus/file-store may have to itself; nothing is written there. */
  directory: string;
  timing: WriterTiming;
  /** Longest file, in bytes. */
  maxBytes: number;
  /** After how long without activity an unfinished upload is ended. */
  expiresMs: number;
};

// The lease in the database is the lock. It is taken for PATCH and DELETE only: HEAD must answer at once.
const noLocks: Locker = { newLock: () => ({ lock: async () => undefined, unlock: async () => undefined }) };

/** Statuses of @tus/server that are off the specification, by its own texts. Everything else is caught before. */
const tusErrors: Record<number, () => AppError> = {
  404: () => notFound("upload"),
  409: () => new AppError("offset_conflict", "Upload-Offset is not the number of bytes that are here."),
  413: () => new AppError("too_large", "The body is longer than what is left of the upload's length."),
  400: () => new AppError("length_invalid", "This length cannot be taken.", { field: "Upload-Length" }),
};

function asAppError(error: unknown): unknown {
  if (error instanceof Error || typeof error !== "object" || error === null || !("status_code" in error)) return error;
  return tusErrors[Number(error.status_code)]?.() ?? error;
}

/**
 * The tus 1.0 endpoint: @tus/server speaks the protocol, our store keeps the bytes, and errors become problem
 * details with a stable code.
 */
export function createTusEndpoint(options: EndpointOptions): TusEndpoint {
  const writers = new Writers(options.timing);
  const store = new ArchiveStore({ ...options, writers });
  const failures = new WeakMap<Request, unknown>();
  const server = new Server({
    path: uploadsPath,
    datastore: store,
    locker: noLocks,
    maxSize: options.maxBytes,
    relativeLocation: true,
    allowedOrigins: () => false, // devices are no browsers
    namingFunction: () => newId("upload"),
    getFileIdFromRequest: (_request, last) => (last === undefined ? undefined : (parseId("upload", last) ?? undefined)),
    onResponseError: (request, error) => {
      failures.set(request, asAppError(error));
      return { status_code: 500, body: "" };
    },
  });

  async function answer(scope: TusScope, request: TusRequest, location: string): Promise<TusAnswer> {
    const { method, uploadId } = request;
    if (method === "OPTIONS") return configuration(options.maxBytes);
    const path = uploadId === null ? uploadsPath : `${uploadsPath}/${encodeURIComponent(uploadId)}`;
    const webRequest = new Request(new URL(path, "http://archive"), { method, headers: tusHeaders(request) });
    const response = await store.within(scope, () => server.handleWeb(webRequest));
    if (failures.has(webRequest)) throw failures.get(webRequest);
    if (response.status >= 400) throw new Error(`@tus/server answered ${response.status}: ${await response.text()}`);
    const headers = Object.fromEntries(response.headers);
    if (scope.upload !== null) {
      if (scope.upload.recordingId !== null) headers[recordingIdHeader] = scope.upload.recordingId;
      if (method === "POST") headers.Location = `${location}/${scope.upload.id}`;
      // "its value as specified by the Client during the creation": the header itself, not a rewritten one.
      if (method === "HEAD" && scope.upload.metadataHeader !== null)
        headers["Upload-Metadata"] = scope.upload.metadataHeader;
      delete headers.location;
    }
    Object.assign(headers, expiryFields(scope, options.expiresMs));
    // Who may call from a browser is decided in one place, which is not @tus/server.
    for (const name of Object.keys(headers)) if (name.startsWith("access-control-")) delete headers[name];
    return { status: response.status, headers, body: null, mustClose: refuseEnd(scope) };
  }

  return {
    stop: () => writers.stop(),
    handle: async (ctx, request, body, location) => {
      const scope = newScope(ctx, body, request);
      try {
        scope.stated = checkTusRequest(request, options.maxBytes);
        return await answer(scope, request, location);
      } catch (error) {
        const problem = problemAnswer(scope, request, error, location);
        return { ...problem, headers: { ...problem.headers, ...expiryFields(scope, options.expiresMs) } };
      }
    },
  };
}

function newScope(ctx: Context, body: Readable, request: TusRequest): TusScope {
  const metadataHeader = request.headers["upload-metadata"] ?? null;
  return {
    ctx,
    body,
    metadataHeader,
    stated: noStatement,
    savesLength: false,
    upload: null,
    lease: null,
    result: null,
  };
}

/**
 * "This header MUST be included in every PATCH response if the upload is going to expire", in the first answer too,
 * and here also where somebody asks (Upload-Expires). Its date moves with every body that is kept.
 */
function expiryFields({ ctx, upload, result }: TusScope, expiresMs: number): Record<string, string> {
  if (upload === null || upload.state !== "open" || result?.isComplete === true) return {};
  const activeAt = result === null ? upload.lastActivityAt : ctx.clock.now();
  return { "Upload-Expires": new Date(activeAt.getTime() + expiresMs).toUTCString() };
}

/** "A successful response […] MUST contain the Tus-Version header" (OPTIONS). */
function configuration(maxBytes: number): TusAnswer {
  const headers = {
    "Tus-Resumable": tusVersion,
    "Tus-Version": tusVersion,
    "Tus-Extension": tusExtensions.join(","),
    "Tus-Max-Size": String(maxBytes),
    "Tus-Checksum-Algorithm": checksumAlgorithms.join(","),
  };
  return { status: 204, headers, body: null, mustClose: false };
}

/** Only what @tus/server should judge: other fields are ours, or a proxy's. */
function tusHeaders({ method, headers }: TusRequest): Headers {
  const kept = ["tus-resumable", "upload-offset", "upload-defer-length", "content-type", "content-length"];
  // A length that comes later is our store's matter: @tus/server refuses also the one that is known already.
  if (method === "POST") kept.push("upload-length");
  return new Headers(kept.flatMap((name) => (headers[name] === undefined ? [] : [[name, headers[name]]])));
}

/**
 * What a body that ended early is answered with.
 *
 * @returns whether the connection must close
 * @throws AppError for ends that are not a success
 */
function refuseEnd({ result, stated }: TusScope): boolean {
  if (result?.ended === "stopping" && stated.checksum !== null)
    throw new AppError("unavailable", "The archive is restarting; send this body again.", { retryAfterSeconds: 2 });
  switch (result?.ended) {
    case "idle":
      throw new AppError("idle_timeout", "No byte came for too long; what arrived is kept.");
    case "given_way":
      throw new AppError("locked", "A newer request took this upload over.", { retryAfterSeconds: 1 });
    case "stopping":
    case "cut_off":
      return true;
    default:
      return false;
  }
}

/** Refusals after which the offset is exactly what it was. */
const offsetCodes: ReadonlySet<string> = new Set<ErrorCode>(["offset_conflict", "checksum_mismatch"]);

function problemAnswer(scope: TusScope, request: TusRequest, error: unknown, location: string): TusAnswer {
  const { status, body, headers } = toProblem(error);
  const cause = error instanceof Error ? error.cause : undefined;
  if (!isAppError(error) || status >= 500)
    scope.ctx.log.error({ err: error, cause, uploadId: scope.upload?.id }, "an upload request failed");
  Object.assign(headers, refusalFields(error, request));
  if (isAppError(error) && offsetCodes.has(error.code) && scope.upload !== null)
    headers["Upload-Offset"] = String(scope.upload.offsetBytes);
  // The upload is there although its first bytes were refused: the client can go on with it.
  if (request.method === "POST" && scope.upload !== null) headers.Location = `${location}/${scope.upload.id}`;
  return { status, headers, body: JSON.stringify(body), mustClose: true };
}
