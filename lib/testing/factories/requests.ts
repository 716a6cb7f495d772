import type { Prisma } from "../../../generated/prisma/client.ts";
import type { Database } from "../../context.ts";
import { newId } from "../../ids.ts";
import { madeAt, nextNumber } from "./defaults.ts";
import { makeOfficer, makeRequester, type TestPerson } from "./people.ts";
import { makeRecording } from "./recordings.ts";

const thirtyDaysMs = 30 * 24 * 60 * 60 * 1000;

type RequestOptions = { requester?: TestPerson; data?: Partial<Prisma.RequestUncheckedCreateInput> };

/** Makes a submitted request of a police requester. Only the row: the order's bytes are not stored. */
export async function makeRequest(db: Database, options: RequestOptions = {}) {
  const requester = options.requester ?? (await makeRequester(db));
  const number = nextNumber();
  return db.request.create({
    data: {
      id: newId("request"),
      requesterId: requester.accountId,
      organisationId: requester.organisationId,
      place: "Bank branch, Gran Vía 1",
      intervalFrom: new Date("2026-03-02T08:00:00Z"),
      intervalUntil: new Date("2026-03-02T10:00:00Z"),
      timeZone: "Europe/Madrid",
      legalBasis: "police_request",
      authority: "Comisaría Centro",
      reference: `AT-${number}`,
      purpose: "Robbery",
      orderFileName: "order.pdf",
      orderSizeBytes: 1000,
      orderSha256: new Uint8Array(32),
      createdAt: madeAt,
      answerBy: new Date(madeAt.getTime() + thirtyDaysMs),
      ...options.data,
    },
  });
}

type ReleaseOptions = {
  requester?: TestPerson;
  recordingIds?: string[];
  openedAt?: Date;
  openUntil?: Date;
};

/** Makes a request with two approvals by two officers and its open release. */
export async function makeRelease(db: Database, options: ReleaseOptions = {}) {
  const requester = options.requester ?? (await makeRequester(db));
  const officers = [await makeOfficer(db), await makeOfficer(db)] as const;
  const recordingIds = options.recordingIds ?? [(await makeRecording(db)).id];
  const request = await makeRequest(db, { requester, data: { state: "released" } });
  const scopeSha256 = new Uint8Array(32).fill(1);
  await db.requestRecording.createMany({
    data: recordingIds.map((recordingId) => ({
      requestId: request.id,
      recordingId,
      decision: "included" as const,
      decidedById: officers[0].accountId,
      decidedAt: madeAt,
    })),
  });
  for (const [index, officer] of officers.entries()) {
    await db.approval.create({
      data: {
        id: newId("approval"),
        requestId: request.id,
        approverId: officer.accountId,
        ordinal: index + 1,
        scopeSha256,
        approvedAt: madeAt,
      },
    });
  }
  const openedAt = options.openedAt ?? new Date("2026-05-30T08:00:00Z");
  const release = await db.release.create({
    data: {
      id: newId("release"),
      requestId: request.id,
      requesterId: requester.accountId,
      scopeSha256,
      openedAt,
      openUntil: options.openUntil ?? new Date(openedAt.getTime() + thirtyDaysMs),
      recordings: { create: recordingIds.map((recordingId) => ({ recordingId })) },
    },
    include: { recordings: true },
  });
  return { ...release, request, requester, officers, recordingIds };
}
