import { execFileSync } from "node:child_process";
import {
  appendFile,
  cp,
  link,
  mkdir,
  mkdtemp,
  open,
  rename,
  rm,
  symlink,
  truncate,
  utimes,
  writeFile,
} from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type FileIdentity, isSameIdentity } from "../file-identity.ts";
import type { CaptureHints } from "../sidecars/index.ts";
import { dropEnqueue } from "./enqueue-drop.ts";
import { findBeside } from "./find-beside.ts";
import { Finder, type FinderSettings } from "./finder.ts";
import type { FoundFile, Standing } from "./found-file.ts";

const samples = join(import.meta.dirname, "../../samples/recordings");
const sample = join(samples, "van-07-cabin.mp4");
const noStop = new AbortController().signal;

let root = "";
let folder = "";
let clock = { nowMs: 1000, wallShiftMs: 0 };
let told: string[] = [];
let taken = new Map<string, { identity: FileIdentity; standing: Standing; sidecars: string[] }>();
let marked: [path: string, hints: CaptureHints][] = [];

const ledger = {
  standingOf: (path: string, identity: FileIdentity): Standing => {
    const known = taken.get(path);
    return known !== undefined && isSameIdentity(known.identity, identity) ? known.standing : "new";
  },
  settledAs: () => null,
  sidecarsOf: async (path: string) => taken.get(path)?.sidecars ?? null,
  mark: (path: string, hints: CaptureHints) => void marked.push([path, hints]),
};

function finderOf(settings: Partial<FinderSettings> = {}): Finder {
  return new Finder(
    {
      folders: [folder],
      extensions: new Set(["mp4", "mkv", "ts"]),
      settle: { settleMs: 10_000, incompleteAfterMs: 600_000 },
      segmentLists: [],
      sidecarWaitMs: 0,
      stateFolder: join(root, "state"),
      ...settings,
    },
    (file, message) => void told.push(`${file ?? ""} ${message}`),
    { monotonicMs: () => clock.nowMs, wallMs: () => Date.now() + clock.wallShiftMs },
  );
}

const scan = (finder: Finder) => finder.scan(ledger, noStop);
const proofs = (found: FoundFile[]) => found.map(({ path, proof }) => [path.slice(folder.length + 1), proof]);

async function put(name: string, from = sample): Promise<string> {
  const path = join(folder, name);
  await cp(from, path);
  return path;
}

function take(found: FoundFile, standing: Standing = "written"): void {
  taken.set(found.path, { identity: found.identity, standing, sidecars: found.sidecars.map(({ name }) => name) });
}

/** What a worker gets that opens it: its container, or why it may not have it. */
async function openIt(found: FoundFile | undefined) {
  const ready = await found?.ready();
  if (ready === undefined || !("handle" in ready)) return ready;
  await ready.handle.close();
  return ready.container;
}

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "finder-"));
  folder = join(root, "card");
  await mkdir(folder);
  clock = { nowMs: 1000, wallShiftMs: 0 };
  told = [];
  taken = new Map();
  marked = [];
});
afterEach(() => rm(root, { recursive: true, force: true }));

