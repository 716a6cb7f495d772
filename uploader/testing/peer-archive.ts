import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readdir, readFile, stat } from "node:fs/promises";
import { createServer, type Server as HttpServer, type IncomingMessage, type ServerResponse } from "node:http";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { FileStore } from "@tus/file-store";
import { Server as TusServer, Upload } from "@tus/server";
import {
  type AnnouncedView,
  type ArchiveKey,
  type DeviceRecordingView,
  decodeJws,
  decodeMetadataHeader,
  deviceConfigPath,
  deviceHeartbeatPath,
  formatKeySet,
  type Heartbeat,
  type HeartbeatAnswer,
  keySetPath,
  manifestSha256,
  manifestType,
  readHeartbeat,
  readManifest,
  receiptMediaType,
  recordingIdHeader,
  recordingsPath,
  uploadsPath,
  verifyJws,
} from "../../lib/protocol/index.ts";

import { sampleReceipt } from "../../lib/testing/sample-receipt.ts";
import { PeerIdentity } from "./peer-identity.ts";

/** An answer that the peer gives instead of working. */
export type Fault = { status: number; headers?: Record<string, string>; body?: string };

/** A request as the peer saw it. */
export type SeenRequest = { method: string; path: string; headers: IncomingMessage["headers"]; atMs: number };

/**
 * An archive to test against: the reference tus server with its file store on disk, and the state of a recording,
 * which is sealed when the stored bytes have the declared SHA-256 and quarantined otherwise.
 */
export class PeerArchive {
  readonly folder: string;
  readonly token: string;
  readonly requests: SeenRequest[] = [];
  #server: HttpServer | null = null;
  #faults: { method: string; fault: Fault; times: number }[] = [];
  readonly heartbeats: Heartbeat[] = [];
  /** What it answers to heartbeats; null: it cannot be reached for them. */
  fleet: { config: { version: number; settings: unknown }; answer: Partial<HeartbeatAnswer> } | null = {
    config: { version: 0, settings: {} },
    answer: { nextInSeconds: 3600 },
  };
  /** How many times a recording is still "received" before it is decided. */
  pollsBeforeSeal = 0;
  /** What is put into receipts instead of what is right. */
  wrongInReceipts: { sha256?: string; recording?: string } = {};
  /** The archive's side of enrolled devices. */
  readonly identity = new PeerIdentity();
  #keys: ArchiveKey[] = [];

  constructor(folder: string, token = "srd_test") {
    this.folder = folder;
    this.token = token;
  }

  /** Answers the next requests of a method with a fault. */
  fail(method: string, fault: Fault, times = 1): void {
    this.#faults.push({ method, fault, times });
  }

  /** Ends every fault. */
  heal(): void {
    this.#faults = [];
  }

