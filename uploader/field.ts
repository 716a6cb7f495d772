import { realpath, stat } from "node:fs/promises";
import { release } from "node:os";
import { resolve } from "node:path";
import packageJson from "../package.json" with { type: "json" };
import { actAsOwner } from "./act-as-owner.ts";
import { doctor } from "./commands/doctor.ts";
import { install } from "./commands/install.ts";
import { logs, makeSupportBundle } from "./commands/logs.ts";
import { readRecordFlags, record } from "./commands/record.ts";
import { settingsCommand } from "./commands/settings.ts";
import { status } from "./commands/status.ts";
import { uninstall } from "./commands/uninstall.ts";
import { update } from "./commands/update.ts";
import { archiveAccess, type CommandLine, plainTransport, readCommandLine } from "./config.ts";
import { type Check, fail } from "./doctor/check.ts";
import { archiveChecks } from "./doctor/check-archive.ts";
import { deviceChecks } from "./doctor/check-device.ts";
import { linkChecks } from "./doctor/check-link.ts";
import { exitCodes } from "./exit-codes.ts";
import { type FieldCommandName, fieldCommands } from "./field-options.ts";
import { Transport, unthrottled } from "./http/transport.ts";
import type { AccessTokens } from "./identity/access-tokens.ts";
import { ArchiveClock } from "./identity/archive-clock.ts";
import { hasIdentity } from "./identity/identity.ts";
import { openArchive } from "./identity/open-archive.ts";
import { identityHandlers } from "./identity-commands.ts";
import { Interrupted, Problem } from "./problems.ts";
import type { Output } from "./report/reporters.ts";
import { type Installation, inRoot } from "./service/installation.ts";
import type { FlagValues } from "./settings/file-values.ts";
import { mergeSettings } from "./settings/merge.ts";
import { RemoteConfig } from "./settings/remote-config.ts";
import { updateWorldOf } from "./update/update-world.ts";

/** A command line for the device in its place. */
type Asked = CommandLine & { output: Output; isJson: boolean };

