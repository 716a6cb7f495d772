import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect } from "vitest";
import { issueDeviceToken, revokeDevice } from "../../lib/devices/index.ts";
import { tusDevice } from "../../server/testing/tus-client.ts";
import { exitCodes } from "../exit-codes.ts";
import { useFaultTable } from "../testing/fault-table.ts";
import type { Field } from "../testing/field.ts";
import type { GateAnswer } from "../testing/gate.ts";

const chunkBytes = 400_000;
const sizeBytes = 3 * chunkBytes;
const slowly = ["--limit-rate", "500k"];
const creation = /\/api\/(uploads|recordings)$/;
const stateOfRecording = /\/api\/recordings\/R-[^/]+$/;
const receipt = /\/receipt$/;

/** Waits until the archive has acknowledged something, and not everything. */
const untilMidway = (uploader: ReturnType<Field["push"]>) =>
  uploader.event("progress", ({ acknowledgedBytes }) => acknowledgedBytes >= chunkBytes);

const statuses: [number, string | null][] = [
  [408, null],
  [423, "1"],
  [425, null],
  [429, "1"],
  [460, null],
  [500, null],
  [502, null],
  [503, "1"],
  [507, "1"],
];

describe("An archive that fails, or lies", () => {
  const row = useFaultTable();
  row("a server that is killed within a chunk is gone on with from what it had", async (field) => {
    const file = await field.make("rear.bin", sizeBytes);
    const other = field.target;
    const server = await field.startServer();
    field.target = server.url;
    const uploader = field.push(file, slowly);
    await untilMidway(uploader);
    await server.kill();
    field.target = other;
    expect((await uploader.ended).code).toBe(exitCodes.ok);
    expect(await field.recordings()).toHaveLength(1);
    expect(field.gate.patchedBytes).toBeLessThanOrEqual(sizeBytes + chunkBytes);
  });

  row("an archive that was set back to an older state gets again what it lacks", async (field) => {
    const file = await field.make("rear.bin", sizeBytes);
    const other = field.target;
    const server = await field.startServer();
    field.target = server.url;
    const uploader = field.push(file, slowly);
    await untilMidway(uploader);
    await server.kill();
    await setBack(field);
    field.target = other;
    expect((await uploader.ended).code).toBe(exitCodes.ok);
    expect(uploader.events.some((event) => event.event === "notice" && /has 0 now/.test(event.message))).toBe(true);
    expect(await field.recordings()).toHaveLength(1);
  });

  for (const status of [404, 410])
    row(`an upload that is gone, ${status}, is begun anew, that file alone and once`, async (field) => {
      const file = await field.make("rear.bin", sizeBytes);
      const first = field.push(file, slowly);
      await untilMidway(first);
      await first.kill();
      await remove(field);
      field.gate.play({ method: "HEAD" }, { kind: "change", change: (answer) => ({ ...answer, status }) });
      expect((await field.push(file).ended).code).toBe(exitCodes.ok);
      expect((await field.recordings()).filter(({ state }) => state === "sealed")).toHaveLength(1);
    });

  for (const [status, retryAfter] of statuses)
    row(
      `a storm of ${status} is no success, and is waited out${retryAfter === null ? "" : " as long as it asks"}`,
      async (field) => {
        const file = await field.make("rear.bin", sizeBytes);
        // Closed in the middle of a body, a connection may be reset before its answer was read.
        const stays = { Connection: "keep-alive" };
        const headers = retryAfter === null ? stays : { ...stays, "Retry-After": retryAfter };
        const answer: GateAnswer = { status, headers };
        field.gate.play({ method: "POST", path: creation }, { kind: "answer", answer });
        field.gate.play({ method: "PATCH" }, { kind: "answer", answer });
        field.gate.play({ method: "GET", path: stateOfRecording }, { kind: "answer", answer });
        expect((await field.push(file).ended).code).toBe(exitCodes.ok);
        expect(await field.recordings()).toHaveLength(1);
        const refused = field.gate.requests.filter((seen) => seen.status === status);
        expect(refused).toHaveLength(3);
        for (const { atMs } of refused) {
          const next = field.gate.requests.find((seen) => seen.atMs > atMs);
          expect((next?.atMs ?? 0) - atMs).toBeGreaterThanOrEqual(Number(retryAfter ?? 0) * 1000);
        }
      },
    );

  for (const status of [412, 413])
    row(`${status} on a file refuses that file; it is kept, and sent when the archive takes it`, async (field) => {
      const file = await field.make("rear.bin", sizeBytes);
      field.gate.play({ method: "POST", path: creation }, { kind: "answer", answer: { status } });
      const refused = await field.push(file, ["--delete-after-seal"]).ended;
      expect(refused.code).toBe(exitCodes.failed);
      expect(refused.events.at(-1)).toMatchObject({ event: "failed", kind: "refused" });
      expect((await field.push(file).ended).code).toBe(exitCodes.ok);
    });

  for (const status of [401, 403])
    row(`${status} in the middle keeps what was sent, and never counts as success`, async (field) => {
      const file = await field.make("rear.bin", sizeBytes);
      const first = field.push(file, slowly);
      await untilMidway(first);
      field.gate.play({}, { kind: "answer", answer: { status } }, Number.POSITIVE_INFINITY);
      expect((await first.ended).code).toBe(exitCodes.authentication);
      field.gate.heal();
      const second = field.push(file);
      expect((await second.ended).code).toBe(exitCodes.ok);
      expect(second.events.find(({ event }) => event === "upload")).toHaveProperty("offsetBytes", expect.any(Number));
      expect(await field.recordings()).toHaveLength(1);
    });

  row("a revoked device stops and keeps its files", async (field) => {
    const file = await field.make("rear.bin", sizeBytes, { must: "stay" });
    field.mayLeaveOpen = 1;
    const daemon = field.run([...slowly, "--delete-after-seal", "--include", "bin"]);
    await untilMidway(daemon);
    const { world, device } = field;
    await revokeDevice(world.context({ kind: "system", name: "test" }), device.id);
    const { inSeconds } = await daemon.event("retry");
    expect(inSeconds).toBeGreaterThanOrEqual(15);
    expect((await daemon.kill("SIGTERM")).code).toBe(exitCodes.ok);
    expect(file.isTaken).toBe(false);
  });

  row("204 for bytes that were thrown away is found out, and they are sent again", async (field) => {
    const file = await field.make("rear.bin", sizeBytes);
    field.gate.play(
      { method: "PATCH" },
      {
        kind: "answer",
        answer: ({ headers, bodyBytes }) => ({
          status: 204,
          headers: { "Tus-Resumable": "1.0.0", "Upload-Offset": String(Number(headers["upload-offset"]) + bodyBytes) },
        }),
      },
    );
    expect((await field.push(file, ["--delete-after-seal"]).ended).code).toBe(exitCodes.ok);
    expect(await field.recordings()).toHaveLength(1);
  });

  row("an archive that throws everything away gets it once more, and the file stays until then", async (field) => {
    const file = await field.make("rear.bin", sizeBytes);
    let lies = 0;
    field.gate.play(
      { method: "PATCH" },
      {
        kind: "answer",
        answer: ({ headers, bodyBytes }) => {
          lies += 1;
          return {
            status: 204,
            headers: {
              "Tus-Resumable": "1.0.0",
              "Upload-Offset": String(Number(headers["upload-offset"]) + bodyBytes),
            },
          };
        },
      },
      Number.POSITIVE_INFINITY,
    );
    const first = field.push(file, ["--delete-after-seal"]);
    await first.event("delivered");
    expect(lies).toBeGreaterThan(1);
    await sleep(500);
    await first.kill();
    field.gate.heal();
    expect((await field.push(file, ["--delete-after-seal"]).ended).code).toBe(exitCodes.ok);
    expect(await field.recordings()).toHaveLength(1);
  });

  row("sealed with another digest deletes nothing and raises an alarm", async (field) => {
    const file = await field.make("rear.bin", sizeBytes);
    field.gate.play(
      { method: "GET", path: stateOfRecording },
      {
        kind: "change",
        change: ({ body, ...answer }) => ({
          ...answer,
          body: JSON.stringify({ ...JSON.parse(body), state: "sealed", sha256: "0".repeat(64) }),
        }),
      },
    );
    const ended = await field.push(file, ["--delete-after-seal"]).ended;
    expect(ended.code).toBe(exitCodes.failed);
    expect(ended.events.at(-1)).toMatchObject({ event: "failed", kind: "refused" });
  });

  const forgeries: [string, (jws: string) => string][] = [
    [
      "with a wrong signature",
      (jws) => `${jws.slice(0, -12)}${jws.slice(-12) === "AAAAAAAAAAAA" ? "B" : "A"}AAAAAAAAAAA`,
    ],
    ["that is no receipt at all", () => "thank you very much"],
    ["for other bytes", () => otherReceipt ?? "none yet"],
  ];
  // A true receipt of the same archive, for another recording.
  let otherReceipt: string | null = null;
  for (const [what, forge] of forgeries)
    row(`a receipt ${what} deletes nothing`, async (field) => {
      const { url } = await sealedElsewhere(field);
      otherReceipt = url;
      const file = await field.make("rear.bin", sizeBytes);
      const forged = {
        kind: "change",
        change: ({ body }: { body: string }) => ({ status: 200, body: forge(body) }),
      } as const;
      field.gate.play({ method: "GET", path: receipt }, forged, Number.POSITIVE_INFINITY);
      const push = ["--delete-after-seal", "--give-up-after", "1"];
      expect((await field.push(file, push).ended).code).toBe(exitCodes.gaveUp);
      expect(await field.judge()).toEqual([]);
      field.gate.heal();
      const { code, events } = await field.push(file, ["--delete-after-seal"]).ended;
      expect(code).toBe(exitCodes.ok);
      expect(events.at(-1)).toMatchObject({ isDeleted: true });
    });
});

