import type { Command } from "commander";
import type { Context } from "../../lib/context.ts";
import {
  approveDevice,
  dismissClone,
  type EnrolmentCodeRow,
  listEnrolmentCodes,
  makeEnrolmentCode,
  refuseDevice,
  revokeEnrolmentCode,
} from "../../lib/devices/index.ts";
import { AppError } from "../../lib/errors.ts";
import { listPolicies } from "../../lib/fleet/index.ts";
import { withArchive } from "../archive.ts";
import { type OutputOptions, print, table, utc } from "../output.ts";
import { deviceOf } from "./device-of.ts";
import { addStateChanges } from "./device-state.ts";
import { siteOf } from "./site-of.ts";

type CodeOptions = OutputOptions & {
  site?: string;
  policy?: string;
  uses?: string;
  hours?: string;
  typed?: boolean;
  approve?: boolean;
  server?: string;
};

/** Adds `device enrol-code`, `enrol-codes`, `approve`, `refuse` and `dismiss-clone`. */
export function addDeviceEnrolmentCommands(device: Command): void {
  const code = device
    .command("enrol-code")
    .description("Make a code with which machines become devices. It is shown this once.")
    .option("--site <site>", "id or name of the devices' home site, added when there is none (default: they move)")
    .option("--policy <policy>", "id or name of the devices' policy (default: the default one)")
    .option("--uses <count>", "how many devices may come with it: 1 to 10000 (default: 1)")
    .option("--hours <hours>", "how long it is good, from 0.25 to 720 (default: 24; typed: 1, at most 24)")
    .option("--typed", "eight letters that can be read out and typed in, for one device")
    .option("--approve", "somebody approves each device first (default: when it is for more than one)")
    .option("--no-approve", "nobody does, however many come")
    .option("--server <url>", "the archive's address as devices reach it (default: PUBLIC_URL)")
    .option("--json", 'print {"id":…,"code":…,"link":…,"command":…,"pin":…}')
    .addHelpText("after", '\nExample: strongroom device enrol-code --site "Depot North" --uses 40 --hours 72')
    .action((options: CodeOptions) => makeCode(options));
  code
    .command("revoke <id>")
    .description("Let in nobody more with a code, by its id. Devices that came with it stay.")
    .option("--json", "print one JSON object")
    .action((id: string, options: OutputOptions) =>
      withArchive("device enrol-code revoke", async (ctx) => {
        await revokeEnrolmentCode(ctx, id);
        print(options, { id, revoked: true }, `The code ${id} lets in nobody more.`);
      }),
    );
  device
    .command("enrol-codes")
    .description("List enrolment codes, newest first, without the codes themselves.")
    .option("--json", "print one JSON array")
    .action((options: OutputOptions) =>
      withArchive("device enrol-codes", async (ctx) => {
        const codes = await listEnrolmentCodes(ctx);
        print(
          options,
          codes,
          table(["ID", "STATE", "FORM", "USED", "APPROVAL", "SITE", "EXPIRES", "MADE BY"], codes.map(cells)),
        );
      }),
    );
  addDecisionCommands(device);
}

function makeCode(options: CodeOptions): Promise<void> {
  return withArchive("device enrol-code", async (ctx, { env }) => {
    const site = options.site === undefined ? null : await siteOf(ctx, options.site, undefined);
    const policyId = options.policy === undefined ? null : await policyOf(ctx, options.policy);
    const input = {
      form: options.typed === true ? ("typed" as const) : ("long" as const),
      siteId: site?.id ?? null,
      policyId,
      ...(options.uses === undefined ? {} : { maxUses: options.uses }),
      hours: options.hours ?? null,
      needsApproval: options.approve ?? null,
    };
    const made = await makeEnrolmentCode(ctx, input, serverOf(options.server ?? env.publicUrl));
    print(options, made, [
      ...(site?.isNew ? [`Added the site ${site.name} (${site.id}).`] : []),
      `Enrolment code ${made.id}, good until ${utc(made.expiresAt)}, shown this once:`,
      made.code,
      "Run on the device:",
      made.command,
      "Or as a link, for a QR code:",
      made.link,
      ...(made.pin === null ? [] : [`The archive's receipt key: ${made.pin}`]),
    ]);
  });
}

function serverOf(text: string): string {
  if (/^https?:\/\//i.test(text) && URL.canParse(text)) return text.replace(/\/+$/, "");
  throw new AppError("invalid_input", "Write an address with http:// or https://.", { field: "server" });
}

async function policyOf(ctx: Context, text: string): Promise<string> {
  const wanted = text.trim();
  const found = (await listPolicies(ctx)).find((row) => row.id === wanted.toUpperCase() || row.name === wanted);
  if (found === undefined) throw new AppError("not_found", `There is no policy ${wanted}.`);
  return found.id;
}

function cells(row: EnrolmentCodeRow): string[] {
  return [
    ...[row.id, row.state, row.form, `${row.uses}/${row.maxUses}`, row.needsApproval ? "yes" : "no"],
    ...[row.site?.name ?? "move", utc(row.expiresAt), row.madeBy],
  ];
}

const decisions = [
  ["approve", "Let in a device (id or name) that has enrolled and waits.", approveDevice],
  ["refuse", "Refuse a device (id or name) that has enrolled and waits, for good.", refuseDevice],
] as const;

function addDecisionCommands(device: Command): void {
  addStateChanges(device, decisions);
  device
    .command("dismiss-clone <device>")
    .description("Take the mark of a suspected clone off a device (id or name), as somebody has looked into it.")
    .requiredOption("--reason <text>", "what was found")
    .option("--json", "print one JSON object")
    .action((name: string, options: OutputOptions & { reason: string }) =>
      withArchive("device dismiss-clone", async (ctx) => {
        const { id, name: found } = await deviceOf(ctx, name);
        await dismissClone(ctx, { deviceId: id, reason: options.reason });
        print(options, { id, dismissed: true }, `${found} is no longer marked.`);
      }),
    );
}
