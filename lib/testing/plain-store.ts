import { createReadStream } from "node:fs";
import { mkdir, open, readdir, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { BlobStore } from "../storage/index.ts";

/** Files in a temporary directory, durable or not. */
export function plainStore(dir: string): BlobStore {
  const pathOf = (key: string) => join(dir, key);
  async function put(key: string, content: Uint8Array): Promise<void> {
    await mkdir(dirname(pathOf(key)), { recursive: true });
    await writeFile(pathOf(key), content, { flag: "wx" });
  }
  return {
    put,
    create: (key) => put(key, new Uint8Array()),
    openWriter: async (key, offsetBytes) => {
      const file = await open(pathOf(key), "r+");
      await file.truncate(offsetBytes);
      let position = offsetBytes;
      return {
        write: async (buffer) => {
          position += (await file.write(buffer, 0, buffer.length, position)).bytesWritten;
        },
        sync: () => file.datasync(),
        close: () => file.close(),
      };
    },
    read: (key, range) => createReadStream(pathOf(key), range),
    size: (key) =>
      stat(pathOf(key)).then(
        (found) => found.size,
        () => null,
      ),
    list: async function* (prefix) {
      for (const name of await readdir(dir, { recursive: true })) {
        if (name.startsWith(prefix) && (await stat(pathOf(name))).isFile()) yield name;
      }
    },
    remove: (key) => rm(pathOf(key), { force: true }),
    freeBytes: async () => null,
  };
}
