import type { WaitReason } from "../lib/protocol/index.ts";

/** A reason to wait, for people and programs. */
export type Waiting = {
  reason: WaitReason;
  /** A sentence for people. */
  detail: string;
  /** How long it will take; null: nobody knows. */
  untilMs: number | null;
};
