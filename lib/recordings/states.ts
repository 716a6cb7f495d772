import type { RecordingState } from "../../generated/prisma/client.ts";

/** Allowed transitions; the trigger recording_state_transition in the database holds the same table. */
export const recordingTransitions = {
  receiving: ["received"],
  received: ["sealed", "quarantined"],
  sealed: ["quarantined", "disposed"],
  quarantined: [],
  disposed: [],
} as const satisfies Record<RecordingState, readonly RecordingState[]>;
