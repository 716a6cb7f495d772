/** How the uploader ends, for scripts and service managers. Stable; docs/devices.md explains each. */
export const exitCodes = {
  ok: 0,
  internal: 1,
  usage: 2,
  failed: 3,
  authentication: 4,
  file: 5,
  gaveUp: 6,
  busy: 7,
  interrupted: 130,
  terminated: 143,
} as const;

/** One line for each code, for `--help`. */
export const exitCodeHelp: readonly (readonly [number, string])[] = [
  [exitCodes.ok, "all sealed (with --no-wait: all delivered); the receipt is valid"],
  [exitCodes.internal, "something unforeseen"],
  [exitCodes.usage, "wrong command line or setting"],
  [
    exitCodes.failed,
    "a recording was refused or quarantined; a receipt or an update is not valid; status --check or doctor found something",
  ],
  [exitCodes.authentication, "the archive refused the token; nothing is lost, push again with a valid one"],
  [exitCodes.file, "a file is missing, unreadable, empty or no regular file"],
  [exitCodes.gaveUp, "no progress for too long; nothing is lost, push again to go on"],
  [exitCodes.busy, "another uploader works on this file or state folder"],
  [exitCodes.interrupted, "interrupted (SIGINT); push again to go on"],
  [exitCodes.terminated, "terminated (SIGTERM); push again to go on"],
];

// With several files the gravest outcome counts: what needs a person first stands first.
const gravest = [
  exitCodes.internal,
  exitCodes.authentication,
  exitCodes.failed,
  exitCodes.file,
  exitCodes.busy,
  exitCodes.gaveUp,
];

/** One exit code for several outcomes. */
export function combinedExitCode(codes: readonly number[]): number {
  return gravest.find((code) => codes.includes(code)) ?? codes.find((code) => code !== exitCodes.ok) ?? exitCodes.ok;
}
