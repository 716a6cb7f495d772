import {
  type AnnouncedView,
  type ArchiveKey,
  type DeviceConfig,
  type DeviceRecordingView,
  deviceConfigPath,
  deviceHeartbeatPath,
  deviceStatementsPath,
  followKeys,
  type Heartbeat,
  type HeartbeatAnswer,
  keySetPath,
  manifestMediaType,
  ProtocolError,
  parseKeySet,
  readDeviceSettings,
  readHeartbeatAnswer,
  receiptMediaType,
  receiptPath,
  recordingsPath,
  type StatementView,
  sidecarPath,
  statementMediaType,
  uploadsPath,
} from "../../lib/protocol/index.ts";
import type { AccessTokens } from "../identity/access-tokens.ts";
import type { ArchiveClock } from "../identity/archive-clock.ts";
import type { Identity } from "../identity/identity.ts";
import { currentReceiptKeys } from "../identity/pin-keys.ts";
import { Problem } from "../problems.ts";
import { bodyOf, notTheArchives, problemOf, readObject } from "./answers.ts";
import { PatchSize } from "./patch-size.ts";
import type { Answer, Transport, TransportRequest } from "./transport.ts";

/** tus 1.0, Tus-Resumable: in every request but OPTIONS. */
const tusVersion = "1.0.0";

/** How the device shows who it is. */
export type Credentials =
  /** A plain device token, asked for before each request, so that one put into its file takes effect at once. */
  | { kind: "token"; readToken: () => Promise<string> }
  /** An enrolled device: its key buys short-lived tokens. */
  | {
      kind: "identity";
      identity: Identity;
      tokens: AccessTokens;
      /** The pinned keys as they are on the disk now, where another process may have pinned one. */
      readPinned: () => Promise<ArchiveKey[]>;
    };

/** What every request to the archive needs. */
export class Archive {
  /** Address without a slash at its end. */
  readonly server: string;
  /** What was learnt about PATCHes on this link, for every upload over it. */
  readonly patchSize = new PatchSize();
  readonly #transport: Transport;
  readonly #credentials: Credentials;
  readonly #clock: ArchiveClock;

  constructor(server: string, transport: Transport, credentials: Credentials, clock: ArchiveClock) {
    this.server = server;
    this.#transport = transport;
    this.#credentials = credentials;
    this.#clock = clock;
  }

