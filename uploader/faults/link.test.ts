import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect } from "vitest";
import { addPolicy, assignPolicy, changePolicy } from "../../lib/fleet/index.ts";
import { factories } from "../../lib/testing/index.ts";
import { exitCodes } from "../exit-codes.ts";
import { useFaultTable } from "../testing/fault-table.ts";
import type { Field } from "../testing/field.ts";
import { readLink } from "../traffic/read-link.ts";

const chunkBytes = 400_000;
const sizeBytes = 3 * chunkBytes;

const hasRoute = (await readLink()).interface !== null;

/** Offsets of the PATCHes that reached the archive's side, in the order they came. */
const offsets = ({ gate }: Field) => gate.seen("PATCH").map(({ headers }) => Number(headers["upload-offset"]));

describe("A bad link", () => {
  const row = useFaultTable();
  const cuts: [string, number | undefined][] = [
    ["before its first byte", undefined],
    ["after its headers", 0],
    ["after 1 byte", 1],
    ["in the middle", chunkBytes / 2],
    ["before its last byte", chunkBytes - 1],
    ["after its last byte", chunkBytes],
  ];
  for (const [where, afterBytes] of cuts)
    row(`a chunk that is cut off ${where} is gone on with, and at most one chunk is sent twice`, async (field) => {
      const file = await field.make("rear.bin", sizeBytes);
      // The second chunk, so that there is something to lose.
      field.gate.play({ method: "PATCH" }, { kind: "change", change: (answer) => answer });
      if (afterBytes === undefined) field.gate.play({ method: "PATCH" }, { kind: "cut" });
      else field.gate.play({ method: "PATCH" }, { kind: "cut", afterBytes });
      expect((await field.push(file).ended).code).toBe(exitCodes.ok);
      expect(field.gate.patchedBytes).toBeLessThanOrEqual(sizeBytes + chunkBytes);
      expect(await field.recordings()).toHaveLength(1);
    });

  row("connections that are reset as they are made cost nothing but time", async (field) => {
    const file = await field.make("rear.bin", sizeBytes);
    field.gate.refuse(2);
    expect((await field.push(file).ended).code).toBe(exitCodes.ok);
    expect(field.gate.patchedBytes).toBe(sizeBytes);
  });

  row("a half-open link is noticed, and the upload is gone on with, not begun anew", async (field) => {
    const file = await field.make("rear.bin", sizeBytes);
    field.gate.play({ method: "PATCH" }, { kind: "change", change: (answer) => answer });
    field.gate.play({ method: "PATCH" }, { kind: "hang" });
    const uploader = field.push(file, ["--stall-timeout", "0.7"]);
    expect((await uploader.event("retry")).problem).toMatch(/nothing moved for/);
    expect((await uploader.ended).code).toBe(exitCodes.ok);
    expect(field.gate.seen("POST", /\/uploads$/).length).toBeLessThanOrEqual(1);
    expect(await field.recordings()).toHaveLength(1);
  });

  row("423 of a writer that died is waited out", async (field) => {
    const file = await field.make("rear.bin", sizeBytes);
    const busy = { kind: "answer", answer: { status: 423, headers: { "Retry-After": "1" } } } as const;
    field.gate.play({ method: "PATCH" }, busy);
    field.gate.play({ method: "HEAD" }, busy);
    expect((await field.push(file).ended).code).toBe(exitCodes.ok);
    expect(await field.recordings()).toHaveLength(1);
  });

  row("a chunk whose answer is lost after its commit is not sent again", async (field) => {
    const file = await field.make("rear.bin", sizeBytes);
    field.gate.play({ method: "PATCH" }, { kind: "lose" }, 2);
    expect((await field.push(file).ended).code).toBe(exitCodes.ok);
    expect(field.gate.patchedBytes).toBe(sizeBytes);
    expect(offsets(field)).toEqual([...new Set(offsets(field))]);
  });

  row("a portal that answers everything with a page is not taken for the archive", async (field) => {
    const file = await field.make("rear.bin", sizeBytes);
    const body = "<h1>Welcome to our Wi-Fi</h1>";
    const page = { kind: "answer", answer: { status: 200, headers: { "Content-Type": "text/html" }, body } } as const;
    field.gate.play({}, page, 4);
    // And at each step alone, as it comes between two of them.
    field.gate.play({ method: "POST", path: /\/api\/recordings$/ }, page);
    field.gate.play({ method: "PATCH" }, page);
    field.gate.play({ method: "HEAD" }, page);
    field.gate.play({ method: "GET", path: /\/api\/recordings\/R-[^/]+$/ }, page);
    field.gate.play({ method: "GET", path: /\/receipt$/ }, page);
    field.gate.play({ method: "GET", path: /jwks\.json$/ }, page);
    const { code, events } = await field.push(file, ["--delete-after-seal"]).ended;
    expect(code).toBe(exitCodes.ok);
    expect(events.at(-1)).toMatchObject({ isDeleted: true });
    // The page took the place of one PATCH's answer, and that PATCH never arrived.
    expect(field.gate.patchedBytes).toBeLessThanOrEqual(sizeBytes + chunkBytes);
  });
  row(
    "a link that turns metered, and a budget used up, in the middle of a file stop it at a PATCH; events go on",
    async (field) => {
      const ctx = field.world.context(await factories.makeAdmin(field.world.db));
      const transferOf = (interfaces: string[], bulk: "send" | "hold", dayBytes: number | null) => ({
        transfer: { metered: { interfaces, bulk }, budgets: { bulk: { dayBytes } } },
      });
      const free = { heartbeatSeconds: 10, events: { names: ["crash*"] }, ...transferOf([], "hold", null) };
      const policy = await addPolicy(ctx, { name: `Link of ${field.device.id}`, settings: free });
      await assignPolicy(ctx, { policyId: policy.id, deviceId: field.device.id });
      const file = await field.make("rear.bin", 8 * chunkBytes);
      const daemon = field.run(["--include", "bin", "--limit-rate", "150k"]);
      await daemon.event("progress", ({ acknowledgedBytes }) => acknowledgedBytes > 0);
      /** What the device says it waits for, once it does. */
      async function waitsFor(reason: string): Promise<void> {
        const path = join(field.stateFolder, "daemon.json");
        while (JSON.parse(await readFile(path, "utf8")).waiting?.reason !== reason) await sleep(200);
      }
      let wasAt = 0;
      for (const [reason, settings] of [
        ["metered", transferOf(["*"], "hold", null)],
        ["budget", transferOf(["*"], "send", 600_000)],
      ] as const) {
        await changePolicy(ctx, policy.id, { settings });
        await waitsFor(reason);
        const patches = field.gate.patchedBytes;
        expect(patches).toBeGreaterThan(wasAt);
        expect(patches).toBeLessThan(file.sizeBytes);
        const crash = await field.make(`crash-${reason}.bin`, 20_000);
        await daemon.event("done", (done) => done.file === crash.path);
        // Nothing of the other one went meanwhile, and everything that was acknowledged stayed.
        expect(field.gate.patchedBytes).toBe(patches + crash.sizeBytes);
        wasAt = field.gate.patchedBytes;
      }
      await changePolicy(ctx, policy.id, { settings: transferOf([], "send", null) });
      await daemon.event("done", (done) => done.file === file.path);
      expect(field.gate.patchedBytes).toBe(file.sizeBytes + 40_000);
    },
    { skip: hasRoute ? null : "this machine has no default route" },
  );
});
