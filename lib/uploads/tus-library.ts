import { FileStore, MemoryConfigstore } from "@tus/file-store";
import { type Locker, Server, type Upload } from "@tus/server";
import { AppError } from "../errors.ts";
import { uploadsPath } from "../protocol/index.ts";
import type { TusRequest } from "./tus-request.ts";

/** What one request does once @tus/server has judged it. */
type Verb = () => Promise<void>;

// The lease in the database is the lock, and the verbs see to it.
const noLocks: Locker = { newLock: () => ({ lock: async () => undefined, unlock: async () => undefined }) };

/** Fields of a creation that @tus/server judges. It refuses metadata that the specification allows; those we read. */
const judgedFields = ["tus-resumable", "upload-length", "upload-defer-length"];

/** Refusals of @tus/server by its status; what it says in words is not for programs. */
const refusals: Record<number, () => AppError> = {
  400: () => new AppError("length_invalid", "This length cannot be taken.", { field: "Upload-Length" }),
  413: () => new AppError("too_large", "The file is longer than any that is taken here."),
};

/**
 * The store behind @tus/server. FileStore's own writing is unsafe for evidence (no sync, the offset from stat, a JSON
 * file beside each upload, a clean-up that deletes finished uploads), so all of it that touches bytes or state is
 * replaced: creating and removing are the verb of the request, and nothing else is asked of it.
 */
class VerbStore extends FileStore {
  readonly #verbs: ReadonlyMap<string, Verb>;

  constructor(verbs: ReadonlyMap<string, Verb>) {
    // It makes its directory unasked and throws outside every call when it cannot; the root is always there.
    super({ directory: "/", configstore: new MemoryConfigstore() });
    this.#verbs = verbs;
  }

  override async create(upload: Upload): Promise<Upload> {
    await this.#act(upload.id);
    return upload;
  }

  override remove(callId: string): Promise<void> {
    return this.#act(callId);
  }

  /** Bytes come in by `append-bytes.ts`, with chunk rows and a lease. */
  override write(): never {
    throw new Error("@tus/server was not meant to write");
  }

  /** Bytes go out by the content endpoints only, to people with a grant. */
  override read(): never {
    throw new Error("@tus/server was not meant to read");
  }

  /** Expiration is a job's, with custody (`expire-uploads.ts`). */
  override async deleteExpired(): Promise<number> {
    return 0;
  }

  async #act(callId: string): Promise<void> {
    const verb = this.#verbs.get(callId);
    if (verb === undefined) throw new Error("@tus/server called without a request");
    await verb();
  }
}

/**
 * Creation and termination of tus 1.0 as @tus/server does them, over our verbs. HEAD, PATCH and the bodies of POST go
 * past it (`tus-methods.ts`): there it is off the specification, and each byte would pass through web streams.
 */
export class TusLibrary {
  readonly #verbs = new Map<string, Verb>();
  readonly #failures = new WeakMap<Request, unknown>();
  readonly #server: Server;
  #calls = 0;

  constructor(maxBytes: number) {
    this.#server = new Server({
      path: uploadsPath,
      datastore: new VerbStore(this.#verbs),
      locker: noLocks,
      maxSize: maxBytes,
      relativeLocation: true,
      allowedOrigins: () => false, // who may call from a browser is decided in server/cors.ts
      namingFunction: (request) => new URL(request.url).pathname.split("/").at(-1) ?? "",
      getFileIdFromRequest: (_request, last) => last,
      onResponseError: (request, error) => {
        this.#failures.set(request, error);
        return { status_code: 500, body: "" };
      },
    });
  }

  /** Lets a creation be judged and then opens the upload; throws what either threw, as an AppError. */
  create(headers: TusRequest["headers"], open: Verb): Promise<void> {
    const judged = judgedFields.flatMap((name) => (headers[name] === undefined ? [] : [[name, headers[name]]]));
    return this.#run("POST", new Headers(judged as [string, string][]), open);
  }

  /** Ends an upload. */
  terminate(end: Verb): Promise<void> {
    return this.#run("DELETE", new Headers({ "tus-resumable": "1.0.0" }), end);
  }

  async #run(method: string, headers: Headers, verb: Verb): Promise<void> {
    this.#calls += 1;
    const callId = String(this.#calls);
    this.#verbs.set(callId, verb);
    try {
      const request = new Request(`http://archive${uploadsPath}/${callId}`, { method, headers });
      const response = await this.#server.handleWeb(request);
      if (this.#failures.has(request)) throw asAppError(this.#failures.get(request));
      if (response.status >= 400) throw new Error(`@tus/server answered ${response.status}: ${await response.text()}`);
    } finally {
      this.#verbs.delete(callId);
    }
  }
}

function asAppError(error: unknown): unknown {
  if (error instanceof Error || typeof error !== "object" || error === null || !("status_code" in error)) return error;
  return refusals[Number(error.status_code)]?.() ?? error;
}
