import { access, readFile } from "node:fs/promises";
import { hostname, release } from "node:os";

/** What the machine says of itself. */
export type DeviceFacts = {
  bootId: string;
  platform: string;
  runtime: string;
  /** Who sets the clock, as far as can be seen. */
  clockSource: string;
  temperatureC: number | null;
};

/** Reads what the machine says of itself; what it does not tell is left out. Costs a few small files. */
export async function readDeviceFacts(): Promise<DeviceFacts> {
  const [bootId, clockSource, temperatureC] = await Promise.all([
    readText("/proc/sys/kernel/random/boot_id"),
    readClockSource(),
    readTemperature(),
  ]);
  return {
    // Without a boot id the name alone tells machines apart; a clone with the same name then goes unseen.
    bootId: bootId?.trim() ?? hostname().slice(0, 64),
    platform: `${process.platform} ${process.arch} ${release()}`.slice(0, 60),
    runtime: `node ${process.versions.node}`,
    clockSource,
    temperatureC,
  };
}

async function readClockSource(): Promise<string> {
  // systemd-timesyncd(8): the file is there once the clock was set.
  if (await exists("/run/systemd/timesync/synchronized")) return "timesyncd";
  if ((await exists("/run/chrony/chronyd.pid")) || (await exists("/run/chronyd.pid"))) return "chrony";
  return (await exists("/dev/rtc0")) ? "system, with a battery clock" : "system, no battery clock";
}

async function readTemperature(): Promise<number | null> {
  const text = await readText("/sys/class/thermal/thermal_zone0/temp");
  const celsius = Number(text?.trim() || "NaN") / 1000;
  return Number.isFinite(celsius) && celsius > -100 && celsius < 200 ? celsius : null;
}

async function readText(path: string): Promise<string | null> {
  return readFile(path, "utf8").catch(() => null);
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
