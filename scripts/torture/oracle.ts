/** What the archive was heard to promise of one upload. */
type Promised = { offsetBytes: number };

const uploadPath = /\/api\/uploads\/(U-[0-9A-Z]{5}-[0-9A-Z]{5})$/;

/** The upload that an address names; null for other addresses. */
function uploadIdIn(address: string): string | null {
  return uploadPath.exec(address.split("?")[0] ?? "")?.[1] ?? null;
}

/** An answer as it went to a client; field names in lower case. */
export type HeardAnswer = { status: number; headers: Record<string, string | string[] | undefined> };

/**
 * Remembers every offset and every receipt that any client was answered, and notices the answer that takes one back.
 * It hears all of them, because it sits in the way.
 */
export class Oracle {
  readonly #uploads = new Map<string, Promised>();
  readonly #receipts = new Map<string, string>();
  /** Each broken promise, in a sentence. */
  readonly violations: string[] = [];
  readonly answers = new Map<string, number>();
  offsetsHeard = 0;

  /** What is promised at this moment; an answer to a request that begins now may not say less. */
  promisedOf(address: string): number {
    return this.#uploads.get(uploadIdIn(address) ?? "")?.offsetBytes ?? 0;
  }

  /** An answer, before its client gets it. `promisedBefore` is what was promised when the request began. */
  hear(request: { method: string; address: string; promisedBefore: number }, answer: HeardAnswer): void {
    const { method, address } = request;
    const key = `${method} ${answer.status}`;
    this.answers.set(key, (this.answers.get(key) ?? 0) + 1);
    const location = String(answer.headers.location ?? "");
    const id = uploadIdIn(location) ?? uploadIdIn(address);
    if (id === null) return;
    const promised = this.#uploads.get(id) ?? { offsetBytes: 0 };
    this.#uploads.set(id, promised);
    if (answer.status === 404 || answer.status === 410)
      this.violations.push(`${method} ${id} was answered ${answer.status}, and it was announced before`);
    const offset = answer.headers["upload-offset"];
    if (offset === undefined) return;
    const offsetBytes = Number(offset);
    this.offsetsHeard += 1;
    if (offsetBytes < request.promisedBefore)
      this.violations.push(`${method} ${id} says ${offsetBytes}, after ${request.promisedBefore} had been promised`);
    promised.offsetBytes = Math.max(promised.offsetBytes, offsetBytes);
  }

  /** A receipt as somebody got it. It was given for ever. */
  hearReceipt(recordingId: string, jws: string): void {
    const known = this.#receipts.get(recordingId) ?? jws;
    this.#receipts.set(recordingId, known);
    if (known !== jws) this.violations.push(`the receipt of ${recordingId} is another one than before`);
  }

  /** Every upload that was announced to a client, with what it was promised. */
  get uploads(): ReadonlyMap<string, { offsetBytes: number }> {
    return this.#uploads;
  }

  get receipts(): ReadonlyMap<string, string> {
    return this.#receipts;
  }
}
