import { createServer, type Socket } from "node:net";
import { expect, test } from "vitest";
import { isDatabaseAway } from "./database-errors.ts";
import { openDatabase } from "./db.ts";

/** A port behind which there is no PostgreSQL, but something that does this with each connection. */
async function askOf(behave: (socket: Socket) => void, ask: "pool" | "raw" | "model"): Promise<unknown> {
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    behave(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("A TCP server has a port.");
  const { db, pool, close } = openDatabase(`postgresql://nobody@127.0.0.1:${address.port}/none`, { poolSize: 2 });
  const asks = {
    pool: () => pool.query("SELECT 1"),
    raw: () => db.$queryRaw`SELECT 1`,
    model: () => db.site.count(),
  };
  try {
    return await asks[ask]().then(
      () => null,
      (error: unknown) => error,
    );
  } finally {
    await close();
    server.close();
  }
}

const ends: [string, (socket: Socket) => void][] = [
  ["closes", (socket) => void socket.end()],
  ["resets", (socket) => void socket.resetAndDestroy()],
  ["closes at the first message", (socket) => void socket.once("data", () => socket.end())],
  ["resets at the first message", (socket) => void socket.once("data", () => socket.resetAndDestroy())],
];

test.each(ends.flatMap(([what, end]) => (["pool", "raw", "model"] as const).map((ask) => [what, ask, end] as const)))(
  "a database that %s is away, as a query of %s finds",
  async (_what, ask, end) => {
    const error = await askOf(end, ask);
    expect(error).toBeInstanceOf(Error);
    expect(isDatabaseAway(error), String(error)).toBe(true);
  },
);

test.each(["something else", "Connection is a word too"])(
  "an error of ours is no absence of the database: %s",
  (text) => {
    expect(isDatabaseAway(new Error(text))).toBe(false);
    expect(isDatabaseAway(Object.assign(new Error(text), { code: "P2010" }))).toBe(false);
  },
);
