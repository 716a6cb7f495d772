import { createHash, createPrivateKey } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  buildManifest,
  canonicalJson,
  chunkRoot,
  decodeJws,
  ed25519JwkOf,
  type Manifest,
  ManifestError,
  manifestSha256,
  manifestType,
  readManifest,
  signManifest,
  verifyJws,
} from "./index.ts";

// The private key of RFC 8037, appendix A.
const key = createPrivateKey({
  key: {
    kty: "OKP",
    crv: "Ed25519",
    d: "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
    x: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
  },
  format: "jwk",
});
const jwk = ed25519JwkOf(key);

const sha256 = (...parts: (string | Uint8Array)[]) => {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest("hex");
};
// `printf 'hello\n' | sha256sum`
const hello = "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03";

type Facts = Parameters<typeof buildManifest>[0];
const smallFile: Facts = {
  device: "D-00000-00001",
  sequence: 1,
  previous: null,
  fileName: "hello.mp4",
  mediaType: "video/mp4",
  sizeBytes: 6,
  sha256: hello,
  chunkSizeBytes: 8_388_608,
  chunkSha256: [hello],
  complete: true,
};
const bytesOf = (manifest: unknown) => Buffer.from(canonicalJson(manifest));
const refused = (change: Record<string, unknown>) => {
  try {
    readManifest(bytesOf({ ...buildManifest(smallFile), ...change }));
  } catch (error) {
    if (error instanceof ManifestError) return error;
    throw error;
  }
  throw new Error("was taken");
};

