import { randomBytes } from "node:crypto";
import { Agent } from "node:http";
import type { Bench, Result } from "./bench.ts";
import { uploadFile } from "./client.ts";
import { measured } from "./measure.ts";
import { cell } from "./statistics.ts";

const mib = 1024 * 1024;
const sizes = { short: [100, 512], standard: [100, 1024, 2048], long: [100, 1024, 10 * 1024] } as const;

/** The most memory of a fresh server that takes one file and reads it back, by the file's size. */
export async function memory(bench: Bench): Promise<Result> {
  const raw = [];
  for (const fileMib of sizes[bench.form]) {
    const server = await bench.startFresh();
    const agent = new Agent({ keepAlive: true });
    const bytes = randomBytes(64 * mib);
    const file = { name: `memory-${fileMib}`, sizeBytes: fileMib * mib, bytes };
    const cost = await measured(bench, server, async () => {
      await uploadFile(agent, server, file, []);
      await bench.settled(); // read back too, by this server or the other
    });
    agent.destroy();
    await server.stop();
    raw.push({ fileMib, ...cost });
  }
  const least = Math.min(...raw.map(({ peakMib }) => peakMib ?? 0));
  const rows = raw.map(({ fileMib, peakMib, seconds }) => ({
    "file MiB": fileMib,
    "peak MiB": cell(peakMib),
    "of the least": peakMib === null ? "" : cell(peakMib / least, 2),
    "s, sealed": cell(seconds, 1),
  }));
  return { name: "memory", title: "Memory of the server by the size of one file", rows, raw };
}
