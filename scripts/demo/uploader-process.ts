import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";

/** One line of `strongroom-uploader … --json`. */
export type UploaderEvent = { event: string; [field: string]: unknown };

/** A running uploader, as its own process, heard through its JSON lines. */
export class UploaderProcess {
  readonly #child: ChildProcess;
  readonly #events: UploaderEvent[] = [];
  readonly #listeners = new Set<() => void>();
  readonly exit: Promise<number | null>;

  /**
   * @param bundle path of the bundled uploader
   * @param args command and flags, without --json
   * @param token device token; handed over in the environment, where a process list does not show it
   */
  constructor(bundle: string, args: string[], token: string) {
    this.#child = spawn(process.execPath, [bundle, ...args, "--json"], {
      stdio: ["ignore", "pipe", "inherit"],
      env: { ...process.env, STRONGROOM_TOKEN: token },
    });
    if (this.#child.stdout !== null)
      createInterface({ input: this.#child.stdout }).on("line", (line) => {
        this.#events.push(JSON.parse(line));
        for (const listener of this.#listeners) listener();
      });
    this.exit = new Promise((resolve, reject) => {
      this.#child.once("error", reject);
      this.#child.once("close", (code) => {
        for (const listener of this.#listeners) listener();
        resolve(code);
      });
    });
  }

  /** The first event, past or future, that satisfies the test; null when the process ends without one. */
  async waitFor(test: (event: UploaderEvent) => boolean): Promise<UploaderEvent | null> {
    return new Promise((resolve) => {
      const look = () => {
        const found = this.#events.find(test);
        if (found === undefined && this.#child.exitCode === null && this.#child.signalCode === null) return;
        this.#listeners.delete(look);
        resolve(found ?? null);
      };
      this.#listeners.add(look);
      look();
    });
  }

  /** Ends the process at once, as a power cut would. */
  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.exit;
  }
}
