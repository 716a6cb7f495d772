import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** The production server as its own process. */
export class ArchiveProcess {
  readonly #child: ChildProcess;
  readonly exit: Promise<number | null>;

  constructor(root: string) {
    const args = [...process.execArgv, join(root, "server/main.ts")];
    const env = { ...process.env, NODE_ENV: "production" as const, LOG_LEVEL: process.env.LOG_LEVEL ?? "warn" };
    this.#child = spawn(process.execPath, args, { cwd: root, env, stdio: ["ignore", "ignore", "inherit"] });
    this.exit = new Promise((resolve, reject) => {
      this.#child.once("error", reject);
      this.#child.once("close", resolve);
    });
  }

  /** Waits until it answers. Throws when it ended before that; it has then said why itself. */
  async ready(url: string): Promise<void> {
    for (;;) {
      if (this.#child.exitCode !== null) throw new Error("The server did not start.");
      const answer = await fetch(`${url}/api/health/ready`).catch(() => null);
      if (answer?.ok) return;
      await sleep(150);
    }
  }

  /** Asks it to end well, and waits until it has. */
  async stop(): Promise<void> {
    this.#child.kill("SIGTERM");
    await this.exit;
  }
}