  /** Starts, or starts again on the same files. @returns the port */
  async start(port = 0): Promise<number> {
    const tus = new TusServer({
      path: uploadsPath,
      datastore: new FileStore({ directory: this.folder }),
      relativeLocation: true,
    });
    const server = createServer((request, response) => {
      // Apart from the rest: heartbeats come when they like, and faults and counts are about recordings.
      if (request.url === deviceHeartbeatPath || request.url === deviceConfigPath) {
        void this.#answerFleet(request, response);
        return;
      }
      this.requests.push({
        method: request.method ?? "",
        path: request.url ?? "",
        headers: request.headers,
        atMs: performance.now(),
      });
      if (this.#answerFault(request, response)) return;
      // tus 1.0, OPTIONS: whoever asks learns what the server can do.
      if (request.method === "OPTIONS") return void tus.handle(request, response);
      const url = request.url ?? "";
      const keys = [...this.identity.keys, ...this.#keys];
      // Public, as everywhere.
      if (url === keySetPath) return answer(response, { status: 200, body: JSON.stringify(formatKeySet(keys)) });
      if (url.startsWith("/api/devices/")) return void this.#answerDevice(request, response);
      if (!this.#isKnown(request)) return answer(response, { status: 401 });
      if (url === recordingsPath) return void this.#answerManifest(request, response);
      if (url.endsWith("/receipt")) return void this.#answerReceipt(url.slice(16, -8), response);
      if (url.startsWith("/api/recordings/")) return void this.#answerRecording(url.slice(16), response);
      // The recording has the name of its upload; a new upload learns it from the Location that tus answers.
      const upload = /^\/api\/uploads\/(\w+)$/.exec(url)?.[1];
      // As the archive does: what comes for an upload that is none is read before it is refused, or the reset that
      // follows may take the answer along.
      if (upload === undefined && request.method === "PATCH")
        return void text(request).then(() => answer(response, { status: 404 }));
      if (upload !== undefined) response.setHeader(recordingIdHeader, `R-${upload}`);
      else nameRecording(response);
      void tus.handle(request, response);
    });
    this.#server = server;
    await new Promise<void>((listening) => server.listen(port, "127.0.0.1", listening));
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("A TCP server has a port.");
    return address.port;
  }

  /** Stops at once, as a crash would: open connections are reset. */
  async stop(): Promise<void> {
    const server = this.#server;
    if (server === null) return;
    this.#server = null;
    const closed = new Promise<void>((done) => server.close(() => done()));
    server.closeAllConnections();
    await closed;
  }

  /** Ids of all uploads. */
  async uploads(): Promise<string[]> {
    return (await readdir(this.folder)).filter((name) => name.endsWith(".json")).map((name) => name.slice(0, -5));
  }

  /** Bytes of an upload that are on the disk. */
  async offsetOf(upload: string): Promise<number> {
    return (await stat(join(this.folder, upload)).catch(() => null))?.size ?? 0;
  }

  /** What the device said about an upload. */
  async metadataOf(upload: string): Promise<Map<string, string>> {
    const info = JSON.parse(await readFile(join(this.folder, `${upload}.json`), "utf8"));
    return new Map(Object.entries(info.metadata));
  }

  #isKnown({ headers: { authorization } }: IncomingMessage): boolean {
    return authorization === `Bearer ${this.token}` || this.identity.deviceOf(authorization) !== null;
  }

  /** A manifest that a key of the device has signed makes an upload, which has its name from the manifest. */
  async #answerManifest(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const jws = await text(request);
    const { header } = decodeJws(jws);
    const key = this.identity.deviceOf(request.headers.authorization)?.keys.find(({ kid }) => kid === header.kid);
    if (key === undefined) return answer(response, { status: 403, body: '{"code":"manifest_key_unknown"}' });
    const { payload } = verifyJws(jws, key.jwk, manifestType);
    const { sequence, sizeBytes, sha256, fileName: filename } = readManifest(payload);
    const digest = manifestSha256(payload);
    const upload = digest.slice(0, 32);
    const isNew = !(await this.uploads()).includes(upload);
    const store = new FileStore({ directory: this.folder });
    if (isNew)
      await store.create(new Upload({ id: upload, size: sizeBytes, offset: 0, metadata: { filename, sha256 } }));
    const view: AnnouncedView = {
      recording: `R-${upload}`,
      state: "receiving",
      upload: `${uploadsPath}/${upload}`,
      offsetBytes: await this.offsetOf(upload),
      sizeBytes,
      manifestSha256: digest,
      sequence,
      chain: sequence === 1 ? "first" : "in_order",
    };
    const headers = { "Content-Type": "application/json" };
    answer(response, { status: isNew ? 201 : 200, headers, body: JSON.stringify(view) });
  }

  async #answerFleet(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = "";
    for await (const part of request) body += String(part);
    if (this.fleet === null) return answer(response, { status: 503 });
    if (!this.#isKnown(request)) return answer(response, { status: 401 });
    if (request.url === deviceConfigPath)
      return answer(response, { status: 200, body: JSON.stringify(this.fleet.config) });
    this.heartbeats.push(readHeartbeat(JSON.parse(body)));
    const serverTime = new Date().toISOString();
    const said = { serverTime, nextInSeconds: 1, wanted: [], rotateKey: false, chain: null };
    const configVersion = this.fleet.config.version;
    answer(response, { status: 200, body: JSON.stringify({ ...said, configVersion, ...this.fleet.answer }) });
  }

  #answerFault(request: IncomingMessage, response: ServerResponse): boolean {
    const index = this.#faults.findIndex(({ method }) => method === request.method || method === "*");
    const found = this.#faults[index];
    if (found === undefined) return false;
    found.times -= 1;
    if (found.times <= 0) this.#faults.splice(index, 1);
    answer(response, found.fault);
    return true;
  }

