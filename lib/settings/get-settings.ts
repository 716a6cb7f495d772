import type { Context, Database, Transaction } from "../context.ts";
import { authoriseOperator } from "../people/index.ts";
import { type Settings, settingDefinitions, settingKeys } from "./settings.ts";
import type { SettingRow } from "./types.ts";

/** All settings, for the archive's own use. What is not stored, or no longer valid, is the default. */
export async function getSettings(db: Database | Transaction): Promise<Settings> {
  const rows = await db.setting.findMany();
  const stored = new Map(rows.map((row) => [row.key, row.value]));
  const entries = settingKeys.map((key) => {
    const { schema, fallback } = settingDefinitions[key];
    const result = schema.safeParse(stored.get(key));
    return [key, stored.has(key) && result.success ? result.data : fallback];
  });
  return Object.fromEntries(entries) as Settings; // each value came from its own key's schema or default
}

/**
 * All settings with their explanations.
 *
 * @throws AppError unauthenticated, forbidden
 */
export async function listSettings(ctx: Context): Promise<SettingRow[]> {
  await authoriseOperator(ctx, "settings.read");
  const values = await getSettings(ctx.db);
  const rows = await ctx.db.setting.findMany({ select: { key: true, updatedAt: true } });
  const updatedAt = new Map(rows.map((row) => [row.key, row.updatedAt]));
  return settingKeys.map((key) => {
    const { label, help, fallback } = settingDefinitions[key];
    return { key, label, help, fallback, value: values[key], updatedAt: updatedAt.get(key) ?? null };
  });
}