const handlers: Record<FieldCommandName, (asked: Asked) => Promise<number>> = {
  enrol: (asked) => identityHandlers.enrol(asked, stopSignal()),
  "rotate-key": (asked) => identityHandlers["rotate-key"](asked, stopSignal()),
  trust: (asked) => identityHandlers.trust(asked, stopSignal()),
  status: async ({ flags, positionals, stateFolder, isJson, output }) => {
    refusePositionals(positionals);
    const maxAgeSeconds = secondsOf(flags, "max-age", 86_400);
    const check = {
      maxAgeSeconds: maxAgeSeconds === 0 ? null : maxAgeSeconds,
      maxQueue: flags["max-queue"] === undefined ? null : secondsOf(flags, "max-queue", 0),
      maxSilenceSeconds: flags["max-silence"] === undefined ? null : secondsOf(flags, "max-silence", 0),
      mustRun: flags.running === true,
    };
    const watchMs = flags.watch === true ? 1000 : null;
    const asked = {
      stateFolder,
      isJson,
      showsAll: flags.all === true,
      watchMs,
      check: flags.check === true ? check : null,
    };
    return status(asked, output, stopSignal());
  },
  doctor: async (asked) => {
    refusePositionals(asked.positionals);
    return withDoctor(asked, (checks) => doctor(checks, asked.isJson, asked.output));
  },
  settings: async ({ positionals, stateFolder, local, isJson, output }) => {
    const [action, ...others] = positionals;
    if ((action !== "check" && action !== "show") || others.length > 0)
      throw new Problem("usage", "settings needs one word: check or show.");
    return settingsCommand({ action, stateFolder, local, isJson }, output.write);
  },
  install: async ({ flags, positionals, output }) => {
    refusePositionals(positionals);
    const folders = Array.isArray(flags.folder) ? flags.folder.map((folder) => resolve(String(folder))) : [];
    if (folders.length === 0) throw new Problem("usage", "install needs --folder DIR, where the recordings are.");
    return install(
      {
        installation: installationFrom(flags),
        program: await bundlePath(),
        version: packageJson.version,
        node: textOf(flags, "node") ?? process.execPath,
        folders,
        server: textOf(flags, "server"),
        enrol: textOf(flags, "enrol"),
        tokenFile: pathOf(flags, "token-file"),
        releaseKeys: Array.isArray(flags["release-key"]) ? flags["release-key"].map(String) : [],
        mayDelete: flags["may-delete"] === true,
        isStarted: flags["no-start"] !== true,
        isDryRun: flags["dry-run"] === true,
      },
      output.write,
    );
  },
  update: async ({ flags, positionals, local, output }) => {
    const [bundle, ...others] = positionals;
    if (bundle === undefined || others.length > 0)
      throw new Problem("usage", "update needs one BUNDLE, a file or an address.");
    const installation = installationFrom(flags);
    const isForced = flags.force === true;
    const isLive = installation.root === "";
    if (isLive && process.getuid?.() !== 0)
      throw new Problem("usage", "update changes this machine and needs root: run it with sudo.");
    const { settings } = await effectiveSettings(inRoot(installation, installation.stateFolder), local);
    const source = { bundle, isForced, meteredInterfaces: settings.transfer.metered.interfaces };
    return update(
      {
        isForced,
        isLive,
        waitMs: secondsOf(flags, "wait", 600) * 1000,
        contactMs: secondsOf(flags, "contact-within", 180) * 1000,
      },
      updateWorldOf(installation, source, output.write),
    );
  },
  uninstall: async ({ flags, positionals, output }) => {
    refusePositionals(positionals);
    const installation = installationFrom(flags);
    const keepsState = flags["keep-state"] === true;
    const isDryRun = flags["dry-run"] === true;
    return uninstall({ installation, keepsState, isForced: flags.force === true, isDryRun }, output.write);
  },
  record: async ({ flags, positionals, stateFolder, isJson, output }) =>
    record(await readRecordFlags(positionals, flags), stateFolder, isJson, output.write, stopSignal()),
  logs: async (asked) => {
    const { flags, positionals, stateFolder, local, isJson, output } = asked;
    refusePositionals(positionals);
    if (typeof flags["support-bundle"] === "string") {
      const settings = { action: "show" as const, stateFolder, local, isJson: true };
      await makeSupportBundle(flags["support-bundle"], stateFolder, {
        "versions.json": async () => JSON.stringify(versions()),
        "status.json": said((write) =>
          status(
            { stateFolder, isJson: true, showsAll: false, watchMs: null, check: null },
            { ...output, write },
            stopSignal(),
          ),
        ),
        "doctor.json": said((write) => withDoctor(asked, (checks) => doctor(checks, true, { ...output, write }))),
        "settings.json": said((write) => settingsCommand(settings, write)),
      });
      output.write(`${flags["support-bundle"]} holds what somebody needs to help, without secrets.\n`);
      return exitCodes.ok;
    }
    const lines = Number(flags.lines ?? "200");
    if (!Number.isInteger(lines) || lines < 0)
      throw new Problem("usage", "--lines must be a whole number, such as 200.");
    return logs({ stateFolder, isJson, lines, follows: flags.follow === true }, output.write, stopSignal());
  },
};

/** Runs a command for the device in its place. @returns its exit code; throws Problem */
export async function runFieldCommand(
  name: FieldCommandName,
  args: readonly string[],
  output: Output,
): Promise<number> {
  const read = readCommandLine(fieldCommands[name], args);
  if (name === "enrol" || name === "trust" || (name === "doctor" && hasIdentity(read.stateFolder))) {
    const code = await actAsOwner(read.stateFolder);
    if (code !== null) return code;
  }
  return handlers[name]({ ...read, output, isJson: read.flags.json === true });
}

function textOf(flags: FlagValues, name: string): string | null {
  const value = flags[name];
  return typeof value === "string" && value !== "" ? value : null;
}

function secondsOf(flags: FlagValues, name: string, fallback: number): number {
  const value = flags[name] === undefined ? fallback : Number(flags[name]);
  if (!Number.isFinite(value) || value < 0)
    throw new Problem("usage", `--${name} must be a number of seconds, such as 30.`);
  return value;
}

