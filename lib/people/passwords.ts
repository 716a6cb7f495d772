import { hash, verify } from "@node-rs/argon2";
import { newSecret } from "../secrets.ts";
import { commonPasswords } from "./common-passwords.ts";

export const minPasswordLength = 12;
export const maxPasswordLength = 200;

// Argon2id with the first parameters of the OWASP Password Storage Cheat Sheet. A hash says its own parameters,
// so that they can be raised later. 2 is Argon2id: the package's enum cannot be used under isolated modules.
const parameters = { algorithm: 2, memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const;

/**
 * Why this cannot be a password, as a sentence; null when it can. Length and a list of well-known ones, no rules
 * of composition (NIST SP 800-63B, section 3.1.1.2).
 */
export function passwordProblem(password: string): string | null {
  if ([...password].length < minPasswordLength) return `Use at least ${minPasswordLength} characters.`;
  if (password.length > maxPasswordLength) return `Write at most ${maxPasswordLength} characters.`;
  const plain = password.normalize("NFKC").toLowerCase();
  if (new Set(plain).size < 5) return "Use more different characters.";
  if (commonPasswords.has(plain)) return "This password is well known. Choose another.";
  return null;
}

/** Hashes at once. Each takes a thread of the pool that also writes and syncs uploads, which has four. */
const hashesAtOnce = 2;
let running = 0;
const waiting: (() => void)[] = [];

async function inTurn<T>(work: () => Promise<T>): Promise<T> {
  if (running >= hashesAtOnce) await new Promise<void>((resolve) => waiting.push(resolve));
  else running += 1;
  try {
    return await work();
  } finally {
    const next = waiting.shift();
    // The place goes over to whoever waits longest, so that nobody comes in between.
    if (next === undefined) running -= 1;
    else next();
  }
}

/** The Argon2id hash of a password in PHC form. The same text typed on different keyboards is the same password. */
export function hashPassword(password: string): Promise<string> {
  return inTurn(() => hash(password.normalize("NFKC"), parameters));
}

let hashOfNobody: Promise<string> | null = null;

/**
 * Whether the password belongs to the hash. With no hash the answer is false after the same work, so that its
 * time does not tell whether an account exists.
 */
export async function isPasswordOf(passwordHash: string | null, password: string): Promise<boolean> {
  hashOfNobody ??= hashPassword(newSecret());
  const against = passwordHash ?? (await hashOfNobody);
  const isRight = await inTurn(() => verify(against, password.slice(0, maxPasswordLength).normalize("NFKC")));
  return isRight && passwordHash !== null;
}
