import { describe, expect, it } from "vitest";
import type { AnnouncedView } from "../../lib/protocol/index.ts";
import { Problem } from "../problems.ts";
import { explainOrphans } from "./explain-orphans.ts";

const { signal } = new AbortController();

/** A chain of orphans by what the archive says to each, and what became of them. */
function orphans(answers: Record<string, "sealed" | "receiving" | Problem>) {
  const told: string[] = [];
  const lost = new Set(Object.keys(answers).map((_, index) => index + 1));
  const names = Object.keys(answers);
  const end = (word: string) => async (sequence: number) => {
    lost.delete(sequence);
    told.push(`${names[sequence - 1]} ${word}`);
  };
  const chain = {
    get lost() {
      return [...lost];
    },
    read: async (sequence: number) => names[sequence - 1] ?? null,
    tombstoneOrphan: end("will not come"),
    forget: end("is here"),
  };
  const archive = {
    announce: async (jws: string) => {
      const answer = answers[jws];
      if (answer instanceof Problem) throw answer;
      return { state: answer } as AnnouncedView;
    },
  };
  return { chain, archive, told, lost };
}

describe("manifests whose file never turned up", () => {
  it("are tombstoned, or forgotten when the archive has the recording", async () => {
    const { chain, archive, told } = orphans({ one: "sealed", two: "receiving" });
    await explainOrphans(chain, archive, signal);
    expect(told).toEqual(["one is here", "two will not come"]);
  });

  it("that the archive will never take are tombstoned, and hold up none of the others", async () => {
    const revoked = new Problem("authentication", "This key was revoked.", { code: "manifest_key_unknown" });
    const tooLarge = new Problem("refused", "This archive takes smaller files.", { code: "too_large" });
    const { chain, archive, told } = orphans({ one: revoked, two: tooLarge, three: "sealed" });
    await explainOrphans(chain, archive, signal);
    expect(told).toEqual(["one will not come", "two will not come", "three is here"]);
  });

  it("that it does not take now are asked about again, after the others", async () => {
    const full = new Problem("again", "The archive is full.");
    const { chain, archive, told, lost } = orphans({ one: full, two: "sealed" });
    await expect(explainOrphans(chain, archive, signal)).rejects.toBe(full);
    expect(told).toEqual(["two is here"]);
    expect([...lost]).toEqual([1]);
  });
});
