import type { Database } from "../context.ts";

/** Adds events as they come when nobody looks, many at once: each names a person, whom no leaf may name. */
export async function addLogEvents(db: Database, count: number): Promise<void> {
  const event = {
    at: new Date("2026-06-01T08:00:00.123Z"),
    action: "upload.started",
    actorKind: "device" as const,
    actorId: "D-00000-00000",
    actorName: "Van 12 of Jane Roe",
    recordingId: "R-00000-00000",
    purpose: "for the police",
    details: { note: "plate 1234 ABC" },
    fromAddress: "198.51.100.7",
    userAgent: "agent of Jane",
    correlationId: "c0ffee",
  };
  await db.custodyEvent.createMany({ data: Array.from({ length: count }, () => event) });
}
