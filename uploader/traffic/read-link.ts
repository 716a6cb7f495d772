import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";

/** The link that packets to the world take. */
export type Link = {
  /** Null: there is none, or this system does not tell. */
  interface: string | null;
  /** What the system says of its cost; null: it does not say. */
  isMetered: boolean | null;
};

/** A daemon that starts waits for it. */
const commandTimeoutMs = 1500;

/** Which interface leads to the world, and whether NetworkManager takes it for metered. Never throws. */
export async function readLink(): Promise<Link> {
  const [ipv4, ipv6] = await Promise.all([
    readFile("/proc/net/route", "utf8").catch(() => ""),
    readFile("/proc/net/ipv6_route", "utf8").catch(() => ""),
  ]);
  const name = defaultInterface(ipv4, ipv6);
  if (name === null) return { interface: null, isMetered: null };
  const run = promisify(execFile);
  // In the language that is looked for below.
  const args = ["LC_ALL=C", "nmcli", "-t", "-f", "GENERAL.METERED", "device", "show", name];
  const said = await run("env", args, { timeout: commandTimeoutMs }).then(
    ({ stdout }) => stdout,
    () => "",
  );
  return { interface: name, isMetered: meteredIn(said) };
}

/** The interface of the default route with the least metric, of IPv4 before IPv6 (proc_net(5)). */
export function defaultInterface(ipv4Routes: string, ipv6Routes: string): string | null {
  const ipv4 = ipv4Routes
    .split("\n")
    .slice(1)
    .map((line) => line.trim().split(/\s+/));
  // Iface Destination Gateway Flags RefCnt Use Metric Mask …; bit 0 of the flags: the route is up.
  const ipv4Defaults = ipv4
    .filter(([name, destination, , flags, , , , mask]) => {
      return name !== undefined && destination === "00000000" && mask === "00000000" && isUp(flags);
    })
    .map((fields) => ({ name: fields[0] ?? "", metric: Number(fields[6]) }));
  // destination prefix source prefix next-hop metric refcnt use flags device; metrics and flags in hexadecimal.
  const ipv6Defaults = ipv6Routes
    .split("\n")
    .map((line) => line.trim().split(/\s+/))
    .filter(([destination, prefix, , , , , , , flags, name]) => {
      return /^0{32}$/.test(destination ?? "") && prefix === "00" && name !== "lo" && isUp(flags);
    })
    .map((fields) => ({ name: fields[9] ?? "", metric: Number.parseInt(fields[5] ?? "", 16) }));
  for (const routes of [ipv4Defaults, ipv6Defaults]) {
    const [best] = routes.sort((a, b) => a.metric - b.metric);
    if (best !== undefined) return best.name;
  }
  return null;
}

/** NetworkManager's word: a guess that it costs counts as yes, as its own documentation asks for. */
export function meteredIn(said: string): boolean | null {
  const word = /^GENERAL\.METERED:(yes|no)\b/m.exec(said)?.[1];
  return word === undefined ? null : word === "yes";
}

/** Whether an interface is one of those that were named; a name may end in `*`. */
export function isNamed(name: string | null, names: readonly string[]): boolean {
  if (name === null) return false;
  return names.some((known) => (known.endsWith("*") ? name.startsWith(known.slice(0, -1)) : name === known));
}

function isUp(flags: string | undefined): boolean {
  return (Number.parseInt(flags ?? "", 16) & 1) === 1;
}
