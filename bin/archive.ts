import { randomBytes } from "node:crypto";
import type { Context } from "../lib/context.ts";
import { readEnv } from "../lib/env.ts";
import { openServices } from "../lib/open-services.ts";
import { contextFor, type Services } from "../lib/services.ts";

/**
 * Opens the archive for one command, beside a running server or without one, and closes it again.
 *
 * @param command as custody names it: "command device add"
 */
export async function withArchive<T>(
  command: string,
  run: (ctx: Context, services: Services) => Promise<T>,
): Promise<T> {
  const env = readEnv();
  // What a server tells its log is noise on a terminal; errors are not.
  const services = await openServices({ ...env, logLevel: env.logLevel === "info" ? "error" : env.logLevel });
  try {
    const actor = { kind: "system", name: `command ${command}` } as const;
    const correlationId = randomBytes(8).toString("hex");
    return await run(contextFor(services, actor, { address: null, userAgent: null }, correlationId), services);
  } finally {
    await services.close();
  }
}
