import { mkdir, mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { createConnection } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { enqueue } from "../commands/enqueue.ts";
import { exitCodes } from "../exit-codes.ts";
import { dropEnqueue, readDrops } from "../finding/enqueue-drop.ts";
import { askDaemon, controlSocketPath, serveControl } from "./control-socket.ts";

let state = "";
beforeEach(async () => {
  state = await mkdtemp(join(tmpdir(), "control-"));
});
afterEach(() => rm(state, { recursive: true, force: true }));

const handlers = {
  echo: async ({ say }: Record<string, unknown>) => ({ said: say }),
  fail: async () => Promise.reject(new Error("not today")),
};

describe("the control socket", () => {
  it("answers each line, is for this user alone, and says what it can do", async () => {
    await writeFile(controlSocketPath(state), "left by a killed daemon");
    const stop = await serveControl(state, handlers);
    expect((await stat(controlSocketPath(state))).mode & 0o777).toBe(0o600);
    expect(await askDaemon(state, { do: "echo", say: "hä" }, 1000)).toEqual({ ok: true, said: "hä" });
    expect(await askDaemon(state, { do: "fail" }, 1000)).toEqual({ ok: false, problem: "not today" });
    expect(await askDaemon(state, { do: "toString" }, 1000)).toMatchObject({ ok: false, problem: /echo, fail/ });
    await stop?.();
    expect(await askDaemon(state, { do: "echo" }, 1000)).toBeNull();
  });

  it("survives garbage, lines without end and clients that leave", async () => {
    const stop = await serveControl(state, handlers);
    const talk = (text: string) =>
      new Promise<string>((resolve) => {
        let answer = "";
        const socket = createConnection(controlSocketPath(state), () => socket.end(text));
        socket.setEncoding("utf8").on("data", (part: string) => {
          answer += part;
        });
        socket.on("error", () => undefined).once("close", () => resolve(answer));
      });
    expect(await talk('{"do":"echo","say":1}\n{"do":"echo","say":2}\n')).toBe(
      '{"ok":true,"said":1}\n{"ok":true,"said":2}\n',
    );
    expect(await talk("\u0000nonsense\n[]\nnull\n")).toMatch(/^(\{"ok":false.*\n){3}$/);
    expect(await talk("x".repeat(200_000))).toBe("");
    createConnection(controlSocketPath(state))
      .on("error", () => undefined)
      .destroy();
    expect(await askDaemon(state, { do: "echo", say: 3 }, 1000)).toEqual({ ok: true, said: 3 });
    await stop?.();
  });

  it("does without a socket where the path is too long for one", async () => {
    const deep = join(state, "d".repeat(100));
    await mkdir(deep);
    expect(await serveControl(deep, handlers)).toBeNull();
    expect(await askDaemon(deep, { do: "echo" }, 1000).catch(() => null)).toBeNull();
  });
});

describe("enqueue", () => {
  const settings = {
    isJson: true,
    isEvent: true,
    tags: ["brake"],
    source: "rear",
    capturedFrom: "2026-03-14T10:31:04Z",
    capturedUntil: null,
  };
  const quiet = () => undefined;

  it("tells the daemon when one runs, and leaves a note when none does", async () => {
    const file = join(state, "a.mp4");
    await writeFile(file, "x");
    expect(await enqueue(state, { ...settings, files: [file] }, quiet)).toBe(exitCodes.ok);
    const expected = { path: file, hints: { isEvent: true, tags: ["brake"], source: "rear", capturedUntil: null } };
    expect(await readDrops(state, quiet)).toMatchObject([expected]);
    const stop = await serveControl(state, {
      enqueue: async (said) => dropEnqueue(state, said).then(() => ({})),
    });
    let said = "";
    await enqueue(state, { ...settings, files: [file] }, (text) => {
      said += text;
    });
    await stop?.();
    expect(JSON.parse(said)).toEqual({ event: "enqueued", file, isDaemonTold: true });
    expect(await readDrops(state, quiet)).toHaveLength(2);
  });

  it("refuses what is no recording, and what the archive would not take", async () => {
    await expect(enqueue(state, { ...settings, files: [join(state, "none.mp4")] }, quiet)).rejects.toThrow(/exist/);
    await expect(enqueue(state, { ...settings, files: [state] }, quiet)).rejects.toThrow(/folder/);
    const file = join(state, "a.mp4");
    await writeFile(file, "x");
    const late = { ...settings, files: [file], capturedFrom: "yesterday" };
    await expect(enqueue(state, late, quiet)).rejects.toThrow(/capturedFrom/);
    expect(await readDrops(state, quiet)).toEqual([]);
  });

  it("a note that cannot be read is told and removed", async () => {
    await mkdir(join(state, "enqueued"));
    await writeFile(join(state, "enqueued/a.json"), '{"path":"/a');
    const told: string[] = [];
    expect(await readDrops(state, (problem) => told.push(problem))).toEqual([]);
    expect(told).toEqual([expect.stringContaining("cannot be read")]);
    expect(await readDrops(state, (problem) => told.push(problem))).toEqual([]);
    expect(told).toHaveLength(1);
  });
});
