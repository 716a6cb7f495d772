// Fills an empty archive with the demonstration's company, and keeps the logins in demo.json:
// `DATA_DIR=./demo-data node prisma/seed/main.ts`
import { readEnv } from "../../lib/env.ts";
import { openServices } from "../../lib/open-services.ts";
import { contextFor } from "../../lib/services.ts";
import { seed } from "./seed.ts";
import { writeWorld } from "./world-file.ts";

const env = readEnv();
const services = await openServices(env);
try {
  const nowhere = { address: null, userAgent: null };
  const ctx = contextFor(services, { kind: "system", name: "Demonstration" }, nowhere, "demo");
  writeWorld(env.dataDir, env.publicUrl, await seed(ctx, console.log));
} finally {
  await services.close();
}
