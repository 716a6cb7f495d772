import { PrismaPg } from "@prisma/adapter-pg";
import pg from "pg";
import { PrismaClient } from "../generated/prisma/client.ts";
import type { Database } from "./context.ts";
import { type Sql, sqlOf } from "./sql.ts";

/** An open database: Prisma's client, and the pool below it for what needs SQL of its own. */
export type OpenDatabase = { db: Database; sql: Sql; pool: pg.Pool; close: () => Promise<void> };

type DatabaseOptions = {
  /** Connections this process may hold. */
  poolSize: number;
  /** Told of connections that break while nobody uses them; the pool replaces them. */
  onError?: (error: Error) => void;
};

/**
 * Opens the database; the first connection is made at the first query. A caller waits at most 10 s for a
 * connection and a transaction may last 30 s, so that a stuck one cannot hold rows for ever.
 */
export function openDatabase(databaseUrl: string, options: DatabaseOptions): OpenDatabase {
  const pool = new pg.Pool({
    connectionString: databaseUrl,
    max: options.poolSize,
    connectionTimeoutMillis: 10_000,
    idleTimeoutMillis: 60_000,
    keepAlive: true,
    idle_in_transaction_session_timeout: 60_000,
    application_name: "strongroom",
  });
  let isClosing = false;
  // Without a listener, a database that restarts would end this process.
  pool.on("error", (error) => {
    // While we close, a database that stops is no news.
    if (!isClosing) options.onError?.(error);
  });
  const db = new PrismaClient({
    adapter: new PrismaPg(pool),
    transactionOptions: { maxWait: 10_000, timeout: 30_000 },
  });
  return {
    db,
    sql: sqlOf(pool),
    pool,
    close: async () => {
      isClosing = true;
      await db.$disconnect();
      await pool.end();
    },
  };
}
