import { expect, it } from "vitest";
import type { Chain } from "../chain/chain.ts";
import type { World } from "../delivery/world.ts";
import { Problem, type ProblemKind } from "../problems.ts";
import { sendOnce } from "./statement-lane.ts";

/** Sends statements 1 to 3 to an archive that does not take the second. @returns those that arrived, and the failure */
async function sendPast(kind: ProblemKind) {
  const sent: number[] = [];
  const chain = {
    unsent: [1, 2, 3],
    read: async (sequence: number) => String(sequence),
    sent: async (sequence: number) => void sent.push(sequence),
  };
  const postStatement = async (jws: string) => {
    if (jws === "2") throw new Problem(kind, "no");
  };
  const world = { archive: { postStatement }, signal: new AbortController().signal };
  const failure = sendOnce(chain as unknown as Chain, world as unknown as World);
  await expect(failure).rejects.toMatchObject({ kind });
  return sent;
}

it("brings the statements behind one that is refused for good, and keeps that one", async () => {
  expect(await sendPast("refused")).toEqual([1, 3]);
});

it("keeps to the order where a failure passes", async () => {
  expect(await sendPast("again")).toEqual([1]);
});
