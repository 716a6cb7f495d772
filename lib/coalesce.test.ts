import { expect, test } from "vitest";
import { coalesced } from "./coalesce.ts";

test("who asks at the same time shares one reading, and nobody gets one that began before they asked", async () => {
  const begun: PromiseWithResolvers<string>[] = [];
  const key = {};
  const ask = coalesced(
    () => {
      const run = Promise.withResolvers<string>();
      begun.push(run);
      return run.promise;
    },
    () => key,
  );
  const first = [ask(null), ask(null)];
  await expect.poll(() => begun.length).toBe(1);
  const second = [ask(null), ask(null), ask(null)];
  begun[0]?.resolve("one");
  expect(await Promise.all(first)).toEqual(["one", "one"]);
  await expect.poll(() => begun.length).toBe(2);
  begun[1]?.reject(new Error("the database is away"));
  for (const asked of second) await expect(asked).rejects.toThrow("away");
  const third = ask(null);
  await expect.poll(() => begun.length).toBe(3);
  begun[2]?.resolve("three");
  expect(await third).toBe("three");
});
