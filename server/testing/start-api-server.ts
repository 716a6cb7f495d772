import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { ApiServerSettings } from "./api-server.ts";

/** A running server process. */
export type ApiServer = {
  url: string;
  process: ChildProcess;
  /** Ends it at once, as a power cut would end the process. */
  kill(): Promise<void>;
  /** Ends it as an operator would. */
  stop(): Promise<void>;
};

/** The routes under app/ share modules with the server, which must then be the ones on disk. */
function programFor({ hasRoutes }: ApiServerSettings): string {
  const bundle = hasRoutes === true ? undefined : process.env.TEST_API_SERVER;
  return bundle ?? join(import.meta.dirname, "api-server.ts");
}

/** Starts a server process and waits until it listens. */
export async function startApiServer(settings: ApiServerSettings): Promise<ApiServer> {
  const child = fork(programFor(settings), [JSON.stringify(settings)], {
    execArgv: ["--disable-warning=ExperimentalWarning"],
    env: { ...process.env, ...settings.environment },
    // What a server says is no result: standard output is for who started us.
    stdio: ["ignore", 2, 2, "ipc"],
  });
  const started = await Promise.race([once(child, "message"), once(child, "exit")]);
  const [message] = started;
  if (typeof message !== "object" || message === null) throw new Error(`The server ended with ${String(message)}`);
  const end = async (signal: NodeJS.Signals) => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    child.kill(signal);
    await ended;
  };
  return {
    url: `http://127.0.0.1:${message.port}`,
    process: child,
    kill: () => end("SIGKILL"),
    stop: () => end("SIGTERM"),
  };
}
