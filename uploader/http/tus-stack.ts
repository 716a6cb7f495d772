import type { HttpRequest, HttpResponse, HttpStack } from "tus-js-client";
import type { FileClass } from "../../lib/protocol/index.ts";
import type { Archive } from "./archive.ts";
import type { Answer, RequestBody } from "./transport.ts";

/** Looks at each answer before tus-js-client does; throws to refuse it. */
export type AnswerCheck = (method: string, answer: Answer) => void;

/**
 * tus-js-client's requests over our transport: with time-outs, one buffer, and a body that ends in an error when
 * the file does. Its own stack waits for ever on a dead link and dies when the file vanishes.
 */
export class TusStack implements HttpStack {
  readonly #archive: Archive;
  readonly #signal: AbortSignal;
  readonly #patience: number;
  readonly #trafficClass: FileClass;
  readonly #check: AnswerCheck;

  constructor(
    archive: Archive,
    signal: AbortSignal,
    { patience, fileClass }: { patience: number; fileClass: FileClass },
    check: AnswerCheck,
  ) {
    this.#archive = archive;
    this.#signal = signal;
    this.#patience = patience;
    this.#trafficClass = fileClass;
    this.#check = check;
  }

  createRequest(method: string, url: string): HttpRequest {
    const headers: Record<string, string> = {};
    const controller = new AbortController();
    let onSent: (sentBytes: number) => void = () => undefined;
    return {
      getMethod: () => method,
      getURL: () => url,
      setHeader: (name, value) => {
        headers[name] = value;
      },
      getHeader: (name) => headers[name],
      setProgressHandler: (handler) => {
        onSent = handler;
      },
      send: async (body: RequestBody | null | undefined): Promise<HttpResponse> => {
        const trafficClass = this.#trafficClass;
        const patience = this.#patience;
        const request = { method, url, headers, body: body ?? undefined, patience, trafficClass, onSent };
        const onAbort = () => controller.abort(this.#signal.reason);
        this.#signal.throwIfAborted();
        this.#signal.addEventListener("abort", onAbort, { once: true });
        const answer = await this.#archive
          .send(request, controller.signal)
          .finally(() => this.#signal.removeEventListener("abort", onAbort));
        this.#check(method, answer);
        return {
          getStatus: () => answer.status,
          getHeader: (name) => {
            const value = answer.headers[name.toLowerCase()];
            return Array.isArray(value) ? value[0] : value;
          },
          getBody: () => answer.body,
          getUnderlyingObject: () => answer,
        };
      },
      abort: async () => controller.abort(),
      getUnderlyingObject: () => null,
    };
  }

  getName(): string {
    return "strongroom";
  }
}
