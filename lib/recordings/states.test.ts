import { describe, expect, test } from "vitest";
import type { RecordingState } from "../../generated/prisma/client.ts";
import { factories, useTestDatabase } from "../testing/index.ts";
import { recordingTransitions } from "./states.ts";

// The keys of the table are all the states.
const states = Object.keys(recordingTransitions) as RecordingState[];
const steps = states.flatMap((from) => states.filter((to) => to !== from).map((to) => [from, to] as const));

describe("the table of a recording's states", () => {
  const world = useTestDatabase();

  test.each(steps)("and the database agree about %s to %s", async (from, to) => {
    const { db } = world();
    const { id } = await factories.makeRecording(db, { state: from });
    const moved = db.$executeRaw`UPDATE recording SET state = ${to}::recording_state WHERE id = ${id}`;
    // Other constraints may still ask for what belongs to the new state; the question is who is asked to leave.
    const message = await moved.then(
      () => "",
      (error: Error) => error.message,
    );
    const isAllowed = (recordingTransitions[from] as readonly RecordingState[]).includes(to);
    expect(message.includes(`cannot go from ${from} to ${to}`)).toBe(!isAllowed);
  });
});
