import { createHash, type KeyObject } from "node:crypto";
import { gunzipSync, gzipSync } from "node:zlib";
import { z } from "zod";
import {
  canonicalJson,
  decodeJws,
  ed25519JwkOf,
  jwkThumbprint,
  ProtocolError,
  signJws,
  verifyJws,
} from "../../lib/protocol/index.ts";
import { Problem } from "../problems.ts";

/** Type of the signed manifest, so that no other signature passes for one. */
const manifestType = "strongroom-update";
/** Most bytes of a program; ours has a fifth of that. */
const maxProgramBytes = 32 * 1024 * 1024;
/** Most bytes of a bundle. */
export const maxBundleBytes = 16 * 1024 * 1024;

const manifestSchema = z.object({
  version: z.literal(1),
  product: z.literal("strongroom-uploader"),
  release: z.string().regex(/^\d{1,6}\.\d{1,6}\.\d{1,6}(?:-[0-9A-Za-z.-]{1,40})?$/),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  sizeBytes: z.int().positive().max(maxProgramBytes),
  /** The oldest Node that it runs on. */
  minimalRuntime: z.string().regex(/^\d+\.\d+\.\d+$/),
});

/** What is signed of an update. */
export type UpdateManifest = z.output<typeof manifestSchema>;

/** An update whose signature and digest are right. */
export type Update = { manifest: UpdateManifest; program: Buffer };

/** Packs a program: one line with the signed manifest, then the program with gzip. */
export function packUpdate(program: Buffer, release: string, minimalRuntime: string, key: KeyObject): Buffer {
  const manifest = manifestSchema.parse({
    version: 1,
    product: "strongroom-uploader",
    release,
    sha256: sha256Of(program),
    sizeBytes: program.length,
    minimalRuntime,
  });
  const kid = jwkThumbprint(ed25519JwkOf(key));
  const jws = signJws(Buffer.from(canonicalJson(manifest)), key, { kid, typ: manifestType });
  return Buffer.concat([Buffer.from(`${jws}\n`), gzipSync(program, { level: 9 })]);
}

/**
 * Opens an update. Nothing of it is used before its signature was checked against the keys that this device trusts.
 *
 * @throws Problem "refused" that says what is wrong
 */
export function openUpdate(bundle: Buffer, keys: readonly KeyObject[]): Update {
  const end = bundle.indexOf("\n");
  if (end < 0 || end > 4096) throw refused("it is no update of the uploader");
  const manifest = verified(bundle.subarray(0, end).toString("latin1"), keys);
  let program: Buffer;
  try {
    program = gunzipSync(bundle.subarray(end + 1), { maxOutputLength: manifest.sizeBytes });
  } catch {
    throw refused("it was cut off or damaged on the way");
  }
  if (program.length !== manifest.sizeBytes || sha256Of(program) !== manifest.sha256)
    throw refused("its program is not the one that was signed");
  return { manifest, program };
}

function verified(jws: string, keys: readonly KeyObject[]): UpdateManifest {
  try {
    const { kid } = decodeJws(jws).header;
    const key = keys.find((known) => jwkThumbprint(ed25519JwkOf(known)) === kid);
    if (key === undefined) throw refused(`it is signed by ${kid ?? "nobody"}, which this device does not trust`);
    const { payload } = verifyJws(jws, key, manifestType);
    return manifestSchema.parse(JSON.parse(payload.toString("utf8")));
  } catch (error) {
    if (error instanceof ProtocolError) throw refused(`its signature is not right: ${error.message}`);
    if (error instanceof z.ZodError || error instanceof SyntaxError) throw refused("its manifest cannot be read");
    throw error;
  }
}

/** Orders versions; below 0: `a` is older (semver.org, section 11, as far as our versions go). */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [a, b].map((version) => {
    const [numbers = "", ...rest] = version.split("-");
    return { numbers: numbers.split(".").map(Number), before: rest.join("-") };
  });
  if (left === undefined || right === undefined) return 0;
  for (let part = 0; part < 3; part++) {
    const difference = (left.numbers[part] ?? 0) - (right.numbers[part] ?? 0);
    if (difference !== 0) return difference;
  }
  if (left.before === right.before) return 0;
  if (left.before === "") return 1;
  if (right.before === "") return -1;
  return left.before < right.before ? -1 : 1;
}

function sha256Of(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}

function refused(what: string): Problem {
  return new Problem("refused", `The update is not taken: ${what}.`);
}
