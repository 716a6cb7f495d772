import { execFile } from "node:child_process";
import { sleep } from "../patience.ts";
import { Interrupted } from "../problems.ts";
import type { Liveness } from "./liveness.ts";

const helperTimeoutMs = 10_000;
/** How often systemd's status line may change. */
const statusEveryMs = 30_000;

/** What systemd gave this process in its environment (sd_notify(3), sd_watchdog_enabled(3)). */
export type ServiceEnvironment = {
  socket: string | null;
  /** Null: systemd does not watch. */
  watchdogMs: number | null;
};

/** Reads what systemd gave; `pid` must be this process where systemd names one. */
export function serviceEnvironmentOf(
  environment: Readonly<Record<string, string | undefined>>,
  pid: number,
): ServiceEnvironment {
  const { NOTIFY_SOCKET, WATCHDOG_USEC, WATCHDOG_PID } = environment;
  const watchdogMs = Number(WATCHDOG_USEC) / 1000;
  const isOurs = WATCHDOG_PID === undefined || Number(WATCHDOG_PID) === pid;
  const isWatched = isOurs && Number.isFinite(watchdogMs) && watchdogMs > 0;
  return {
    socket: NOTIFY_SOCKET === undefined || NOTIFY_SOCKET === "" ? null : NOTIFY_SOCKET,
    watchdogMs: isWatched ? watchdogMs : null,
  };
}

/**
 * Tells systemd that the service is ready, lives and stops. Node has no datagram sockets of the Unix family, so the
 * helper systemd-notify speaks, which the unit allows with NotifyAccess=all. Without systemd every call does nothing.
 */
export class ServiceNotifier {
  readonly #environment: ServiceEnvironment;
  readonly #helper: (args: string[]) => Promise<void>;

  constructor(environment: ServiceEnvironment, helper: (args: string[]) => Promise<void> = runHelper) {
    this.#environment = environment;
    this.#helper = helper;
  }

  /** The service works. */
  ready(status: string): Promise<void> {
    return this.#tell(["--ready", `--status=${status}`]);
  }

  /** The service ends. */
  stopping(): Promise<void> {
    return this.#tell(["STOPPING=1"]);
  }

  /**
   * Feeds the watchdog for as long as every part moves; a daemon of which one part stands still is left to systemd,
   * which ends and starts it. Ends with the signal.
   */
  async watch(liveness: Liveness, status: () => string, signal: AbortSignal): Promise<void> {
    if (this.#environment.socket === null) return;
    const { watchdogMs } = this.#environment;
    // Two may be lost before the third, and systemd waits for none.
    const everyMs = watchdogMs === null ? statusEveryMs : Math.max(watchdogMs / 3, 100);
    try {
      for (;;) {
        await sleep(everyMs, signal);
        const { stuck } = liveness;
        if (stuck.length > 0) await this.#tell([`--status=Stands still: ${stuck.join(", ")}`]);
        else await this.#tell([...(watchdogMs === null ? [] : ["WATCHDOG=1"]), `--status=${status()}`]);
      }
    } catch (error) {
      if (!(error instanceof Interrupted)) throw error;
    }
  }

  async #tell(args: string[]): Promise<void> {
    if (this.#environment.socket === null) return;
    // A helper that fails must not take the daemon with it; systemd's own patience decides.
    await this.#helper(args).catch(() => undefined);
  }
}

function runHelper(args: string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    execFile("systemd-notify", args, { timeout: helperTimeoutMs }, (error) =>
      error === null ? resolve() : reject(error),
    );
  });
}
