import { mkdir, mkdtemp, rename, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Sha256Hex } from "../../lib/protocol/index.ts";
import { Figures } from "../delivery/figures.ts";
import type { World } from "../delivery/world.ts";
import { identityOf } from "../file-identity.ts";
import { readDrops } from "../finding/enqueue-drop.ts";
import type { FileRecord } from "../state/file-record.ts";
import { StateStore } from "../state/state-store.ts";
import { Classifier } from "./file-class.ts";
import { Intake } from "./intake.ts";
import { Scheduler } from "./scheduler.ts";
import { WantedFiles } from "./wanted-files.ts";

const server = "https://archive.test";

describe("Intake", () => {
  let folder = "";
  let store: StateStore;
  let stated: [string, string][] = [];
  let scheduler: Scheduler;
  let intake: Intake;
  let wantsReceipts = false;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "intake-"));
    await mkdir(join(folder, "card/day"), { recursive: true });
    store = await StateStore.open(join(folder, "state"));
    stated = [];
    wantsReceipts = false;
    const chain = { tombstone: async ({ file }: FileRecord, reason: string) => void stated.push([file, reason]) };
    const settings = { waitsForSeal: true };
    const signal = new AbortController().signal;
    // As much of a world as finding needs.
    const world = {
      ...{ archive: { server }, store, chain, settings, figures: new Figures(), signal, report: () => undefined },
    } as unknown as World;
    scheduler = new Scheduler({ whyNot: () => null });
    const wanted = new WantedFiles();
    intake = new Intake({
      settings: {
        ...{ folders: [join(folder, "card")], extensions: new Set(["avi"]), segmentLists: [], sidecarWaitMs: 0 },
        ...{ settle: { settleMs: 0, incompleteAfterMs: 0 }, vanishedAfterMs: 0, keepRecordsMs: 0 },
      },
      ...{
        world,
        scheduler,
        classifier: new Classifier([join(folder, "card")]),
        wanted,
        wantsReceipts: () => wantsReceipts,
      },
    });
  });
  afterEach(async () => {
    await store.close();
    await rm(folder, { recursive: true, force: true });
  });

  const path = (name: string) => join(folder, "card", name);

  /** A file that was described by an earlier process. */
  async function described(name: string, phase: FileRecord["phase"] = "described"): Promise<void> {
    await writeFile(path(name), name);
    await store.write(
      {
        ...{ file: path(name), server, identity: identityOf(await stat(path(name))), mediaType: "video/x-msvideo" },
        ...{ sha256: "a".repeat(64) as Sha256Hex, manifestSha256: "b".repeat(64) as Sha256Hex, sequence: 1 },
        ...{ chunkSizeBytes: 400_000, class: "bulk", capturedFrom: null, sidecars: [], uploadUrl: null },
        ...{
          recording: null,
          acknowledgedBytes: 0,
          phase,
          receiptedAtRunMs: null,
          foundAtRunMs: null,
          isDeleted: false,
          goneAtRunMs: null,
        },
        ...{ problem: null, retryAt: null, updatedAt: "" },
      },
      true,
    );
  }

  const paths = (stage: string) => [...scheduler.jobs()].filter((job) => job.stage === stage).map((job) => job.path);

  it("queues what was under way before it looks at the folders, and leaves alone what is sealed", async () => {
    await described("a.avi");
    await described("b.avi", "sealed");
    await described("c.avi", "delivered");
    await intake.restore();
    expect(paths("described")).toEqual([path("a.avi")]);
    expect(paths("delivered")).toEqual([path("c.avi")]);
    await writeFile(path("new.avi"), "new");
    await intake.scan();
    await intake.scan();
    expect(paths("found")).toEqual([path("new.avi")]);
    expect(scheduler.size).toBe(3);
  });

  it("asks for the receipt of what was sealed when the last life ended, where receipts are wanted", async () => {
    await described("a.avi", "sealed");
    wantsReceipts = true;
    await intake.restore();
    expect(paths("delivered")).toEqual([path("a.avi")]);
  });

  it("takes a file with a time that no date can have", async () => {
    await described("a.avi");
    const record = await store.read(server, path("a.avi"));
    if (record === null) throw new Error("It was just written.");
    for (const modifiedMs of [1e17, -1e17]) {
      const { orderMs } = intake.queue({ ...record, identity: { ...record.identity, modifiedMs } });
      expect(new Date(orderMs).toISOString()).toMatch(/^[+-]27\d{4}-/);
    }
  });

  it("has a file deleted in its turn that was away when it was taken for deleted", async () => {
    await described("a.avi", "sealed");
    const record = await store.read(server, path("a.avi"));
    if (record === null) throw new Error("It was just written.");
    await store.write({ ...record, isDeleted: true, receiptedAtRunMs: 1 }, true);
    await rename(path("a.avi"), join(folder, "a.avi"));
    await intake.scan();
    expect((await store.read(server, path("a.avi")))?.isDeleted).toBe(true);
    await rename(join(folder, "a.avi"), path("a.avi"));
    // A rename moves the change time; a card that comes back does not.
    const identity = identityOf(await stat(path("a.avi")));
    await store.write({ ...record, identity, isDeleted: true, receiptedAtRunMs: 1 }, true);
    await intake.scan();
    expect((await store.read(server, path("a.avi")))?.isDeleted).toBe(false);
    // Its receipt was packed away: nothing is deleted before it is here again.
    wantsReceipts = true;
    await store.write({ ...record, identity, receiptedAtRunMs: 1, goneAtRunMs: 5 }, true);
    await intake.scan();
    expect(await store.read(server, path("a.avi"))).toMatchObject({ receiptedAtRunMs: null, goneAtRunMs: null });
    expect(paths("delivered")).toEqual([path("a.avi")]);
  });

  it("finds a file anew that changed, also where no folder is watched", async () => {
    await intake.keepInView(path("a.avi"));
    await intake.keepInView(join(folder, "elsewhere.avi"));
    const drops = await readDrops(join(folder, "state"), () => undefined);
    expect(drops.map((drop) => drop.path)).toEqual([join(folder, "elsewhere.avi")]);
  });

  it("states that a removed file will not come, while others are still there", async () => {
    await described("a.avi");
    await described("b.avi");
    await intake.restore();
    await rm(path("a.avi"));
    await intake.scan();
    expect(stated).toEqual([[path("a.avi"), "vanished"]]);
    expect(await store.read(server, path("a.avi"))).toMatchObject({ phase: "gone" });
    expect(paths("described")).toEqual([path("b.avi")]);
  });

  it("lets go of a card's files at once, and not by going through the rest for each of them", async () => {
    for (let i = 0; i < 50; i++) await writeFile(path(`day/${i}.avi`), "new");
    await intake.scan();
    await intake.scan();
    expect(paths("found")).toHaveLength(50);
    const stop = new AbortController();
    const taken = scheduler.take("bulk", stop.signal).catch(() => null);
    const looks = vi.spyOn(scheduler, "next");
    await rm(path("day"), { recursive: true });
    await intake.scan();
    expect(scheduler.size).toBe(0);
    expect(looks.mock.calls.length).toBeLessThan(5);
    stop.abort();
    await taken;
  });

  it("takes a card that is away for away, and a folder that is gone too", async () => {
    await described("a.avi");
    await described("day/b.avi");
    await intake.restore();
    await rename(path("day"), join(folder, "elsewhere"));
    await intake.scan();
    expect(stated).toEqual([]);
    await rm(path("a.avi"));
    await intake.scan();
    expect(stated).toEqual([]);
    await rename(join(folder, "elsewhere"), path("day"));
    await intake.scan();
    expect(stated).toEqual([[path("a.avi"), "vanished"]]);
    expect(paths("described")).toEqual([path("day/b.avi")]);
  });

  it("takes an empty folder for a card that is away, and what nobody may read for away too", async () => {
    await mkdir(path("lost+found"));
    await writeFile(path("lost+found/a.avi"), "nobody's");
    expect(intake.isAway(path("day/a.avi"))).toBe(true);
    await intake.scan();
    expect([intake.isAway(path("day/a.avi")), intake.isAway(join(folder, "a.avi"))]).toEqual([true, null]);
    await writeFile(path("b.avi"), "b");
    await intake.scan();
    expect(intake.isAway(path("day/a.avi"))).toBe(false);
  });

  it("does not mind a file that is gone when every byte of it is over there, or when somebody has it in hand", async () => {
    await described("a.avi", "delivered");
    await described("b.avi");
    await described("c.avi");
    await intake.restore();
    const job = scheduler.get(path("b.avi"));
    if (job !== null) scheduler.hold(job);
    await rm(path("a.avi"));
    await rm(path("b.avi"));
    await intake.scan();
    expect(stated).toEqual([]);
    expect(scheduler.size).toBe(3);
  });
});
