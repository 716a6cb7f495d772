import { dirname } from "node:path";
import type { OpenMode, StateDisk, StateFile } from "../state/disk.ts";

/** What is asked of the disk. */
export type DiskCall =
  | "open"
  | "write"
  | "read"
  | "truncate"
  | "sync"
  | "rename"
  | "remove"
  | "syncFolder"
  | "makeFolder";

type Change = { kind: "write"; position: number; bytes: Buffer } | { kind: "truncate"; lengthBytes: number };
type Inode = { content: Buffer; durable: Buffer; pending: Change[] };
type NameChange = { path: string; inode: Inode | null };

const pageBytes = 4096;

function systemError(code: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${path}`), { code });
}

/**
 * A disk in memory that keeps apart what was written and what was synced. `cutPower` leaves what a real one may
 * leave: everything that was synced, and of the rest any pages, lengths and names, and not in order.
 */
export class MemoryDisk {
  readonly #names = new Map<string, Inode>();
  #durableNames = new Map<string, Inode>();
  #pendingNames: NameChange[] = [];
  /** Whoever opened something before the power was cut holds nothing. */
  #life = 0;
  /** Most bytes of all files together. */
  capacityBytes = Number.POSITIVE_INFINITY;
  /** Asked before each call; what it throws, the call throws. */
  before: (call: DiskCall, path: string) => void = () => undefined;
  /** A disk that says "synced" and has done nothing: what a test of durability must notice. */
  liesAboutSync = false;

  /** The disk as a process sees it that starts now. */
  connect(): StateDisk {
    const life = this.#life;
    const checked = async (call: DiskCall, path: string) => {
      await Promise.resolve();
      if (life === this.#life) this.before(call, path);
      if (life !== this.#life) throw systemError("EIO", "the power was cut");
    };
    return {
      open: async (path, mode) => {
        await checked("open", path);
        return this.#open(path, mode, checked);
      },
      list: async (folder) =>
        [...this.#names.keys()].filter((path) => dirname(path) === folder).map((path) => path.slice(folder.length + 1)),
      makeFolder: (path) => checked("makeFolder", path),
      rename: async (from, to) => {
        await checked("rename", from);
        const inode = this.#names.get(from);
        if (inode === undefined) throw systemError("ENOENT", from);
        this.#setName({ path: to, inode });
        this.#setName({ path: from, inode: null });
      },
      remove: async (path) => {
        await checked("remove", path);
        if (this.#names.has(path)) this.#setName({ path, inode: null });
      },
      syncFolder: async (path) => {
        await checked("syncFolder", path);
        if (this.liesAboutSync) return;
        for (const change of this.#pendingNames) if (dirname(change.path) === path) setName(this.#durableNames, change);
        this.#pendingNames = this.#pendingNames.filter((change) => dirname(change.path) !== path);
      },
    };
  }

  /** What a file holds now; null: there is none. */
  content(path: string): Buffer | null {
    return this.#names.get(path)?.content ?? null;
  }

  /** Changes a file behind everybody's back, durably; null removes it. */
  damage(path: string, content: Buffer | null): void {
    const inode = content === null ? null : { content, durable: content, pending: [] };
    setName(this.#names, { path, inode });
    setName(this.#durableNames, { path, inode });
  }

  /** Cuts the power: whoever has this disk open gets nothing but errors from now on. */
  cutPower(random: () => number): void {
    this.#life += 1;
    const kept = [0, 1, random()][Math.floor(random() * 3)] ?? 0;
    const lost = new Set<string>();
    for (const change of this.#pendingNames) {
      // Of the changes to one name, those from some point on are lost.
      if (lost.has(change.path) || random() >= kept) lost.add(change.path);
      else setName(this.#durableNames, change);
    }
    this.#pendingNames = [];
    for (const inode of new Set(this.#durableNames.values())) {
      for (const change of inode.pending) inode.durable = torn(inode.durable, change, kept, random);
      inode.pending = [];
      inode.content = inode.durable;
    }
    this.#names.clear();
    for (const [path, inode] of this.#durableNames) this.#names.set(path, inode);
    this.#durableNames = new Map(this.#names);
  }

  #open(path: string, mode: OpenMode, checked: (call: DiskCall, path: string) => Promise<void>): StateFile {
    let inode = this.#names.get(path);
    if (inode === undefined) {
      if (mode === "read") throw systemError("ENOENT", path);
      inode = { content: Buffer.alloc(0), durable: Buffer.alloc(0), pending: [] };
      this.#setName({ path, inode });
    }
    const opened = inode;
    const change = (next: Change) => {
      opened.content = apply(opened.content, next);
      opened.pending.push(next);
    };
    if (mode === "create") change({ kind: "truncate", lengthBytes: 0 });
    return {
      write: async (bytes, position) => {
        await checked("write", path);
        const room = this.capacityBytes - this.#usedBytes() + Math.max(0, opened.content.length - position);
        // A disk that is nearly full takes a part and refuses the rest.
        change({ kind: "write", position, bytes: Buffer.from(bytes.subarray(0, Math.max(0, room))) });
        if (bytes.length > room) throw systemError("ENOSPC", path);
      },
      read: async (position, lengthBytes) => {
        await checked("read", path);
        return Buffer.from(opened.content.subarray(position, position + lengthBytes));
      },
      sizeBytes: async () => opened.content.length,
      truncate: async (lengthBytes) => {
        await checked("truncate", path);
        change({ kind: "truncate", lengthBytes });
      },
      sync: async () => {
        try {
          await checked("sync", path);
        } catch (error) {
          // As Linux does: the pages count as clean now, and the next sync says nothing of them.
          opened.pending = [];
          throw error;
        }
        if (this.liesAboutSync) return;
        for (const due of opened.pending) opened.durable = apply(opened.durable, due);
        opened.pending = [];
      },
      close: async () => undefined,
    };
  }

  #usedBytes(): number {
    let sum = 0;
    for (const inode of new Set(this.#names.values())) sum += inode.content.length;
    return sum;
  }

  #setName(change: NameChange): void {
    setName(this.#names, change);
    this.#pendingNames.push(change);
  }
}

function setName(names: Map<string, Inode>, { path, inode }: NameChange): void {
  if (inode === null) names.delete(path);
  else names.set(path, inode);
}

function apply(content: Buffer, change: Change): Buffer {
  const lengthBytes =
    change.kind === "truncate" ? change.lengthBytes : Math.max(content.length, change.position + change.bytes.length);
  const result = Buffer.alloc(lengthBytes);
  content.copy(result);
  if (change.kind === "write") change.bytes.copy(result, change.position);
  return result;
}

/** Of a write each page is on the medium or not; what is missing before a page that is there reads as zeros. */
function torn(content: Buffer, change: Change, kept: number, random: () => number): Buffer {
  if (change.kind === "truncate") return random() < kept ? apply(content, change) : content;
  let result = content;
  for (let at = 0; at < change.bytes.length; ) {
    const position = change.position + at;
    const end = Math.min(change.bytes.length, at + pageBytes - (position % pageBytes));
    if (random() < kept) result = apply(result, { kind: "write", position, bytes: change.bytes.subarray(at, end) });
    at = end;
  }
  return result;
}
