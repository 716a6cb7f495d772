import type { Prisma, RecordingState } from "../../generated/prisma/client.ts";
import type { Context, Transaction } from "../context.ts";
import { recordEvent } from "../custody/index.ts";
import { noteMissingArrived, whyNotSigning } from "../devices/index.ts";
import { AppError } from "../errors.ts";
import { newId } from "../ids.ts";
import type { CaptureMetadata, JsonValue, Manifest } from "../protocol/index.ts";
import { checkManifest, refuseKey, type SignedManifest } from "./check-manifest.ts";
import { type DeviceActor, requireDevice, type UploadRow } from "./internal.ts";
import { type ChainPlace, placeInChain } from "./manifest-chain.ts";
import { openOnce } from "./open-once.ts";
import { insertRecording } from "./open-upload.ts";
import { findSameContent, findUploadOf, type KnownRecording } from "./same-content.ts";

/** What a device learns about the recording that it announced. */
export type Announced = {
  /** Nothing of this content was here before. */
  isNew: boolean;
  recordingId: string;
  state: RecordingState;
  upload: UploadRow;
  manifestSha256: string;
  sequence: number;
  chain: ChainPlace["chain"];
};

type Found = KnownRecording & { isRecorded: boolean };

const digestOf = (signed: SignedManifest) => Buffer.from(signed.manifestSha256, "hex");

/**
 * Announces a recording by a signed manifest. The same manifest again answers the same, also after a crash and beside
 * itself; another manifest for the same content is recorded too, and brings nothing new. A gap or a fork in the
 * device's numbers is recorded and shown, and never a reason to refuse evidence.
 *
 * @param jws the manifest in compact form
 * @param maxBytes longest file
 * @throws AppError unauthenticated, manifest_invalid, manifest_key_unknown, manifest_signature_invalid, too_large,
 *   insufficient_storage, too_many_requests
 */
export async function announceRecording(ctx: Context, jws: string, maxBytes: number): Promise<Announced> {
  const device = requireDevice(ctx);
  const signed = await checkManifest(ctx, device, jws);
  const { manifest } = signed;
  const manifestSha256 = digestOf(signed);
  if (signed.keyProblem !== null && (await ctx.db.manifest.count({ where: { manifestSha256 } })) === 0)
    return refuseKey(ctx, device, signed.kid, signed.keyProblem);
  const subject = { deviceId: device.deviceId, lengthBytes: manifest.sizeBytes, isAlone: false };
  const content = { sha256: manifest.sha256, sizeBytes: manifest.sizeBytes };
  const isNew = await openOnce<Found, boolean>(ctx, subject, {
    find: async (db) =>
      (await findRecorded(db, manifestSha256)) ?? asFound(await findSameContent(db, device.deviceId, content)),
    known: async (tx, found) => {
      if (!found.isRecorded) await keepManifest(ctx, tx, signed, found.recordingId);
      return false;
    },
    open: async (tx, recordingId) => {
      if (manifest.sizeBytes > maxBytes) throw tooLong(maxBytes);
      await openNew(ctx, tx, device, { signed, recordingId });
      return true;
    },
  });
  return announced(ctx, manifestSha256, isNew);
}

function tooLong(maxBytes: number): AppError {
  return new AppError("too_large", `This archive takes files of at most ${maxBytes} bytes.`, { field: "sizeBytes" });
}

const asFound = (known: KnownRecording | null): Found | null =>
  known === null ? null : { ...known, isRecorded: false };

/** The recording that a manifest announced before, unless its upload ended unfinished: then a new one is needed. */
async function findRecorded(db: Context["db"] | Transaction, manifestSha256: Uint8Array<ArrayBuffer>) {
  const row = await db.manifest.findUnique({ where: { manifestSha256 }, select: { recordingId: true } });
  if (row === null) return null;
  const known = await findUploadOf(db, row.recordingId);
  return known.upload.state === "terminated" ? null : { ...known, isRecorded: true };
}

type New = { signed: SignedManifest; recordingId: string };

async function openNew(ctx: Context, tx: Transaction, device: DeviceActor, input: New): Promise<void> {
  const { signed, recordingId } = input;
  await insertRecording(ctx, tx, device, {
    uploadId: newId("upload"),
    recordingId,
    lengthBytes: signed.manifest.sizeBytes,
    metadataHeader: null,
    capture: captureOf(signed.manifest),
    manifestSha256: digestOf(signed),
    onRecording: () => keepManifest(ctx, tx, signed, recordingId),
  });
}

