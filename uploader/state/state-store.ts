import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Sha256Hex } from "../../lib/protocol/index.ts";
import { messageOf, Problem, systemCode } from "../problems.ts";
import { replaceFile, syncFolder } from "./durable-file.ts";
import { decodeRecord, encodeRecord, type FileRecord } from "./file-record.ts";
import { lockHolder, takeLock } from "./process-lock.ts";

/**
 * What the uploader remembers between runs: a folder with one small file for each recording and server.
 * A damaged one is set aside in `damaged/` and costs no more than describing and sending that recording anew.
 */
export class StateStore {
  readonly folder: string;
  readonly #files: string;
  readonly #locks: string;
  /** Made when it is first asked for; may name records that are gone or have changed. */
  #keysByContent: Map<Sha256Hex, Set<string>> | null = null;

  private constructor(folder: string) {
    this.folder = folder;
    this.#files = join(folder, "files");
    this.#locks = join(folder, "locks");
  }

  /** Opens the folder, making it when it is not there. @throws Problem "usage" when that is not possible */
  static async open(folder: string): Promise<StateStore> {
    const store = new StateStore(folder);
    try {
      await mkdir(store.#files, { recursive: true, mode: 0o700 });
      await mkdir(store.#locks, { recursive: true, mode: 0o700 });
    } catch (error) {
      throw new Problem(
        "usage",
        `The state folder ${folder} cannot be made: ${messageOf(error)}. Name another one with --state-dir.`,
      );
    }
    return store;
  }

  /** The name under which a file and server are remembered. */
  static keyOf(server: string, file: string): string {
    return createHash("sha256").update(`${server}\n${file}`).digest("hex").slice(0, 32);
  }

  /** What is remembered of a file; null when nothing is, or it is damaged. */
  async read(server: string, file: string): Promise<FileRecord | null> {
    const record = await this.#readByKey(StateStore.keyOf(server, file));
    return record !== null && record.server === server && record.file === file ? record : null;
  }

  /**
   * Remembers a record.
   *
   * @param isDurable true: on return it survives a power cut
   * @throws Problem "again" when the disk does not take it
   */
  async write(record: FileRecord, isDurable: boolean): Promise<void> {
    try {
      await replaceFile(this.#pathOf(StateStore.keyOf(record.server, record.file)), encodeRecord(record), isDurable);
      this.#index(record);
    } catch (error) {
      throw new Problem("again", `The state folder ${this.folder} takes no more: ${messageOf(error)}.`, {
        cause: error,
      });
    }
  }

  /** Keeps a receipt; on return it survives a power cut. @throws Problem "again" when the disk does not take it */
  async keepReceipt(recording: string, jws: string): Promise<void> {
    const folder = join(this.folder, "receipts");
    try {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      await syncFolder(this.folder);
      // The name came from the archive, and becomes a path here.
      const name = recording.replaceAll(/[^A-Za-z0-9-]/g, "_");
      await replaceFile(join(folder, `${name}.receipt.jws`), `${jws}\n`, true);
    } catch (error) {
      throw new Problem("again", `The state folder ${this.folder} takes no more: ${messageOf(error)}.`, {
        cause: error,
      });
    }
  }

  /** Forgets a file. */
  async remove(record: FileRecord): Promise<void> {
    await rm(this.#pathOf(StateStore.keyOf(record.server, record.file)), { force: true });
  }

  /** Every record, in no order, one at a time, so that memory does not grow with their number. */
  async *all(): AsyncGenerator<FileRecord> {
    for (const name of await readdir(this.#files)) {
      if (!/^[0-9a-f]{32}\.json$/.test(name)) continue;
      const record = await this.#readByKey(name.slice(0, 32));
      if (record !== null) yield record;
    }
  }

  /** Records of the same content on the same server, which may be the file under its old name. */
  async findByContent(server: string, sha256: Sha256Hex): Promise<FileRecord[]> {
    if (this.#keysByContent === null) {
      this.#keysByContent = new Map();
      for await (const record of this.all()) this.#index(record);
    }
    const found: FileRecord[] = [];
    for (const key of this.#keysByContent.get(sha256) ?? []) {
      const record = await this.#readByKey(key);
      if (record?.server === server && record.sha256 === sha256) found.push(record);
    }
    return found;
  }

  #index(record: FileRecord): void {
    const keys = this.#keysByContent?.get(record.sha256) ?? new Set();
    this.#keysByContent?.set(record.sha256, keys.add(StateStore.keyOf(record.server, record.file)));
  }

  /** Keeps other uploaders away from one file; null when one works on it. Returns how to let go. */
  lockFile(server: string, file: string): Promise<(() => Promise<void>) | null> {
    return takeLock(this.#locks, StateStore.keyOf(server, file));
  }

  /** Keeps other daemons away from the folder; null when one runs. Returns how to let go. */
  lockDaemon(): Promise<(() => Promise<void>) | null> {
    return takeLock(this.#locks, "daemon");
  }

  /** Process number of the daemon that runs on this folder; null when none does. */
  daemonPid(): Promise<number | null> {
    return lockHolder(this.#locks, "daemon");
  }

  /** Removes what killed processes left half written, but nothing so young that a living one may be at it. */
  async sweep(): Promise<void> {
    for (const name of await readdir(this.#files)) {
      const path = join(this.#files, name);
      if (/^[0-9a-f]{32}\.json$/.test(name)) continue;
      const stats = await stat(path).catch(() => null);
      if (stats !== null && Math.abs(Date.now() - stats.mtimeMs) > 600_000) await rm(path, { force: true });
    }
  }

  #pathOf(key: string): string {
    return join(this.#files, `${key}.json`);
  }

  async #readByKey(key: string): Promise<FileRecord | null> {
    let text: string;
    try {
      text = await readFile(this.#pathOf(key), "utf8");
    } catch (error) {
      if (systemCode(error) === "ENOENT") return null;
      if (systemCode(error) === "EIO" || systemCode(error) === "EISDIR") {
        await this.#setAside(key);
        return null;
      }
      // Unreadable is not absent: starting over would send everything twice for a passing lack of memory.
      throw new Problem("again", `The state in ${this.#pathOf(key)} cannot be read: ${messageOf(error)}.`, {
        cause: error,
      });
    }
    const record = decodeRecord(text);
    if (record === null) await this.#setAside(key);
    return record;
  }

  async #setAside(key: string): Promise<void> {
    const damaged = join(this.folder, "damaged");
    await mkdir(damaged, { recursive: true, mode: 0o700 });
    await rename(this.#pathOf(key), join(damaged, `${key}.${Date.now()}.json`)).catch(() => undefined);
  }
}
