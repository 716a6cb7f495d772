import { type ChildProcess, execFile, fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { Ended } from "./command-host.ts";

const flags = ["--disable-warning=ExperimentalWarning", "--disable-warning=DeprecationWarning"];

/** An operator at a shell with these settings in its environment. */
export class Operator {
  readonly #env: NodeJS.ProcessEnv;
  #host: ChildProcess | null = null;

  constructor(env: NodeJS.ProcessEnv) {
    this.#env = env;
  }

  /** Runs a command as the shell does, in a process of its own. */
  runAlone(...args: string[]): Promise<Ended> {
    const program = join(import.meta.dirname, "../strongroom.ts");
    return new Promise((resolve) => {
      const child = execFile(process.execPath, [...flags, program, ...args], { env: this.#env }, (_, out, err) =>
        resolve({ code: child.exitCode ?? -1, out, err }),
      );
    });
  }

  /** Runs a command in a process that has run others before, one at a time. */
  async run(...args: string[]): Promise<Ended> {
    this.#host ??= this.#startHost();
    const host = this.#host;
    const over = new AbortController();
    const ended = ["message", "exit"].map((name) => once(host, name, over));
    host.send(args);
    const [answer] = await Promise.race(ended).finally(() => over.abort());
    if (typeof answer !== "object" || answer === null) throw new Error(`The commands' process ended: ${answer}`);
    return answer;
  }

  #startHost(): ChildProcess {
    const path = join(import.meta.dirname, "command-host.ts");
    return fork(path, { execArgv: flags, env: this.#env, stdio: ["ignore", 2, 2, "ipc"] });
  }

  /** Ends the process of the commands; it ends by itself only if none of them left something open. */
  async leave(): Promise<void> {
    if (this.#host === null) return;
    const ended = once(this.#host, "exit");
    this.#host.disconnect();
    await ended;
  }
}