describe("a manifest", () => {
  test("of one small file, checkable with sha256sum and openssl", () => {
    const manifest = buildManifest(smallFile);
    // printf '\0' | cat - <(printf %s 5891b5… | xxd -r -p) | sha256sum
    expect(manifest.merkleRoot).toBe(sha256(Buffer.of(0), Buffer.from(hello, "hex")));
    expect(manifest.merkleRoot).toBe("780e1db7af3adac20c7b8b4e7d22e80132f1fbb89f021476b1353ca0b07fb507");
    const payload =
      `{"chunkSha256":["${hello}"],"chunkSizeBytes":8388608,"complete":true,"device":"D-00000-00001",` +
      `"fileName":"hello.mp4","mediaType":"video/mp4","merkleRoot":"${manifest.merkleRoot}","previous":null,` +
      `"sequence":1,"sha256":"${hello}","sizeBytes":6,"version":1}`;
    const jws = signManifest(manifest, key);
    const decoded = verifyJws(jws, jwk, manifestType);
    expect(decoded.header).toEqual({
      alg: "EdDSA",
      kid: "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k", // RFC 8037, A.3
      typ: "strongroom-manifest",
    });
    expect(decoded.payload.toString()).toBe(payload);
    expect(manifestSha256(decoded.payload)).toBe(sha256(payload));
    expect(readManifest(decoded.payload)).toEqual(manifest);
  });

  test("of three chunks: the root is that of RFC 6962 over the raw digests", () => {
    const [a, b, c] = ["a", "b", "c"].map((text) => createHash("sha256").update(text).digest()) as [
      Buffer,
      Buffer,
      Buffer,
    ];
    const node = (left: Buffer, right: Buffer) =>
      createHash("sha256").update(Buffer.of(1)).update(left).update(right).digest();
    const leaf = (digest: Buffer) => createHash("sha256").update(Buffer.of(0)).update(digest).digest();
    const root = node(node(leaf(a), leaf(b)), leaf(c)).toString("hex");
    expect(chunkRoot([a, b, c].map((digest) => digest.toString("hex")))).toBe(root);
  });

  test("of an empty file has no chunk, and the digest of nothing twice", () => {
    const nothing = sha256("");
    const manifest = buildManifest({ ...smallFile, sizeBytes: 0, sha256: nothing, chunkSha256: [] });
    expect(manifest.merkleRoot).toBe(nothing);
    expect(readManifest(bytesOf(manifest))).toEqual(manifest);
  });

  test("keeps members that are not known here", () => {
    const manifest = { ...buildManifest(smallFile), firmware: { name: "cam 4", build: 12 } };
    expect(readManifest(bytesOf(manifest))).toEqual(manifest);
  });

  test.each<[string, Record<string, unknown>]>([
    ["version", { version: 2 }],
    ["device", { device: "" }],
    ["sequence", { sequence: 0 }],
    ["sequence", { sequence: 1.5 }],
    ["previous", { previous: "00" }],
    ["fileName", { fileName: "../a.mp4" }],
    ["mediaType", { mediaType: "Video/MP4" }],
    ["sizeBytes", { sizeBytes: -1 }],
    ["sha256", { sha256: hello.toUpperCase() }],
    ["chunkSizeBytes", { chunkSizeBytes: 399_999 }],
    ["chunkSha256", { chunkSha256: [hello, hello] }],
    ["chunkSha256", { sizeBytes: 8_388_609 }],
    ["merkleRoot", { merkleRoot: hello }],
    ["complete", { complete: "yes" }],
    ["capturedFrom", { capturedFrom: "2026-03-14T10:31:04" }],
    ["capturedFrom", { capturedUntil: "2026-03-14T10:31:04Z" }],
    ["capturedUntil", { capturedFrom: "2026-03-14T10:31:04Z", capturedUntil: "2026-03-14T10:31:03Z" }],
    ["clock.source", { clock: { offsetMs: 3 } }],
    ["clock.uncertaintyMs", { clock: { source: "gnss", uncertaintyMs: -1 } }],
    ["place", { place: "a\u202eb" }],
    ["tags.0", { tags: [""] }],
    ["sidecars.0.sha256", { sidecars: [{ name: "a.srt", sizeBytes: 1 }] }],
  ])("is refused for its %s: %j", (member, change) => {
    expect(refused(change).member).toBe(member);
  });

  test("is refused when the only chunk has another digest than the file", () => {
    expect(refused({ sha256: sha256("other") }).member).toBe("sha256");
  });

  test("is refused when it is too large beside its chunks, or nested without end", () => {
    expect(refused({ note: "x".repeat(70_000) }).message).toContain("65536 bytes");
    let deep: unknown = 1;
    for (let i = 0; i < 100; i++) deep = [deep];
    const text = `${canonicalJson(buildManifest(smallFile)).slice(0, -1)},"z":${JSON.stringify(deep)}}`;
    expect(() => readManifest(Buffer.from(text))).toThrow(/nested too deeply/);
  });

  test("is refused unless it is in canonical form", () => {
    const text = canonicalJson(buildManifest(smallFile));
    for (const other of [
      ` ${text}`,
      text.replace(":6,", ":6.0,"),
      text.replace("{", '{"a":1,"a":1,'),
      `\ufeff${text}`,
    ]) {
      expect(() => readManifest(Buffer.from(other)), other).toThrow(ManifestError);
    }
    expect(() => readManifest(Buffer.from([0xff]))).toThrow("not UTF-8");
  });

  test("any change of any byte breaks it", () => {
    const jws = signManifest(buildManifest(smallFile), key);
    const other = (from: string) =>
      fc
        .integer({ min: 0x20, max: 0x7e })
        .map((code) => String.fromCharCode(code))
        .filter((char) => char !== from);
    const changes = fc
      .integer({ min: 0, max: jws.length - 1 })
      .chain((at) => fc.tuple(fc.constant(at), other(jws[at] ?? "")));
    fc.assert(
      fc.property(changes, ([at, char]) => {
        expect(() => verifyJws(jws.slice(0, at) + char + jws.slice(at + 1), jwk, manifestType)).toThrow();
      }),
      { numRuns: 300 },
    );
  });

  test("what is built, signed and verified reads as it was, whatever it says", () => {
    const word = fc.string({ minLength: 1, maxLength: 30, unit: "grapheme-ascii" });
    const chunks = fc.array(fc.uint8Array({ minLength: 32, maxLength: 32 }), { minLength: 2, maxLength: 40 });
    const facts = fc.record({
      chunks,
      source: word,
      tags: fc.array(word, { maxLength: 5 }),
      offsetMs: fc.double({ min: -1e9, max: 1e9, noNaN: true }),
    });
    fc.assert(
      fc.property(facts, ({ chunks, source, tags, offsetMs }) => {
        const manifest: Manifest = buildManifest({
          ...smallFile,
          chunkSizeBytes: 400_000,
          sizeBytes: 400_000 * chunks.length,
          chunkSha256: chunks.map((bytes) => Buffer.from(bytes).toString("hex")),
          source,
          tags,
          clock: { source: "ntp", offsetMs: offsetMs === 0 ? 0 : offsetMs },
        });
        const jws = signManifest(manifest, key);
        expect(readManifest(verifyJws(jws, jwk, manifestType).payload)).toEqual(manifest);
        expect(decodeJws(jws).header.kid).toHaveLength(43);
      }),
      { numRuns: 60 },
    );
  });
});
