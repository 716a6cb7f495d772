import type { Context } from "../context.ts";
import { recordEvent } from "../custody/index.ts";
import { AppError, isAppError } from "../errors.ts";
import { parseInput } from "../input.ts";
import { authoriseOperator } from "../people/index.ts";
import { getSettings } from "./get-settings.ts";
import { type SettingKey, settingDefinitions, settingKeys } from "./settings.ts";

function isSettingKey(text: string): text is SettingKey {
  return (settingKeys as string[]).includes(text);
}

/**
 * Changes one setting; it holds from the next use on, for every server. Custody keeps both values.
 *
 * @throws AppError forbidden, invalid_input with the setting's name as the field
 */
export async function changeSetting(ctx: Context, input: { key: string; value: unknown }): Promise<void> {
  await authoriseOperator(ctx, "settings.change");
  const { key } = input;
  if (!isSettingKey(key)) throw new AppError("invalid_input", "There is no such setting.", { field: "key" });
  const after = parseValue(key, input.value);
  await ctx.db.$transaction(async (tx) => {
    // One change after the other, so that custody's "before" is true.
    await tx.$executeRaw`SELECT pg_advisory_xact_lock(hashtext('setting'), hashtext(${key}))`;
    const before = (await getSettings(tx))[key];
    if (before === after) return;
    const row = { value: after, updatedAt: ctx.clock.now() };
    await tx.setting.upsert({ where: { key }, create: { key, ...row }, update: row });
    await recordEvent(ctx, tx, { action: "setting.changed", details: { key, before, after } });
  });
}

function parseValue(key: SettingKey, value: unknown): string | number {
  try {
    return parseInput<(typeof settingDefinitions)[SettingKey]["schema"]>(settingDefinitions[key].schema, value);
  } catch (error) {
    if (!isAppError(error)) throw error;
    throw new AppError(error.code, error.message, { field: key });
  }
}
