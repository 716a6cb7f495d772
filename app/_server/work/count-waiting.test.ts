import { describe, expect, test } from "vitest";
import { factories, useTestDatabase } from "@/lib/testing/index.ts";
import { countWaiting } from "./index";

describe("what waits, in the frame of every page", () => {
  const world = useTestDatabase();

  async function contextOf(over: object) {
    const actor = await factories.makeAdmin(world().db);
    return { ...world().context(actor, over), actor };
  }

  test("is counted", async () => {
    await factories.makeDevice(world().db);
    expect(await countWaiting(await contextOf({}))).toMatchObject({ devices: { count: 1 } });
  });

  test("is left out when it cannot be counted, which the log tells and the page survives", async () => {
    const told: unknown[] = [];
    const log = { ...world().context().log, error: (...line: unknown[]) => told.push(line) };
    const db = new Proxy(world().db, {
      get: (target, name) => {
        if (name === "account") throw new Error("the table is gone");
        return Reflect.get(target, name);
      },
    });
    expect(await countWaiting(await contextOf({ log, db }))).toEqual({});
    expect(told).toMatchObject([[{ err: { message: "the table is gone" } }, expect.any(String)]]);
  });
});
