import type { Database } from "../../lib/context.ts";
import { factories } from "../../lib/testing/index.ts";

/** Ids of valid rows that the cases change. */
export type Fixture = Awaited<ReturnType<typeof makeFixture>>;

const sixteenMib = 16 * 1024 * 1024;

/** A world in which every kind of row stands once, as the constraints want it. */
export async function makeFixture(db: Database) {
  const officer = async () => (await factories.makeOfficer(db)).accountId;
  const admin = await factories.makeAdmin(db);
  const release = await factories.makeRelease(db);
  const request = await factories.makeRequest(db, { requester: release.requester });
  const make = (state: "receiving" | "received" | "sealed" | "quarantined") => factories.makeRecording(db, { state });
  const receiving = await factories.makeRecording(db, { state: "receiving", content: new Uint8Array(sixteenMib) });
  await db.chunk.create({
    data: {
      recordingId: receiving.id,
      index: 0,
      offsetBytes: 0,
      lengthBytes: 1000,
      receivedAt: new Date(),
      receivedFrom: "192.0.2.7",
    },
  });
  await db.upload.update({ where: { recordingId: receiving.id }, data: { offsetBytes: 1000, fence: 3 } });
  const announced = await factories.makeRecording(db, { state: "receiving" });
  const file = {
    deviceId: announced.deviceId,
    chunkSizeBytes: 400_000,
    createdAt: new Date(),
    lastActivityAt: new Date(),
  };
  await db.upload.deleteMany({ where: { recordingId: announced.id } });
  await db.upload.create({
    data: { ...file, id: "U-F", kind: "final", recordingId: announced.id, lengthBytes: 0, concatHeader: "final;/U-P" },
  });
  await db.upload.create({
    data: { ...file, id: "U-P", kind: "part", lengthBytes: 0, finalUploadId: "U-F", partIndex: 0 },
  });
  const key = { deviceId: receiving.deviceId, kid: "k".repeat(43), publicKey: new Uint8Array(32) };
  await db.deviceKey.create({ data: { ...key, createdAt: new Date() } });
  await db.manifest.create({
    data: {
      manifestSha256: new Uint8Array(32),
      recordingId: receiving.id,
      deviceId: receiving.deviceId,
      kid: key.kid,
      sequence: 1,
      chain: "first",
      chunkSizeBytes: 400_000,
      chunkSha256s: new Uint8Array(32),
      facts: {},
      jws: "x",
      receivedAt: new Date(),
    },
  });
  const zeros = new Uint8Array(32);
  await db.signingKey.createMany({
    data: (["receipt", "log"] as const).map((purpose) => ({
      ...{ kid: purpose, purpose, name: purpose === "log" ? "example.org" : null, publicKey: zeros },
      ...{ encryptedPrivateKey: zeros, createdAt: new Date() },
    })),
  });
  const sealed = await make("sealed");
  const sealing = await db.custodyEvent.create({
    data: {
      ...{ at: new Date(), action: "recording.sealed", actorKind: "system", actorName: "test", correlationId: "c" },
      recordingId: sealed.id,
    },
  });
  await db.logLeaf.create({ data: { index: 0, seq: sealing.seq, leaf: zeros, salt: zeros, hash: zeros } });
  await db.logTile.create({ data: { level: 0, index: 7, hashes: new Uint8Array(8192), root: zeros } });
  const checkpoint = { size: 1, root: zeros, note: "x", kid: "log", createdAt: new Date() };
  await db.logCheckpoint.create({ data: checkpoint });
  const receipted = await make("sealed");
  const event = await db.custodyEvent.create({
    data: {
      ...{ at: new Date(), action: "recording.sealed", actorKind: "system", actorName: "test", correlationId: "c" },
      recordingId: receipted.id,
    },
  });
  await db.logLeaf.create({ data: { index: 1, seq: event.seq, leaf: zeros, salt: zeros, hash: zeros } });
  await db.receipt.create({
    data: { recordingId: receipted.id, logIndex: 1, kid: "receipt", jws: "x", createdAt: new Date() },
  });
  await db.setupLink.create({ data: { secretSha256: new Uint8Array(32), createdAt: new Date() } });
  await db.custodyEvent.create({
    data: { at: new Date(), action: "log.read", actorKind: "system", actorName: "test", correlationId: "c" },
  });
  return {
    first: await officer(),
    second: await officer(),
    third: await officer(),
    admin: admin.accountId,
    organisation: admin.organisationId,
    requester: release.requester.accountId,
    request: request.id,
    release: release.id,
    releasedRequest: release.request.id,
    receiving: receiving.id,
    received: (await make("received")).id,
    sealed: sealed.id,
    quarantined: (await make("quarantined")).id,
  };
}
