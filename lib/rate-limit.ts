import { RateLimiterPostgres } from "rate-limiter-flexible";
import type { Database } from "./context.ts";

// The limiter speaks to node-postgres and the domain holds Prisma's client, so queries are handed through.
// Its times in milliseconds need 64 bits, which Prisma takes and gives as bigint.
function storeOf(db: Database) {
  return {
    query: async ({ text, values = [] }: { text: string; values?: unknown[] }) => {
      const parameters = values.map((value) => (typeof value === "number" && value > 2 ** 31 ? BigInt(value) : value));
      const rows = await db.$queryRawUnsafe<{ points: number; expire: bigint | null }[]>(text, ...parameters);
      return {
        rows: rows.map((row) => ({ ...row, expire: row.expire === null ? null : Number(row.expire) })),
        rowCount: rows.length,
      };
    },
  };
}

/** A limit that all processes share, as it counts in the database. */
export function openRateLimit(
  db: Database,
  limit: {
    /** Keeps the keys of one limit apart from those of others. */
    prefix: string;
    points: number;
    windowSeconds: number;
    /** Clears the table of what ran out, for all limits. */
    clears?: boolean;
  },
): RateLimiterPostgres {
  return new RateLimiterPostgres({
    storeClient: storeOf(db),
    storeType: "client",
    tableName: "login_limit",
    tableCreated: true,
    duration: limit.windowSeconds,
    keyPrefix: limit.prefix,
    points: limit.points,
    clearExpiredByTimeout: limit.clears === true,
  });
}
