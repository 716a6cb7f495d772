import { execFile } from "node:child_process";
import { access } from "node:fs/promises";
import { promisify } from "node:util";

const commandTimeoutMs = 2000;

/**
 * What this machine's clock is set by, in the words of manifests: gnss, ptp, ntp, rtc, or unknown. Never throws.
 */
export async function readClockSource(): Promise<string> {
  const said = await promisify(execFile)("env", ["LC_ALL=C", "chronyc", "-c", "tracking"], {
    timeout: commandTimeoutMs,
  }).then(
    ({ stdout }) => stdout,
    () => "",
  );
  const source = chronySource(said);
  if (source !== null) return source;
  // systemd-timesyncd.service(8): it is there once the clock was set since the machine started.
  if (await exists("/run/systemd/timesync/synchronized")) return "ntp";
  return (await exists("/dev/rtc0")) ? "rtc" : "unknown";
}

/** What `chronyc -c tracking` means: reference id, its name, stratum, …, leap status at the end; null: not set by it. */
export function chronySource(said: string): string | null {
  const fields = said.trim().split(",");
  const name = fields[1] ?? "";
  if (fields.length < 14 || fields.at(-1) === "Not synchronised" || name === "") return null;
  if (/^(GPS|GNSS|NMEA|PPS|GLO|GAL)/i.test(name)) return "gnss";
  return /^(PHC|PTP)/i.test(name) ? "ptp" : "ntp";
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
