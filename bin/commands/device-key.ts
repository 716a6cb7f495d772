import { existsSync, readFileSync, statSync } from "node:fs";
import type { Command } from "commander";
import { addDeviceKey, getDevice, revokeDeviceKey } from "../../lib/devices/index.ts";
import { AppError } from "../../lib/errors.ts";
import { withArchive } from "../archive.ts";
import { type OutputOptions, print, table, utc } from "../output.ts";
import { deviceOf } from "./device-of.ts";

const maxFileBytes = 10_000;

/** A key as it was given on the command line: the text itself, or that of the file with this name. */
export function keyText(text: string): string {
  if (text.length > 1000 || !existsSync(text)) return text;
  const stat = statSync(text);
  if (!stat.isFile() || stat.size > maxFileBytes)
    throw new AppError("invalid_input", `${text} is no file with a key in it.`, { field: "key" });
  const bytes = readFileSync(text);
  // DER is the one form that is no text.
  return bytes[0] === 0x30 ? bytes.toString("base64") : bytes.toString("utf8");
}

/** Adds `device key add`, `list` and `revoke`. */
export function addDeviceKeyCommands(device: Command): void {
  const key = device
    .command("key")
    .description("public keys whose signatures a device's manifests may carry: add, list, revoke");
  key
    .command("add <device> <key>")
    .description("Register a public Ed25519 key of a device (id or name): a file, or the key as PEM, JWK or Base64.")
    .option("--json", 'print {"id":…,"kid":…}')
    .addHelpText("after", '\nExample: strongroom device key add "Van 12" van12.pub.pem')
    .action((name: string, text: string, options: OutputOptions) =>
      withArchive("device key add", async (ctx) => {
        const { id } = await deviceOf(ctx, name);
        const { kid } = await addDeviceKey(ctx, { deviceId: id, key: keyText(text) });
        print(options, { id, kid }, kid);
      }),
    );
  key
    .command("list <device>")
    .description("List the public keys of a device (id or name).")
    .option("--json", "print one JSON array")
    .action((name: string, options: OutputOptions) =>
      withArchive("device key list", async (ctx) => {
        const { keys } = await getDevice(ctx, (await deviceOf(ctx, name)).id);
        const cells = keys.map((row) => [
          row.kid,
          utc(row.createdAt),
          `${row.fromSequence}…${row.untilSequence === null ? "" : row.untilSequence - 1}`,
          row.buysTokens ? "yes" : "no",
          row.revokedAt === null ? "no" : utc(row.revokedAt),
        ]);
        print(options, keys, table(["KEY", "ADDED", "SIGNS NUMBERS", "BUYS TOKENS", "REVOKED"], cells));
      }),
    );
  key
    .command("revoke <kid>")
    .description("Refuse new manifests that a key signs. What it signed before stays proved.")
    // One id in 64 begins with "-", and is no option all the same.
    .allowUnknownOption()
    .option("--json", "print one JSON object")
    .action((kid: string, options: OutputOptions) =>
      withArchive("device key revoke", async (ctx) => {
        await revokeDeviceKey(ctx, kid);
        print(options, { kid, revoked: true }, `The key ${kid} is revoked.`);
      }),
    );
}
