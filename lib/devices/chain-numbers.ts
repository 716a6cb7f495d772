import { Prisma } from "../../generated/prisma/client.ts";

/** Numbers that are one or many in a row. */
export type NumberRange = { first: number; last: number };

/** The numbers (`sequence`) of a device's chain that are here or explained by a tombstone, and believed. */
export function countedNumbers(deviceId: string): Prisma.Sql {
  return Prisma.sql`
    SELECT sequence FROM manifest WHERE device_id = ${deviceId} AND set_aside_at IS NULL
    UNION SELECT sequence FROM chain_statement WHERE device_id = ${deviceId} AND set_aside_at IS NULL
    UNION SELECT of_sequence FROM chain_statement
           WHERE device_id = ${deviceId} AND of_sequence IS NOT NULL AND set_aside_at IS NULL`;
}

/** As people write them, and custody keeps them: `2-4, 8`. */
export function rangesText(ranges: readonly NumberRange[]): string {
  return ranges.map(({ first, last }) => (first === last ? `${first}` : `${first}-${last}`)).join(", ");
}
