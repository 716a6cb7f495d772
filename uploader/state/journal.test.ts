import { beforeEach, describe, expect, it } from "vitest";
import { seededRandom } from "../../e2e/support/proxy.ts";
import { MemoryDisk } from "../testing/memory-disk.ts";
import { Journal } from "./journal.ts";
import { decodeLine, encodeLine } from "./journal-line.ts";
import type { Range } from "./scan-journal.ts";

const folder = "/state";
const path = "/state/journal";
const ignore = () => undefined;

describe("Journal", () => {
  let disk = new MemoryDisk();
  beforeEach(() => {
    disk = new MemoryDisk();
  });

  /** Opens the journal as a new process does. */
  async function open() {
    const bodies: string[] = [];
    const ranges: Range[] = [];
    const journal = await Journal.open(disk.connect(), folder, (body, range) => {
      bodies.push(body);
      ranges.push(range);
    });
    return { journal, bodies, ranges };
  }

  it("reads back what was appended, also over several opens", async () => {
    const { journal } = await open();
    const ranges: Range[] = [];
    await Promise.all(["a", "bé", "{}"].map((body) => journal.append(body, true, (range) => ranges.push(range))));
    expect(await journal.readAt(() => ranges[1] ?? null)).toBe("bé");
    await journal.close();
    const again = await open();
    await again.journal.append("d", true, ignore);
    expect((await open()).bodies).toEqual(["a", "bé", "{}", "d"]);
  });

  it("reads back lines longer than its blocks, and refuses what it could not read back", async () => {
    const { journal } = await open();
    const bodies = [100_000, 300_000, 999_999].map((lengthBytes) => "x".repeat(lengthBytes));
    for (const body of ["before", ...bodies]) await journal.append(body, true, ignore);
    const [tooLong, after] = await Promise.allSettled(
      ["x".repeat(1_000_000), "after"].map((body) => journal.append(body, true, ignore)),
    );
    expect([tooLong?.status, after?.status, journal.alarm]).toEqual(["rejected", "fulfilled", null]);
    const again = await open();
    expect(again.bodies).toEqual(["before", ...bodies, "after"]);
    expect(again.journal.damage).toBeNull();
  });

  it("shares one sync among lines that are appended together", async () => {
    const { journal } = await open();
    let syncs = 0;
    disk.before = (call, at) => {
      if (call === "sync" && at === path) syncs += 1;
    };
    await Promise.all(Array.from({ length: 100 }, (_, index) => journal.append(String(index), true, ignore)));
    expect(syncs).toBeLessThanOrEqual(2);
  });

  it("cuts off a tail that is torn, at every byte", async () => {
    const { journal } = await open();
    for (const body of ["first", "second", "third"]) await journal.append(body, true, ignore);
    const whole = disk.content(path) ?? Buffer.alloc(0);
    const lines = whole.toString().split("\n");
    for (let length = 0; length < whole.length; length++) {
      disk.damage(path, whole.subarray(0, length));
      const found = await open();
      const expected = ["first", "second", "third"].slice(
        0,
        whole.subarray(0, length).toString().split("\n").length - 1,
      );
      expect(found.bodies).toEqual(expected);
      expect(found.journal.damage).toBeNull();
      await found.journal.append("next", true, ignore);
      expect((await open()).bodies).toEqual([...expected, "next"]);
    }
    expect(lines).toHaveLength(4);
  });

  it("keeps every readable line around damage, and sets that aside once", async () => {
    const { journal } = await open();
    for (let index = 0; index < 50; index++) await journal.append(`line ${index} ${"x".repeat(200)}`, true, ignore);
    const whole = Buffer.from(disk.content(path) ?? "");
    whole.fill(0, 4096, 8192);
    disk.damage(path, whole);
    const { journal: mended, bodies, ranges } = await open();
    expect(bodies.length).toBeGreaterThan(25);
    expect(bodies.length).toBeLessThan(50);
    expect(bodies.at(-1)).toMatch(/^line 49/);
    expect(mended.damage).toMatch(/set aside in damaged\//);
    await mended.compact(() => ({ lines: ranges, onMoved: ignore }));
    const after = await open();
    expect(after.bodies).toEqual(bodies);
    expect(after.journal.damage).toBeNull();
    expect((await disk.connect().list(`${folder}/damaged`)).length).toBe(1);
  });

  it("keeps the newest of what it set aside, on a medium that goes bad with every start", async () => {
    const { journal } = await open();
    for (const body of ["a", "b"]) await journal.append(body, true, ignore);
    const bytes = Buffer.from(disk.content(path) ?? "");
    bytes[0] = 0;
    disk.damage(path, bytes);
    for (let at = 10; at < 40; at++) disk.damage(`${folder}/damaged/journal.17000000000${at}.0`, Buffer.from("before"));
    disk.damage(`${folder}/damaged/other`, Buffer.from("not ours"));
    const { journal: mended } = await open();
    const kept = await disk.connect().list(`${folder}/damaged`);
    expect(kept).toHaveLength(21);
    expect(kept).toContain("other");
    expect(kept).not.toContain("journal.1700000000020.0");
    expect(kept.some((name) => mended.damage?.includes(name))).toBe(true);
  });

  it("notices lines that vanished without a trace", async () => {
    const { journal } = await open();
    for (const body of ["a", "b", "c"]) await journal.append(body, true, ignore);
    const lines = (disk.content(path) ?? Buffer.alloc(0)).toString().split("\n");
    disk.damage(path, Buffer.from([lines[0], lines[2], ""].join("\n")));
    const { journal: mended, bodies } = await open();
    expect(bodies).toEqual(["a", "c"]);
    expect(mended.damage).not.toBeNull();
  });

  it("acknowledges nothing on a full disk but what the reserve takes, says so, and works again", async () => {
    const { journal } = await open();
    await journal.append("before", true, ignore);
    disk.capacityBytes = 300_000;
    const written = ["before"];
    let refused = 0;
    for (let index = 0; index < 400; index++)
      await journal.append(`${index} ${"x".repeat(1000)}`, true, ignore).then(
        () => written.push(`${index} ${"x".repeat(1000)}`),
        (problem: unknown) => {
          refused += 1;
          expect(problem).toMatchObject({ kind: "again" });
        },
      );
    // The reserve was there for just this.
    expect(written.length).toBeGreaterThan(250);
    expect(refused).toBeGreaterThan(50);
    expect(journal.alarm).toMatch(/takes no more|reserve/);
    expect((await open()).bodies).toEqual(written);
    disk.capacityBytes = Number.POSITIVE_INFINITY;
    const again = await open();
    await again.journal.append("after", true, ignore);
    expect(again.journal.alarm).toBeNull();
    expect((await open()).bodies).toEqual([...written, "after"]);
  });

  it("takes nothing for durable that a sync failed on, and writes it anew", async () => {
    const { journal } = await open();
    await journal.append("kept", true, ignore);
    await journal.append("noted", false, ignore);
    let failures = 2;
    disk.before = (call, at) => {
      if (call === "sync" && at === path && failures-- > 0) throw Object.assign(new Error("EIO"), { code: "EIO" });
    };
    await expect(journal.append("lost", true, ignore)).rejects.toMatchObject({ kind: "again" });
    await expect(journal.append("lost too", true, ignore)).rejects.toMatchObject({ kind: "again" });
    expect(journal.alarm).not.toBeNull();
    await journal.append("next", true, ignore);
    disk.cutPower(() => 0);
    expect((await open()).bodies).toEqual(["kept", "noted", "next"]);
  });

  it("is the old file or the new one, whatever call a compaction ends at", async () => {
    const bodies = Array.from({ length: 40 }, (_, index) => `line ${index} ${"x".repeat(300)}`);
    for (let end = 1; ; end++) {
      disk = new MemoryDisk();
      const { journal } = await open();
      const ranges: Range[] = [];
      for (const body of bodies) await journal.append(body, true, (range) => ranges.push(range));
      const random = seededRandom(end);
      let calls = 0;
      disk.before = () => {
        calls += 1;
        if (calls === end) disk.cutPower(random);
      };
      const live = ranges.filter((_, index) => index % 2 === 0);
      const isDone = await journal
        .compact(() => ({ lines: live, onMoved: ignore }))
        .then(
          () => true,
          () => false,
        );
      disk.before = ignore;
      const found = await open();
      expect([40, 20]).toContain(found.bodies.length);
      expect(found.journal.damage).toBeNull();
      if (isDone && calls < end) break;
      await found.journal.append("after", true, ignore);
      disk.cutPower(random);
      expect((await open()).bodies.at(-1)).toBe("after");
    }
  });

  it("loses no line that it called durable, over power cuts at any call", async () => {
    for (let seed = 1; seed <= 150; seed++) expect(await liveThrough(seed)).toBe(true);
  });

  it("fails the same test on a disk that lies about syncing", async () => {
    const results = [];
    for (let seed = 1; seed <= 20; seed++) results.push(await liveThrough(seed, true));
    expect(results).toContain(false);
  });

  /** Appends, compacts and loses power at random. @returns whether every durable line was there each time */
  async function liveThrough(seed: number, liesAboutSync = false): Promise<boolean> {
    const random = seededRandom(seed);
    disk = new MemoryDisk();
    disk.liesAboutSync = liesAboutSync;
    const durable = new Set<string>();
    let next = 0;
    for (let boot = 0; boot < 4; boot++) {
      let calls = 1 + Math.floor(random() * 60);
      disk.before = () => {
        calls -= 1;
        if (calls === 0) disk.cutPower(random);
      };
      const ranges = new Map<string, Range>();
      try {
        const journal = await Journal.open(disk.connect(), folder, (body, range) => void ranges.set(body, range));
        for (const body of durable) if (!ranges.has(body)) return false;
        // A batch that was torn in its middle looks like damage; what it held was promised to nobody.
        if (journal.damage !== null)
          await journal.compact(() => {
            const bodies = [...ranges.keys()];
            return {
              lines: [...ranges.values()],
              onMoved: (index, range) => void ranges.set(bodies[index] ?? "", range),
            };
          });
        for (;;) {
          const batch = Array.from({ length: 1 + Math.floor(random() * 3) }, async () => {
            const body = `${next++} ${"x".repeat(Math.floor(random() * 3000))}`;
            const isDurable = random() < 0.6;
            await journal.append(body, isDurable, (range) => void ranges.set(body, range));
            if (isDurable) durable.add(body);
          });
          await Promise.all(batch);
          if (random() < 0.2)
            await journal.compact(() => {
              const bodies = [...ranges.keys()];
              return {
                lines: [...ranges.values()],
                onMoved: (index, range) => void ranges.set(bodies[index] ?? "", range),
              };
            });
        }
      } catch {
        // The power is gone; the next process finds what is left.
      }
    }
    return true;
  }
});

describe("decodeLine", () => {
  it("reads what encodeLine wrote, and nothing that differs in a bit", () => {
    const line = encodeLine(7, '{"name":"Colón"}').subarray(0, -1);
    expect(decodeLine(line)).toEqual({ number: 7, body: '{"name":"Colón"}' });
    for (let at = 0; at < line.length; at++) {
      const flipped = Buffer.from(line);
      flipped[at] = (flipped[at] ?? 0) ^ 1;
      expect(decodeLine(flipped)).toBeNull();
    }
  });
});
