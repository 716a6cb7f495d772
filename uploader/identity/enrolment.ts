import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { mkdir, readFile, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { z } from "zod";
import {
  deviceEnrolPath,
  deviceNoncePath,
  type EnrolledView,
  type EnrolmentCode,
  parseKeySet,
  readEnrolmentCode,
  signEnrolmentProof,
} from "../../lib/protocol/index.ts";
import { bodyOf, notTheArchives, problemOf, readObject } from "../http/answers.ts";
import type { Transport } from "../http/transport.ts";
import { messageOf, Problem, systemCode } from "../problems.ts";
import { replaceFile, syncFolder } from "../state/durable-file.ts";
import { readDeviceFacts } from "./device-facts.ts";
import { hasIdentity, type Identity, identityPaths, readKey, saveIdentity, saveKey } from "./identity.ts";
import { pinKeys } from "./pin-keys.ts";

/** With what a device enrols. */
export type EnrolmentWish = {
  server: string;
  code: EnrolmentCode;
  /** Thumbprint of the archive's receipt key; null: the one that is shown is believed. */
  pin: string | null;
  /** The name that the device would like to have; null: the archive's choice. */
  name: string | null;
};

/** What the archive said. */
export type Enrolled = { identity: Identity; site: EnrolledView["site"] };

const wishSchema = z.object({
  version: z.literal(1),
  server: z.string(),
  code: z.string(),
  pin: z.string().nullable(),
  name: z.string().nullable(),
});

/** An enrolment that began and is not over, because of a power cut or an approval that is pending; null: there is none. */
export async function readUnfinishedWish(stateFolder: string): Promise<EnrolmentWish | null> {
  try {
    const {
      version: _,
      code,
      ...rest
    } = wishSchema.parse(JSON.parse(await readFile(identityPaths(stateFolder).enrolment, "utf8")));
    const read = readEnrolmentCode(code);
    return read === null ? null : { ...rest, code: read };
  } catch {
    return null;
  }
}

/** An enrolment is over: its code is not kept. */
export function forgetWish(stateFolder: string): Promise<void> {
  return rm(identityPaths(stateFolder).enrolment, { force: true });
}

/**
 * Enrols this device, or asks again how that stands. Order: the key is durable before anybody hears of it, the code
 * beside it, then the archive is asked, then what it said is durable. The same code with the same key is the same
 * device there, so a power cut anywhere is mended by doing it again.
 *
 * @throws Problem
 */
export async function enrol(
  wish: EnrolmentWish,
  stateFolder: string,
  transport: Pick<Transport, "send">,
  signal: AbortSignal,
): Promise<Enrolled> {
  const paths = identityPaths(stateFolder);
  const { key, kid } = await keepingDisk(stateFolder, async () => {
    await makeFolder(paths.folder);
    const made = await ownKey(paths.key);
    await replaceFile(paths.enrolment, `${JSON.stringify({ version: 1, ...wish })}\n`, true);
    return made;
  });
  const view = await ask(wish, key, transport, signal);
  if (view.keyThumbprint !== kid) throw notTheArchives();
  const { server, pin } = wish;
  const { device, name, state, audience } = view;
  const keys = pinKeys(parseKeySet(view.keys), pin);
  const identity: Identity = { server, device, name, audience, kid, key, keys, state, previous: null };
  await keepingDisk(stateFolder, async () => {
    await saveIdentity(stateFolder, identity);
    // The code is of no more use; until a person has approved, it is what is asked with.
    if (state === "active") await forgetWish(stateFolder);
  });
  return { identity, site: view.site };
}

/** Puts an identity aside that is lost for good, with its keys: what they signed may yet have to be shown. */
export async function setIdentityAside(stateFolder: string): Promise<string | null> {
  const { folder } = identityPaths(stateFolder);
  for (let number = 1; ; number++) {
    const aside = `${folder}.replaced-${number}`;
    if (hasIdentity(aside)) continue;
    try {
      await rename(folder, aside);
      await syncFolder(stateFolder);
      return aside;
    } catch (error) {
      if (systemCode(error) === "ENOENT") return null;
      if (systemCode(error) !== "ENOTEMPTY" && systemCode(error) !== "EEXIST") throw error;
    }
  }
}

async function ask(
  wish: EnrolmentWish,
  key: KeyObject,
  transport: Pick<Transport, "send">,
  signal: AbortSignal,
): Promise<EnrolledView> {
  const facts = await readDeviceFacts();
  const post = async (path: string, value: object) => {
    const headers = { "Content-Type": "application/json", Accept: "application/json" };
    const body = bodyOf(Buffer.from(JSON.stringify(value)));
    return transport.send({ method: "POST", url: `${wish.server}${path}`, headers, body }, signal);
  };
  const nonceAnswer = await post(deviceNoncePath, {});
  if (nonceAnswer.status === 404)
    throw new Problem("refused", `${wish.server} enrols no devices. Is it the address of an archive, and up to date?`);
  const nonce = readObject(nonceAnswer.body)?.nonce;
  if (nonceAnswer.status !== 200) throw problemOf(nonceAnswer, "give a nonce");
  if (typeof nonce !== "string") throw notTheArchives();
  const { code, name } = wish;
  const proof = signEnrolmentProof({ nonce, code, facts, ...(name === null ? {} : { name }) }, key);
  const answer = await post(deviceEnrolPath, { code, proof });
  if (answer.status === 200 || answer.status === 201) return readView(answer.body);
  const problem = problemOf(answer, "enrol this device");
  if (problem.code !== "enrolment_code_invalid") throw problem;
  throw new Problem(
    "authentication",
    "The archive does not take this code: it is mistyped, used up, out of date or withdrawn. Check it, or have a new one made. This device's key is kept.",
    { code: problem.code, cause: problem },
  );
}

function readView(body: string): EnrolledView {
  const view = readObject(body);
  for (const member of ["device", "name", "audience", "keyThumbprint"])
    if (typeof view?.[member] !== "string") throw notTheArchives();
  if (view?.state !== "active" && view?.state !== "pending") throw notTheArchives();
  return view as EnrolledView; // as far as it is used
}

/** The key of an enrolment that did not come to its end, or a new one. It is durable on return. */
async function ownKey(path: string): Promise<{ kid: string; key: KeyObject }> {
  try {
    return readKey(await readFile(path, "utf8"));
  } catch (error) {
    // One that a disk has spoilt is kept for whoever wants to look at it.
    if (systemCode(error) !== "ENOENT") await rename(path, `${path}.damaged`);
  }
  const { privateKey: key } = generateKeyPairSync("ed25519");
  await saveKey(path, key);
  return readKey(String(key.export({ type: "pkcs8", format: "pem" })));
}

async function makeFolder(folder: string): Promise<void> {
  const first = await mkdir(folder, { recursive: true, mode: 0o700 });
  if (first === undefined) return;
  // Every folder that was made, in the one above it.
  for (let made = folder; made.length >= first.length; made = dirname(made)) await syncFolder(dirname(made));
}

async function keepingDisk<T>(stateFolder: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    if (error instanceof Problem) throw error;
    throw new Problem("usage", `The state folder ${stateFolder} cannot be written: ${messageOf(error)}.`, {
      cause: error,
    });
  }
}
