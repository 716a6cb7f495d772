// What some devices of the demonstration signed about their recordings of the past weeks.
import { generateKeyPairSync, type KeyObject } from "node:crypto";
import type { Prisma } from "../../generated/prisma/client.ts";
import {
  buildManifest,
  canonicalJson,
  ed25519JwkOf,
  jwkThumbprint,
  manifestSha256,
  signManifest,
} from "../../lib/protocol/index.ts";
import type { PastRecording } from "./catalogue.ts";
import { seededRandom } from "./random.ts";

/** Devices that sign, and after how many manifests one is missing; null: none is. */
export const signingDevices = { "Van 04": null, "Van 12": 17 } as const satisfies Record<string, number | null>;

/** What a signed recording of the past has beside its other rows. */
export type PastManifest = {
  manifest: Prisma.ManifestCreateManyInput;
  events: Prisma.CustodyEventCreateManyInput[];
};

/** One device's key and the chain of what it signed. Its private half is forgotten with this object. */
export class SigningDevice {
  readonly #deviceId: string;
  readonly #name: string;
  readonly #missingAfter: number | null;
  readonly #key: KeyObject;
  readonly #random = seededRandom(8785);
  readonly kid: string;
  /** To be registered. */
  readonly publicKey: string;
  #sequence = 0;
  #previous: string | null = null;

  constructor(deviceId: string, name: string, missingAfter: number | null) {
    const { publicKey, privateKey } = generateKeyPairSync("ed25519");
    this.#deviceId = deviceId;
    this.#name = name;
    this.#missingAfter = missingAfter;
    this.#key = privateKey;
    this.publicKey = String(publicKey.export({ format: "pem", type: "spki" }));
    this.kid = jwkThumbprint(ed25519JwkOf(publicKey));
  }

  /** Signs a recording as the device would have before it sent it; null for one that did not arrive as it was. */
  sign({ recording, upload, chunks }: PastRecording): PastManifest | null {
    if (recording.state !== "sealed" || !recording.capturedFrom || !recording.capturedUntil) return null;
    const isAfterGap = this.#missingAfter !== null && this.#sequence === this.#missingAfter;
    const sequence = this.#sequence + (isAfterGap ? 2 : 1);
    // What was missing was signed too: its digest is known to the device alone.
    const previous = isAfterGap ? Buffer.from(this.#random.bytes(32)).toString("hex") : this.#previous;
    const signed = buildManifest({
      device: this.#deviceId,
      sequence,
      previous,
      fileName: recording.fileName,
      mediaType: recording.mediaType,
      sizeBytes: Number(recording.sizeBytes),
      sha256: hexOf(recording.declaredSha256),
      chunkSizeBytes: upload.chunkSizeBytes,
      chunkSha256: chunks.map((chunk) => hexOf(chunk.sha256)),
      complete: true,
      capturedFrom: new Date(recording.capturedFrom).toISOString(),
      capturedUntil: new Date(recording.capturedUntil).toISOString(),
      clock: { source: "gnss", offsetMs: this.#random.between(-40, 40), uncertaintyMs: this.#random.between(5, 60) },
      ...(recording.source ? { source: recording.source } : {}),
      ...(recording.alias ? { alias: recording.alias } : {}),
      ...(recording.place ? { place: recording.place } : {}),
      tags: ["delivery"],
    });
    const sha256 = manifestSha256(Buffer.from(canonicalJson(signed)));
    const chain = isAfterGap ? "gap" : sequence === 1 ? "first" : "in_order";
    const { chunkSha256, ...facts } = signed;
    const receivedAt = recording.createdAt;
    this.#sequence = sequence;
    this.#previous = sha256;
    const about = {
      at: receivedAt,
      actorKind: "device",
      actorId: this.#deviceId,
      actorName: this.#name,
      recordingId: recording.id,
      deviceId: this.#deviceId,
      correlationId: `seed-${recording.id}`,
    } as const;
    return {
      manifest: {
        manifestSha256: Buffer.from(sha256, "hex"),
        recordingId: recording.id,
        deviceId: this.#deviceId,
        kid: this.kid,
        sequence,
        previousSha256: previous === null ? null : Buffer.from(previous, "hex"),
        chain,
        chunkSizeBytes: signed.chunkSizeBytes,
        chunkSha256s: Buffer.from(chunkSha256.join(""), "hex"),
        facts: facts as Prisma.InputJsonObject, // it is JSON
        jws: signManifest(signed, this.#key),
        receivedAt,
      },
      events: [
        { ...about, action: "manifest.recorded", details: { sequence, manifestSha256: sha256, kid: this.kid, chain } },
        ...(isAfterGap ? [{ ...about, action: "manifest.gap_found", details: gap(sequence) }] : []),
      ],
    };
  }
}

const gap = (sequence: number) => ({ sequence, missingFrom: sequence - 1, missingUntil: sequence - 1 });
const hexOf = (bytes: Uint8Array | null | undefined) => Buffer.from(bytes ?? []).toString("hex");