  /** Sends a request with the device's token, and only ever to the archive's own address. */
  async send(request: TransportRequest, signal: AbortSignal): Promise<Answer> {
    const url = this.ownUrl(request.url);
    const attempt = async (token: string) => {
      const headers = { ...request.headers, Authorization: `Bearer ${token}` };
      const askedAtMs = performance.now();
      const answer = await this.#transport.send({ ...request, url, headers }, signal);
      // Where a body went out, the way there takes longer than the way back.
      if (request.body === undefined && answer.headers.date !== undefined)
        this.#clock.learn(answer.headers.date, askedAtMs);
      return answer;
    };
    if (this.#credentials.kind === "token") return attempt(await this.#credentials.readToken());
    const { tokens } = this.#credentials;
    const token = await tokens.get(signal);
    const answer = await attempt(token);
    if (answer.status !== 401) return answer;
    // The archive may have ended the token early, or this machine slept. Once, or two would ask each other for ever.
    tokens.drop(token);
    return attempt(await tokens.get(signal));
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

  /**
   * Announces a recording by its signed manifest; the same manifest again gives the same answer.
   *
   * @throws Problem
   */
  async announce(jws: string, signal: AbortSignal): Promise<AnnouncedView> {
    const answer = await this.#post(recordingsPath, manifestMediaType, jws, signal);
    if (answer.status !== 200 && answer.status !== 201) throw problemOf(answer, "take the manifest");
    const view = readObject(answer.body);
    if (typeof view?.recording !== "string" || typeof view.upload !== "string" || typeof view.offsetBytes !== "number")
      throw notTheArchives();
    return { ...(view as AnnouncedView), upload: this.ownUrl(view.upload) }; // as far as decisions hang on it
  }

  /** Brings a signed statement, a link of the chain that announces no recording. @throws Problem */
  async postStatement(jws: string, signal: AbortSignal): Promise<StatementView> {
    const answer = await this.#post(deviceStatementsPath, statementMediaType, jws, signal);
    if (answer.status !== 200 && answer.status !== 201) throw problemOf(answer, "take the statement");
    const view = readObject(answer.body);
    if (typeof view?.sequence !== "number" || typeof view.sha256 !== "string") throw notTheArchives();
    return view as StatementView; // as far as decisions hang on it
  }

  /** Brings a small file that belongs to a recording of ours; again is the same. @throws Problem */
  async putSidecar(recording: string, name: string, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    const url = this.#at(sidecarPath(encodeURIComponent(recording), name));
    const headers = { "Content-Type": "application/octet-stream" };
    const answer = await this.send({ method: "PUT", url, headers, body: bodyOf(bytes) }, signal);
    if (answer.status !== 200 && answer.status !== 201) throw problemOf(answer, `take the sidecar ${name}`);
  }

  /** Says how the device is. @throws Problem */
  async heartbeat(body: Heartbeat, signal: AbortSignal): Promise<HeartbeatAnswer> {
    const answer = await this.#post(deviceHeartbeatPath, "application/json", JSON.stringify(body), signal);
    if (answer.status !== 200) throw problemOf(answer, "take the heartbeat");
    return readAs(answer, readHeartbeatAnswer);
  }

  /**
   * The settings that the archive has for this device.
   *
   * @param version that is here already; null: none is
   * @returns null when that version is still the newest
   * @throws Problem; ProtocolError when a setting is one that is not known here
   */
  async getConfig(version: number | null, signal: AbortSignal): Promise<DeviceConfig | null> {
    const headers: Record<string, string> = { Accept: "application/json" };
    if (version !== null) headers["If-None-Match"] = `"${version}"`;
    const answer = await this.send({ method: "GET", url: this.#at(deviceConfigPath), headers }, signal);
    if (answer.status === 304 && version !== null) return null;
    if (answer.status !== 200) throw problemOf(answer, "give this device's settings");
    const config = readObject(answer.body);
    if (typeof config?.version !== "number") throw notTheArchives();
    return { version: config.version, settings: readDeviceSettings(config.settings) };
  }

  /**
   * The archive's keys as far as this device believes them: of an enrolled device those that it pinned and what they
   * endorsed, otherwise those that are published.
   *
   * @throws Problem also when the archive signs with a key that it does not believe
   */
  async getTrustedKeys(signal: AbortSignal): Promise<ArchiveKey[]> {
    const published = await this.getKeys(signal);
    if (this.#credentials.kind === "token") return published;
    const { identity, readPinned } = this.#credentials;
    const follow = () => followKeys(identity.keys, published);
    const lacks = (believed: ArchiveKey[]) =>
      currentReceiptKeys(published).find((kid) => !believed.some((key) => key.kid === kid));
    if (lacks(follow()) !== undefined) identity.keys = await readPinned();
    const missing = lacks(follow());
    if (missing === undefined) return follow();
    throw new Problem(
      "again",
      `The archive signs receipts with the key ${missing}, which no key that this device believes has endorsed. Files are kept. If that key is the archive's, run: strongroom-uploader trust --pin ${missing}`,
    );
  }

  #at(path: string): string {
    return `${this.server}${path}`;
  }

  #post(path: string, mediaType: string, body: string, signal: AbortSignal): Promise<Answer> {
    const headers = { "Content-Type": mediaType, Accept: "application/json" };
    return this.send({ method: "POST", url: this.#at(path), headers, body: bodyOf(Buffer.from(body)) }, signal);
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

function readAs<T>(answer: Answer, read: (value: unknown) => T): T {
  try {
    return read(readObject(answer.body));
  } catch (error) {
    if (error instanceof ProtocolError) throw notTheArchives();
    throw error;
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
  throw notTheArchives();
}
