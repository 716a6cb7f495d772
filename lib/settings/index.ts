export { changeSetting } from "./change-setting.ts";
export { getSettings, listSettings } from "./get-settings.ts";
export type { SettingKey, Settings } from "./settings.ts";
export type { SettingRow } from "./types.ts";
