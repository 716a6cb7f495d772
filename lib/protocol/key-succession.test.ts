import { generateKeyPairSync } from "node:crypto";
import { expect, test } from "vitest";
import {
  type ArchiveKey,
  ed25519JwkOf,
  followKeys,
  formatKeySet,
  jwkThumbprint,
  parseKeySet,
  signKeySuccession,
  verifyKeySuccession,
} from "./index.ts";

const at = new Date("2026-03-14T10:00:00.000Z");
type Pair = { privateKey: ReturnType<typeof generateKeyPairSync>["privateKey"]; key: ArchiveKey };

function makeKey(members: Partial<ArchiveKey> = {}, endorsedBy?: Pair): Pair {
  const { privateKey } = generateKeyPairSync("ed25519");
  const jwk = ed25519JwkOf(privateKey);
  const purpose = members.purpose ?? "receipt";
  const endorsement =
    endorsedBy === undefined ? null : signKeySuccession({ purpose, key: jwk, at }, endorsedBy.privateKey);
  const key = { kid: jwkThumbprint(jwk), purpose, jwk, name: null, createdAt: at, retiredAt: null, endorsement };
  return { privateKey, key: { ...key, ...members } };
}
const kids = (keys: readonly ArchiveKey[]) => keys.map((key) => key.kid).sort();

test("an endorsement is of one key for one purpose, and by one key", () => {
  const old = makeKey();
  const next = makeKey({}, old);
  const endorsement = next.key.endorsement ?? "";
  expect(verifyKeySuccession(endorsement, old.key.jwk)).toEqual({ purpose: "receipt", key: next.key.jwk, at });
  expect(() => verifyKeySuccession(endorsement, next.key.jwk)).toThrow("signature is wrong");
});

test("the published form carries it", () => {
  const old = makeKey();
  const next = makeKey({}, old);
  const set = JSON.parse(JSON.stringify(formatKeySet([old.key, next.key])));
  expect(parseKeySet(set)).toEqual([old.key, next.key]);
  expect(set.keys[0]).not.toHaveProperty("endorsement");
});

test("trust goes along a chain of any length, in whatever order the keys are published", () => {
  const chain = [makeKey()];
  for (let length = 1; length < 8; length++) chain.push(makeKey({}, chain.at(-1)));
  const all = chain.map(({ key }) => key);
  const [first] = all as [ArchiveKey];
  expect(kids(followKeys([first], all.toReversed()))).toEqual(kids(all));
  // From the middle it leads forward only.
  expect(kids(followKeys(all.slice(3, 4), all))).toEqual(kids(all.slice(3)));
  // A link that is missing ends it.
  expect(kids(followKeys([first], all.toSpliced(4, 1)))).toEqual(kids(all.slice(0, 4)));
});

test("a key that nobody endorses, or a stranger, or a key of another purpose or log, is left out", () => {
  const receipt = makeKey();
  const log = makeKey({ purpose: "log", name: "a.example/api/log" });
  const trusted = [receipt.key, log.key];
  const stranger = makeKey();
  const good = makeKey({}, receipt);
  const forged = [
    makeKey().key,
    makeKey({}, stranger).key,
    makeKey({ purpose: "log", name: "a.example/api/log" }, receipt).key,
    makeKey({ purpose: "log", name: "b.example/api/log" }, log).key,
    { ...makeKey().key, endorsement: good.key.endorsement },
    { ...makeKey().key, endorsement: "no JWS" },
  ];
  expect(kids(followKeys(trusted, [stranger.key, ...forged, good.key]))).toEqual(kids([...trusted, good.key]));
});

test("a trusted key keeps its bytes, takes over its end, and its end is never taken back", () => {
  const old = makeKey();
  const retiredAt = new Date("2026-04-01T00:00:00.000Z");
  const impostor = { ...makeKey().key, kid: old.key.kid, retiredAt };
  expect(followKeys([old.key], [impostor])).toEqual([{ ...old.key, retiredAt }]);
  expect(followKeys([{ ...old.key, retiredAt }], [old.key])).toEqual([{ ...old.key, retiredAt }]);
  expect(followKeys([old.key], [])).toEqual([old.key]);
});
