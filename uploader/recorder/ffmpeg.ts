import { execFile } from "node:child_process";
import { messageOf, Problem, systemCode } from "../problems.ts";

const oldestMajor = 5;
const howToInstall =
  "Install it: apt install ffmpeg (Debian 12, Ubuntu 24.04, Raspberry Pi OS 12 or newer), apk add ffmpeg, or dnf install ffmpeg; or name it with --ffmpeg PATH.";

/**
 * What ffmpeg sees of the environment: nothing of ours, which may hold a token. Cuts by the clock count from midnight,
 * and UTC makes that one and the same everywhere.
 */
export const ffmpegEnvironment = {
  NODE_ENV: "production",
  TZ: "UTC",
  PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
} as const;

/**
 * Finds out which ffmpeg there is.
 *
 * @returns its version
 * @throws Problem "usage" that says how to install one, or that it is too old
 */
export async function ffmpegVersion(ffmpeg: string): Promise<string> {
  const said = await new Promise<string>((resolve, reject) =>
    execFile(ffmpeg, ["-version"], { timeout: 10_000, env: ffmpegEnvironment }, (error, stdout) =>
      error ? reject(error) : resolve(stdout),
    ),
  ).catch((error: unknown) => {
    if (systemCode(error) === "ENOENT")
      throw new Problem("usage", `Recording needs ffmpeg, and there is no ${ffmpeg}. ${howToInstall}`);
    throw new Problem("usage", `${ffmpeg} cannot be run: ${messageOf(error)}. ${howToInstall}`);
  });
  const version = /^ffmpeg version (\S+)/.exec(said)?.[1];
  if (version === undefined) throw new Problem("usage", `${ffmpeg} is no ffmpeg. ${howToInstall}`);
  // A version built from its repository, such as N-109542 or git-2026, has no number and is taken as new.
  const major = /^n?(\d+)\./.exec(version)?.[1];
  if (major !== undefined && Number(major) < oldestMajor)
    throw new Problem(
      "usage",
      `ffmpeg ${version} is too old; recording needs ${oldestMajor}.0 or newer. ${howToInstall}`,
    );
  return version;
}
