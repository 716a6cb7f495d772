import { readFileSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import pg from "pg";
import { type RunningPostgres, startPostgres } from "../../lib/postgres/index.ts";

/**
 * A PostgreSQL of its own that can be killed and started again. Its address stays the same, through a forwarder,
 * because each start of the embedded one takes another port.
 */
export class MortalDatabase {
  readonly #dir: string;
  readonly #sockets = new Set<Socket>();
  #running: RunningPostgres;
  #forwarder: Server;
  /** Address of the archive's database. */
  readonly url: string;

  private constructor(dir: string, running: RunningPostgres, forwarder: Server) {
    this.#dir = dir;
    this.#running = running;
    this.#forwarder = forwarder;
    const url = new URL(running.url);
    url.port = String((forwarder.address() as AddressInfo).port); // a TCP server's address is never a path
    this.url = url.href;
  }

  /** Starts one in a directory, with everything that keeps its word through a crash. */
  static async start(dir: string): Promise<MortalDatabase> {
    const running = await startPostgres(dir, "durable");
    const forwarder = createServer({ pauseOnConnect: true });
    await new Promise<void>((resolve) => forwarder.listen(0, "127.0.0.1", resolve));
    const database = new MortalDatabase(dir, running, forwarder);
    forwarder.on("connection", (socket) => database.#forward(socket));
    return database;
  }

  #forward(socket: Socket): void {
    const onward = connect(Number(new URL(this.#running.url).port), "127.0.0.1");
    for (const [one, other] of [
      [socket, onward],
      [onward, socket],
    ] as const) {
      this.#sockets.add(one);
      one.setNoDelay(true);
      one.on("error", () => other.destroy());
      one.on("close", () => {
        this.#sockets.delete(one);
        other.destroy();
      });
      one.pipe(other);
    }
  }

  /** Kills the postmaster as a crash would, and starts PostgreSQL again, which recovers by itself. */
  async crash(): Promise<void> {
    const pid = await this.#postmasterPid();
    process.kill(pid, "SIGKILL");
    for (const socket of this.#sockets) socket.destroy();
    this.#running = await startPostgres(this.#dir, "durable");
  }

  async #postmasterPid(): Promise<number> {
    const client = new pg.Client({ connectionString: this.#running.url });
    await client.connect();
    try {
      const { rows } = await client.query("SHOW data_directory");
      return Number(readFileSync(join(String(rows[0]?.data_directory), "postmaster.pid"), "utf8").split("\n")[0]);
    } finally {
      await client.end();
    }
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#forwarder.close(resolve));
    await this.#running.stop();
  }
}
