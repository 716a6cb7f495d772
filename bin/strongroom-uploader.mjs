#!/usr/bin/env node
// The uploader as it is started in a checkout: bundled when its sources changed. On a device the bundle stands alone.
import { prepare } from "../scripts/setup/prepare.mjs";
import { at } from "../scripts/setup/root.mjs";
import { Obstacle, sayOnStandardError } from "../scripts/setup/say.mjs";

sayOnStandardError();
try {
  await prepare("install", "uploader");
} catch (error) {
  if (!(error instanceof Obstacle)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
}
const bundle = at("dist", "strongroom-uploader.mjs");
process.argv[1] = bundle;
await import(bundle);
