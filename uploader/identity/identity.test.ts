import { generateKeyPairSync } from "node:crypto";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ed25519JwkOf, jwkThumbprint } from "../../lib/protocol/index.ts";
import {
  hasIdentity,
  type Identity,
  identityPaths,
  loadIdentity,
  mendIdentity,
  saveIdentity,
  saveKey,
} from "./identity.ts";

function makeKey() {
  const { privateKey: key } = generateKeyPairSync("ed25519");
  return { key, kid: jwkThumbprint(ed25519JwkOf(key)) };
}

/** What a medium, or a write-back that was lost, leaves of a file. */
const damages: Record<string, (path: string) => Promise<void>> = {
  missing: (path) => rm(path),
  empty: (path) => writeFile(path, ""),
  "cut off": async (path) => writeFile(path, (await readFile(path)).subarray(0, 60)),
  zeros: async (path) => writeFile(path, (await readFile(path)).fill(0)),
  "of another device": async (path) => {
    if (path.endsWith(".pem")) await saveKey(path, makeKey().key);
    else await writeFile(path, (await readFile(path, "utf8")).replaceAll(/"kid":\s*"../g, '"kid": "xx'));
  },
};

describe("An identity", () => {
  let stateFolder = "";
  let identity: Identity;

  beforeEach(async () => {
    stateFolder = await mkdtemp(join(tmpdir(), "identity-"));
    await mkdir(identityPaths(stateFolder).folder);
    const named = { server: "https://archive.test", device: "D-1", name: "Van 04", audience: "https://archive.test" };
    identity = { ...named, ...makeKey(), keys: [], state: "active", previous: null };
    await saveKey(identityPaths(stateFolder).key, identity.key);
    await saveIdentity(stateFolder, identity);
  });
  afterEach(() => rm(stateFolder, { recursive: true, force: true }));

  /** A change of keys that has begun. */
  async function rotate(): Promise<void> {
    const { kid, key } = identity;
    identity = { ...identity, ...makeKey(), previous: { kid, key, fromSequence: 7, isConfirmed: true } };
    await saveKey(identityPaths(stateFolder).nextKey, identity.key);
    await saveIdentity(stateFolder, identity);
  }
  const said = (one: Identity | null) => ({ kid: one?.kid, previous: one?.previous?.kid, device: one?.device });

  for (const [how, damage] of Object.entries(damages))
    it(`whose file is ${how} is read from its copy, and put back; no key is made anew`, async () => {
      for (const changesKeys of [false, true]) {
        if (changesKeys) await rotate();
        const { identity: path, key, nextKey, copy } = identityPaths(stateFolder);
        for (const spoilt of changesKeys ? [path, key, nextKey] : [path, key]) {
          await damage(spoilt);
          expect(hasIdentity(stateFolder)).toBe(true);
          expect(said(await loadIdentity(stateFolder)), spoilt).toEqual(said(identity));
          expect(await mendIdentity(stateFolder), spoilt).toMatch(/put back from its copy/);
          // Without its copy, so that what was put back is what is read.
          const whole = await readFile(copy);
          await rm(copy);
          expect(said(await loadIdentity(stateFolder)), spoilt).toEqual(said(identity));
          await writeFile(copy, whole);
        }
      }
    });

  it("whose copy is damaged or behind is not minded, and the copy is made anew", async () => {
    const { copy } = identityPaths(stateFolder);
    const before = await readFile(copy);
    await rotate();
    for (const damage of [...Object.values(damages), () => writeFile(copy, before)]) {
      await damage(copy);
      expect(said(await loadIdentity(stateFolder))).toEqual(said(identity));
      expect(await mendIdentity(stateFolder)).toBeNull();
      await rm(identityPaths(stateFolder).identity);
      expect(said(await loadIdentity(stateFolder))).toEqual(said(identity));
      await saveIdentity(stateFolder, identity);
    }
  });

  it("whose file and copy are both damaged stops the device in words, and nothing is changed", async () => {
    const paths = identityPaths(stateFolder);
    for (const path of [paths.identity, paths.copy]) await damages["cut off"]?.(path);
    const names = await readdir(paths.folder);
    await expect(loadIdentity(stateFolder)).rejects.toThrow("Put it back from a copy, or enrol anew");
    expect(await mendIdentity(stateFolder)).toBeNull();
    expect(await readdir(paths.folder)).toEqual(names);
  });

  it("is put back by the next start when the power goes while that is done", async () => {
    await rotate();
    const paths = identityPaths(stateFolder);
    // What there is after each step: everything aside, then one key after the other, the identity last.
    for (const there of [[], [paths.key], [paths.key, paths.nextKey]]) {
      for (const path of [paths.identity, paths.key, paths.nextKey])
        if (!there.includes(path)) await rm(path, { force: true });
      expect(said(await loadIdentity(stateFolder))).toEqual(said(identity));
      expect(await mendIdentity(stateFolder)).not.toBeNull();
      expect(said(await loadIdentity(stateFolder))).toEqual(said(identity));
    }
  });
});