describe("a recording is finished", () => {
  it("at once, when it is renamed into place from a half-done name or a hidden one", async () => {
    const finder = finderOf();
    await put("a.mp4.part");
    await put(".b.mp4");
    expect(await scan(finder)).toEqual([]);
    await rename(join(folder, "a.mp4.part"), join(folder, "a.mp4"));
    await rename(join(folder, ".b.mp4"), join(folder, "b.mp4"));
    expect(proofs(await scan(finder)).sort()).toEqual([
      ["a.mp4", "renamed"],
      ["b.mp4", "renamed"],
    ]);
  });

  it("at once, when it is older than the last look at the folder, in which it was not", async () => {
    // As if the file had been made an hour ago.
    clock.wallShiftMs = 3_600_000;
    const finder = finderOf();
    await cp(sample, join(root, "elsewhere"));
    await scan(finder);
    await rename(join(root, "elsewhere"), join(folder, "moved.mp4"));
    expect(proofs(await scan(finder))).toEqual([["moved.mp4", "renamed"]]);
  });

  it("not by its age, when the date was set meanwhile or the folder is another", async () => {
    clock.wallShiftMs = 3_600_000;
    const finder = finderOf();
    await cp(sample, join(root, "elsewhere"));
    await scan(finder);
    clock.wallShiftMs = 30 * 365 * 86_400_000;
    await rename(join(root, "elsewhere"), join(folder, "moved.mp4"));
    expect(await scan(finder)).toEqual([]);
    await put("there.mp4");
    await mkdir(join(root, "other"));
    await rename(join(folder, "there.mp4"), join(root, "other/there.mp4"));
    await scan(finder);
    // As a card that is pulled out and another put in.
    await rm(folder, { recursive: true });
    await rename(join(root, "other"), folder);
    expect(await scan(finder)).toEqual([]);
  });

  it("no longer by its rename, when it goes on growing", async () => {
    const finder = finderOf();
    const path = await put("a.mp4.tmp");
    await scan(finder);
    await rename(path, join(folder, "a.mp4"));
    const [found] = await scan(finder);
    await appendFile(join(folder, "a.mp4"), "more");
    expect(await openIt(found)).toMatchObject({ waitFor: "growing" });
    expect(await scan(finder)).toEqual([]);
  });

  it("and is synced with its folder before a byte of it is looked at", async () => {
    await put("a.mp4");
    await writeFile(join(folder, "a.mp4.done"), "");
    const [found] = await scan(finderOf());
    const handle = await open(sample);
    const prototype = Object.getPrototypeOf(handle);
    await handle.close();
    const calls: string[] = [];
    const watch = (name: "sync" | "read") => {
      const real = prototype[name];
      return vi.spyOn(prototype, name).mockImplementation(async function (this: typeof handle, ...args: unknown[]) {
        calls.push(`${name} ${(await this.stat()).isDirectory() ? "folder" : "file"}`);
        return real.apply(this, args);
      });
    };
    const spies = [watch("sync"), watch("read")];
    try {
      await openIt(found);
    } finally {
      for (const spy of spies) spy.mockRestore();
    }
    expect(calls.slice(0, 3)).toEqual(["sync file", "sync folder", "read file"]);
  });

  it("when a marker lies beside it, unless it changed after that", async () => {
    const finder = finderOf();
    const a = await put("a.mp4");
    await put("b.mp4");
    await writeFile(join(folder, "a.mp4.done"), "");
    await writeFile(join(folder, "b.done"), "");
    expect(proofs(await scan(finder)).sort()).toEqual([
      ["a.mp4", "marker"],
      ["b.mp4", "marker"],
    ]);
    await new Promise((resolve) => setTimeout(resolve, 20));
    await appendFile(a, "more");
    expect(proofs(await scan(finder))).toEqual([["b.mp4", "marker"]]);
  });

  it("when it is enqueued, also outside of the folders, until that is written down", async () => {
    const finder = finderOf();
    const inside = await put("a.mp4");
    const outside = join(root, "odd name.bin");
    await cp(sample, outside);
    await dropEnqueue(join(root, "state"), { path: inside, tags: ["brake"], event: true });
    await finder.enqueue({ path: outside, source: "rear" });
    const found = await scan(finder);
    expect(found.map(({ path, proof }) => [path, proof]).sort()).toEqual([
      [inside, "hook"],
      [outside, "hook"],
    ]);
    expect(found.find(({ path }) => path === inside)?.hints).toMatchObject({ isEvent: true, tags: ["brake"] });
    expect(found.find(({ path }) => path === outside)?.hints).toMatchObject({ isEvent: false, source: "rear" });
    for (const file of found) take(file, "taken");
    await scan(finder);
    // A restart before anything was written down.
    taken.clear();
    expect(await scan(finderOf())).toHaveLength(2);
    for (const file of found) take(file);
    await scan(finder);
    taken.clear();
    expect(await scan(finderOf())).toEqual([]);
  });

  it("when it is enqueued, but one that does not exist is told and forgotten, and one on an absent disk kept", async () => {
    const finder = finderOf();
    await finder.enqueue({ path: join(folder, "none.mp4") });
    await finder.enqueue({ path: join(root, "usb/away.mp4") });
    await scan(finder);
    expect(told.join("\n")).toMatch(/none\.mp4 does not exist/);
    await mkdir(join(root, "usb"));
    await cp(sample, join(root, "usb/away.mp4"));
    expect(await scan(finder)).toEqual([]);
    clock.nowMs += 10_000;
    expect((await scan(finder)).map(({ path, proof }) => [path, proof])).toEqual([
      [join(root, "usb/away.mp4"), "settled"],
    ]);
    await expect(finder.enqueue({ path: "relative.mp4" })).rejects.toThrow(/absolute/);
    await expect(finder.enqueue({ path: "/a.mp4", tags: "x" })).rejects.toThrow(/tags/);
  });

  it.each([
    ["list.csv", (name: string) => `${name},0.000000,4.000000\n`],
    ["list.txt", (name: string) => `${name}\n`],
    ["list.ffconcat", (name: string) => `ffconcat version 1.0\nfile ${name}\nduration 4.0\n`],
    ["list.m3u8", (name: string) => `#EXTM3U\n#EXTINF:4.000000,\n${name}\n`],
  ])("when %s names it, and not by half a line", async (list, line) => {
    const finder = finderOf({ segmentLists: [join(folder, list)] });
    await put("a.mp4");
    await scan(finder);
    await writeFile(join(folder, list), line("a.mp4").replace(/(a\.mp4)[\s\S]*/, "$1"));
    expect(await scan(finder)).toEqual([]);
    await writeFile(join(folder, list), line("a.mp4"));
    expect(proofs(await scan(finder))).toEqual([["a.mp4", "list"]]);
  });

  it("when a list names it that was begun anew, but not by a line that is older than its content", async () => {
    const list = join(folder, "list.csv");
    const finder = finderOf({ segmentLists: [list] });
    await put("a.mp4");
    await writeFile(list, `${"x".repeat(200)}.mp4,0.0,1.0\na.mp4,1.0,2.0\n`);
    const [a] = await scan(finder);
    expect(a?.proof).toBe("list");
    if (a !== undefined) take(a);
    await scan(finder);
    await new Promise((resolve) => setTimeout(resolve, 20));
    await truncate(join(folder, "a.mp4"), 5000);
    expect(await scan(finder)).toEqual([]);
    await put('b, "quoted".mp4');
    await writeFile(list, '"b, ""quoted"".mp4",0.0,1.0\n');
    expect(proofs(await scan(finder))).toEqual([['b, "quoted".mp4', "list"]]);
  });

  it("otherwise when it lay still and reaches its end", async () => {
    const finder = finderOf();
    const path = await put("a.mp4");
    expect(await scan(finder)).toEqual([]);
    expect(finder.nextDueMs).toBe(10_000);
    expect(finder.waiting()).toEqual([{ file: path, reason: "not finished" }]);
    clock.nowMs += 9999;
    expect(await scan(finder)).toEqual([]);
    clock.nowMs += 1;
    const [found] = await scan(finder);
    expect(found?.proof).toBe("settled");
    expect(await openIt(found)).toMatchObject({ mediaType: "video/mp4", isComplete: true });
    if (found !== undefined) take(found);
    expect(await scan(finder)).toEqual([]);
  });
});

