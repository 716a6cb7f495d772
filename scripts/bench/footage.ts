import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { Agent } from "node:http";
import { join } from "node:path";
import type { Bench, Result } from "./bench.ts";
import { uploadFile } from "./client.ts";
import { measured } from "./measure.ts";
import { cell } from "./statistics.ts";

const framesPerSecond = 30;
const clipSeconds = 10;
const bitsPerSecond = 8_000_000;
const cameras = 32;

/** Ten seconds of 1080p at 8 Mbit/s, constant, as cameras send; random bytes of the same size where there is no ffmpeg. */
function makeClip(bench: Bench): { bytes: Buffer; isReal: boolean } {
  const file = join(bench.dataDir, "clip.mp4");
  const source = `testsrc2=size=1920x1080:rate=${framesPerSecond}:duration=${clipSeconds},noise=alls=40:allf=t`;
  const rate = ["-b:v", `${bitsPerSecond}`, "-minrate", `${bitsPerSecond}`, "-maxrate", `${bitsPerSecond}`];
  const coding = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", ...rate, "-bufsize", "8M"];
  try {
    execFileSync("ffmpeg", ["-v", "error", "-f", "lavfi", "-i", source, ...coding, "-y", file], { stdio: "ignore" });
    return { bytes: readFileSync(file), isReal: true };
  } catch {
    return { bytes: randomBytes((bitsPerSecond / 8) * clipSeconds), isReal: false };
  }
}

/** Frames of 1080p footage that are taken in a second: 32 cameras send a clip each, until all are sealed. */
export async function footage(bench: Bench): Promise<Result> {
  const { bytes, isReal } = makeClip(bench);
  const agent = new Agent({ keepAlive: true, maxSockets: cameras });
  const pieces = bytes.subarray(0, Math.min(bytes.byteLength, 8 * 1024 * 1024));
  const clips = bench.form === "short" ? cameras : cameras * 3;
  const cost = await measured(bench, bench.ours, async () => {
    let next = 0;
    const camera = async () => {
      while (next < clips) {
        const file = { name: `clip-${next++}`, sizeBytes: bytes.byteLength, bytes: pieces };
        await uploadFile(agent, bench.ours, file, []);
      }
    };
    await Promise.all(Array.from({ length: cameras }, camera));
    await bench.settled();
  });
  agent.destroy();
  const frames = clips * clipSeconds * framesPerSecond;
  const rows = [
    {
      clip: `${isReal ? "H.264" : "random bytes"}, ${(bytes.byteLength / 1e6).toFixed(1)} MB for ${clipSeconds * framesPerSecond} frames`,
      clips,
      "frames/s, sealed": cell(frames / cost.seconds),
      "cameras at 30 fps": cell(frames / cost.seconds / framesPerSecond),
      "peak MiB": cell(cost.peakMib),
    },
  ];
  return { name: "footage", title: "1080p footage taken in and sealed", rows, raw: { clips, frames, isReal, ...cost } };
}
