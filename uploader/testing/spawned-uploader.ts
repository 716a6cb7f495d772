import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import type { UploaderEvent } from "../report/events.ts";

/** How a spawned uploader ended. */
export type Ended = { code: number | null; events: UploaderEvent[]; stderr: string };

/** An uploader in a process of its own, from the bundle, as on a device. */
export class SpawnedUploader {
  readonly child: ChildProcess;
  readonly events: UploaderEvent[] = [];
  readonly ended: Promise<Ended>;
  readonly #isWrapped: boolean;
  #stderr = "";
  #listeners = new Set<() => void>();

  /**
   * @param args command and flags; --json is added
   * @param node what runs the bundle: a Node, or a program with arguments that runs one
   */
  constructor(
    bundle: string,
    args: readonly string[],
    environment: Record<string, string> = {},
    node: string | readonly string[] = process.execPath,
  ) {
    // A Node with flags of its own is no wrapper.
    this.#isWrapped = typeof node !== "string" && node[0] !== process.execPath;
    const [program = process.execPath, ...before] = typeof node === "string" ? [node] : node;
    this.child = spawn(program, [...before, bundle, ...args, "--json"], {
      stdio: ["ignore", "pipe", "pipe"],
      env: { NODE_ENV: "production", PATH: process.env.PATH ?? "", HOME: "/nonexistent", ...environment },
    });
    let rest = "";
    this.child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) this.events.push(JSON.parse(line));
      for (const listener of this.#listeners) listener();
    });
    this.child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.#stderr += text;
    });
    this.ended = new Promise((resolve, reject) => {
      this.child.once("error", reject);
      this.child.once("close", (code) => resolve({ code, events: this.events, stderr: this.#stderr }));
    });
  }

  /** The first event of a kind, past or future. Rejects when the process ends without one. */
  async event<Kind extends UploaderEvent["event"]>(
    kind: Kind,
    test: (event: Extract<UploaderEvent, { event: Kind }>) => boolean = () => true,
  ): Promise<Extract<UploaderEvent, { event: Kind }>> {
    const isWanted = (event: UploaderEvent): event is Extract<UploaderEvent, { event: Kind }> =>
      // Extract<…> by the very field that is compared here.
      event.event === kind && test(event as Extract<UploaderEvent, { event: Kind }>);
    const found = new Promise<Extract<UploaderEvent, { event: Kind }>>((resolve) => {
      const look = () => {
        const match = this.events.find(isWanted);
        if (match === undefined) return;
        this.#listeners.delete(look);
        resolve(match);
      };
      this.#listeners.add(look);
      look();
    });
    const over = this.ended.then(({ code, events, stderr }) => {
      const match = events.find(isWanted);
      if (match !== undefined) return match;
      throw new Error(`Ended with ${code} before "${kind}": ${JSON.stringify(events)} ${stderr}`);
    });
    return Promise.race([found, over]);
  }

  /** Ends it as a power cut would. */
  async kill(signal: NodeJS.Signals = "SIGKILL"): Promise<Ended> {
    // A tracer that is killed lets its program go on, and one that is asked to end waits for it.
    if (this.#isWrapped) for (const pid of childrenOf(this.child.pid)) process.kill(pid, signal);
    else this.child.kill(signal);
    return this.ended;
  }
}

function childrenOf(pid: number | undefined): number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ").filter(Boolean).map(Number);
  } catch {
    return []; // it has ended
  }
}
