import {
  type ArchiveKey,
  type DeviceRecordingView,
  keySetPath,
  parseKeySet,
  receiptMediaType,
  receiptPath,
  uploadsPath,
} from "../../lib/protocol/index.ts";
import { Problem } from "../problems.ts";
import type { Answer, Transport, TransportRequest } from "./transport.ts";

/** tus 1.0, Tus-Resumable: in every request but OPTIONS. */
const tusVersion = "1.0.0";

/** What every request to the archive needs. */
export class Archive {
  /** Address without a slash at its end. */
  readonly server: string;
  readonly #transport: Transport;
  readonly #readToken: () => Promise<string>;

  /** @param readToken asked before each request, so that a token put into its file takes effect at once */
  constructor(server: string, transport: Transport, readToken: () => Promise<string>) {
    this.server = server;
    this.#transport = transport;
    this.#readToken = readToken;
  }

  /** Sends a request with the device's token, and only ever to the archive's own address. */
  async send(request: TransportRequest, signal: AbortSignal): Promise<Answer> {
    const headers = { ...request.headers, Authorization: `Bearer ${await this.#readToken()}` };
    return this.#transport.send({ ...request, url: this.ownUrl(request.url), headers }, signal);
  }

  /**
   * A URL of the archive from a Location header or the state. A proxy may have told the archive another name or
   * scheme than ours; the path counts, and the token goes to the address that was configured.
   */
  ownUrl(location: string): string {
    const server = new URL(this.server);
    const { pathname, search } = new URL(location, `${this.server}${uploadsPath}`);
    return `${server.origin}${pathname}${search}`;
  }

  /**
   * Makes an upload (tus 1.0, Creation).
   *
   * @throws Problem
   */
  async createUpload(
    sizeBytes: number,
    metadataHeader: string,
    signal: AbortSignal,
  ): Promise<{ uploadUrl: string; recording: string | null }> {
    const answer = await this.send(
      {
        method: "POST",
        url: `${this.server}${uploadsPath}`,
        headers: {
          "Tus-Resumable": tusVersion,
          "Upload-Length": String(sizeBytes),
          "Upload-Metadata": metadataHeader,
          "Content-Length": "0",
        },
      },
      signal,
    );
    if (answer.status === 404 || answer.status === 410)
      throw new Problem(
        "refused",
        `${this.server}${uploadsPath} does not exist. Is ${this.server} the address of the archive?`,
      );
    if (answer.status !== 201) throw problemOf(answer, "make an upload");
    const location = answer.headers.location;
    if (location === undefined) throw new Problem("again", "The archive made an upload but did not say where.");
    return { uploadUrl: this.ownUrl(location), recording: recordingIn(answer) };
  }

  /** What the archive knows of a recording of ours. @throws Problem; "restart" when it knows none of this id */
  async getRecording(id: string, signal: AbortSignal): Promise<DeviceRecordingView> {
    const url = `${this.server}/api/recordings/${encodeURIComponent(id)}`;
    const answer = await this.send({ method: "GET", url, headers: { Accept: "application/json" } }, signal);
    if (answer.status !== 200) throw problemOf(answer, `tell the state of ${id}`);
    return readRecordingView(answer.body);
  }

  /** The receipt of a recording of ours, unchecked. @throws Problem "again" also when this archive knows no receipts */
  async getReceipt(id: string, signal: AbortSignal): Promise<string> {
    const url = `${this.server}${receiptPath(encodeURIComponent(id))}`;
    const answer = await this.send({ method: "GET", url, headers: { Accept: receiptMediaType } }, signal);
    if (answer.status === 404) throw new Problem("again", `The archive has no receipt for ${id}. The file is kept.`);
    if (answer.status !== 200) throw problemOf(answer, `give the receipt of ${id}`);
    return answer.body.trim();
  }

  /** The archive's public keys. @throws Problem */
  async getKeys(signal: AbortSignal): Promise<ArchiveKey[]> {
    const url = `${this.server}${keySetPath}`;
    const answer = await this.send({ method: "GET", url, headers: { Accept: "application/json" } }, signal);
    if (answer.status === 404) throw new Problem("again", "The archive publishes no keys. The file is kept.");
    if (answer.status !== 200) throw problemOf(answer, "publish its keys");
    try {
      return parseKeySet(JSON.parse(answer.body));
    } catch {
      throw new Problem("again", "The answer is not the archive's keys. Is something between it and this device?");
    }
  }
}

/** The recording that an answer names; null when it names none. */
export function recordingIn(answer: Answer): string | null {
  const value = answer.headers["strongroom-recording"];
  return typeof value === "string" && value !== "" ? value : null;
}

const views = new Set(["receiving", "received", "sealed", "quarantined", "disposed"]);

function readRecordingView(body: string): DeviceRecordingView {
  try {
    const value: unknown = JSON.parse(body);
    // Checked as far as decisions hang on it: a captive portal's page must not pass for a seal.
    if (typeof value === "object" && value !== null && "id" in value && "state" in value && "sha256" in value)
      if (typeof value.id === "string" && typeof value.state === "string" && views.has(value.state))
        if (value.sha256 === null || typeof value.sha256 === "string") return value as DeviceRecordingView;
  } catch {
    // falls through to the one error below
  }
  throw new Problem("again", "The answer is not the archive's. Is something between it and this device?");
}

/**
 * What an answer that is no success asks of us. Nothing but 404 and 410 ever gives an upload up, and no refusal of
 * a token ever counts as success.
 */
export function problemOf(answer: Answer, what: string): Problem {
  const { status } = answer;
  const said = titleIn(answer);
  const message = `The archive did not ${what}: ${status}${said === null ? "" : `, ${said}`}.`.replace(/\.\.$/, ".");
  const retryAfterMs = readRetryAfter(answer.headers["retry-after"]);
  if (status === 401 || status === 403) {
    // The answer to a HEAD has no words of its own.
    const words = said === null ? `${message} The device's token is not valid there.` : message;
    return new Problem("authentication", `${words} What was sent is kept.`, { retryAfterMs });
  }
  if (status === 404 || status === 410) return new Problem("restart", message);
  if (status >= 300 && status < 400)
    return new Problem(
      "again",
      `${message} It points to ${answer.headers.location ?? "nowhere"}; redirects are not followed.`,
    );
  // 408, 409, 423, 425, 429 and 460 pass; the other 4xx say that this request will never do.
  const passes = [408, 409, 423, 425, 429, 460].includes(status);
  if (status >= 400 && status < 500 && !passes) return new Problem("refused", message);
  return new Problem("again", message, { retryAfterMs });
}

/** Reads Retry-After: seconds or a date (RFC 9110, section 10.2.3). */
export function readRetryAfter(value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  if (/^\d{1,9}$/.test(value.trim())) return Number(value) * 1000;
  // A date needs a clock that is right, which a device may not have; at worst the wait is capped by the caller.
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, date - Date.now());
}

// RFC 9457: the title says it; other servers answer plain text.
function titleIn(answer: Answer): string | null {
  try {
    const value: unknown = JSON.parse(answer.body);
    if (typeof value === "object" && value !== null && "title" in value && typeof value.title === "string")
      return value.title;
  } catch {
    const line = answer.body.trim().split("\n")[0] ?? "";
    if (line !== "" && !line.startsWith("<")) return line.slice(0, 200);
  }
  return null;
}
