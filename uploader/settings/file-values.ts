import type { LocalFile } from "./local-file.ts";
import type { SettingValues } from "./merge.ts";

/** Flags as they were parsed. */
export type FlagValues = Readonly<Record<string, string | boolean | (string | boolean)[] | undefined>>;
type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The local file's members as the flags that they stand for, so that a command reads both alike. A member gives way to
 * the environment, and to any flag that says the same.
 */
export function flagsOf(file: LocalFile, given: FlagValues, environment: Environment): FlagValues {
  const isSet = (name: string) => (environment[name] ?? "") !== "";
  const hasToken = given.token !== undefined || isSet("STRONGROOM_TOKEN") || isSet("STRONGROOM_TOKEN_FILE");
  const hasState = isSet("STRONGROOM_STATE_DIR") || isSet("STATE_DIRECTORY");
  const flags: Record<string, string | string[] | undefined> = {
    server: isSet("STRONGROOM_SERVER") ? undefined : file.server,
    "token-file": hasToken ? undefined : file.tokenFile,
    "state-dir": hasState ? undefined : file.stateFolder,
    watch: file.watch,
    include: file.include?.join(","),
    source: file.source,
    alias: file.alias,
    place: file.place,
    metadata: file.metadata === undefined ? undefined : JSON.stringify(file.metadata),
    "chunk-size": file.chunkSizeBytes === undefined ? undefined : String(file.chunkSizeBytes),
    metrics: file.metrics,
  };
  return { ...Object.fromEntries(Object.entries(flags).filter(([, value]) => value !== undefined)), ...given };
}

/** What flags of `run` decide of the settings that an archive decides otherwise. They were checked before. */
export function settingsOf(given: FlagValues): SettingValues {
  const values: Record<string, unknown> = {};
  const number = (flag: string, path: string) => {
    if (typeof given[flag] === "string") values[path] = Number(given[flag]);
  };
  number("parallel", "transfer.parallel");
  number("settle", "find.settleSeconds");
  number("incomplete-after", "find.incompleteAfterSeconds");
  number("rescan", "find.rescanSeconds");
  if (given["delete-after-seal"] === true) {
    values["deletion.policy"] = "after_receipt";
    values["deletion.holdHours"] = 0;
  }
  return values;
}
