import { createHash, generateKeyPairSync } from "node:crypto";
import {
  buildManifest,
  canonicalJson,
  ed25519Bytes,
  ed25519JwkOf,
  jwkThumbprint,
  type Manifest,
  manifestSha256,
  signManifest,
} from "../../lib/protocol/index.ts";
import { factories, type TestWorld } from "../../lib/testing/index.ts";
import { ask, tusDevice } from "./tus-client.ts";

/** What a test says differently. */
type Facts = { chunkSizeBytes?: number; [member: string]: unknown };

const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

/** A device with a registered key, which signs manifests and counts them. */
export async function makeSigningDevice(world: TestWorld, url: () => string) {
  const device = await factories.makeDevice(world.db);
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const jwk = ed25519JwkOf(publicKey);
  const kid = jwkThumbprint(jwk);
  await world.db.deviceKey.create({
    data: { kid, deviceId: device.id, publicKey: new Uint8Array(ed25519Bytes(jwk)), createdAt: new Date() },
  });
  let sequence = 0;
  let previous: string | null = null;
  const describe = (content: Uint8Array, over: Facts = {}): Manifest => {
    const chunkSizeBytes = over.chunkSizeBytes ?? 400_000;
    const chunks = Array.from({ length: Math.ceil(content.length / chunkSizeBytes) }, (_, i) =>
      sha256(content.subarray(i * chunkSizeBytes, (i + 1) * chunkSizeBytes)),
    );
    return buildManifest({
      device: device.id,
      sequence: sequence + 1,
      previous,
      fileName: "rear.mp4",
      mediaType: "video/mp4",
      sizeBytes: content.length,
      sha256: sha256(content),
      chunkSizeBytes,
      chunkSha256: chunks,
      complete: true,
      ...over,
    });
  };
  return {
    ...device,
    kid,
    privateKey,
    tus: tusDevice(url, device.token),
    describe,
    /** Signs a manifest and counts on from it. */
    sign(manifest: Manifest): string {
      sequence = manifest.sequence;
      previous = manifestSha256(Buffer.from(canonicalJson(manifest)));
      return signManifest(manifest, privateKey);
    },
    /** Announces a recording; the answer's body is read as JSON. */
    async announce(jws: string, headers: Record<string, string> = {}) {
      const body = Buffer.from(jws);
      const answer = await ask(`${url()}/api/recordings`, {
        method: "POST",
        token: device.token,
        body,
        headers: { "Content-Type": "application/jose", ...headers },
      });
      return { ...answer, json: JSON.parse(answer.body) };
    },
  };
}
