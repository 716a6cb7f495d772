import { BadLink } from "../../../uploader/testing/bad-link.ts";
import { Field } from "../../../uploader/testing/field.ts";
import { linkProfiles } from "../../../uploader/testing/link-profiles.ts";
import { Modem } from "../../../uploader/testing/modem.ts";
import type { Result } from "../bench.ts";
import { cell } from "../statistics.ts";
import { type UploaderBench, watchProcess } from "./uploader-bench.ts";

const mib = 1024 * 1024;
/** From what a good modem holds to what a bad one does. */
const buffersBytes = [32 * 1024, 256 * 1024];

/**
 * `lte-edge` in real time with the rate in the kernel: what left the interface, beyond the file. Cuts and delays are as
 * in the profile.
 */
export async function modem(bench: UploaderBench): Promise<Result> {
  const title = "lte-edge in real time, counted at the interface";
  const raw = [];
  for (const bufferBytes of buffersBytes) {
    const figures = await sendBehind(bench, bufferBytes, bench.isShort ? 1 : 4);
    if (typeof figures === "string") return { name: "modem", title, rows: [{ "left out": figures }], raw: [] };
    raw.push(figures);
  }
  const over = (bytes: number, fileMib: number) => `${cell((bytes / (fileMib * mib) - 1) * 100, 1)} %`;
  const rows = raw.map(({ bufferBytes, fileMib, leftBytes, arrivedBytes, writtenBytes, cuts, seconds }) => ({
    "modem's buffer": `${bufferBytes / 1024} KiB`,
    "file MiB": fileMib,
    "left the interface, beyond its size": over(leftBytes, fileMib),
    "arrived, beyond its size": over(arrivedBytes, fileMib),
    "handed to the kernel, beyond its size": over(writtenBytes, fileMib),
    cuts,
    s: cell(seconds, 1),
  }));
  return { name: "modem", title, rows, raw };
}

async function sendBehind(bench: UploaderBench, bufferBytes: number, fileMib: number) {
  const { upBytesPerSecond, downBytesPerSecond, ...profile } = linkProfiles["lte-edge"];
  let modem: Modem;
  try {
    modem = Modem.open({ upBytesPerSecond, downBytesPerSecond, bufferBytes });
  } catch (error) {
    return `a network namespace with a slow interface cannot be made here: ${error instanceof Error ? error.message.split("\n")[0] : error}`;
  }
  const target = Number(new URL(bench.server).port);
  const link = await BadLink.open({ target, profile, seed: 11, host: modem.host });
  const field = await Field.open({ ...bench, identity: "enrolled", via: link.url });
  try {
    const file = await field.make("rear.bin", fileMib * mib);
    const before = { left: modem.sentBytes(), arrived: link.passed.up };
    const startedAtMs = performance.now();
    const uploader = field.start(["push", file.path, "--settle", "0"], { node: modem.node });
    const watched = watchProcess(uploader.child);
    const { code, stderr } = await uploader.ended;
    if (code !== 0) throw new Error(`Behind the modem the uploader ended with ${code}: ${stderr}`);
    return {
      bufferBytes,
      fileMib,
      leftBytes: modem.sentBytes() - before.left,
      arrivedBytes: link.passed.up - before.arrived,
      writtenBytes: watched.taken().writtenBytes,
      cuts: link.connections.cut,
      seconds: (performance.now() - startedAtMs) / 1000,
    };
  } finally {
    await field.close();
    await link.close();
    modem.close();
  }
}
