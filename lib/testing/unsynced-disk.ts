import { ftruncateSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import * as fs from "node:fs/promises";
import { dirname } from "node:path";
import type { Disk, DiskFile } from "../storage/index.ts";

/** What a store asks of its disk. `sync` also of directories. */
export type DiskCall = "open" | "mkdir" | "link" | "unlink" | "write" | "truncate" | "datasync" | "sync" | "close";

type Change = { kind: "write"; positionBytes: number; bytes: Buffer } | { kind: "truncate"; lengthBytes: number };

/** The bytes of one file: those that a sync made durable, and what came after. */
type Inode = { durable: Buffer; pending: Change[] };

/** A name of a directory that came or went (null) and is not durable yet. */
type NameChange = { path: string; inode: Inode | "folder" | null };

type Options = {
  /** Asked before each call; what it throws, the call throws. */
  before?: (call: DiskCall, path: string) => void;
  /** A disk that says "synced" and has done nothing: what a test of durability must notice. */
  liesAboutSync?: boolean;
};

const pageBytes = 4096;

/**
 * A disk that keeps apart what was written and what was synced, on real files. `cutPower` then leaves what a real
 * one may leave: everything that was synced, and of the rest any pages, lengths and names, and not in order.
 */
export class UnsyncedDisk {
  readonly #root: string;
  readonly #options: Options;
  readonly #inodes = new Map<string, Inode>();
  readonly #cuts = new WeakMap<DiskFile, (lengthBytes: number) => void>();
  #durableNames = new Map<string, Inode | "folder">();
  #pendingNames: NameChange[] = [];
  /** Whoever opened something before the power was cut holds nothing. */
  #lives = 0;

  /** @param root the store's directory; itself durable */
  constructor(root: string, options: Options = {}) {
    this.#root = root;
    this.#options = options;
  }

  #before(call: DiskCall, path: string, life: number): void {
    this.#alive(life);
    this.#options.before?.(call, path);
    // This call may have been the one at which the power was cut.
    this.#alive(life);
  }

  /** A call that was under way when the power went tells its caller nothing. */
  #alive(life: number): void {
    if (life !== this.#lives) throw Object.assign(new Error("EIO: the power was cut"), { code: "EIO" });
  }

  /** The disk as a process sees it that starts now. */
  connect(): Disk {
    const life = this.#lives;
    return {
      open: (path, flags, mode) => this.#open(path, flags, mode, life),
      mkdir: (path, options) => this.#mkdir(path, options, life),
      link: (existing, path) => this.#link(existing, path, life),
      unlink: (path) => this.#unlink(path, life),
      cut: (file, lengthBytes) => this.#cuts.get(file)?.(lengthBytes),
    };
  }

  async #open(path: string, flags: string, mode: number | undefined, life: number): Promise<DiskFile> {
    this.#before("open", path, life);
    const file = await fs.open(path, flags, mode);
    if ((await file.stat()).isDirectory()) return this.#directory(path, file, life);
    const inode = this.#inodes.get(path) ?? { durable: Buffer.alloc(0), pending: [] };
    if (!this.#inodes.has(path)) this.#pendingNames.push({ path, inode });
    this.#inodes.set(path, inode);
    return this.#file(path, file, inode, life);
  }

  #file(path: string, file: fs.FileHandle, inode: Inode, life: number): DiskFile {
    const sync = async (call: "sync" | "datasync") => {
      try {
        this.#before(call, path, life);
      } catch (error) {
        // As Linux does: the pages count as clean now, and the next sync says nothing of them.
        inode.pending = [];
        throw error;
      }
      // Only what was written when the sync began is certain to be in it.
      const due = this.#options.liesAboutSync ? [] : inode.pending.slice();
      await file.datasync();
      this.#alive(life);
      for (const change of due) inode.durable = apply(inode.durable, change);
      inode.pending = inode.pending.filter((change) => !due.includes(change));
    };
    const opened: DiskFile = {
      fd: file.fd,
      read: (into, offset, length, position) => file.read(into, offset, length, position),
      writev: async (buffers, positionBytes) => {
        this.#before("write", path, life);
        const { bytesWritten } = await file.writev(buffers, positionBytes);
        this.#alive(life);
        inode.pending.push({ kind: "write", positionBytes, bytes: Buffer.concat(buffers, bytesWritten) });
        return { bytesWritten };
      },
      datasync: () => sync("datasync"),
      sync: () => sync("sync"),
      close: async () => {
        await file.close();
        this.#before("close", path, life);
      },
    };
    this.#cuts.set(opened, (lengthBytes) => {
      this.#before("truncate", path, life);
      ftruncateSync(file.fd, lengthBytes);
      inode.pending.push({ kind: "truncate", lengthBytes });
    });
    return opened;
  }

  #directory(path: string, file: fs.FileHandle, life: number): DiskFile {
    const sync = async () => {
      this.#before("sync", path, life);
      if (this.#options.liesAboutSync) return;
      const due = this.#pendingNames.filter((change) => dirname(change.path) === path);
      for (const change of due) setName(this.#durableNames, change);
      this.#pendingNames = this.#pendingNames.filter((change) => !due.includes(change));
    };
    const never = () => Promise.reject(new Error("EISDIR"));
    return {
      fd: file.fd,
      read: never,
      writev: never,
      datasync: sync,
      sync,
      close: () => file.close(),
    };
  }

  async #mkdir(path: string, options: { recursive: true; mode: number }, life: number): Promise<string | undefined> {
    this.#before("mkdir", path, life);
    const first = await fs.mkdir(path, options);
    this.#alive(life);
    if (first === undefined) return undefined;
    const made: NameChange[] = [];
    for (let at = path; at.length >= first.length; at = dirname(at)) made.unshift({ path: at, inode: "folder" });
    this.#pendingNames.push(...made);
    return first;
  }

  async #link(existing: string, path: string, life: number): Promise<void> {
    this.#before("link", path, life);
    await fs.link(existing, path);
    this.#alive(life);
    const inode = this.#inodes.get(existing);
    if (inode === undefined) throw new Error(`${existing} was not made through this disk`);
    this.#inodes.set(path, inode);
    this.#pendingNames.push({ path, inode });
  }

  async #unlink(path: string, life: number): Promise<void> {
    this.#before("unlink", path, life);
    await fs.unlink(path);
    this.#alive(life);
    this.#inodes.delete(path);
    this.#pendingNames.push({ path, inode: null });
  }

  /**
   * Cuts the power: whoever has this disk open gets nothing but errors from now on, and the files are what a disk
   * may hold after it.
   */
  cutPower(random: () => number): void {
    this.#lives += 1;
    const kept = [0, 1, random()][Math.floor(random() * 3)] ?? 0;
    const goes = new Set<string>();
    for (const change of this.#pendingNames) {
      // Of the changes to one name, those from some point on are lost.
      if (goes.has(change.path) || random() >= kept) goes.add(change.path);
      else setName(this.#durableNames, change);
    }
    const names = Array.from(this.#durableNames).filter(([path]) => this.#isReachable(path));
    this.#durableNames = new Map(names);
    this.#pendingNames = [];
    for (const inode of new Set(this.#inodes.values())) {
      for (const change of inode.pending) inode.durable = applyTorn(inode.durable, change, kept, random);
      inode.pending = [];
    }
    this.#inodes.clear();
    rmSync(this.#root, { recursive: true, force: true });
    mkdirSync(this.#root);
    // Folders come before what they hold, because they were made before.
    for (const [path, inode] of names.sort(([a], [b]) => a.length - b.length)) {
      if (inode === "folder") mkdirSync(path);
      else {
        writeFileSync(path, inode.durable);
        this.#inodes.set(path, inode);
      }
    }
  }

  #isReachable(path: string): boolean {
    for (let at = dirname(path); at.length > this.#root.length; at = dirname(at))
      if (this.#durableNames.get(at) !== "folder") return false;
    return true;
  }
}

function setName(names: Map<string, Inode | "folder">, { path, inode }: NameChange): void {
  if (inode === null) names.delete(path);
  else names.set(path, inode);
}

function lengthened(content: Buffer, lengthBytes: number): Buffer {
  return Buffer.concat([content, Buffer.alloc(Math.max(0, lengthBytes - content.length))]);
}

function apply(content: Buffer, change: Change): Buffer {
  if (change.kind === "truncate")
    return Buffer.from(lengthened(content, change.lengthBytes).subarray(0, change.lengthBytes));
  const { positionBytes, bytes } = change;
  const result = lengthened(content, positionBytes + bytes.length);
  bytes.copy(result, positionBytes);
  return result;
}

/** Of a write each page is on the medium or not; what is missing before a page that is there reads as zeros. */
function applyTorn(content: Buffer, change: Change, kept: number, random: () => number): Buffer {
  if (change.kind === "truncate") return random() < kept ? apply(content, change) : content;
  let result = content;
  for (let at = 0; at < change.bytes.length; ) {
    const position = change.positionBytes + at;
    const end = Math.min(change.bytes.length, at + pageBytes - (position % pageBytes));
    const page = { kind: "write", positionBytes: position, bytes: change.bytes.subarray(at, end) } as const;
    if (random() < kept) result = apply(result, page);
    at = end;
  }
  return result;
}
