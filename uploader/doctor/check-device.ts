import { spawnSync } from "node:child_process";
import { access, constants, mkdir, rm, statfs } from "node:fs/promises";
import { join } from "node:path";
import { releaseFloorMs } from "../http/clock-floor.ts";
import { messageOf } from "../problems.ts";
import { sizeInWords } from "../report/words.ts";
import { replaceFile } from "../state/durable-file.ts";
import { type Check, fail, pass, skip, warn } from "./check.ts";

const littleBytes = 1_000_000_000;
/** A card that takes longer for one small file makes everything crawl. */
const slowMs = 1500;

/** What the checks of the device itself need to know. */
export type DeviceSubject = {
  stateFolder: string;
  folders: readonly string[];
  mayDelete: boolean;
  /** `run` records sources. */
  records: boolean;
  wallMs: () => number;
};

/** State folder, disk, watched folders, clock, ffmpeg: what needs no network. */
export function deviceChecks({ stateFolder, folders, mayDelete, records, wallMs }: DeviceSubject): Check[] {
  return [
    {
      name: "state folder",
      look: async () => {
        const probe = join(stateFolder, "doctor.probe");
        const beganAtMs = performance.now();
        try {
          await mkdir(stateFolder, { recursive: true, mode: 0o700 });
          await replaceFile(probe, "written and read by doctor\n", true);
          await rm(probe);
        } catch (error) {
          return fail(
            `${stateFolder} takes nothing: ${messageOf(error)}`,
            "Give it to the user of the service (sudo -u), free space, or look whether the disk has become read-only.",
          );
        }
        const tookMs = Math.round(performance.now() - beganAtMs);
        if (tookMs > slowMs)
          return warn(`${stateFolder} takes ${tookMs} ms for one small file`, "The card may be worn out: replace it.");
        return pass(`${stateFolder} takes a file durably in ${tookMs} ms`);
      },
    },
    {
      name: "disk",
      look: async () => {
        const disk = await statfs(folders[0] ?? stateFolder).catch(() => statfs(stateFolder));
        const freeBytes = disk.bavail * disk.bsize;
        const said = `${sizeInWords(freeBytes)} of ${sizeInWords(disk.blocks * disk.bsize)} free`;
        if (freeBytes >= littleBytes) return pass(said);
        return (freeBytes < littleBytes / 10 ? fail : warn)(
          said,
          "See why recordings are not sent (status), or let what has its receipt be deleted (deletion.policy).",
        );
      },
    },
    {
      name: "watched folders",
      look: async () => {
        if (folders.length === 0) return skip("none is named in the settings file");
        for (const folder of folders) {
          const isReadable = await can(folder, constants.R_OK | constants.X_OK);
          if (!isReadable)
            return fail(
              `${folder} cannot be read`,
              "Mount it, or put the service's user into the group of the recorder.",
            );
          if (mayDelete && !(await can(folder, constants.W_OK)))
            return warn(
              `${folder} cannot be written, so nothing in it can be deleted`,
              "Let the service's user write there (its group: chmod g+w) and install with --may-delete, or set deletion.policy to never.",
            );
        }
        return pass(folders.join(", "));
      },
    },
    {
      name: "clock",
      look: async () => {
        const now = wallMs();
        const date = new Date(now).toISOString();
        if (now >= releaseFloorMs) return pass(`it is ${date} here`);
        return warn(
          `it is ${date} here, which cannot be`,
          "Recordings go all the same; set the clock (timedatectl set-ntp true), or TLS and times will be wrong.",
        );
      },
    },
    {
      name: "ffmpeg",
      look: async () => {
        const said = spawnSync("ffmpeg", ["-version"], { encoding: "utf8", timeout: 10_000 });
        const version = /^ffmpeg version (\S+)/.exec(said.stdout ?? "")?.[1];
        if (version !== undefined) return pass(`version ${version}`);
        if (!records) return skip("not here; only recording needs it");
        return fail(
          "not here, and the settings file has sources to record",
          "apt install ffmpeg, or take recorders out.",
        );
      },
    },
  ];
}

async function can(path: string, mode: number): Promise<boolean> {
  return access(path, mode).then(
    () => true,
    () => false,
  );
}
