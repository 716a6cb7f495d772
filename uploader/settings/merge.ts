import { type DeviceSettings, defaultDeviceSettings, readDeviceSettings } from "../../lib/protocol/index.ts";
import type { LocalLimits } from "./local-file.ts";

/** Where a value comes from, strongest first. */
export type Origin = "command line" | "local limit" | "archive" | "local file" | "built-in";

/** Values by the path of their member, such as `transfer.parallel`. */
export type SettingValues = Readonly<Record<string, unknown>>;

/** Whatever may decide. */
export type SettingSources = {
  flags: SettingValues;
  limits: LocalLimits;
  /** What the archive sent; null: it has decided nothing. */
  remote: object | null;
  local: object;
};

/** What holds, and who said so for each member. */
export type EffectiveSettings = { settings: DeviceSettings; origins: ReadonlyMap<string, Origin> };

/**
 * Decides each member by itself: the command line, then the archive, then the local file, then what is built in. The
 * local limits come over everything but the command line, and only ever make a value stricter.
 *
 * @throws ProtocolError when the parts are no settings together
 */
export function mergeSettings(sources: SettingSources): EffectiveSettings {
  const values = new Map<string, unknown>();
  const origins = new Map<string, Origin>();
  const layers: [Origin, ReadonlyMap<string, unknown>][] = [
    ["built-in", leavesOf(defaultDeviceSettings)],
    ["local file", leavesOf(sources.local)],
    ["archive", leavesOf(sources.remote ?? {})],
  ];
  for (const [origin, layer] of layers)
    for (const [path, value] of layer) {
      values.set(path, value);
      origins.set(path, origin);
    }
  for (const [path, value] of limited(values, sources.limits)) {
    values.set(path, value);
    origins.set(path, "local limit");
  }
  // Checked before a person's flags, which may be finer than what an archive can say: half a second, no wait at all.
  for (const [path, value] of leavesOf(readDeviceSettings(treeOf(values)))) values.set(path, value);
  for (const [path, value] of Object.entries(sources.flags)) {
    values.set(path, value);
    origins.set(path, "command line");
  }
  return { settings: treeOf(values) as DeviceSettings, origins };
}

/** What the local limits change. */
function* limited(values: ReadonlyMap<string, unknown>, limits: LocalLimits): Generator<[string, unknown]> {
  const rates: [string, number | null | undefined][] = [
    ["transfer.rateBytesPerSecond", limits.rateBytesPerSecond],
    ["transfer.metered.rateBytesPerSecond", limits.meteredRateBytesPerSecond],
  ];
  for (const [path, cap] of rates) {
    const value = values.get(path);
    if (cap !== undefined && cap !== null && (typeof value !== "number" || value > cap)) yield [path, cap];
  }
  if (limits.allowDeletion === false && values.get("deletion.policy") !== "never") yield ["deletion.policy", "never"];
  if (limits.allowTombstones === false && values.get("deletion.allowTombstones") !== false)
    yield ["deletion.allowTombstones", false];
  const holdHours = values.get("deletion.holdHours");
  if (limits.minHoldHours !== undefined && typeof holdHours === "number" && holdHours < limits.minHoldHours)
    yield ["deletion.holdHours", limits.minHoldHours];
  if (limits.meteredBulk === "hold" && values.get("transfer.metered.bulk") !== "hold")
    yield ["transfer.metered.bulk", "hold"];
  if (limits.meteredEvents === "hold" && values.get("transfer.metered.events") !== "hold")
    yield ["transfer.metered.events", "hold"];
  const named = values.get("transfer.metered.interfaces");
  const interfaces = Array.isArray(named) ? named.map(String) : [];
  const missing = (limits.meteredInterfaces ?? []).filter((name) => !interfaces.includes(name));
  if (missing.length > 0) yield ["transfer.metered.interfaces", [...interfaces, ...missing].slice(-32)];
}

/** Members and lists by path; objects are only the way to them. */
function leavesOf(value: object, prefix = ""): Map<string, unknown> {
  const leaves = new Map<string, unknown>();
  for (const [name, member] of Object.entries(value)) {
    const isBranch = typeof member === "object" && member !== null && !Array.isArray(member);
    if (isBranch) for (const leaf of leavesOf(member, `${prefix}${name}.`)) leaves.set(...leaf);
    else leaves.set(`${prefix}${name}`, member);
  }
  return leaves;
}

function treeOf(values: ReadonlyMap<string, unknown>): object {
  type Branch = { [name: string]: unknown };
  const root: Branch = {};
  const branches = new Map<string, Branch>([["", root]]);
  const branchAt = (path: string): Branch => {
    const known = branches.get(path);
    if (known !== undefined) return known;
    const cut = path.lastIndexOf(".");
    const branch: Branch = {};
    branchAt(path.slice(0, Math.max(cut, 0)))[path.slice(cut + 1)] = branch;
    branches.set(path, branch);
    return branch;
  };
  for (const [path, value] of values) {
    const cut = path.lastIndexOf(".");
    branchAt(path.slice(0, Math.max(cut, 0)))[path.slice(cut + 1)] = value;
  }
  return root;
}
