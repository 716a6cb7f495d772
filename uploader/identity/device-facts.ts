import { readFile } from "node:fs/promises";
import { arch, hostname, platform, release } from "node:os";
import type { EnrolmentFacts } from "../../lib/protocol/index.ts";
import packageJson from "../../package.json" with { type: "json" };

/** What this machine says of itself when it enrols; what it does not know is left out. Nothing of it is secret. */
export async function readDeviceFacts(): Promise<EnrolmentFacts> {
  const facts: EnrolmentFacts = {
    platform: clean(`${platform()}-${arch()} ${release()}`, 100) ?? "unknown",
    uploader: packageJson.version,
  };
  const known = {
    hostname: clean(hostname(), 255),
    // A single-board computer's, then a PC's; the PC's serial only root may read.
    serial: await firstOf(["/proc/device-tree/serial-number", "/sys/class/dmi/id/product_serial"], 100),
    model: await firstOf(["/proc/device-tree/model", "/sys/class/dmi/id/product_name"], 200),
    bootId: await firstOf(["/proc/sys/kernel/random/boot_id"], 100),
  };
  return { ...facts, ...Object.fromEntries(Object.entries(known).filter(([, value]) => value !== null)) };
}

async function firstOf(paths: readonly string[], maxLength: number): Promise<string | null> {
  for (const path of paths) {
    const text = clean(await readFile(path, "utf8").catch(() => ""), maxLength);
    if (text !== null) return text;
  }
  return null;
}

/** Firmware's texts end in NUL or spaces, and some hold worse. */
function clean(text: string, maxLength: number): string | null {
  const printable = text.replaceAll(/[^\x20-\x7e]/g, "").trim();
  return printable === "" ? null : printable.slice(0, maxLength);
}
