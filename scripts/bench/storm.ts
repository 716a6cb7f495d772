import { randomBytes } from "node:crypto";
import { Agent } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import type { Bench, Result } from "./bench.ts";
import { create, open, patchFields, send, type Target } from "./client.ts";
import { measured } from "./measure.ts";
import { cell, percentile } from "./statistics.ts";

const mib = 1024 * 1024;
const counts = { short: 50, standard: 200, long: 200 } as const;
/** A client of a storm waits so long before it asks again. */
const againMs = 100;
const giveUpMs = 60_000;

type Counts = { answers: Map<number, number>; headMs: number[]; wholeMs: number[] };

/** Sends a quarter of a body and leaves it there; returns what breaks the connection. */
async function sendQuarter(agent: Agent, target: Target, url: string, bytes: Uint8Array): Promise<() => void> {
  const { request, answered } = open(agent, target, {
    method: "PATCH",
    url,
    headers: patchFields(0, bytes.byteLength),
  });
  answered.catch(() => undefined); // a cut is what is measured
  await new Promise<void>((resolve) => request.write(bytes.subarray(0, bytes.byteLength / 4), () => resolve()));
  return () => request.destroy();
}

/** Comes back as an uploader does: asks for the offset, sends the rest, and asks again when it was refused. */
async function comeBack(agent: Agent, target: Target, url: string, bytes: Uint8Array, counts: Counts): Promise<void> {
  const cutAt = performance.now();
  const note = ({ status }: { status: number }) => counts.answers.set(status, (counts.answers.get(status) ?? 0) + 1);
  while (performance.now() - cutAt < giveUpMs) {
    const askedAt = performance.now();
    const head = await send(agent, target, { method: "HEAD", url }).catch(() => null);
    if (head !== null) note(head);
    if (head?.status === 200) {
      counts.headMs.push(performance.now() - askedAt);
      const offset = Number(head.headers["upload-offset"]);
      const body = bytes.subarray(offset);
      const ask = { method: "PATCH", url, headers: patchFields(offset, body.byteLength), body };
      const patched = await send(agent, target, ask).catch(() => null);
      if (patched !== null) note(patched);
      if (patched?.status === 204) {
        counts.wholeMs.push(performance.now() - cutAt);
        return;
      }
    }
    await sleep(againMs);
  }
}

async function runOnce(bench: Bench, target: Target, clients: number) {
  const agent = new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY });
  const bytes = randomBytes(mib);
  const urls: string[] = [];
  for (let i = 0; i < clients; i++) urls.push(await create(agent, target, mib, `storm-${i}`));
  const cuts = await Promise.all(urls.map((url) => sendQuarter(agent, target, url, bytes)));
  await sleep(500);
  const counts: Counts = { answers: new Map(), headMs: [], wholeMs: [] };
  const back = new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY });
  const cost = await measured(bench, target, async () => {
    for (const cut of cuts) cut();
    await Promise.all(urls.map((url) => comeBack(back, target, url, bytes, counts)));
  });
  agent.destroy();
  back.destroy();
  return { who: target.name, clients, ...cost, ...counts, answers: Object.fromEntries(counts.answers) };
}

/** Clients that are all dropped at once in the middle of a PATCH, and all come back at once. */
export async function storm(bench: Bench): Promise<Result> {
  const raw = [];
  for (const target of bench.targets)
    if (target.speaks === "tus") raw.push(await runOnce(bench, target, counts[bench.form]));
  const rows = raw.map((run) => ({
    who: run.who,
    clients: run.clients,
    "whole again": run.wholeMs.length,
    "p50 ms": cell(percentile(run.wholeMs, 0.5)),
    "p95 ms": cell(percentile(run.wholeMs, 0.95)),
    "p99 ms": cell(percentile(run.wholeMs, 0.99)),
    "HEAD p50": cell(percentile(run.headMs, 0.5)),
    "p99 ms ": cell(percentile(run.headMs, 0.99)),
    answers: Object.entries(run.answers)
      .map(([status, count]) => `${status}: ${count}`)
      .join(", "),
    "CPU s": cell(run.serverCpuSeconds, 1),
    "peak MiB": cell(run.peakMib),
  }));
  return {
    name: "storm",
    title: "A resume storm: all clients dropped in a PATCH of 1 MiB, all back at once",
    rows,
    raw,
  };
}
