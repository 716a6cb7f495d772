import { AsyncLocalStorage } from "node:async_hooks";
import type { Readable } from "node:stream";
import { FileStore, MemoryConfigstore } from "@tus/file-store";
import { Upload } from "@tus/utils";
import type { Context } from "../context.ts";
import { AppError } from "../errors.ts";
import { type AppendResult, appendBytes } from "./append-bytes.ts";
import { lengthKnown, saveLength, takeLength } from "./declare-length.ts";
import { Inbox } from "./inbox.ts";
import { getUpload, type UploadRow, uploadGone } from "./internal.ts";
import { type Lease, releaseLease, takeLease } from "./lease.ts";
import { openUpload } from "./open-upload.ts";
import { terminateUpload } from "./terminate-upload.ts";
import { type TusStatement, tusExtensions } from "./tus-request.ts";
import type { Writers } from "./writers.ts";

/** One tus request on its way through @tus/server, which knows nothing of contexts. */
export type TusScope = {
  ctx: Context;
  /** Node's own stream. @tus/server sees an empty body, so that no web stream slows the bytes down. */
  body: Readable;
  metadataHeader: string | null;
  stated: TusStatement;
  /** The length that came with this PATCH is to be saved with its bytes. */
  savesLength: boolean;
  upload: UploadRow | null;
  lease: Lease | null;
  result: AppendResult | null;
};

type Options = { directory: string; writers: Writers; maxBytes: number };

function tusUpload(row: UploadRow): Upload {
  const size = row.lengthBytes === null ? {} : { size: row.lengthBytes };
  return new Upload({ id: row.id, offset: row.offsetBytes, ...size });
}

/** A complete upload takes an empty body and no other. */
async function refuseMore({ body, stated }: TusScope, idleMs: number): Promise<void> {
  const inbox = new Inbox(body, 0);
  const timer = setTimeout(() => inbox.stop("idle"), idleMs);
  await inbox.take();
  clearTimeout(timer);
  if (inbox.ended === "too_long") throw new AppError("too_large", "This upload is complete; it takes no more bytes.");
  if (inbox.ended === "whole") stated.checksum?.verify();
}

/**
 * The data store behind @tus/server: each of its calls is one of our verbs. FileStore's own writing is unsafe
 * for evidence (no sync, the offset from stat, a JSON file beside each upload, a clean-up that deletes finished
 * uploads), so every method of it that touches bytes or state is replaced.
 */
export class ArchiveStore extends FileStore {
  readonly #scopes = new AsyncLocalStorage<TusScope>();
  readonly #options: Options;

  constructor(options: Options) {
    super({ directory: options.directory, configstore: new MemoryConfigstore() });
    this.#options = options;
    this.extensions = [...tusExtensions];
  }

  /** Runs one request, and lets go of a lease that it took and did not use. */
  async within<T>(scope: TusScope, work: () => Promise<T>): Promise<T> {
    try {
      return await this.#scopes.run(scope, work);
    } finally {
      if (scope.lease !== null) await releaseLease(scope.ctx.db, scope.lease);
    }
  }

  #scope(): TusScope {
    const scope = this.#scopes.getStore();
    if (scope === undefined) throw new Error("The store was called outside of a request");
    return scope;
  }

  override async create(file: Upload): Promise<Upload> {
    const scope = this.#scope();
    const { ctx, metadataHeader } = scope;
    scope.upload = await openUpload(ctx, { uploadId: file.id, lengthBytes: file.size ?? null, metadataHeader });
    return file;
  }

  override async getUpload(id: string): Promise<Upload> {
    const scope = this.#scope();
    const { patchOffsetBytes } = scope.stated;
    if (patchOffsetBytes === null) {
      scope.upload = await getUpload(scope.ctx, id);
      if (scope.upload.state === "terminated") throw uploadGone();
    } else {
      // The lease comes before anything is decided on the offset, and before the file is opened.
      const seen = await takeLease(scope.ctx, id, patchOffsetBytes, this.#options.writers);
      scope.upload = seen.upload;
      scope.lease = seen.lease;
      if (seen.upload.offsetBytes === patchOffsetBytes) await this.#declareLength(scope, seen.upload);
    }
    return tusUpload(scope.upload);
  }

  /** "Once set the length MUST NOT be changed" (Upload-Defer-Length); the same length again changes nothing. */
  async #declareLength(scope: TusScope, upload: UploadRow): Promise<void> {
    const { ctx, lease } = scope;
    const { patchLengthBytes, checksum } = scope.stated;
    if (patchLengthBytes === null || patchLengthBytes === upload.lengthBytes) return;
    if (lease === null) throw lengthKnown();
    takeLength(lease, patchLengthBytes);
    scope.savesLength = checksum !== null;
    if (!scope.savesLength) await saveLength(ctx, lease);
  }

  override async write(_emptied: Readable, id: string, offsetBytes: number): Promise<number> {
    const scope = this.#scope();
    const { writers, maxBytes } = this.#options;
    if (scope.upload?.state === "complete") {
      await refuseMore(scope, writers.timing.idleMs);
      return offsetBytes;
    }
    if (scope.lease === null) scope.lease = (await takeLease(scope.ctx, id, offsetBytes, writers)).lease;
    const lease = scope.lease;
    scope.lease = null; // from here on appendBytes lets go of it
    if (lease === null) throw new AppError("offset_conflict", "Another request has written this upload.");
    const { savesLength } = scope;
    const { checksum } = scope.stated;
    scope.result = await appendBytes(scope.ctx, lease, scope.body, { writers, maxBytes, checksum, savesLength });
    return scope.result.offsetBytes;
  }

  override async remove(id: string): Promise<void> {
    await terminateUpload(this.#scope().ctx, id, this.#options.writers);
  }

  /** Bytes are handed out by the content endpoints only, to people with a grant. */
  override read(): never {
    throw new AppError("method_not_allowed", "Recordings are not read here.");
  }

  /** Expiration is a job's, with custody (`expire-uploads.ts`). */
  override async deleteExpired(): Promise<number> {
    return 0;
  }
}