it("is found within 2 s of its proof, and within 15 s when it merely lies still, as the daemon looks", async () => {
  /** Looks 0.2 s after the notice, then whenever something may be ripe, as `run` does. @returns when it was offered */
  async function detectedAfterMs(finder: Finder): Promise<number> {
    const beganMs = clock.nowMs;
    clock.nowMs += 200;
    while ((await scan(finder)).length === 0) clock.nowMs += Math.min(Math.max(finder.nextDueMs, 200), 30_000);
    return clock.nowMs - beganMs;
  }
  const list = join(folder, "list.csv");
  const usual = { sidecarWaitMs: 1000, segmentLists: [list] };
  await put("renamed.mp4.part");
  const renamed = finderOf(usual);
  await scan(renamed);
  await rename(join(folder, "renamed.mp4.part"), join(folder, "renamed.mp4"));
  expect(await detectedAfterMs(renamed)).toBeLessThanOrEqual(2000);
  await rm(join(folder, "renamed.mp4"));
  const listed = finderOf(usual);
  await scan(listed);
  await put("listed.mp4");
  await writeFile(list, "listed.mp4,0,3\n");
  expect(await detectedAfterMs(listed)).toBeLessThanOrEqual(2000);
  await rm(join(folder, "listed.mp4"));
  const settled = finderOf({ ...usual, segmentLists: [] });
  await put("settled.mp4");
  expect(await detectedAfterMs(settled)).toBeLessThanOrEqual(15_000);
});

