import { createPrivateKey, type KeyObject } from "node:crypto";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { type ArchiveKey, ed25519JwkOf, formatKeySet, jwkThumbprint, parseKeySet } from "../../lib/protocol/index.ts";
import { messageOf, Problem, systemCode } from "../problems.ts";
import { replaceFile } from "../state/durable-file.ts";

/**
 * Who this device is to one archive. There is one object of it in a process, and a change of keys changes it in place:
 * read `key` and `kid` from it each time something is signed.
 */
export type Identity = {
  /** Address of the archive, without a slash at its end. */
  server: string;
  device: string;
  name: string;
  /** What the archive wants to be called in assertions. */
  audience: string;
  /** Thumbprint of the key that signs the next link of the chain. */
  kid: string;
  /** Signs the next link of the chain. */
  key: KeyObject;
  /** The archive's keys that are believed: pinned at enrolment, or endorsed by one that is. */
  keys: ArchiveKey[];
  /** What the archive said last: a pending device waits for a person's approval. */
  state: "active" | "pending";
  /** The key before this one, while the archive may not know this one yet. */
  previous: PreviousKey | null;
};

/** A key that was handed over by, and where the handing over stands. */
export type PreviousKey = { kid: string; key: KeyObject; fromSequence: number; isConfirmed: boolean };

const fileSchema = z.object({
  version: z.literal(1),
  server: z.string(),
  device: z.string(),
  name: z.string(),
  audience: z.string(),
  kid: z.string(),
  state: z.enum(["active", "pending"]),
  keys: z.unknown(),
  rotation: z.object({ kid: z.string(), fromSequence: z.number(), isConfirmed: z.boolean() }).nullable(),
});

/** Where the identity of a state folder lies. */
export function identityPaths(stateFolder: string) {
  const folder = join(stateFolder, "identity");
  return {
    folder,
    identity: join(folder, "identity.json"),
    key: join(folder, "device-key.pem"),
    /** The key that takes over, while it does. */
    nextKey: join(folder, "next-key.pem"),
    /** What an enrolment that is not over was asked with. */
    enrolment: join(folder, "enrolment.json"),
  };
}

/** True when a state folder has an identity; it may still turn out to be damaged. */
export function hasIdentity(stateFolder: string): boolean {
  return existsSync(identityPaths(stateFolder).identity);
}

/**
 * Reads the identity; null when this device is not enrolled.
 *
 * @throws Problem "authentication" when what is there is damaged
 */
export async function loadIdentity(stateFolder: string): Promise<Identity | null> {
  const paths = identityPaths(stateFolder);
  const text = await readFile(paths.identity, "utf8").catch((error: unknown) => {
    if (systemCode(error) === "ENOENT") return null;
    throw damaged(paths.identity, error);
  });
  if (text === null) return null;
  try {
    const { version: _, kid, keys, rotation, ...rest } = fileSchema.parse(JSON.parse(text));
    const key = readKey(await readFile(paths.key, "utf8"));
    const known = { ...rest, keys: parseKeySet(keys) };
    // A power cut after the last step of a rotation: the new key already has the old one's place.
    if (rotation === null || key.kid === rotation.kid) {
      if (key.kid !== kid && key.kid !== rotation?.kid) throw new Error("the key is another one than the device's");
      return { ...known, ...key, previous: null };
    }
    const next = readKey(await readFile(paths.nextKey, "utf8"));
    if (next.kid !== rotation.kid || key.kid !== kid) throw new Error("the keys are other ones than the device's");
    const { fromSequence, isConfirmed } = rotation;
    return { ...known, ...next, previous: { ...key, fromSequence, isConfirmed } };
  } catch (error) {
    throw damaged(paths.folder, error);
  }
}

/** Writes what is known of the identity beside its private keys; on return it survives a power cut. */
export async function saveIdentity(stateFolder: string, identity: Identity): Promise<void> {
  const { server, device, name, audience, state, keys, previous } = identity;
  const rotation =
    previous === null
      ? null
      : { kid: identity.kid, fromSequence: previous.fromSequence, isConfirmed: previous.isConfirmed };
  const kid = previous?.kid ?? identity.kid;
  const file = { version: 1, server, device, name, audience, kid, state, keys: formatKeySet(keys), rotation };
  await replaceFile(identityPaths(stateFolder).identity, `${JSON.stringify(file, null, 2)}\n`, true);
}

/** Writes a private key, readable by its owner alone; on return it survives a power cut. */
export function saveKey(path: string, key: KeyObject): Promise<void> {
  return replaceFile(path, String(key.export({ type: "pkcs8", format: "pem" })), true);
}

/** Reads a private key that `saveKey` wrote. @throws when it is none */
export function readKey(pem: string): { kid: string; key: KeyObject } {
  const key = createPrivateKey(pem);
  return { kid: jwkThumbprint(ed25519JwkOf(key)), key };
}

function damaged(path: string, cause: unknown): Problem {
  return new Problem(
    "authentication",
    `This device's identity in ${path} cannot be read: ${messageOf(cause)}. Put it back from a copy, or enrol anew with --force-new.`,
    { cause, reason: "token" },
  );
}
