import { existsSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect } from "vitest";
import { useFaultTable } from "../testing/fault-table.ts";
import { killAtCalls } from "../testing/kill-at-calls.ts";
import { tracedNode, whyNoTracing } from "../testing/trace-calls.ts";

const skip = whyNoTracing();

describe("An uploader that is killed", () => {
  const row = useFaultTable();

  // Each call in turn: npm run torture -- uploader
  row(
    "kill -9 at system calls that write, a stride through them, loses nothing",
    async (field) => {
      const kills = await killAtCalls(field, { strides: { disk: 7, words: 45 }, mostKills: 5 });
      expect(kills.disk).toBeGreaterThan(2);
      expect(kills.words).toBeGreaterThan(2);
      field.run(["--include", "bin", "--delete-after-seal"]);
      while (field.files.some(({ path }) => existsSync(path))) await sleep(100);
    },
    { skip },
  );

  for (const [what, fault] of [
    ["syncs that fail", "fsync,fdatasync:error=EIO:when=6+"],
    ["renames that find no room", "rename,renameat,renameat2,link,linkat:error=ENOSPC:when=2+"],
  ] as const)
    row(
      `${what} end in an alarm, and nothing is deleted or lost`,
      async (field) => {
        const file = await field.make("rear.bin", 450_000);
        const flags = ["--include", "bin", "--delete-after-seal"];
        const daemon = field.run(flags, tracedNode(fault));
        await daemon.event("watching");
        // What `status` and heartbeats say comes from the daemon itself: its files may not be written now.
        let said = "";
        while (!/EIO|ENOSPC|takes no more|no room|full/i.test(said)) {
          await sleep(500);
          const { events, stderr } = await field.start(["status"]).ended;
          said = JSON.stringify(events) + stderr;
        }
        expect(existsSync(file.path)).toBe(true);
        await daemon.kill();
        field.run(flags);
        while (existsSync(file.path)) await sleep(100);
      },
      { skip },
    );
});