/** What the manifest says, as every other way of announcing says it. */
function captureOf(manifest: Manifest): CaptureMetadata {
  const { capturedFrom, capturedUntil } = manifest;
  return {
    fileName: manifest.fileName,
    mediaType: manifest.mediaType,
    sha256: manifest.sha256,
    capturedFrom: capturedFrom === undefined ? null : new Date(capturedFrom),
    capturedUntil: capturedUntil === undefined ? null : new Date(capturedUntil),
    source: manifest.source ?? null,
    alias: manifest.alias ?? null,
    place: manifest.place ?? null,
    free: (manifest.metadata ?? null) as { [key: string]: JsonValue } | null, // it was read from JSON
    chunkSizeBytes: manifest.chunkSizeBytes,
  };
}

/** Keeps a new manifest; one whose upload ended unfinished moves to the recording that brings its content now. */
async function keepManifest(ctx: Context, tx: Transaction, signed: SignedManifest, recordingId: string): Promise<void> {
  const where = { manifestSha256: digestOf(signed) };
  const kept = await tx.manifest.findUnique({ where, select: { chain: true } });
  if (kept === null) return recordManifest(ctx, tx, signed, recordingId);
  await tx.manifest.update({ where, data: { recordingId } });
  await recordKept(ctx, tx, signed, { recordingId, chain: kept.chain });
}

function recordKept(
  ctx: Context,
  tx: Transaction,
  { manifest, manifestSha256, kid }: SignedManifest,
  { recordingId, chain }: { recordingId: string; chain: ChainPlace["chain"] },
): Promise<void> {
  const details = { sequence: manifest.sequence, manifestSha256, kid, chain };
  const about = { recordingId, deviceId: manifest.device };
  return recordEvent(ctx, tx, { action: "manifest.recorded", ...about, details });
}

/** Keeps a new manifest whole, with its place in the chain, and says in custody what is wrong with that. */
async function recordManifest(ctx: Context, tx: Transaction, signed: SignedManifest, recordingId: string) {
  const { manifest, kid, jws } = signed;
  // A key that hands over holds the device's lock too: nothing that it did not count is signed with the old one.
  const problem = whyNotSigning(await tx.deviceKey.findUniqueOrThrow({ where: { kid } }), manifest.sequence);
  if (problem !== null) throw new AppError("manifest_key_unknown", problem, { field: "kid" });
  const place = await placeInChain(tx, manifest, signed.manifestSha256);
  const { chunkSha256, ...facts } = manifest;
  await tx.manifest.create({
    data: {
      manifestSha256: digestOf(signed),
      recordingId,
      deviceId: manifest.device,
      kid,
      sequence: BigInt(manifest.sequence),
      previousSha256: manifest.previous === null ? null : Buffer.from(manifest.previous, "hex"),
      chain: place.chain,
      chunkSizeBytes: manifest.chunkSizeBytes,
      chunkSha256s: Buffer.from(chunkSha256.join(""), "hex"),
      facts: facts as Prisma.InputJsonObject, // it was read from JSON
      jws,
      receivedAt: ctx.clock.now(),
    },
  });
  const { chain, ...trouble } = place;
  await recordKept(ctx, tx, signed, { recordingId, chain });
  await noteMissingArrived(ctx, tx, { deviceId: manifest.device, recordingId }, [manifest.sequence]);
  if (chain === "gap" || chain === "fork") {
    const action = `manifest.${chain}_found` as const;
    const details = { sequence: manifest.sequence, ...trouble };
    await recordEvent(ctx, tx, { action, recordingId, deviceId: manifest.device, details });
  }
}

async function announced(ctx: Context, manifestSha256: Uint8Array<ArrayBuffer>, isNew: boolean): Promise<Announced> {
  const row = await ctx.db.manifest.findUniqueOrThrow({
    where: { manifestSha256 },
    select: { sequence: true, chain: true, recording: { select: { id: true, state: true } } },
  });
  const { upload } = await findUploadOf(ctx.db, row.recording.id);
  return {
    isNew,
    recordingId: row.recording.id,
    state: row.recording.state,
    upload,
    manifestSha256: Buffer.from(manifestSha256).toString("hex"),
    sequence: Number(row.sequence),
    chain: row.chain,
  };
}