describe("a recording that is cut off", () => {
  it("waits longer when it merely lay still, and goes out marked then", async () => {
    const finder = finderOf();
    await truncate(await put("cut.mp4"), 20_000);
    await scan(finder);
    clock.nowMs += 10_000;
    expect(await openIt((await scan(finder))[0])).toMatchObject({ waitFor: "incomplete" });
    clock.nowMs += 590_000;
    expect(await openIt((await scan(finder))[0])).toMatchObject({ isComplete: false, missing: expect.any(String) });
  });

  it("goes out marked at once when its recorder says that it is done", async () => {
    const finder = finderOf();
    const path = await put("cut.mp4");
    await truncate(path, 20_000);
    await finder.enqueue({ path });
    expect(await openIt((await scan(finder))[0])).toMatchObject({ isComplete: false });
  });
});

describe("odd things in a watched folder", () => {
  it("are passed over or told, and the recordings beside them found", async () => {
    const finder = finderOf();
    const good = await put("good.mp4");
    await put("new\nline \u202e\u{1f600}.mp4");
    await put(`${"n".repeat(251)}.mp4`);
    await symlink(good, join(folder, "link.mp4"));
    await mkdir(join(folder, "folder.mp4"));
    await put("folder.mp4/inside.mp4");
    await writeFile(join(folder, "empty.mp4"), "");
    execFileSync("mkfifo", [join(folder, "fifo.mp4")]);
    await writeFile(Buffer.concat([Buffer.from(`${folder}/bad-`), Buffer.of(0xff), Buffer.from(".mp4")]), "x");
    const server = createServer().listen(join(folder, "socket.mp4"));
    await new Promise((resolve) => server.once("listening", resolve));
    await scan(finder);
    clock.nowMs += 10_000;
    const found = await scan(finder);
    server.close();
    expect(found.map(({ path }) => path.slice(folder.length + 1)).sort()).toEqual(
      ["folder.mp4/inside.mp4", "good.mp4", "new\nline \u202e\u{1f600}.mp4", `${"n".repeat(251)}.mp4`].sort(),
    );
    expect(finder.waiting().map(({ reason }) => reason)).toEqual([
      "its name is not valid UTF-8; rename it, and it will be sent",
      "empty",
    ]);
    expect(told).toHaveLength(1);
  });

  it.each<[string, (path: string) => Promise<unknown>, unknown]>([
    ["changes", (path) => appendFile(path, "more"), { waitFor: "growing" }],
    ["shrinks", (path) => truncate(path, 100), { waitFor: "growing" }],
    ["is emptied", (path) => truncate(path, 0), { waitFor: "empty" }],
    [
      "is replaced",
      (path) => cp(sample, `${path}.new`).then(() => rename(`${path}.new`, path)),
      { waitFor: "growing" },
    ],
    [
      "is rewritten with its old size and time",
      async (path) => {
        await new Promise((resolve) => setTimeout(resolve, 20));
        const past = new Date("2026-01-01");
        await writeFile(path, Buffer.alloc(200_000, 1));
        await utimes(path, past, past);
      },
      { waitFor: "growing" },
    ],
  ])("a file that %s between the look and the opening is not taken", async (_what, change, expected) => {
    const finder = finderOf();
    const path = join(folder, "a.mp4");
    const past = new Date("2026-01-01");
    await writeFile(path, Buffer.alloc(200_000, 2));
    await utimes(path, past, past);
    await scan(finder);
    clock.nowMs += 10_000;
    const [found] = await scan(finder);
    await change(path);
    expect(await openIt(found)).toMatchObject(expected as object);
  });

  it.each<[string, (path: string) => Promise<unknown>, RegExp]>([
    ["vanishes", (path) => rm(path), /does not exist/],
    ["becomes a link", (path) => rm(path).then(() => symlink(sample, path)), /symbolic link/],
    ["becomes a pipe", (path) => rm(path).then(() => execFileSync("mkfifo", [path])), /named pipe/],
    ["becomes a folder", (path) => rm(path).then(() => mkdir(path)), /folder/],
  ])("a file that %s is a problem of the file", async (_what, change, problem) => {
    const finder = finderOf();
    const path = await put("a.mp4");
    await scan(finder);
    clock.nowMs += 10_000;
    const [found] = await scan(finder);
    await change(path);
    await expect(openIt(found)).rejects.toThrow(problem);
    clock.nowMs += 10_000;
    expect(await scan(finder)).toEqual([]);
  });

  it("a folder that is away is told once, and what lay there is found again when it is back", async () => {
    const finder = finderOf();
    await put("a.mp4");
    await scan(finder);
    await rename(folder, join(root, "unmounted"));
    expect(await scan(finder)).toEqual([]);
    await scan(finder);
    expect(finder.unreadableFolders).toEqual([folder]);
    expect(told).toHaveLength(1);
    await rename(join(root, "unmounted"), folder);
    await scan(finder);
    clock.nowMs += 10_000;
    expect(await scan(finder)).toHaveLength(1);
  });

  it("a hard link is a recording of its own, and thousands of new files are all found", async () => {
    const finder = finderOf();
    await link(await put("a.mp4"), join(folder, "b.mp4"));
    for (let i = 0; i < 2000; i++) await writeFile(join(folder, `${i}.ts`), "G");
    await scan(finder);
    clock.nowMs += 10_000;
    expect(await scan(finder)).toHaveLength(2002);
  });
});

