import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { describeBlobStore } from "./conformance.ts";
import { openFileBlobStore } from "./file-blob-store.ts";

const directories: string[] = [];

function newDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), "strongroom-storage-"));
  directories.push(directory);
  return directory;
}

afterAll(() => {
  for (const directory of directories) rmSync(directory, { recursive: true, force: true });
});

describeBlobStore("the file store", async () => openFileBlobStore(newDirectory()));

it("keeps files and folders closed to other users", async () => {
  const directory = join(newDirectory(), "storage");
  const store = openFileBlobStore(directory);
  await store.create("recordings/R-1");
  expect(statSync(directory).mode & 0o777).toBe(0o700);
  expect(statSync(join(directory, "recordings")).mode & 0o777).toBe(0o700);
  expect(statSync(join(directory, "recordings/R-1")).mode & 0o777).toBe(0o600);
});

it("passes over the drafts that a killed process left", async () => {
  const directory = newDirectory();
  writeFileSync(join(directory, ".draft-0011"), "half");
  const keys: string[] = [];
  for await (const key of openFileBlobStore(directory).list("")) keys.push(key);
  expect(keys).toEqual([]);
});
