import type { Command } from "commander";
import { getDevice } from "../../lib/devices/index.ts";
import { AppError } from "../../lib/errors.ts";
import {
  askForFile,
  assignPolicy,
  cancelWantedFile,
  type FleetDevice,
  getFleetDevice,
  listDeviceAlarms,
} from "../../lib/fleet/index.ts";
import { withArchive } from "../archive.ts";
import { type OutputOptions, print, table, utc } from "../output.ts";
import { deviceOf } from "./device-of.ts";
import { policyOf } from "./policy-of.ts";

type AskOptions = OutputOptions & { file?: string; sha256?: string; reason?: string; cancel?: string };

/** Adds `device show`, `alarms`, `ask` and `policy`. */
export function addDeviceFleetCommands(device: Command): void {
  device
    .command("show <device>")
    .description("Show how a device (id or name) is, and what it says it made against what is here.")
    .option("--json", "print one JSON object")
    .action((name: string, options: OutputOptions) =>
      withArchive("device show", async (ctx) => {
        const { id } = await deviceOf(ctx, name);
        const fleet = await getFleetDevice(ctx, id);
        print(options, { ...(await getDevice(ctx, id)), ...fleet }, linesOf(fleet));
      }),
    );
  device
    .command("alarms")
    .description("List all that is wrong in the fleet. Exit code 1 when something is urgent.")
    .option("--json", "print one JSON array")
    .action((options: OutputOptions) =>
      withArchive("device alarms", async (ctx) => {
        const alarms = await listDeviceAlarms(ctx);
        const rows = alarms.map((alarm) => [alarm.weight, alarm.device.id, alarm.device.name, alarm.sentence]);
        print(options, alarms, rows.length === 0 ? "Nothing." : table(["WEIGHT", "ID", "DEVICE", "WHAT"], rows));
        if (alarms.some(({ weight }) => weight === "urgent")) process.exitCode = 1;
      }),
    );
  addAskCommand(device);
  device
    .command("policy <device> <policy>")
    .description("Put a device (id or name) under a policy (id or name); default is the one of all that have no other.")
    .option("--json", 'print {"id":…,"policyId":…}')
    .action((name: string, policyName: string, options: OutputOptions) =>
      withArchive("device policy", async (ctx) => {
        const found = await deviceOf(ctx, name);
        const policy = await policyOf(ctx, policyName);
        const { policyId } = await assignPolicy(ctx, { deviceId: found.id, policyId: policy.id });
        print(options, { id: found.id, policyId }, `${found.name} hears of ${policy.name} with its next heartbeat.`);
      }),
    );
}

function addAskCommand(device: Command): void {
  device
    .command("ask <device>")
    .description("Ask a device (id or name) for one file before all others, by its name, its SHA-256, or both.")
    .option("--file <name>", "as the device names it, without folders")
    .option("--sha256 <hex>", "of the whole file")
    .option("--reason <text>", "why; custody keeps it")
    .option("--cancel <id>", "ask no longer for what was asked under this id")
    .option("--json", "print one JSON object")
    .action((name: string, options: AskOptions) =>
      withArchive("device ask", async (ctx) => {
        const { id: deviceId, name: called } = await deviceOf(ctx, name);
        if (options.cancel !== undefined) {
          await cancelWantedFile(ctx, options.cancel);
          return print(options, { id: options.cancel, state: "cancelled" }, `${called} is asked no longer.`);
        }
        const { file = null, sha256 = null, reason = null } = options;
        if (file === null && sha256 === null) throw new AppError("invalid_input", "Say --file, --sha256, or both.");
        const asked = await askForFile(ctx, { deviceId, fileName: file, sha256, reason });
        print(options, asked, `${called} is asked for it (${asked.id}) with its next heartbeat.`);
      }),
    );
}

const bytes = (count: number) => `${count} bytes`;

function linesOf(device: FleetDevice): string[] {
  const { queue, disk, clock, uploader, config, received, waiting } = device;
  const { recordings } = received;
  return [
    `${device.name} (${device.id}) is ${device.state}, at ${device.site?.name ?? "no home site"}.`,
    `Last contact  ${utc(device.lastContactAt)}${device.isSilent ? ", silent" : ""}`,
    `Uploader      ${uploader === null ? "sends no heartbeats" : `${uploader.version} on ${uploader.platform}`}`,
    `Policy        ${device.policy.name}, version ${config.version}; it has ${config.applied ?? "not said which"}`,
    ...(queue === null
      ? []
      : [`Queue         ${queue.files} files, ${bytes(queue.bytes)}, oldest ${utc(queue.oldestAt)}`]),
    ...(waiting === null ? [] : [`Waits         ${waiting.reason}: ${waiting.detail}`]),
    ...(disk === null ? [] : [`Disk          ${bytes(disk.freeBytes)} of ${bytes(disk.totalBytes)} free`]),
    ...(clock === null ? [] : [`Clock         ${clock.source}, ${clock.offsetMs ?? "?"} ms off`]),
    `Chain         it says ${received.saidSequence ?? "nothing"}, here is ${received.lastSequence ?? "none"}; ${received.missing} missing, ${received.tombstones} will not come`,
    `Recordings    ${recordings.sealed} sealed, ${recordings.receiving + recordings.received} on their way, ${recordings.quarantined} quarantined`,
    ...device.alarms.map(({ weight, sentence }) => `${weight === "urgent" ? "URGENT" : "Warning"}       ${sentence}`),
    ...device.wanted.map((one) => `Asked for     ${one.fileName ?? one.sha256}: ${one.state} (${one.id})`),
  ];
}
