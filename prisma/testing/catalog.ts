import type pg from "pg";

const queries = [
  `SELECT 'column ' || concat_ws(' ', table_name, column_name, udt_name, datetime_precision, character_maximum_length,
     is_nullable, column_default) FROM information_schema.columns WHERE table_schema = 'public'
     AND table_name <> '_prisma_migrations'`,
  `SELECT 'enum ' || typname || ' ' || string_agg(enumlabel, ' ' ORDER BY enumsortorder)
     FROM pg_enum JOIN pg_type t ON t.oid = enumtypid GROUP BY typname`,
  `SELECT 'constraint ' || conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid)
     FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND contype IN ('p', 'u', 'f')
     AND conrelid::regclass::text <> '_prisma_migrations'`,
  `SELECT 'index ' || indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename <> '_prisma_migrations'`,
];

/** All that Prisma can express about a database, a line for each column, enum, key and index, sorted. */
export async function catalogOf(client: pg.Client): Promise<string[]> {
  const lines: string[] = [];
  for (const text of queries) {
    const { rows } = await client.query<[string]>({ text, rowMode: "array" });
    lines.push(...rows.map(([line]) => line));
  }
  return lines.sort();
}
