import { mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { removeLeftovers, replaceFile } from "./durable-file.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "durable-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

it("removes what a killed process left beside a file, and nothing that somebody may be writing", async () => {
  const put = (name: string, atSeconds: number) => {
    writeFileSync(join(folder, name), "");
    utimesSync(join(folder, name), atSeconds, atSeconds);
  };
  await replaceFile(join(folder, "daemon.json"), "{}", false);
  put("daemon.json.0123456789ab.new", 1000);
  put("daemon.json.ba9876543210.new", 1500);
  // Written under a clock that was ahead.
  put("identity.json.0123456789ab.new", 9000);
  put("journal.new", 0);
  put("card.new", 0);
  await removeLeftovers(folder, 1_700_000);
  expect(readdirSync(folder).sort()).toEqual([
    "card.new",
    "daemon.json",
    "daemon.json.ba9876543210.new",
    "identity.json.0123456789ab.new",
    "journal.new",
  ]);
});
