import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const imageBytes = 64 * 1024 * 1024;
/** How ext4 may write back: late or soon, and names before or after the bytes that they are for. */
const ways = ["commit=600,data=ordered", "commit=1,data=ordered", "commit=1,data=writeback"] as const;
// EXT4_IOC_SHUTDOWN with EXT4_GOING_FLAGS_NOLOGFLUSH: from here on nothing more reaches the device.
const shutDown = 'my $how = pack("L", 2); open(F, "<", $ARGV[0]) && ioctl(F, 0x8004587d, $how) || die "$!\\n"';

/**
 * A real ext4 of its own, in a file on a loop device, that loses power: what was not synced, and not yet written back by
 * itself, is gone. Linux, as root.
 */
export class MortalDisk {
  readonly folder: string;
  readonly #dir: string;
  readonly #image: string;
  #isMounted = false;
  #lives = 0;

  private constructor(dir: string) {
    this.#dir = dir;
    this.#image = join(dir, "image");
    this.folder = join(dir, "disk");
  }

  /** Makes one and mounts it. */
  static open(): MortalDisk {
    const disk = new MortalDisk(mkdtempSync(join(tmpdir(), "strongroom-disk-")));
    mkdirSync(disk.folder);
    writeFileSync(disk.#image, "");
    truncateSync(disk.#image, imageBytes);
    run("mkfs.ext4", "-q", "-F", "-J", "size=4", disk.#image);
    disk.#mount();
    return disk;
  }

  /** Cuts the power. Whoever has files open on it must be stopped before, and ended by `then`. */
  async cut(then: () => Promise<unknown>): Promise<void> {
    run("perl", "-e", shutDown, this.folder);
    await then();
    this.#unmount();
    this.#mount();
  }

  close(): void {
    if (this.#isMounted) this.#unmount();
    rmSync(this.#dir, { recursive: true, force: true });
  }

  #mount(): void {
    const way = ways[this.#lives % ways.length] ?? ways[0];
    this.#lives += 1;
    run("mount", "-o", `loop,${way}`, this.#image, this.folder);
    this.#isMounted = true;
  }

  #unmount(): void {
    run("umount", this.folder);
    this.#isMounted = false;
  }
}

/** Why no power can be cut here; null: it can. */
export function whyNoPowerCuts(): string | null {
  try {
    MortalDisk.open().close();
    return null;
  } catch (error) {
    const reason = error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error);
    return `an ext4 on a loop device, with mkfs.ext4 and perl, as root, is not to be had: ${reason}`;
  }
}

function run(program: string, ...args: string[]): void {
  execFileSync(program, args, { stdio: ["ignore", "ignore", "pipe"] });
}
