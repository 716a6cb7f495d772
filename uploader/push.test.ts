import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openFlakyLink } from "../e2e/support/proxy.ts";
import { exitCodes } from "./exit-codes.ts";
import { metadataIn, sha256Of } from "./testing/peer-archive.ts";
import { useUploaderWorld } from "./testing/uploader-world.ts";

const MiB = 1024 * 1024;

describe("push", () => {
  const world = useUploaderWorld();

  it("delivers a file, waits for the seal, and names the recording and its SHA-256 last", async () => {
    const { makeFile, start, peer } = world();
    const file = await makeFile("rear.bin", 3 * MiB + 17);
    peer.pollsBeforeSeal = 2;
    const { code, events } = await start(["push", file, "--settle", "0", "--source", "rear", "--place", "Colón 12"])
      .ended;
    const [upload] = await peer.uploads();
    expect(events.at(-1)).toEqual({
      event: "done",
      file,
      recording: `R-${upload}`,
      sha256: await sha256Of(file),
      state: "sealed",
      sizeBytes: 3 * MiB + 17,
      isDeleted: false,
    });
    expect(code).toBe(exitCodes.ok);
    expect(existsSync(file)).toBe(true);
    const created = peer.requests.find(({ method }) => method === "POST");
    if (created === undefined) throw new Error("Nothing was created.");
    expect(Object.fromEntries(metadataIn(created))).toMatchObject({
      filename: "rear.bin",
      filetype: "application/octet-stream",
      sha256: await sha256Of(file),
      chunk_size: String(8 * MiB),
      source: "rear",
      place: "Colón 12",
    });
  });

  it("sends nothing again when it is asked again", async () => {
    const { makeFile, start, peer } = world();
    const file = await makeFile("rear.bin", MiB);
    await start(["push", file, "--settle", "0"]).ended;
    const before = peer.requests.length;
    const { code, events } = await start(["push", file, "--settle", "0"]).ended;
    expect(code).toBe(exitCodes.ok);
    expect(events.at(-1)).toMatchObject({ event: "done", state: "sealed" });
    expect(peer.requests.slice(before).map(({ method }) => method)).not.toContain("PATCH");
    expect(await peer.uploads()).toHaveLength(1);
  });

  it("never sends one PATCH across the border of a chunk", async () => {
    const { makeFile, start, peer } = world();
    const file = await makeFile("rear.bin", 3 * MiB);
    await start(["push", file, "--settle", "0", "--chunk-size", "1M"]).ended;
    for (const { method, headers } of peer.requests) {
      if (method !== "PATCH") continue;
      const from = Number(headers["upload-offset"]);
      const until = from + Number(headers["content-length"]) - 1;
      expect(Math.floor(until / MiB)).toBe(Math.floor(from / MiB));
    }
  });

  it("goes on after resets in the middle of a PATCH, without sending much twice", async () => {
    const { makeFile, start, peer, server } = world();
    const file = await makeFile("rear.bin", 6 * MiB);
    const link = await openFlakyLink({
      target: { port: Number(new URL(server).port) },
      cutAfterBytes: [700_000, 2_000_001, 2_000_400, 5_000_000],
      uploadBytesPerSecond: 20 * MiB,
    });
    const { code } = await start(["push", file, "--settle", "0"], { server: link.url }).ended;
    expect(code).toBe(exitCodes.ok);
    expect(link.connections().cut).toBeGreaterThanOrEqual(4);
    const [upload, ...others] = await peer.uploads();
    expect(others).toEqual([]);
    expect(await sha256Of(join(peer.folder, upload ?? ""))).toBe(await sha256Of(file));
    // What a cut costs is what was in buffers on the way: socket buffers, never a whole PATCH of 8 MiB.
    expect(link.bytesUp()).toBeLessThan(6 * MiB * 1.6);
    await link.close();
  });

  it("notices a link that takes nothing more, and goes on when it is back", async () => {
    const { makeFile, start, server } = world();
    const file = await makeFile("rear.bin", 4 * MiB);
    const link = await openFlakyLink({ target: { port: Number(new URL(server).port) }, uploadBytesPerSecond: 4 * MiB });
    const uploader = start(["push", file, "--settle", "0", "--stall-timeout", "0.5"], { server: link.url });
    await uploader.event("progress", ({ acknowledgedBytes }) => acknowledgedBytes > 0);
    link.stall();
    const { problem } = await uploader.event("retry");
    expect(problem).toMatch(/nothing moved for/);
    link.resume();
    link.cut();
    expect((await uploader.ended).code).toBe(exitCodes.ok);
    await link.close();
  });

  it("sends nothing twice when only the answer to a PATCH was lost", async () => {
    const { makeFile, start, peer, server } = world();
    const file = await makeFile("rear.bin", 2 * MiB);
    const link = await openFlakyLink({ target: { port: Number(new URL(server).port) }, uploadBytesPerSecond: MiB });
    const uploader = start(["push", file, "--settle", "0"], { server: link.url });
    await uploader.event("progress");
    link.loseNextAnswer();
    expect((await uploader.ended).code).toBe(exitCodes.ok);
    const offsets = peer.requests
      .filter(({ method }) => method === "PATCH")
      .map(({ headers }) => headers["upload-offset"]);
    expect(new Set(offsets).size).toBe(offsets.length);
    await link.close();
  });

  it("goes on after a restart of the archive", async () => {
    const { makeFile, start, peer, server } = world();
    const file = await makeFile("rear.bin", 4 * MiB);
    const uploader = start(["push", file, "--settle", "0", "--limit-rate", "2M"]);
    await uploader.event("progress", ({ acknowledgedBytes }) => acknowledgedBytes > 0);
    await peer.stop();
    await uploader.event("retry");
    await peer.start(Number(new URL(server).port));
    expect((await uploader.ended).code).toBe(exitCodes.ok);
    expect(await peer.uploads()).toHaveLength(1);
  });

  it("keeps everything when the token is refused, and goes on with a valid one", async () => {
    const { makeFile, start, peer } = world();
    const file = await makeFile("rear.bin", 2 * MiB);
    const first = start(["push", file, "--settle", "0", "--limit-rate", "1M"]);
    await first.event("progress", ({ acknowledgedBytes }) => acknowledgedBytes > 0);
    await first.kill();
    for (const status of [401, 403]) {
      peer.fail("HEAD", { status });
      const refused = await start(["push", file, "--settle", "0"]).ended;
      expect(refused.code).toBe(exitCodes.authentication);
      expect(refused.events.at(-1)).toMatchObject({ event: "failed", kind: "authentication" });
      expect(refused.events.at(-1)).toHaveProperty("problem", expect.stringContaining("token is not valid"));
    }
    const { code, events } = await start(["push", file, "--settle", "0"]).ended;
    expect(code).toBe(exitCodes.ok);
    expect(events.find(({ event }) => event === "upload")).toMatchObject({ offsetBytes: expect.any(Number) });
    expect(await peer.uploads()).toHaveLength(1);
  });

  it.each([
    [423, 2],
    [429, 0],
    [500, 0],
    [503, 1],
    [507, 0],
  ])("waits out %i, at least the %i s of Retry-After, and stays with its upload", async (status, seconds) => {
    const { makeFile, start, peer } = world();
    const file = await makeFile("rear.bin", MiB);
    const first = start(["push", file, "--settle", "0", "--limit-rate", "400k"]);
    await first.event("progress");
    await first.kill();
    peer.fail("HEAD", { status, headers: seconds === 0 ? {} : { "Retry-After": String(seconds) } });
    const { code, events } = await start(["push", file, "--settle", "0"]).ended;
    expect(code).toBe(exitCodes.ok);
    const retry = events.find((event) => event.event === "retry");
    expect(retry?.inSeconds).toBeGreaterThanOrEqual(seconds);
    expect(await peer.uploads()).toHaveLength(1);
  });

  it.each([404, 410])("begins anew after %i, and only then", async (status) => {
    const { makeFile, start, peer } = world();
    const file = await makeFile("rear.bin", MiB);
    const first = start(["push", file, "--settle", "0", "--limit-rate", "400k"]);
    await first.event("progress");
    await first.kill();
    peer.fail("HEAD", { status });
    const { code } = await start(["push", file, "--settle", "0"]).ended;
    expect(code).toBe(exitCodes.ok);
    expect(await peer.uploads()).toHaveLength(2);
  });

  it("is not taken in by a portal that answers everything with a page", async () => {
    const { makeFile, start, peer } = world();
    const file = await makeFile("rear.bin", MiB);
    peer.fail("*", { status: 200, headers: { "Content-Type": "text/html" }, body: "<h1>Welcome to our Wi-Fi</h1>" }, 3);
    const { code } = await start(["push", file, "--settle", "0"]).ended;
    expect(code).toBe(exitCodes.ok);
    expect(await peer.uploads()).toHaveLength(1);
  });

  it("gives up after the time it was given, and keeps the state", async () => {
    const { makeFile, start, peer } = world();
    const file = await makeFile("rear.bin", MiB);
    await peer.stop();
    const { code, events } = await start(["push", file, "--settle", "0", "--give-up-after", "1"]).ended;
    expect(code).toBe(exitCodes.gaveUp);
    expect(events.at(-1)).toMatchObject({ event: "failed", kind: "gave_up" });
    const shown = spawnSync(process.execPath, [world().bundle, "status", "--json", "--state-dir", world().stateFolder]);
    expect(JSON.parse(String(shown.stdout)).files).toMatchObject([{ file, phase: "described", acknowledgedBytes: 0 }]);
  });

  it("fails when the archive quarantines the recording, and sends it anew when asked again", async () => {
    const { makeFile, start, peer } = world();
    const file = await makeFile("rear.bin", MiB);
    const uploader = start(["push", file, "--settle", "0", "--limit-rate", "800k"]);
    await uploader.event("progress");
    const [upload] = await peer.uploads();
    const info = join(peer.folder, `${upload}.json`);
    await writeFile(info, (await readFile(info, "utf8")).replace(await sha256Of(file), "0".repeat(64)));
    const { code, events } = await uploader.ended;
    expect(code).toBe(exitCodes.failed);
    expect(events.at(-1)).toMatchObject({ event: "failed", kind: "refused", recording: `R-${upload}` });
    const check = spawnSync(process.execPath, [
      world().bundle,
      "status",
      "--check",
      "--state-dir",
      world().stateFolder,
    ]);
    expect(check.status).toBe(exitCodes.failed);
    expect((await start(["push", file, "--settle", "0"]).ended).code).toBe(exitCodes.ok);
  });

  it("deletes the local file only after a seal on its very SHA-256", async () => {
    const { makeFile, start, peer } = world();
    const file = await makeFile("rear.bin", MiB);
    const view = { id: "R-1", state: "sealed", sha256: "0".repeat(64) };
    peer.fail("GET", { status: 200, body: JSON.stringify(view) });
    const wrong = await start(["push", file, "--settle", "0", "--delete-after-seal"]).ended;
    expect(wrong.code).toBe(exitCodes.failed);
    expect(existsSync(file)).toBe(true);
    const right = await start(["push", file, "--settle", "0", "--delete-after-seal"]).ended;
    expect(right.events.at(-1)).toMatchObject({ event: "done", isDeleted: true });
    expect(existsSync(file)).toBe(false);
    expect((await readdir(world().folder)).filter((name) => name.includes("rear"))).toEqual([]);
  });

  it("deletes nothing without a valid receipt, and keeps the one that it has", async () => {
    const { makeFile, start, peer, stateFolder } = world();
    const file = await makeFile("rear.bin", 100_000);
    const push = ["push", file, "--settle", "0", "--delete-after-seal", "--give-up-after", "1"];
    for (const wrongInReceipts of [{ sha256: "0".repeat(64) }, { recording: "R-7K2M4-0418Q" }]) {
      peer.wrongInReceipts = wrongInReceipts;
      const wrong = await start(push).ended;
      expect(wrong.code).toBe(exitCodes.gaveUp);
      expect(wrong.events.find((event) => event.event === "retry")?.problem).toContain("not for exactly this file");
      expect(existsSync(file)).toBe(true);
    }
    peer.wrongInReceipts = {};
    const { code, events } = await start(push).ended;
    expect(code).toBe(exitCodes.ok);
    expect(existsSync(file)).toBe(false);
    const done = events.at(-1);
    const recording = done?.event === "done" ? done.recording : null;
    expect(await readdir(join(stateFolder, "receipts"))).toEqual([`${recording}.receipt.jws`]);
  });

  it("stops at SIGTERM with its code and goes on from there", async () => {
    const { makeFile, start, peer } = world();
    const file = await makeFile("rear.bin", 2 * MiB);
    const first = start(["push", file, "--settle", "0", "--limit-rate", "1M"]);
    await first.event("progress", ({ acknowledgedBytes }) => acknowledgedBytes > 0);
    const { code, events } = await first.kill("SIGTERM");
    expect(code).toBe(exitCodes.terminated);
    expect(events.at(-1)).toMatchObject({ event: "failed", kind: "interrupted", exitCode: exitCodes.interrupted });
    const second = await start(["push", file, "--settle", "0"]).ended;
    expect(second.events.find((event) => event.event === "upload")?.offsetBytes).toBeGreaterThan(0);
    expect(await peer.uploads()).toHaveLength(1);
  });

  it("lets only one uploader at a file, and takes over from a dead one", async () => {
    const { makeFile, start } = world();
    const file = await makeFile("rear.bin", 2 * MiB);
    const first = start(["push", file, "--settle", "0", "--limit-rate", "500k"]);
    await first.event("progress");
    expect((await start(["push", file, "--settle", "0"]).ended).code).toBe(exitCodes.busy);
    await first.kill();
    expect((await start(["push", file, "--settle", "0"]).ended).code).toBe(exitCodes.ok);
  });

  it("goes on with whatever is left of its state, and sends no file that the archive has told it of again", async () => {
    const { makeFile, start, stateFolder, peer } = world();
    const file = await makeFile("rear.bin", MiB);
    const push = async () => {
      const { code, events } = await start(["push", file, "--settle", "0"]).ended;
      expect(code).toBe(exitCodes.ok);
      expect(events.at(-1)).toMatchObject({ event: "done", state: "sealed" });
    };
    await push();
    const journal = join(stateFolder, "journal");
    const whole = await readFile(journal);
    // The last line is lost, and the one before says enough.
    await writeFile(journal, whole.subarray(0, whole.length - 10));
    await push();
    expect(await peer.uploads()).toHaveLength(1);
    const damages = [Buffer.alloc(0), Buffer.alloc(whole.length), Buffer.from("{}")];
    for (const damage of damages) {
      await writeFile(journal, damage);
      await push();
    }
    // A plain token has no receipts or manifests to know the file by.
    expect(await peer.uploads()).toHaveLength(1 + damages.length);
  });

  it("sets the damaged middle of its journal aside, says so, and keeps every file around it", async () => {
    const { makeFile, start, stateFolder, peer } = world();
    const files = [];
    for (let seed = 1; seed <= 3; seed++) files.push(await makeFile(`${seed}.bin`, 100_000, seed));
    await start(["push", ...files, "--settle", "0"]).ended;
    const journal = join(stateFolder, "journal");
    const whole = await readFile(journal);
    const at = whole.indexOf("/2.bin");
    await writeFile(journal, Buffer.concat([whole.subarray(0, at), Buffer.alloc(50), whole.subarray(at + 50)]));
    const { code, events } = await start(["push", ...files, "--settle", "0"]).ended;
    expect(code).toBe(exitCodes.ok);
    expect(events[0]).toMatchObject({ event: "notice", message: expect.stringMatching(/set aside in damaged/) });
    expect(await readdir(join(stateFolder, "damaged"))).toHaveLength(1);
    expect((await peer.uploads()).length).toBeLessThanOrEqual(3);
  });

  it("takes over the state folder of an earlier version", async () => {
    const { makeFile, start, stateFolder, peer } = world();
    const file = await makeFile("rear.bin", 2 * MiB);
    const first = start(["push", file, "--settle", "0", "--limit-rate", "1M"]);
    await first.event("progress", ({ acknowledgedBytes }) => acknowledgedBytes > 0);
    await first.kill();
    const line = (await readFile(join(stateFolder, "journal"), "utf8")).trim().split("\n").at(-1) ?? "";
    const { file: record } = JSON.parse(line.slice(line.indexOf("{")));
    const body = JSON.stringify({ ...record, chunkSha256: [] });
    const digest = createHash("sha256").update(body).digest("hex");
    const key = createHash("sha256").update(`${record.server}\n${file}`).digest("hex").slice(0, 32);
    await rm(join(stateFolder, "journal"));
    await mkdir(join(stateFolder, "files"));
    await writeFile(join(stateFolder, "files", `${key}.json`), `${JSON.stringify({ version: 1, digest })}\n${body}\n`);
    await writeFile(join(stateFolder, "files", `${"0".repeat(32)}.json`), "damaged");
    const { events } = await start(["push", file, "--settle", "0"]).ended;
    expect(events.find((event) => event.event === "upload")?.offsetBytes).toBeGreaterThan(0);
    expect(await peer.uploads()).toHaveLength(1);
    expect(existsSync(join(stateFolder, "files"))).toBe(false);
    expect(await readdir(join(stateFolder, "damaged"))).toHaveLength(1);
  });

  it("waits behind another push in the same state folder", async () => {
    const { makeFile, start } = world();
    const [one, two] = [await makeFile("1.bin", MiB, 1), await makeFile("2.bin", MiB, 2)];
    const first = start(["push", one, "--settle", "0", "--limit-rate", "700k"]);
    await first.event("upload");
    const second = start(["push", two, "--settle", "0"]);
    expect(await second.event("waiting")).toMatchObject({ reason: "busy" });
    expect((await second.ended).code).toBe(exitCodes.ok);
    expect((await first.ended).code).toBe(exitCodes.ok);
  });
});
