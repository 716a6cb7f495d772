import { z } from "zod";
import { AppError } from "../errors.ts";
import { line } from "../input.ts";
import {
  type DeviceSettings,
  type DeviceSettingsInput,
  deviceSettingsSchema,
  settingsProblem,
} from "../protocol/index.ts";

const seconds = "Write whole seconds from 60 to 31536000.";
const days = "Write whole days from 1 to 3650, or nothing for no limit.";

const rules = {
  /** Since the last contact of a device that sends heartbeats. */
  silentAfterSeconds: z.int(seconds).min(60, seconds).max(31_536_000, seconds),
  keyMaxAgeDays: z.int(days).min(1, days).max(3_650, days).nullable(),
};
/** What devices are told: any part of DeviceSettings. */
const settings = z.record(z.string(), z.unknown(), "Write the settings as an object.");

export const newPolicyInput = z.object({
  name: line(80),
  settings: settings.default({}),
  silentAfterSeconds: rules.silentAfterSeconds.default(3_600),
  keyMaxAgeDays: rules.keyMaxAgeDays.default(365),
});
/** A policy as people describe it. What is left out of it, and of its settings, is as it is built in. */
export type NewPolicyInput = Omit<z.input<typeof newPolicyInput>, "settings"> & { settings?: DeviceSettingsInput };

export const policyChangeInput = z.object({
  name: line(80).optional(),
  settings: settings.default({}),
  silentAfterSeconds: rules.silentAfterSeconds.optional(),
  keyMaxAgeDays: rules.keyMaxAgeDays.optional(),
  /** The version that the change was made from: one that somebody else made meanwhile is not lost. */
  version: z.int().optional(),
});
/** A change of a policy: what is left out of it, and of its settings, stays. */
export type PolicyChangeInput = Omit<z.input<typeof policyChangeInput>, "settings"> & {
  settings?: DeviceSettingsInput;
};

/**
 * Sees that no device is called silent between two of its heartbeats: an alarm that is always on is none.
 *
 * @throws AppError invalid_input (silentAfterSeconds)
 */
export function requireHeardInTime(silentAfterSeconds: number, { heartbeatSeconds }: DeviceSettings): void {
  const least = 2 * heartbeatSeconds;
  if (silentAfterSeconds >= least) return;
  const message = `Its devices speak every ${heartbeatSeconds} s, so they are silent after ${least} s at the earliest.`;
  throw new AppError("invalid_input", message, { field: "silentAfterSeconds" });
}

/**
 * Settings with a change laid over them: objects member by member, lists and values as a whole.
 *
 * @throws AppError invalid_input with the member as the field
 */
export function changeSettings(before: unknown, change: unknown): DeviceSettings {
  const parsed = deviceSettingsSchema.safeParse(laidOver(before, change));
  if (parsed.success) return parsed.data;
  const { member, problem } = settingsProblem(parsed.error);
  const field = ["settings", member].filter((part) => part !== null).join(".");
  throw new AppError("invalid_input", `${member ?? "The settings"} ${problem}.`, { field });
}

function laidOver(before: unknown, change: unknown): unknown {
  if (!isObject(before) || !isObject(change)) return change;
  const changed = Object.entries(change).map(([name, value]) => [name, laidOver(before[name], value)]);
  return { ...before, ...Object.fromEntries(changed) };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Every value that differs, by its path with dots: what it was and what it is. */
export function differences(before: unknown, after: unknown, path: string[] = []): Record<string, [unknown, unknown]> {
  if (isObject(before) && isObject(after)) {
    const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
    return Object.assign({}, ...names.map((name) => differences(before[name], after[name], [...path, name])));
  }
  return JSON.stringify(before) === JSON.stringify(after) ? {} : { [path.join(".")]: [before ?? null, after ?? null] };
}
