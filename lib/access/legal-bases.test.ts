import { expect, test } from "vitest";
import { LegalBasis, OrganisationKind } from "../../generated/prisma/client.ts";
import { answerBy, legalBasesFor, mayClaim } from "./legal-bases.ts";

test("every basis can be claimed by someone, and the operator claims none", () => {
  expect(legalBasesFor("operator")).toEqual([]);
  for (const basis of Object.values(LegalBasis)) {
    expect(Object.values(OrganisationKind).some((kind) => mayClaim(kind, basis))).toBe(true);
  }
});

test("a form offers exactly what may be claimed", () => {
  for (const kind of Object.values(OrganisationKind)) {
    const offered = legalBasesFor(kind).map(({ value }) => value);
    expect(offered).toEqual(Object.values(LegalBasis).filter((basis) => mayClaim(kind, basis)));
  }
  expect(legalBasesFor("police").map(({ label }) => label)).toContain("Police request");
  expect(mayClaim("insurer", "warrant")).toBe(false);
});

test("an answer is due within hours in an emergency and within a month for one's own data", () => {
  const asked = new Date("2026-03-02T08:00:00Z");
  expect(answerBy("emergency", asked).toISOString()).toBe("2026-03-02T16:00:00.000Z");
  expect(answerBy("data_subject_access", asked).toISOString()).toBe("2026-04-01T08:00:00.000Z");
});
