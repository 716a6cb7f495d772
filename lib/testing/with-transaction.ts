import type { Database, Transaction } from "../context.ts";

type RunTransaction = (run: (tx: Transaction) => Promise<unknown>) => Promise<unknown>;

/** A client, or a transaction, in which transactions are made another way. */
export function withTransaction(db: Database, $transaction: RunTransaction): Database {
  return new Proxy(db, { get: (object, name) => (name === "$transaction" ? $transaction : Reflect.get(object, name)) });
}
