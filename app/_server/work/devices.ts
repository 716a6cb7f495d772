import "server-only";
import { workLooks } from "@/components/home/work-looks";
import { type DeviceRow, listDevices } from "@/lib/devices/index.ts";
import type { PersonContext } from "../context";
import type { PlacedWork } from "./index";

const silentAfterMs = 24 * 3_600_000;

/** Active devices that have not called for a day, and those that never did. */
export async function deviceWork(ctx: PersonContext): Promise<PlacedWork[]> {
  const now = ctx.clock.now().getTime();
  const devices = await listDevices(ctx);
  return devices.filter((device) => device.state === "active" && isSilent(device, now)).map(toWork);
}

function isSilent(device: DeviceRow, now: number): boolean {
  return device.lastSeenAt === null || now - device.lastSeenAt.getTime() > silentAfterMs;
}

function toWork(device: DeviceRow): PlacedWork {
  const home = device.site ? `${device.site.name} · ` : "";
  return {
    key: device.id,
    place: "devices",
    look: device.lastSeenAt === null ? workLooks.neverSeen : workLooks.silent,
    title: device.name,
    text:
      home +
      (device.lastSeenAt === null ? "has never called since it was added" : "has not called for more than a day"),
    verb: "Check",
    href: `/devices?selected=${device.id}`,
    dueAt: null,
    since: device.lastSeenAt ?? device.createdAt,
    zone: device.site?.timeZone,
  };
}
