export { changeSetting } from "./change-setting.ts";
export { getSettings, listSettings, type SettingRow } from "./get-settings.ts";
export type { SettingKey, Settings } from "./settings.ts";
