import { randomBytes } from "node:crypto";
import { Agent } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import type { Bench, Result } from "./bench.ts";
import { create, open, patchFields, send, type Target } from "./client.ts";
import { cpuSecondsOf } from "./machine.ts";
import { cell, median } from "./statistics.ts";

const mib = 1024 * 1024;
const rounds = 3;
const giveUpMs = 5_000;
const watchMs = 1_000;

/** How long an answer took; null: it did not come in time, or was a refusal. */
async function timed(work: Promise<{ status: number }>, expected: number): Promise<number | null> {
  const started = performance.now();
  const answer = await Promise.race([work, sleep(giveUpMs, null, { ref: false })]).catch(() => null); // told as null
  return answer?.status === expected ? performance.now() - started : null;
}

async function runOnce(bench: Bench, target: Target) {
  const agent = new Agent({ keepAlive: false, maxSockets: Number.POSITIVE_INFINITY });
  const bytes = randomBytes(mib);
  const half = bytes.subarray(0, mib / 2);
  const url = await create(agent, target, mib, "half-open");
  const { request, answered } = open(agent, target, { method: "PATCH", url, headers: patchFields(0, mib) });
  answered.catch(() => undefined); // a cut is what is measured
  request.write(half);
  await sleep(1_000); // its client has vanished without a word, and its connection stays
  const cpu = cpuSecondsOf(target.pid);
  await sleep(watchMs);
  const spun = cpuSecondsOf(target.pid);
  const headMs = await timed(send(agent, target, { method: "HEAD", url }), 200);
  const { headers } = await send(agent, target, { method: "HEAD", url }).catch(() => ({
    headers: {} as Record<string, string>,
  }));
  const offset = Number(headers["upload-offset"] ?? 0);
  const body = bytes.subarray(offset);
  const ask = { method: "PATCH", url, headers: patchFields(offset, body.byteLength), body };
  const patchMs = await timed(send(agent, target, ask), 204);
  request.destroy();
  agent.destroy();
  await bench.settled();
  const cpuShare = cpu === null || spun === null ? null : (spun - cpu) / (watchMs / 1000);
  return { who: target.name, headMs, patchMs, cpuShare };
}

/** A client that vanishes in the middle of a PATCH and leaves its connection open; then it comes back on a new one. */
export async function halfOpen(bench: Bench): Promise<Result> {
  const raw: Awaited<ReturnType<typeof runOnce>>[] = [];
  for (let round = 0; round < (bench.form === "short" ? 1 : rounds); round++)
    for (const target of bench.targets) if (target.speaks === "tus") raw.push(await runOnce(bench, target));
  const rows = bench.targets
    .filter(({ speaks }) => speaks === "tus")
    .map(({ name }) => {
      const mine = raw.filter(({ who }) => who === name);
      const text = (values: (number | null)[]) =>
        values.includes(null) ? `none in ${giveUpMs / 1000} s` : cell(median(values), 1);
      return {
        who: name,
        rounds: mine.length,
        "HEAD ms": text(mine.map(({ headMs }) => headMs)),
        "PATCH of the rest ms": text(mine.map(({ patchMs }) => patchMs)),
        "CPU while it hangs %": cell((median(mine.map(({ cpuShare }) => cpuShare)) ?? 0) * 100, 1),
      };
    });
  return { name: "half-open", title: "A client that vanished, with its connection left open", rows, raw };
}
