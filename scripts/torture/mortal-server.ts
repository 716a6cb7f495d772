import { setTimeout as sleep } from "node:timers/promises";
import type { ApiServerSettings } from "../../server/testing/api-server.ts";
import { type ApiServer, startApiServer } from "../../server/testing/start-api-server.ts";

// Short leases, so that a minute holds many deaths.
const timing = { leaseMs: 1_500, renewMs: 300, checkpointMs: 300 };

/** A server process that is killed and started again. */
export class MortalServer {
  readonly #settings: ApiServerSettings;
  readonly #onOwnDeath: (sentence: string) => void;
  #running: ApiServer | null = null;

  /** @param onOwnDeath told when it ends without being asked to */
  constructor(settings: ApiServerSettings, onOwnDeath: (sentence: string) => void) {
    this.#onOwnDeath = onOwnDeath;
    this.#settings = { timing, ...settings, settings: { LOG_LEVEL: "silent" } };
  }

  /** Where it listens; null while it does not run. */
  get url(): string | null {
    return this.#running?.url ?? null;
  }

  /** Starts it, again and again while the database is away. */
  async start(): Promise<void> {
    for (let tries = 0; this.#running === null; tries++) {
      try {
        const running = await startApiServer(this.#settings);
        this.#running = running;
        running.process.once("exit", (code) => {
          if (this.#running === running) this.#onOwnDeath(`a server ended by itself with ${code}`);
        });
      } catch (error) {
        if (tries > 60) throw error;
        await sleep(500);
      }
    }
  }

  async kill(): Promise<void> {
    const running = this.#running;
    this.#running = null;
    await running?.kill();
  }

  /** As an operator stops it; one that does not end in time is killed. */
  async stop(): Promise<void> {
    const running = this.#running;
    this.#running = null;
    const timer = setTimeout(() => void running?.kill(), 20_000);
    await running?.stop();
    clearTimeout(timer);
  }

  /** Stops its clock, longer than a lease or not, and lets it go on as if nothing had been. */
  async freeze(milliseconds: number): Promise<void> {
    this.#running?.process.kill("SIGSTOP");
    await sleep(milliseconds);
    this.#running?.process.kill("SIGCONT");
  }
}
