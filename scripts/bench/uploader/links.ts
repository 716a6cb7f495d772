import { BadLink } from "../../../uploader/testing/bad-link.ts";
import { Field } from "../../../uploader/testing/field.ts";
import type { LinkProfileName } from "../../../uploader/testing/link-profiles.ts";
import type { Result } from "../bench.ts";
import { cell } from "../statistics.ts";
import { type UploaderBench, watchProcess } from "./uploader-bench.ts";

const mib = 1024 * 1024;
/** Ten times as fast as the profile says, so that hours fit into minutes; time-outs of the uploader as well. */
const timeScale = 0.1;
const stallTimeoutS = 60 * timeScale;
const profiles: readonly { profile: LinkProfileName; fileMib: number }[] = [
  { profile: "lte-good", fileMib: 64 },
  { profile: "lte-edge", fileMib: 8 },
  { profile: "tunnel", fileMib: 192 },
  { profile: "depot-wifi", fileMib: 256 },
];

/** What a bad link costs: bytes that the uploader handed over, and those that came through, over the size of the file. */
export async function links(bench: UploaderBench): Promise<Result> {
  const raw = [];
  for (const { profile, fileMib } of profiles)
    raw.push(await sendThrough(bench, profile, bench.isShort ? fileMib / 4 : fileMib));
  const over = (bytes: number, fileMib: number) => `${cell((bytes / (fileMib * mib) - 1) * 100, 2)} %`;
  const rows = raw.map(({ profile, fileMib, upBytes, writtenBytes, cuts, retries, seconds }) => ({
    link: profile,
    "file MiB": fileMib,
    "handed over, beyond its size": over(writtenBytes, fileMib),
    "arrived, beyond its size": over(upBytes, fileMib),
    cuts,
    retries,
    "s, ten times as fast": cell(seconds, 1),
  }));
  return { name: "links", title: "Bytes sent twice on bad links, with what HTTP itself takes", rows, raw };
}

async function sendThrough(bench: UploaderBench, profile: LinkProfileName, fileMib: number) {
  const port = Number(new URL(bench.server).port);
  const link = await BadLink.open({ target: port, profile, seed: 11, timeScale });
  const field = await Field.open({ ...bench, identity: "enrolled", via: link.url });
  try {
    const file = await field.make("rear.bin", fileMib * mib);
    const before = link.passed.up;
    const startedAtMs = performance.now();
    const flags = ["--settle", "0", "--stall-timeout", String(stallTimeoutS)];
    const uploader = field.start(["push", file.path, ...flags]);
    const watched = watchProcess(uploader.child);
    const { code, events, stderr } = await uploader.ended;
    if (code !== 0) throw new Error(`Over ${profile} the uploader ended with ${code}: ${stderr}`);
    return {
      profile,
      fileMib,
      upBytes: link.passed.up - before,
      writtenBytes: watched.taken().writtenBytes,
      cuts: link.connections.cut,
      retries: events.filter(({ event }) => event === "retry").length,
      seconds: (performance.now() - startedAtMs) / 1000,
    };
  } finally {
    await field.close();
    await link.close();
  }
}
