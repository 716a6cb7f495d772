import "server-only";
import { unstable_rethrow } from "next/navigation";
import { cache } from "react";
import type { WorkItem } from "@/components/home/work-list";
import type { NavCounts } from "@/components/shell/rail";
import { roleMay } from "@/lib/people/index.ts";
import type { PersonContext } from "../context";
import { deviceWork } from "./devices";
import { peopleWork } from "./people";
import { recordingWork } from "./recordings";
import { ownRequestWork, requestWork } from "./requests";

/** Something that waits, and the place in the navigation that it belongs to. */
export type PlacedWork = WorkItem & { place: "requests" | "my-requests" | "recordings" | "devices" | "people" };

/** Everything that waits for this person, soonest deadline first, then what waits longest. */
export const findWork = cache(async (ctx: PersonContext): Promise<PlacedWork[]> => {
  const { role } = ctx.actor;
  const found = await Promise.all([
    roleMay(role, "requests.review") ? requestWork(ctx) : [],
    roleMay(role, "requests.submit") ? ownRequestWork(ctx) : [],
    roleMay(role, "requests.review") || roleMay(role, "devices.change") ? recordingWork(ctx) : [],
    roleMay(role, "requests.review") || roleMay(role, "devices.change") ? deviceWork(ctx) : [],
    roleMay(role, "people.invite") ? peopleWork(ctx) : [],
  ]);
  return found.flat().sort((a, b) => order(a) - order(b));
});

// What has a date comes first: any deadline before any "since".
const undated = 1e15;

function order(item: PlacedWork): number {
  return item.dueAt ? item.dueAt.getTime() : undated + (item.since?.getTime() ?? 0);
}

/**
 * How much waits behind each entry of the navigation. It stands in the frame of every page: when it cannot be counted,
 * the log says why, and the page comes without numbers.
 */
export async function countWaiting(ctx: PersonContext): Promise<NavCounts> {
  try {
    return countsOf(await findWork(ctx));
  } catch (error) {
    unstable_rethrow(error);
    ctx.log.error({ err: error }, "what waits could not be counted");
    return {};
  }
}

function countsOf(work: readonly PlacedWork[]): NavCounts {
  const counts: NavCounts = {};
  if (work.length > 0) counts.home = { count: work.length, words: "wait for you" };
  for (const { place } of work) counts[place] = { count: (counts[place]?.count ?? 0) + 1, words: "wait for you" };
  return counts;
}
