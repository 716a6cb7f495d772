import { randomBytes } from "node:crypto";
import { readDeviceFacts } from "../fleet/device-facts.ts";
import type { Archive } from "../http/archive.ts";
import type { ChainHead } from "./chain.ts";

/** Asks the archive how far this device's chain has come, by the least of heartbeats. @throws Problem */
export async function askHead(
  archive: Archive,
  uploaderVersion: string,
  signal: AbortSignal,
): Promise<ChainHead | null> {
  const { bootId, runtime, platform } = await readDeviceFacts();
  const instance = { bootId, process: randomBytes(9).toString("base64url") };
  const uploader = { version: uploaderVersion, runtime, platform };
  return (await archive.heartbeat({ version: 1, instance, uploader }, signal)).chain;
}
