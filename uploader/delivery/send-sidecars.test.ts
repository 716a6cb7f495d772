import { createHash } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Sha256Hex } from "../../lib/protocol/index.ts";
import { Problem } from "../problems.ts";
import type { FileRecord, SidecarNote } from "../state/file-record.ts";
import type { RecordKeeper } from "./record-keeper.ts";
import { sendSidecars } from "./send-sidecars.ts";
import type { World } from "./world.ts";

describe("sendSidecars", () => {
  let folder = "";
  let told: string[] = [];
  let puts: string[] = [];
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "sidecars-"));
    [told, puts] = [[], []];
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const note = async (name: string): Promise<SidecarNote> => {
    const file = join(folder, name);
    await writeFile(file, name);
    const sha256 = createHash("sha256").update(name).digest("hex") as Sha256Hex; // 32 bytes
    return { name, file, sizeBytes: name.length, sha256, isDelivered: false, isLeft: false };
  };

  /** Sends two sidecars to an archive that answers so to the first one. @returns how they stand then */
  async function sendTo(answer: (attempt: number) => void): Promise<SidecarNote[]> {
    const record = { file: "rear.mp4", recording: "R-1", sidecars: [await note("a.json"), await note("b.gpx")] };
    const keeper = {
      record,
      save: async (changes: Partial<FileRecord>) => void Object.assign(record, changes),
    } as unknown as RecordKeeper; // sending looks at nothing else of it
    const putSidecar = async (_recording: string, name: string) => {
      puts.push(name);
      if (name === "a.json") answer(puts.length);
    };
    const report = (event: object) => void told.push(JSON.stringify(event));
    const { signal } = new AbortController();
    const world = { archive: { putSidecar }, report, signal } as unknown as World; // as much as sending needs
    await sendSidecars(keeper, world);
    return record.sidecars;
  }

  it.each([
    ["too large", new Problem("refused", "The archive did not take it: 413."), 1],
    ["named by no manifest there", new Problem("again", "409.", { code: "conflict" }), 1],
    ["with other bytes there", new Problem("again", "460.", { code: "checksum_mismatch" }), 3],
  ])("leaves one that is %s, and goes on with the next", async (_why, problem, attempts) => {
    const sidecars = await sendTo(() => {
      throw problem;
    });
    expect(puts.filter((name) => name === "a.json")).toHaveLength(attempts);
    expect(sidecars).toMatchObject([
      { isDelivered: false, isLeft: true },
      { isDelivered: true, isLeft: false },
    ]);
    expect(told.join()).toContain("a.json does not travel and stays here");
  });

  it("brings one that was spoilt on the way once more", async () => {
    const sidecars = await sendTo((attempt) => {
      if (attempt === 1) throw new Problem("again", "460.", { code: "checksum_mismatch" });
    });
    expect(sidecars).toMatchObject([{ isDelivered: true }, { isDelivered: true }]);
  });

  it("does not call one delivered that changed, so that it is never deleted", async () => {
    const [first] = await sendTo(() => undefined);
    expect(first?.isDelivered).toBe(true);
    const changed = { ...(await note("c.json")), sizeBytes: 3 };
    const record = { file: "rear.mp4", recording: "R-1", sidecars: [changed] };
    const keeper = { record, save: async (changes: object) => void Object.assign(record, changes) };
    const world = { archive: {}, report: () => undefined } as unknown as World; // as before
    await sendSidecars(keeper as unknown as RecordKeeper, world);
    expect(record.sidecars).toMatchObject([{ isDelivered: false, isLeft: true }]);
  });

  it("decides nothing where the recording is not known, and keeps what passes for another time", async () => {
    const unknown = await sendTo(() => {
      throw new Problem("restart", "404.");
    });
    expect(unknown).toMatchObject([{ isDelivered: false, isLeft: false }, { isDelivered: false }]);
    await expect(
      sendTo(() => {
        throw new Problem("again", "503.");
      }),
    ).rejects.toThrow("503.");
  });
});
