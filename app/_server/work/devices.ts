import "server-only";
import { alarmLooks } from "@/components/devices/alarm-looks";
import { workLooks } from "@/components/home/work-looks";
import { deviceStates } from "@/components/ui/states";
import { type FleetOverview, listFleetHealth } from "@/lib/fleet/index.ts";
import { roleMay } from "@/lib/people/index.ts";
import type { PersonContext } from "../context";
import type { PlacedWork } from "./index";

/** A device that sends no heartbeats has no policy of silence; it is asked about after a day. */
const silentAfterMs = 24 * 3_600_000;

/** Devices that somebody should look at: with an alarm, waiting to be let in, or never heard. */
export async function deviceWork(ctx: PersonContext): Promise<PlacedWork[]> {
  const now = ctx.clock.now().getTime();
  const mayApprove = roleMay(ctx.actor.role, "devices.change");
  return (await listFleetHealth(ctx)).flatMap((row) => toWork(row, now, mayApprove) ?? []);
}

type Finding = Pick<PlacedWork, "look" | "text" | "verb" | "since">;

function toWork(row: FleetOverview, now: number, mayApprove: boolean): PlacedWork | null {
  const finding = alarm(row) ?? (mayApprove ? pending(row) : null) ?? withoutHeartbeat(row, now);
  if (finding === null) return null;
  const { text, ...rest } = finding;
  return {
    ...rest,
    key: row.id,
    place: "devices",
    title: row.name,
    text: row.site ? `${row.site.name} · ${text}` : text,
    href: `/devices/${row.id}`,
    dueAt: null,
    zone: row.site?.timeZone,
  };
}

function alarm({ alarms: [worst, ...others] }: FleetOverview): Finding | null {
  if (worst === undefined) return null;
  const more = others.length === 0 ? "" : ` And ${others.length} more.`;
  return { look: alarmLooks[worst.kind], text: worst.sentence + more, verb: "Check", since: worst.since };
}

function pending(row: FleetOverview): Finding | null {
  if (row.state !== "pending") return null;
  return {
    look: deviceStates.pending,
    text: "Has enrolled and can do nothing yet.",
    verb: "Look",
    since: row.lastContactAt,
  };
}

function withoutHeartbeat({ state, heartbeatAt, lastContactAt }: FleetOverview, now: number): Finding | null {
  if (state !== "active" || heartbeatAt !== null) return null;
  if (lastContactAt === null)
    return { look: workLooks.neverSeen, text: "Has never called since it was added.", verb: "Check", since: null };
  if (now - lastContactAt.getTime() <= silentAfterMs) return null;
  return { look: workLooks.silent, text: "Has not called for more than a day.", verb: "Check", since: lastContactAt };
}
