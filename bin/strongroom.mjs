#!/usr/bin/env node
// The operator command as npm and people start it: on the pinned runtime, with everything installed.
import { launch } from "../scripts/setup/launch.mjs";

await launch("bin/strongroom.ts", ["install", "generate"]);