function installationFrom(flags: FlagValues): Installation {
  const root = textOf(flags, "root");
  const stateFolder = textOf(flags, "state-dir") ?? "/var/lib/strongroom-uploader";
  if (!/^\/var\/lib\/[A-Za-z0-9._-]+$/.test(stateFolder))
    throw new Problem(
      "usage",
      "--state-dir must be a folder directly below /var/lib, which systemd gives the service.",
    );
  const user = textOf(flags, "user") ?? "strongroom";
  if (!/^[a-z_][a-z0-9_-]{0,31}$/.test(user)) throw new Problem("usage", `--user ${user} is no name of a user.`);
  const folder = textOf(flags, "install-dir") ?? "/opt/strongroom";
  const configFile = textOf(flags, "config") ?? "/etc/strongroom/uploader.json";
  for (const path of [folder, configFile])
    if (!/^\/[A-Za-z0-9._/-]+$/.test(path))
      throw new Problem("usage", `${path} must be a path from / on, of plain letters.`);
  return { root: root === null ? "" : resolve(root), folder, user, stateFolder, configFile };
}

async function effectiveSettings(stateFolder: string, local: CommandLine["local"]) {
  const { settings: remote } = await RemoteConfig.read(stateFolder);
  return mergeSettings({ flags: {}, limits: local?.file.limits ?? {}, remote, local: local?.file.settings ?? {} });
}

/** This program as one file. @throws Problem "usage" when it runs from a checkout */
async function bundlePath(): Promise<string> {
  const path = await realpath(process.argv[1] ?? "");
  if (path.endsWith(".mjs") && (await stat(path)).size > 100_000) return path;
  throw new Problem(
    "usage",
    "install puts its own file in place: make it with node uploader/build.mjs, and run node dist/strongroom-uploader.mjs install.",
  );
}

function refusePositionals([first]: readonly string[]): void {
  if (first !== undefined) throw new Problem("usage", `${first} is not expected here.`);
}

/** A path as systemd and other folders take it. */
function pathOf(flags: FlagValues, name: string): string | null {
  const path = textOf(flags, name);
  return path === null ? null : resolve(path);
}

/** Everything that doctor looks at here; when the way to the archive is not known, that is what it finds. */
async function withDoctor(asked: Asked, act: (checks: Check[]) => Promise<number>): Promise<number> {
  const { stateFolder, local } = asked;
  const { settings } = await effectiveSettings(stateFolder, local);
  const mayDelete = settings.deletion.policy !== "never";
  const folders = local?.file.watch ?? [];
  const records = (local?.file.recorders ?? []).length > 0;
  const checks = deviceChecks({ stateFolder, folders, mayDelete, records, wallMs: Date.now });
  const transport = new Transport(plainTransport(), unthrottled);
  const clock = new ArchiveClock();
  let tokens: AccessTokens | null = null;
  try {
    const access = archiveAccess(asked);
    const opened = await openArchive(access, transport, clock);
    tokens = opened.tokens;
    const { archive, identity } = opened;
    const link = linkChecks(archive.server, access.hasProxy, Date.now);
    return await act([...checks, ...link, ...archiveChecks({ archive, transport, identity, clock, stateFolder })]);
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    const todo = "Enrol the device, or name server and token file in the settings file.";
    return await act([...checks, { name: "archive", look: async () => fail(error.message, todo) }]);
  } finally {
    tokens?.close();
    transport.close();
  }
}

/** What a command says, as a part of the support bundle. */
function said(command: (write: (text: string) => void) => Promise<number>): () => Promise<string> {
  return async () => {
    const parts: string[] = [];
    await command((text) => parts.push(text));
    return parts.join("");
  };
}

function versions(): object {
  const { platform, arch, version, versions } = process;
  return { uploader: packageJson.version, node: version, openssl: versions.openssl, platform, arch, kernel: release() };
}

/** Aborted when the process is told to end; a second time ends it at once. */
function stopSignal(): AbortSignal {
  const stop = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
    process.once(signal, () => stop.abort(new Interrupted()));
  return stop.signal;
}
