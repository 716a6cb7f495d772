import { type Command, InvalidArgumentError } from "commander";
import {
  addDevice,
  type DeviceRow,
  issueDeviceToken,
  resumeDevice,
  revokeDevice,
  setDeviceQuota,
  suspendDevice,
} from "../../lib/devices/index.ts";
import { type FleetRow, listFleet } from "../../lib/fleet/index.ts";
import { withArchive } from "../archive.ts";
import { type OutputOptions, print, table, utc } from "../output.ts";
import { addDeviceEnrolmentCommands } from "./device-enrolment.ts";
import { addDeviceFleetCommands } from "./device-fleet.ts";
import { addDeviceGapCommands } from "./device-gap.ts";
import { addDeviceKeyCommands, keyText } from "./device-key.ts";
import { deviceOf, everyDevice } from "./device-of.ts";
import { addStateChanges } from "./device-state.ts";
import { siteOf } from "./site-of.ts";

type AddOptions = OutputOptions & { name: string; site?: string; alias?: string; key?: string; timeZone?: string };

/** Adds `device add`, `token`, `list`, `quota`, those of the fleet, of gaps, of keys and of enrolment, `suspend`, `resume` and `revoke`. */
export function addDeviceCommands(program: Command): void {
  const device = program.command("device").description("recorders and cameras: add, tokens, let in or refuse");
  device
    .command("add")
    .description("Add a device and print its token. The token is shown this once: the archive keeps only its digest.")
    .requiredOption("--name <name>", "unique, as people call it")
    .option("--site <site>", "id or name of its home site, added when there is none of this name (default: it moves)")
    .option("--time-zone <zone>", "of a site that is added, as in Europe/Madrid (default: the archive's setting)")
    .option("--alias <text>", "your own element id")
    .option("--key <key>", "its public Ed25519 key, to check its manifests: a file, or the key as PEM, JWK or Base64")
    .option("--json", 'print {"id":…,"token":…}')
    .addHelpText("after", '\nExample: strongroom device add --name "Van 12" --site "Depot North" --json')
    .action((options: AddOptions) =>
      withArchive("device add", async (ctx, { env }) => {
        const site = options.site === undefined ? null : await siteOf(ctx, options.site, options.timeZone);
        const { name, alias } = options;
        const key = options.key === undefined ? null : keyText(options.key);
        const issued = await addDevice(ctx, { name, alias: alias ?? null, siteId: site?.id ?? null, key });
        const kid = issued.kid ?? null;
        print(options, { id: issued.deviceId, token: issued.token, siteId: site?.id ?? null, kid }, [
          ...(site?.isNew ? [`Added the site ${site.name} (${site.id}).`] : []),
          ...(kid === null ? [] : [`Registered its key ${kid}.`]),
          `Added ${name} (${issued.deviceId}). Its token, shown this once:`,
          issued.token,
          `Push a file: npx strongroom-uploader push FILE --server ${env.publicUrl} --token ${issued.token}`,
        ]);
      }),
    );
  device
    .command("token <device>")
    .description(
      "Print one more token of a device (id or name), to change over without a gap. Revoke the old one after.",
    )
    .option("--json", 'print {"id":…,"token":…}')
    .action((name: string, options: OutputOptions) =>
      withArchive("device token", async (ctx) => {
        const { deviceId, token } = await issueDeviceToken(ctx, (await deviceOf(ctx, name)).id);
        print(options, { id: deviceId, token }, token);
      }),
    );
  device
    .command("list")
    .description("List all devices.")
    .option("--json", "print one JSON array")
    .action((options: OutputOptions) =>
      withArchive("device list", async (ctx) => {
        const fleet = new Map((await listFleet(ctx)).map((row) => [row.id, row]));
        // Of a revoked one the fleet knows nothing more.
        const devices: (DeviceRow & Partial<FleetRow>)[] = [];
        for await (const row of everyDevice(ctx)) devices.push({ ...row, ...fleet.get(row.id) });
        const head = ["ID", "NAME", "STATE", "SITE", "TOKENS", "LAST CONTACT", "QUEUE", "WRONG"];
        print(options, devices, table(head, devices.map(cells)));
      }),
    );
  device
    .command("quota <device> <size>")
    .description("Limit what a device (id or name) may keep here, as in 500GB; none lifts the limit.")
    .option("--json", 'print {"id":…,"quotaBytes":…}')
    .action((name: string, size: string, options: OutputOptions) =>
      withArchive("device quota", async (ctx) => {
        const found = await deviceOf(ctx, name);
        const quotaBytes = await setDeviceQuota(ctx, { deviceId: found.id, quota: size });
        const limit = quotaBytes === null ? "has no quota" : `may keep ${quotaBytes} bytes`;
        print(options, { id: found.id, quotaBytes }, `${found.name} ${limit}.`);
      }),
    );
  addDeviceFleetCommands(device);
  addDeviceGapCommands(device);
  addDeviceKeyCommands(device);
  addDeviceEnrolmentCommands(device);
  addStateCommands(device);
}

const moves = [
  ["suspend", "Refuse a device (id or name) for now.", suspendDevice],
  ["resume", "Let a suspended device (id or name) in again.", resumeDevice],
] as const;

function addStateCommands(device: Command): void {
  addStateChanges(device, moves);
  device
    .command("revoke <device>")
    .description("Refuse a device (id or name) for good. Its recordings and unfinished uploads stay.")
    .option(
      "--untrusted-since <time>",
      "quarantine what it brought from then on, as when it was stolen: a time with its zone, also for a device that is revoked already",
      timeOf,
    )
    .option("--json", "print one JSON object")
    .option("--reason <text>", "why, for custody")
    .addHelpText("after", '\nExample: strongroom device revoke "Van 12" --untrusted-since 2026-03-14T10:00:00Z')
    .action((name: string, options: OutputOptions & { untrustedSince?: Date; reason?: string }) =>
      withArchive("device revoke", async (ctx) => {
        const { id } = await deviceOf(ctx, name);
        const untrustedSince = options.untrustedSince ?? null;
        await revokeDevice(ctx, id, { untrustedSince, reason: options.reason ?? null });
        const after = await deviceOf(ctx, id);
        const more = untrustedSince === null ? "" : ` What it brought since ${utc(untrustedSince)} goes to quarantine.`;
        print(options, { id, state: after.state, untrustedSince }, `${after.name} is ${after.state}.${more}`);
      }),
    );
}

function timeOf(text: string): Date {
  const at = new Date(text);
  if (Number.isNaN(at.getTime()) || !/(Z|[+-]\d\d:?\d\d)$/i.test(text))
    throw new InvalidArgumentError("Write a time with its zone, as in 2026-03-14T10:00:00Z.");
  return at;
}

function cells(row: DeviceRow & Partial<FleetRow>): string[] {
  const { lastContactAt = row.lastSeenAt, queue = null, alarms = [] } = row;
  return [
    ...[row.id, row.name, row.state, row.site?.name ?? "moves", String(row.activeTokens), utc(lastContactAt)],
    queue === null ? "" : String(queue.files),
    alarms.map(({ kind }) => kind).join(" "),
  ];
}
