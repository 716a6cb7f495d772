import { createHash, createPrivateKey, type KeyObject } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readFile, rename } from "node:fs/promises";
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

const copySchema = z.object({ identity: fileSchema, keys: z.array(z.string()).min(1).max(2) });

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
    /** All of it a second time in one file, for a medium that spoils one of the others. */
    copy: join(folder, "copy.json"),
  };
}

/** True when a state folder has an identity; it may still turn out to be damaged. */
export function hasIdentity(stateFolder: string): boolean {
  const { identity, copy } = identityPaths(stateFolder);
  return existsSync(identity) || existsSync(copy);
}

/**
 * Reads the identity, from its copy when a medium has spoilt it; null when this device is not enrolled.
 *
 * @throws Problem "authentication" when what is there is damaged, and so is its copy
 */
export async function loadIdentity(stateFolder: string): Promise<Identity | null> {
  try {
    const identity = await loadFirst(stateFolder);
    return identity ?? (await loadCopy(stateFolder));
  } catch (error) {
    const copy = await loadCopy(stateFolder);
    if (copy === null) throw error;
    return copy;
  }
}

/**
 * Puts an identity that a medium has spoilt back from its copy, and makes the copy anew where that is what was spoilt or
 * is behind. A key is never made anew. Call before anything is signed.
 *
 * @returns what was mended, for people; null: nothing
 */
export async function mendIdentity(stateFolder: string): Promise<string | null> {
  const paths = identityPaths(stateFolder);
  let first: Identity | null = null;
  try {
    first = await loadFirst(stateFolder);
  } catch {
    // What is in its place is looked at below.
  }
  const copy = await loadCopy(stateFolder);
  if (first !== null) {
    const isBehind = copy === null || copyOf(copy) !== copyOf(first);
    if (isBehind) await replaceFile(paths.copy, copyOf(first), true).catch(() => undefined);
    return null;
  }
  if (copy === null) return null;
  const aside = join(paths.folder, `damaged-${Date.now()}`);
  await mkdir(aside, { mode: 0o700 });
  for (const name of ["identity.json", "device-key.pem", "next-key.pem"])
    await rename(join(paths.folder, name), join(aside, name)).catch(() => undefined);
  await saveKey(paths.key, copy.previous?.key ?? copy.key);
  if (copy.previous !== null) await saveKey(paths.nextKey, copy.key);
  // Last: without it the copy counts.
  await saveIdentity(stateFolder, copy);
  return `This device's identity was damaged; it was put back from its copy, and what was damaged lies in ${aside}.`;
}

async function loadFirst(stateFolder: string): Promise<Identity | null> {
  const paths = identityPaths(stateFolder);
  const text = await readFile(paths.identity, "utf8").catch((error: unknown) => {
    if (systemCode(error) === "ENOENT") return null;
    throw damaged(paths.identity, error);
  });
  if (text === null) return null;
  try {
    const file = fileSchema.parse(JSON.parse(text));
    const key = readKey(await readFile(paths.key, "utf8"));
    const isChanging = file.rotation !== null && key.kid !== file.rotation.kid;
    return joined(file, key, isChanging ? readKey(await readFile(paths.nextKey, "utf8")) : null);
  } catch (error) {
    throw damaged(paths.folder, error);
  }
}

/**
 * Writes what is known of the identity beside its private keys; on return it survives a power cut. Then its copy: lost
 * between the two, the copy is behind, and the next start makes it anew.
 */
export async function saveIdentity(stateFolder: string, identity: Identity): Promise<void> {
  const paths = identityPaths(stateFolder);
  await replaceFile(paths.identity, `${JSON.stringify(fileOf(identity), null, 2)}\n`, true);
  await replaceFile(paths.copy, copyOf(identity), true).catch(() => undefined);
}

function fileOf(identity: Identity) {
  const { server, device, name, audience, state, keys, previous } = identity;
  const rotation =
    previous === null
      ? null
      : { kid: identity.kid, fromSequence: previous.fromSequence, isConfirmed: previous.isConfirmed };
  const kid = previous?.kid ?? identity.kid;
  return { version: 1 as const, server, device, name, audience, kid, state, keys: formatKeySet(keys), rotation };
}

/** Identity and keys in one line, and before it their SHA-256. */
function copyOf(identity: Identity): string {
  const { key, previous } = identity;
  const keys = [previous?.key, key].flatMap((one) => (one === undefined ? [] : pemOf(one)));
  const body = JSON.stringify({ identity: fileOf(identity), keys });
  return `${digestOf(body)}\n${body}\n`;
}

/** The identity in the copy; null when there is none, or it is damaged. */
async function loadCopy(stateFolder: string): Promise<Identity | null> {
  try {
    const [digest, body = ""] = (await readFile(identityPaths(stateFolder).copy, "utf8")).split("\n");
    if (digest !== digestOf(body)) return null;
    const { identity, keys } = copySchema.parse(JSON.parse(body));
    const [first, second] = keys.map(readKey);
    return first === undefined ? null : joined(identity, first, second ?? null);
  } catch {
    return null;
  }
}

function digestOf(body: string): string {
  return createHash("sha256").update(body).digest("hex");
}

/** Writes a private key, readable by its owner alone; on return it survives a power cut. */
export function saveKey(path: string, key: KeyObject): Promise<void> {
  return replaceFile(path, pemOf(key), true);
}

function pemOf(key: KeyObject): string {
  return String(key.export({ type: "pkcs8", format: "pem" }));
}

/** Reads a private key that `saveKey` wrote. @throws when it is none */
export function readKey(pem: string): { kid: string; key: KeyObject } {
  const key = createPrivateKey(pem);
  return { kid: jwkThumbprint(ed25519JwkOf(key)), key };
}

type OwnKey = { kid: string; key: KeyObject };

/** @param next the key that takes over, while it does */
function joined(file: z.output<typeof fileSchema>, key: OwnKey, next: OwnKey | null): Identity {
  const { version: _, kid, keys, rotation, ...rest } = file;
  const known = { ...rest, keys: parseKeySet(keys) };
  // A power cut after the last step of a rotation: the new key already has the old one's place.
  if (rotation === null || key.kid === rotation.kid) {
    if (key.kid !== kid && key.kid !== rotation?.kid) throw new Error("the key is another one than the device's");
    return { ...known, ...key, previous: null };
  }
  if (next?.kid !== rotation.kid || key.kid !== kid) throw new Error("the keys are other ones than the device's");
  const { fromSequence, isConfirmed } = rotation;
  return { ...known, ...next, previous: { ...key, fromSequence, isConfirmed } };
}

function damaged(path: string, cause: unknown): Problem {
  return new Problem(
    "authentication",
    `This device's identity in ${path} cannot be read: ${messageOf(cause)}. Put it back from a copy, or enrol anew with --force-new.`,
    { cause, reason: "token" },
  );
}
