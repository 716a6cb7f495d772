#!/usr/bin/env node
// The uploader from a checkout: bundles it when its sources changed, then runs the same file that devices get.
import { pathToFileURL } from "node:url";
import { buildUploaderIfStale, bundlePath } from "../uploader/build.mjs";

await buildUploaderIfStale();
await import(pathToFileURL(bundlePath).href);
