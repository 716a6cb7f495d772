import { describe, expect, test } from "vitest";
import { RequestState } from "../../generated/prisma/client.ts";
import { factories, useTestDatabase } from "../testing/index.ts";
import { requestTransitions } from "./states.ts";

describe("transitions of a request", () => {
  const world = useTestDatabase();
  const states = Object.values(RequestState);
  const ended: RequestState[] = ["closed", "denied", "withdrawn", "expired"];
  const columns = (state: RequestState) => ({
    state,
    denialReason: state === "denied" ? "no" : null,
    endedAt: ended.includes(state) ? new Date() : null,
  });

  test.each(states)("the database allows from %s exactly what the table says", async (from) => {
    const { db } = world();
    const allowed: RequestState[] = [];
    for (const to of states.filter((state) => state !== from)) {
      const { id } = await factories.makeRequest(db, { data: columns(from) });
      const change = db.request.update({ where: { id }, data: columns(to) });
      if (
        await change.then(
          () => true,
          () => false,
        )
      )
        allowed.push(to);
    }
    expect(allowed.sort()).toEqual([...requestTransitions[from]].sort());
  });
});
