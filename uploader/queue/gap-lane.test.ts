import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { StatementError } from "../../lib/protocol/index.ts";
import { Figures } from "../delivery/figures.ts";
import { Problem } from "../problems.ts";
import { dropGap } from "../recorder/gap-drop.ts";
import { stateGaps } from "./gap-lane.ts";

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "gaps-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const gap = (minute: number, reason: string) => ({
  source: "rear",
  from: `2026-03-14T10:0${minute}:00.000Z`,
  until: `2026-03-14T10:0${minute}:30.000Z`,
  reason,
});

/** Lets the lane look once. */
async function lookOnce(sign: (reason: string) => void): Promise<string[]> {
  const stop = new AbortController();
  const told: string[] = [];
  const world = {
    store: { folder },
    figures: new Figures(),
    report: (event: { event: string }) => void told.push(JSON.stringify(event)),
    signal: stop.signal,
  };
  const chain = {
    anchored: Promise.resolve(),
    gap: async (_source: string, _from: string, _until: string, reason: string) => sign(reason),
  };
  const lane = stateGaps(chain, world);
  setTimeout(() => stop.abort(), 150);
  await expect(lane).rejects.toThrow("interrupted");
  return told;
}

it("signs noted gaps, oldest first, and keeps each until it is signed", async () => {
  await dropGap(folder, gap(2, "second"));
  await dropGap(folder, gap(1, "first"));
  await lookOnce(() => {
    throw new Problem("again", "The disk is full.");
  });
  expect(await readdir(join(folder, "gaps"))).toHaveLength(2);
  const signed: string[] = [];
  await lookOnce((reason) => signed.push(reason));
  expect(signed).toEqual(["first", "second"]);
  expect(await readdir(join(folder, "gaps"))).toEqual([]);
});

it("tells of a gap that no statement can hold, and goes on", async () => {
  await dropGap(folder, gap(1, "wrong"));
  await dropGap(folder, gap(2, "right"));
  const signed: string[] = [];
  const told = await lookOnce((reason) => {
    if (reason === "wrong") throw new StatementError("reason", "is wrong");
    signed.push(reason);
  });
  expect(signed).toEqual(["right"]);
  expect(told.join()).toContain("cannot be stated");
  expect(await readdir(join(folder, "gaps"))).toEqual([]);
});