/** Seals another file of this device, and returns its receipt. */
async function sealedElsewhere(field: Field): Promise<{ url: string }> {
  const other = await field.make("front.bin", 5000);
  expect((await field.push(other).ended).code).toBe(exitCodes.ok);
  const [row] = await field.recordings();
  for (;;) {
    const found = await field.world.db.receipt.findUnique({ where: { recordingId: row?.id ?? "" } });
    if (found !== null) return { url: found.jws };
    await sleep(50);
  }
}

/** Ends the upload of the device behind its back. */
async function remove({ world, device, target }: Field): Promise<void> {
  const { id } = await world.db.upload.findFirstOrThrow({ where: { deviceId: device.id } });
  const token = (await issueDeviceToken(world.context(), device.id)).token;
  const { status } = await tusDevice(() => target, token).remove(`${target}/api/uploads/${id}`);
  expect(status).toBe(204);
}

/** What a restored backup does to a running upload: its rows are as they were before the first byte. */
async function setBack({ world, device }: Field): Promise<void> {
  const upload = await world.db.upload.findFirstOrThrow({ where: { deviceId: device.id } });
  await world.db.$transaction(async (tx) => {
    await tx.$executeRaw`SET LOCAL session_replication_role = replica`;
    await tx.$executeRaw`DELETE FROM chunk WHERE recording_id = ${upload.recordingId}`;
    await tx.$executeRaw`UPDATE upload SET offset_bytes = 0 WHERE id = ${upload.id}`;
  });
}
