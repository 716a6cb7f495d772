import { generateKeyPairSync } from "node:crypto";
import { ed25519JwkOf, jwkThumbprint } from "../../lib/protocol/index.ts";
import type { AccessTokens } from "./access-tokens.ts";
import { type Identity, identityPaths, saveKey } from "./identity.ts";
import { keepIdentity } from "./keep-identity.ts";

/** Lets nothing be signed into the chain meanwhile, and tells its next number. */
export type ChainHold = (act: (nextSequence: number) => Promise<void>) => Promise<void>;

/** What a change of keys needs of its surroundings. */
export type RotationOptions = {
  identity: Identity;
  tokens: AccessTokens;
  stateFolder: string;
  hold: ChainHold;
};

/**
 * Changes the device's key. Order: the new key is durable, then that it signs from the chain's next number on, then the
 * archive is told, signed by both; only a token that the new key has bought ends the old one. Interrupted anywhere, the
 * next purchase of a token goes on with it.
 *
 * @returns the thumbprint of the new key
 * @throws Problem; "refused" when the archive will not have it, and the old key stays
 */
export async function rotateKey(options: RotationOptions, signal: AbortSignal): Promise<string> {
  const { identity, tokens, stateFolder, hold } = options;
  // One that was begun is brought to its end instead.
  if (identity.previous === null) await hold((nextSequence) => begin(identity, stateFolder, nextSequence));
  tokens.forget();
  await tokens.get(signal);
  return identity.kid;
}

async function begin(identity: Identity, stateFolder: string, fromSequence: number): Promise<void> {
  const { privateKey: key } = generateKeyPairSync("ed25519");
  await saveKey(identityPaths(stateFolder).nextKey, key);
  const previous = { kid: identity.kid, key: identity.key, fromSequence, isConfirmed: false };
  const changed: Identity = { ...identity, key, kid: jwkThumbprint(ed25519JwkOf(key)), previous };
  // In memory only once it is durable: what the new key has signed must not be lost with it.
  await keepIdentity(stateFolder, changed, "changed");
  Object.assign(identity, changed);
}
