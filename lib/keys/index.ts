export { activeKey } from "./active-key.ts";
export { ensureSigningKeys, logOriginOf } from "./ensure-keys.ts";
export { listSigningKeys, publicKeys } from "./list-keys.ts";
export { type RotateKey, rotateSigningKey } from "./rotate-key.ts";
export type { KeyRow } from "./types.ts";
