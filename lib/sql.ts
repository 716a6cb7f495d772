import type pg from "pg";
import type { Transaction } from "./context.ts";

/** A statement of our own that is run very often: each connection parses and plans it once, under its name. */
export type Statement = { name: string; text: string };

/**
 * Runs a statement and returns its rows as the plain driver reads them: a bigint is text. For the few statements
 * of each PATCH, where Prisma's client costs more than the database does.
 */
export type Sql = <Row extends object>(statement: Statement, values: readonly unknown[]) => Promise<Row[]>;

/** On any connection of the pool. */
export function sqlOf(pool: pg.Pool): Sql {
  return async <Row extends object>({ name, text }: Statement, values: readonly unknown[]) =>
    (await pool.query<Row>({ name, text, values: [...values] })).rows;
}

/** In a transaction of Prisma's client. A bigint is a BigInt here: what is read should do for both. */
export function sqlIn(tx: Transaction): Sql {
  return <Row extends object>({ text }: Statement, values: readonly unknown[]) =>
    tx.$queryRawUnsafe<Row[]>(text, ...values);
}
