import { readFileSync, writeFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import type { Sha256Hex } from "../lib/protocol/index.ts";
import { readSnapshot } from "./daemon-snapshot.ts";
import { type FileIdentity, readIdentity } from "./file-identity.ts";
import { serviceEnvironment, serviceNodeFlags } from "./service/unit-text.ts";
import type { FileRecord } from "./state/file-record.ts";
import { StateStore } from "./state/state-store.ts";
import { SpawnedUploader } from "./testing/spawned-uploader.ts";
import { useUploaderWorld } from "./testing/uploader-world.ts";

const files = 10_000;
/** Seen: 33 MiB. The bound is far enough above that to hold on any machine, and below the 47 that there once were. */
const maxAnonymousMib = 42;

describe("a daemon as the service starts it", () => {
  const world = useUploaderWorld();

  const elsewhere = process.platform === "linux" ? "" : " (skipped: only Linux tells)";
  it.skipIf(elsewhere !== "")(
    `has little memory of its own with ten thousand files queued${elsewhere}`,
    async () => {
      const { folder, stateFolder, server, peer, bundle } = world();
      const card = join(folder, "card");
      await mkdir(card);
      await mkdir(stateFolder);
      const store = await StateStore.open(stateFolder);
      const written = Array.from({ length: files }, async (_, index) => {
        const file = join(card, `recording-${index}.bin`);
        writeFileSync(file, "x");
        await store.write(recordOf(file, server, await readIdentity(file), index), false);
      });
      await Promise.all(written);
      await store.close();
      await peer.stop(); // nothing leaves the queue
      const daemon = new SpawnedUploader(
        bundle,
        ["run", "--watch", card, "--include", "bin", "--rescan", "1", "--settle", "0"],
        {
          ...{ STRONGROOM_SERVER: server, STRONGROOM_TOKEN: peer.token, STRONGROOM_STATE_DIR: stateFolder },
          ...serviceEnvironment,
        },
        [process.execPath, ...serviceNodeFlags],
      );
      try {
        await daemon.event("watching");
        while ((await readSnapshot(stateFolder))?.lastScanAt == null) await sleep(50);
        const { described, sending } = (await readSnapshot(stateFolder))?.queue.bulk ?? {};
        expect((described?.files ?? 0) + (sending?.files ?? 0)).toBe(files);
        let highestMib = 0;
        for (let look = 0; look < 15; look++) {
          const rollup = readFileSync(`/proc/${daemon.child.pid}/smaps_rollup`, "utf8");
          highestMib = Math.max(highestMib, Number(/^Anonymous:\s+(\d+)/m.exec(rollup)?.[1]) / 1024);
          await sleep(100);
        }
        expect(highestMib).toBeGreaterThan(10);
        expect(highestMib).toBeLessThan(maxAnonymousMib);
      } finally {
        await daemon.kill();
      }
    },
    60_000,
  );
});

function recordOf(file: string, server: string, identity: FileIdentity, index: number): FileRecord {
  return {
    ...{ file, server, identity, sha256: index.toString(16).padStart(64, "0") as Sha256Hex }, // 32 bytes
    ...{ chunkSizeBytes: 400_000, mediaType: "application/octet-stream", class: "bulk", capturedFrom: null },
    ...{ sequence: null, manifestSha256: null, sidecars: [], uploadUrl: null, recording: null, acknowledgedBytes: 0 },
    ...{ phase: "described", foundAtRunMs: 0, receiptedAtRunMs: null, isDeleted: false, goneAtRunMs: null },
    ...{ problem: null, retryAt: null, updatedAt: "2026-08-14T03:12:00.000Z" },
  };
}
