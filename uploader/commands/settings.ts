import { exitCodes } from "../exit-codes.ts";
import type { LocalFile } from "../settings/local-file.ts";
import { mergeSettings } from "../settings/merge.ts";
import { RemoteConfig } from "../settings/remote-config.ts";

/** What `settings` is asked for. */
export type SettingsCommand = {
  action: "check" | "show";
  stateFolder: string;
  local: { path: string; file: LocalFile } | null;
  isJson: boolean;
};

/**
 * Shows the settings that hold, and who decided each: the local file, what the archive sent last, or nobody. That the
 * local file can be read at all was checked on the way here.
 */
export async function settingsCommand(command: SettingsCommand, write: (text: string) => void): Promise<number> {
  const { local, isJson } = command;
  if (command.action === "check") {
    const path = local?.path ?? null;
    if (isJson) write(`${JSON.stringify({ isValid: true, path })}\n`);
    else write(path === null ? "There is no local settings file; everything is as built in.\n" : `${path} is valid.\n`);
    return exitCodes.ok;
  }
  const remote = await RemoteConfig.read(command.stateFolder);
  const file = local?.file ?? {};
  const { settings, origins } = mergeSettings({
    flags: {},
    limits: file.limits ?? {},
    remote: remote.settings,
    local: file.settings ?? {},
  });
  const { limits, settings: _, ...device } = file;
  const { version, isOnTrial, problem } = remote;
  if (isJson) {
    const archive = { version, isOnTrial, problem };
    const shown = { path: local?.path ?? null, device, limits: limits ?? {}, archive, settings };
    write(`${JSON.stringify({ ...shown, origins: Object.fromEntries(origins) })}\n`);
    return exitCodes.ok;
  }
  write(`local file: ${local?.path ?? "none"}\n`);
  write(`from the archive: ${version === null ? "nothing" : `version ${version}${isOnTrial ? ", on trial" : ""}`}\n`);
  if (problem !== null) write(`not taken from the archive: ${problem}\n`);
  for (const [name, value] of Object.entries(device)) write(line(name, value, "local file"));
  for (const [path, origin] of [...origins].sort(([a], [b]) => (a < b ? -1 : 1)))
    write(line(path, valueAt(settings, path), origin));
  return exitCodes.ok;
}

function line(name: string, value: unknown, origin: string): string {
  return `${name.padEnd(38)} ${JSON.stringify(value).padEnd(24)} ${origin}\n`;
}

function valueAt(settings: object, path: string): unknown {
  return path.split(".").reduce<unknown>((value, name) => (value as Record<string, unknown>)[name], settings);
}
