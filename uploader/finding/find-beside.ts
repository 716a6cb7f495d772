import { lstat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { sidecarEndings } from "../../lib/protocol/index.ts";
import {
  type CaptureHints,
  checkSidecar,
  mergeHints,
  noHints,
  type SidecarFile,
  type SidecarProblem,
} from "../sidecars/index.ts";
import { companionNames } from "./companions.ts";

/** Names that a recording's sidecars may have. */
export function sidecarNames(recording: string): string[] {
  return sidecarEndings.flatMap((ending) => companionNames(recording, `.${ending}`));
}

/** Names of what lies beside a recording and says something about it. */
export async function companionsBeside(path: string): Promise<Set<string>> {
  const recording = basename(path);
  const names = [".done", ".event"].flatMap((ending) => companionNames(recording, ending));
  const found = new Set<string>();
  for (const name of [...names, ...sidecarNames(recording)])
    if ((await lstat(join(dirname(path), name)).catch(() => null)) !== null) found.add(name);
  return found;
}

/** What lies beside one recording now, for whoever sends it without watching its folder. */
export async function findBeside(
  path: string,
): Promise<{ hints: CaptureHints; sidecars: SidecarFile[]; badSidecars: SidecarProblem[] }> {
  const recording = basename(path);
  const companions = await companionsBeside(path);
  const sidecars: SidecarFile[] = [];
  const badSidecars: SidecarProblem[] = [];
  for (const name of sidecarNames(recording).filter((one) => companions.has(one))) {
    const checked = await checkSidecar(join(dirname(path), name));
    if ("sha256" in checked) sidecars.push(checked);
    else badSidecars.push(checked);
  }
  const isEvent = companionNames(recording, ".event").some((name) => companions.has(name));
  const hints = sidecars.reduce((merged, sidecar) => mergeHints(merged, sidecar.hints), { ...noHints, isEvent });
  return { hints, sidecars, badSidecars };
}
