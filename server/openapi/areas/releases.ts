import { z } from "zod";
import { withdrawReleaseSchema } from "../../../lib/access/index.ts";
import type { ReleaseView } from "../../../lib/access/types.ts";
import type { Area } from "../operation.ts";
import { json, jsonBody } from "../operation.ts";
import { nothing, query, shapeOf, time } from "../shapes.ts";
import { contentOperations, releasedMembers } from "./recordings.ts";

export const releaseView = shapeOf<ReleaseView>()(
  z
    .strictObject({
      id: z.string(),
      requestId: z.string(),
      openedAt: time,
      openUntil: time,
      withdrawnAt: time.nullable(),
      withdrawReason: z.string().nullable(),
      isOpen: z.boolean(),
      recordings: z.array(z.strictObject(releasedMembers).meta({ id: "ReleasedRecording" })),
      unavailable: z.array(z.strictObject({ recordingId: z.string(), reason: z.string() })),
    })
    .meta({ id: "Release" }),
);

const whichRecording = query("recording", z.string().optional(), "Its id; may be missing when there is one.");

export const releases: Area = {
  name: "Releases",
  description: "What two officers let out, to the one who asked, for a time.",
  operations: [
    {
      method: "GET",
      path: "/api/releases/{id}",
      id: "getRelease",
      summary: "A requester's own release",
      caller: "person",
      answers: { 200: json("The release.", releaseView) },
      refuses: ["not_found"],
    },
    ...contentOperations("/api/releases/{id}/content", "ReleasedContent", [whichRecording]),
    {
      method: "POST",
      path: "/api/releases/{id}/withdrawal",
      id: "withdrawRelease",
      summary: "An officer ends it at once",
      caller: "person",
      body: jsonBody(withdrawReleaseSchema, "releaseId"),
      answers: { 200: json("Done.", nothing) },
      refuses: ["not_found", "state_conflict"],
    },
  ],
};
