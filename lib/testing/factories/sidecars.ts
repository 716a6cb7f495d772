import { createHash, randomBytes } from "node:crypto";
import type { Database } from "../../context.ts";
import { madeAt } from "./defaults.ts";

/** Gives a recording a manifest, and a sidecar that it names. Only rows, no bytes. */
export async function makeSidecar(
  db: Database,
  recordingId: string,
  content: Uint8Array,
  name = "track.gpx",
  receivedAt = madeAt,
) {
  const { deviceId } = await db.recording.findUniqueOrThrow({ where: { id: recordingId } });
  const kid = randomBytes(32).toString("base64url");
  await db.deviceKey.create({ data: { kid, deviceId, publicKey: randomBytes(32), createdAt: madeAt } });
  const manifestSha256 = randomBytes(32);
  const sha256 = createHash("sha256").update(content).digest();
  const said = { name, sizeBytes: content.length, sha256: sha256.toString("hex") };
  const chain = { sequence: 1n, chain: "first" as const, chunkSizeBytes: 400_000, chunkSha256s: new Uint8Array() };
  await db.manifest.create({
    data: {
      manifestSha256,
      recordingId,
      deviceId,
      kid,
      ...chain,
      facts: { sidecars: [said] },
      jws: "x",
      receivedAt,
    },
  });
  const sizeBytes = content.length;
  return db.sidecar.create({ data: { recordingId, name, sha256, sizeBytes, manifestSha256, receivedAt } });
}
