// Packs dist/strongroom-uploader.mjs as a signed update for devices that trust the release key.
import { spawnSync } from "node:child_process";
import { createPrivateKey } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { packUpdate } from "../../uploader/update/bundle.ts";

/** What uploader/build.mjs builds for. */
const minimalRuntime = "20.0.0";
const dist = join(import.meta.dirname, "../../dist");

const { values } = parseArgs({
  options: { key: { type: "string" }, out: { type: "string" }, program: { type: "string" }, help: { type: "boolean" } },
});
if (values.help === true || values.key === undefined) {
  process.stdout.write(`Usage: npm run pack-uploader -- --key RELEASE-KEY.pem [--out FILE] [--program FILE]

The key is a private Ed25519 key: openssl genpkey -algorithm ed25519 -out release.pem
Devices get its public half:      openssl pkey -in release.pem -pubout -out release.pub.pem
                                  strongroom-uploader install --release-key release.pub.pem …
`);
  process.exit(values.help === true ? 0 : 2);
}
const program = resolve(values.program ?? join(dist, "strongroom-uploader.mjs"));
const { status, stdout } = spawnSync(process.execPath, [program, "--version"], { encoding: "utf8" });
if (status !== 0) throw new Error(`${program} does not start.`);
const release = stdout.trim();
const bundle = packUpdate(readFileSync(program), release, minimalRuntime, createPrivateKey(readFileSync(values.key)));
const out = resolve(values.out ?? join(dist, `strongroom-uploader-${release}.update`));
writeFileSync(out, bundle);
process.stdout.write(`${out}: version ${release}, ${bundle.length} bytes, for Node ${minimalRuntime} and newer\n`);
