import { createHash, randomBytes } from "node:crypto";
import { createReadStream } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Database } from "../../lib/context.ts";
import { recordingKey } from "../../lib/recordings/index.ts";
import { findUpload } from "./find-upload.ts";
import { type Answer, tusDevice } from "./tus-client.ts";

type LeaseRounds = {
  /** Two servers on one archive. */
  urls: readonly [string, string];
  token: string;
  db: Database;
  dataDir: string;
  rounds: number;
  /** The same seed makes the same bodies and pauses. */
  seed: number;
};

/** What happened in all rounds together. */
export type LeaseReport = {
  rounds: number;
  /** Bodies that two clients sent for one offset at the same time. */
  races: number;
  /** Races that one of them won whole. */
  won: number;
  /** Writers that were ended for a newer one. */
  takenOver: number;
  /** Everything that must never be, as sentences. */
  faults: string[];
};

/** Numbers from 0 to 1 that are the same in every run. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
const chunkSizeBytes = 400_000;

/**
 * Two clients write one upload at once through two servers, at the same offset, round after round, fast and in
 * pieces. An oracle remembers what each was told: for one offset at most one body is acknowledged, no answer
 * is a fault of the server, and what storage holds up to the offset is what the winner of each race sent.
 */
export async function runLeaseRounds(input: LeaseRounds): Promise<LeaseReport> {
  const { urls, token, db, dataDir, rounds } = input;
  const random = seeded(input.seed);
  const clients = urls.map((url) => tusDevice(() => url, token));
  const report: LeaseReport = { rounds, races: 0, won: 0, takenOver: 0, faults: [] };

  /** Sends a body whole or in pieces with pauses, so that a newer one finds it in the middle. */
  async function send(client: (typeof clients)[number], path: string, offset: number, body: Buffer): Promise<Answer> {
    const isSlow = random() < 0.25 && body.length > 1_000;
    if (!isSlow) return client.patch(path, offset, body);
    const pauseMs = 20 + random() * 60;
    const { request, answered } = client.openPatch(path, offset, body.length);
    request.on("error", () => undefined);
    const step = Math.ceil(body.length / 4);
    for (let at = 0; at < body.length && !request.destroyed; at += step) {
      request.write(body.subarray(at, at + step));
      await sleep(pauseMs);
    }
    request.end();
    return answered;
  }

  async function stored(recordingId: string, lengthBytes: number): Promise<Buffer> {
    const pieces: Buffer[] = [];
    const path = join(dataDir, "storage", recordingKey(recordingId));
    if (lengthBytes > 0) for await (const piece of createReadStream(path, { end: lengthBytes - 1 })) pieces.push(piece);
    return Buffer.concat(pieces);
  }

  for (let round = 0; round < rounds; round++) {
    const fault = (text: string) => report.faults.push(`round ${round}: ${text}`);
    const sizeBytes = 1 + Math.floor(random() ** 3 * 1_500_000);
    const created = await clients[round % 2]?.create(sizeBytes, { chunk_size: String(chunkSizeBytes) });
    const path = new URL(String(created?.headers.location), urls[0]).pathname;
    /** What storage must hold, by what was answered. */
    let known: Buffer = Buffer.alloc(0);
    while (known.length < sizeBytes) {
      const offset = known.length;
      const bodies = clients.map(() => {
        const isRest = random() < 0.85;
        return randomBytes(isRest ? sizeBytes - offset : 1 + Math.floor(random() * (sizeBytes - offset)));
      });
      const lagMs = random() < 0.5 ? 0 : random() * 200;
      const answers = await Promise.all(
        clients.map(async (client, index) => {
          if (index === 1) await sleep(lagMs);
          return send(client, path, offset, bodies[index] ?? Buffer.alloc(0));
        }),
      );
      report.races += 1;
      const won = answers.filter((answer) => answer.status === 204);
      if (won.length > 1) fault(`two bodies were acknowledged at offset ${offset}`);
      report.won += won.length;
      for (const { status, body } of answers) {
        if (![204, 409, 423].includes(status)) fault(`${status} ${body}`);
        if (status === 423) report.takenOver += 1;
      }
      const upload = await findUpload(db, path);
      const now = Number(upload.offsetBytes);
      if (now < offset) fault(`the offset went from ${offset} down to ${now}`);
      const content = await stored(upload.recordingId, now);
      const brought = content.subarray(offset);
      const author = bodies.findIndex((body) => body.subarray(0, brought.length).equals(brought));
      if (content.length !== now || !content.subarray(0, offset).equals(known))
        fault(`storage differs before ${offset}`);
      else if (author === -1) fault(`what lies behind ${offset} is nobody's body`);
      const winner = answers.findIndex((answer) => answer.status === 204);
      if (winner !== -1 && winner !== author) fault(`storage holds the body of a client that was refused at ${offset}`);
      if (winner !== -1 && Number(answers[winner]?.headers["upload-offset"]) !== now)
        fault(`the winner was told ${answers[winner]?.headers["upload-offset"]} and the row says ${now}`);
      known = content;
      if (report.faults.length > 20) return report;
    }
    const upload = await findUpload(db, path);
    if (upload.state !== "complete") fault(`all bytes are here and the upload is ${upload.state}`);
    const chunks = await db.chunk.findMany({ where: { recordingId: upload.recordingId }, orderBy: { index: "asc" } });
    for (const [index, chunk] of chunks.entries()) {
      const bytes = known.subarray(index * chunkSizeBytes, (index + 1) * chunkSizeBytes);
      if (chunk.index !== index || Buffer.from(chunk.sha256 ?? []).toString("hex") !== sha256(bytes))
        fault(`chunk ${index} has the digest of other bytes`);
    }
    if (chunks.length !== Math.ceil(sizeBytes / chunkSizeBytes)) fault(`${chunks.length} chunk rows`);
  }
  return report;
}
