import { generateKeyPairSync } from "node:crypto";
import type { Database } from "../../context.ts";
import { buildStatement, ed25519Bytes, ed25519JwkOf, jwkThumbprint, signStatement } from "../../protocol/index.ts";
import { madeAt } from "./defaults.ts";
import { makeDevice } from "./devices.ts";

const at = "2026-03-14T10:01:00Z";
const gap = { kind: "gap", source: "cam-1", reason: "no picture", from: "2026-03-14T10:00:00Z", until: at };

/** Makes a device with a key, which signs statements: that nothing was recorded, unless `facts` say otherwise. */
export async function makeSigner(db: Database) {
  const { id, name } = await makeDevice(db);
  const { privateKey } = generateKeyPairSync("ed25519");
  const jwk = ed25519JwkOf(privateKey);
  const kid = jwkThumbprint(jwk);
  await db.deviceKey.create({
    data: { kid, deviceId: id, publicKey: new Uint8Array(ed25519Bytes(jwk)), createdAt: madeAt },
  });
  const state = (sequence: number, facts: object = gap): string => {
    const previous = sequence === 1 ? null : "b".repeat(64);
    const link = { ...facts, device: id, sequence, previous, at };
    return signStatement(buildStatement(link as Parameters<typeof buildStatement>[0]), privateKey);
  };
  return { id, name, kid, state };
}