describe("companions", () => {
  const settled = async (finder: Finder) => {
    await scan(finder);
    clock.nowMs += 10_000;
    return scan(finder);
  };

  it("an event marker makes an event of it, also after it was taken", async () => {
    const finder = finderOf();
    await put("a.mp4");
    await writeFile(join(folder, "a.mp4.event"), "");
    expect(proofs(await scan(finder))).toEqual([]);
    clock.nowMs += 10_000;
    const [found] = await scan(finder);
    expect(found?.hints.isEvent).toBe(true);
    if (found !== undefined) take(found, "taken");
    await scan(finder);
    expect(marked).toMatchObject([[join(folder, "a.mp4"), { isEvent: true }]]);
  });

  it("sidecars of either form go along, with their digests and what they say", async () => {
    const finder = finderOf();
    await put("a.mp4");
    await writeFile(join(folder, "a.json"), '{"source":"rear","tags":["depot"],"place":"Quart"}');
    await writeFile(
      join(folder, "a.mp4.gpx"),
      '<gpx version="1.1" creator="x" xmlns="http://www.topografix.com/GPX/1/1"/>',
    );
    await writeFile(join(folder, "a.vtt"), "WEBVTT\n\n00:00.000 --> 00:01.000\nhello\n");
    const [found] = await settled(finder);
    expect(found?.sidecars.map(({ name }) => name)).toEqual(["a.json", "a.mp4.gpx", "a.vtt"]);
    expect(found?.sidecars[2]).toMatchObject({ sizeBytes: 38, sha256: expect.stringMatching(/^[0-9a-f]{64}$/) });
    expect(found?.hints).toMatchObject({ source: "rear", tags: ["depot"], place: "Quart" });
  });

  it("a bad sidecar is named and holds up nothing", async () => {
    const finder = finderOf();
    await put("a.mp4");
    await writeFile(join(folder, "a.json"), '{"source":');
    await writeFile(join(folder, "a.gpx"), "<gpx>");
    await symlink(sample, join(folder, "a.vtt"));
    await scan(finder);
    clock.nowMs += 10_000;
    // Seen wrong for the first time: perhaps its recorder is still at it.
    expect(await scan(finder)).toEqual([]);
    clock.nowMs += 10_000;
    const [found] = await scan(finder);
    expect(found?.sidecars).toEqual([]);
    expect(found?.badSidecars.map(({ name }) => name)).toEqual(["a.json", "a.gpx"]);
  });

  it("one that is sent by hand has the same beside it", async () => {
    const path = await put("a.mp4");
    await writeFile(join(folder, "a.json"), '{"source":"rear","incomplete":"power"}');
    await writeFile(join(folder, "a.mp4.vtt"), "no");
    await writeFile(join(folder, "a.event"), "");
    expect(await findBeside(path)).toMatchObject({
      hints: { isEvent: true, source: "rear", incomplete: "power" },
      sidecars: [{ name: "a.json" }],
      badSidecars: [{ name: "a.mp4.vtt" }],
    });
  });

  it("waits a moment for sidecars, and tells of one that comes too late", async () => {
    const finder = finderOf({ sidecarWaitMs: 2000 });
    await put("a.mp4");
    await writeFile(join(folder, "a.mp4.done"), "");
    expect(await scan(finder)).toEqual([]);
    expect(finder.nextDueMs).toBe(2000);
    clock.nowMs += 1000;
    await writeFile(join(folder, "a.json"), '{"source":"rear"}');
    clock.nowMs += 1000;
    const [found] = await scan(finder);
    expect(found?.hints.source).toBe("rear");
    if (found !== undefined) take(found);
    await writeFile(join(folder, "a.vtt"), "WEBVTT\n");
    await scan(finder);
    await scan(finder);
    expect(told).toEqual([expect.stringMatching(/a\.vtt stays on the disk/)]);
  });
});
