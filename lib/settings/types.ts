import type { SettingKey } from "./settings.ts";

/** One setting as a screen shows it. */
export type SettingRow = {
  key: SettingKey;
  label: string;
  help: string;
  value: string | number;
  fallback: string | number;
  /** Null: it is the default. */
  updatedAt: Date | null;
};
