import { existsSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect } from "vitest";
import { useFaultTable } from "../testing/fault-table.ts";
import { killAtCalls } from "../testing/kill-at-calls.ts";
import { whyNoTracing } from "../testing/trace-calls.ts";

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
    { skip, timeoutMs: 120_000 },
  );
});