  async #answerDevice(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await text(request);
    const said = this.identity.answer(request.url ?? "", body, request.headers.authorization);
    if (said === null) return answer(response, { status: 404 });
    const headers = { "Content-Type": "application/json", ...said.headers };
    answer(response, { status: said.status, headers, body: JSON.stringify(said.body) });
  }

  async #answerReceipt(recording: string, response: ServerResponse): Promise<void> {
    const path = join(this.folder, recording.slice(2));
    const right = { recording, sha256: await sha256Of(path), sizeBytes: (await stat(path)).size };
    const { jws, keys } = sampleReceipt({ ...right, ...this.wrongInReceipts });
    this.#keys.push(...keys);
    answer(response, { status: 200, headers: { "Content-Type": receiptMediaType }, body: jws });
  }

  async #answerRecording(recording: string, response: ServerResponse): Promise<void> {
    const upload = recording.slice(2);
    const isKnown = (await this.uploads()).includes(upload);
    if (!isKnown) return answer(response, { status: 404 });
    const info = JSON.parse(await readFile(join(this.folder, `${upload}.json`), "utf8"));
    const sizeBytes = await this.offsetOf(upload);
    const isWhole = sizeBytes === info.size && this.pollsBeforeSeal-- <= 0;
    const sha256 = isWhole ? await sha256Of(join(this.folder, upload)) : null;
    const declared: string | null = info.metadata.sha256 ?? null;
    const state = sha256 === null ? "received" : declared === null || declared === sha256 ? "sealed" : "quarantined";
    const view: DeviceRecordingView = {
      id: recording,
      state,
      fileName: info.metadata.filename ?? "recording",
      sizeBytes,
      sha256,
      declaredSha256: declared,
      digestOriginator: declared === null ? "archive" : "device",
      repeatOf: null,
      receivedAt: null,
      sealedAt: null,
      quarantineReason: state === "quarantined" ? "the SHA-256 is not the declared one" : null,
      firstBadChunk: null,
      receipt: null,
    };
    answer(response, { status: 200, headers: { "Content-Type": "application/json" }, body: JSON.stringify(view) });
  }
}

function answer(response: ServerResponse, fault: Fault): void {
  // Closing after a refusal is what servers do that do not read the rest of a body.
  response.writeHead(fault.status, { Connection: fault.status < 400 ? "keep-alive" : "close", ...fault.headers });
  response.end(fault.body);
}

function nameRecording(response: ServerResponse): void {
  const setHeader = response.setHeader.bind(response);
  response.setHeader = (name, value) => {
    if (name.toLowerCase() === "location") setHeader(recordingIdHeader, `R-${String(value).split("/").at(-1)}`);
    return setHeader(name, value);
  };
}

/** SHA-256 of a file, in hexadecimal digits. */
export async function sha256Of(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const data of createReadStream(path)) hash.update(data);
  return hash.digest("hex");
}

/** What an Upload-Metadata header said. */
export function metadataIn(request: SeenRequest): Map<string, string> {
  return decodeMetadataHeader(String(request.headers["upload-metadata"] ?? ""));
}
