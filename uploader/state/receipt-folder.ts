import { promisify } from "node:util";
import { gunzip, gzip } from "node:zlib";
import { placeFile, readWhole, type StateDisk } from "./disk.ts";

const compress = promisify(gzip);
const decompress = promisify(gunzip);

/** Receipts in one pack: some 2 kB each. */
const packReceipts = 500;
/** The oldest pack goes when there are more: the archive has its receipts, too, and gives them again. */
const maxPacks = 64;
/** More than a whole pack ever is: what is larger is not ours. */
const maxPackBytes = 64 * 1024 * 1024;

/**
 * The archive's receipts. A file of its own for each recording whose local file may still be here; those of files that
 * are gone share packs, which nobody needs but people: gzip, and in it a line for each with the recording's name before
 * its receipt.
 */
export class ReceiptFolder {
  readonly #disk: StateDisk;
  readonly #stateFolder: string;

  constructor(disk: StateDisk, stateFolder: string) {
    this.#disk = disk;
    this.#stateFolder = stateFolder;
  }

  /** Keeps a receipt; on return it survives a power cut. */
  async keep(recording: string, jws: string): Promise<void> {
    await this.#disk.makeFolder(this.#folder);
    await this.#disk.syncFolder(this.#stateFolder);
    await placeFile(this.#disk, this.#folder, receiptName(recording), `${jws}\n`);
  }

  /** The receipt of a recording whose file may still be here; null: none is kept. */
  async read(recording: string): Promise<string | null> {
    const bytes = await readWhole(this.#disk, `${this.#folder}/${receiptName(recording)}`);
    return bytes === null ? null : bytes.toString("utf8").trim();
  }

  /** Removes the file of a receipt; it may come back after a power cut. */
  remove(recording: string): Promise<void> {
    return this.#disk.remove(`${this.#folder}/${receiptName(recording)}`);
  }

  /**
   * Copies receipts into packs; on return they survive a power cut there. What has no receipt is passed over. Interrupted
   * anywhere, a receipt may be in two places, and never in none.
   */
  async pack(recordings: readonly string[]): Promise<void> {
    const lines: string[] = [];
    for (const recording of recordings) {
      const jws = await this.read(recording);
      if (jws !== null && jws !== "") lines.push(`${recording} ${jws}\n`);
    }
    if (lines.length === 0) return;
    await this.#disk.makeFolder(this.#packs);
    await this.#disk.syncFolder(this.#folder);
    const numbers = await this.packNumbers();
    let number = numbers.at(-1) ?? 0;
    // The last one is filled up under a new number: rewritten in place, a power cut could cost it.
    const last = number === 0 ? null : await this.readPack(number);
    const isOpen = last !== null && last.length < packReceipts;
    const replaced = isOpen ? number : null;
    const known = new Set(isOpen ? last : []);
    const all = [...known, ...lines.filter((line) => !known.has(line))];
    for (let at = 0; at < all.length; at += packReceipts) {
      number += 1;
      const text = all.slice(at, at + packReceipts).join("");
      await placeFile(this.#disk, this.#packs, packName(number), await compress(text));
    }
    if (replaced !== null) await this.#disk.remove(`${this.#packs}/${packName(replaced)}`);
    for (const old of (await this.packNumbers()).slice(0, -maxPacks))
      await this.#disk.remove(`${this.#packs}/${packName(old)}`);
  }

  /** Numbers of the packs, oldest first. */
  async packNumbers(): Promise<number[]> {
    return (await this.#disk.list(this.#packs))
      .flatMap((name) => /^(\d{8})\.gz$/.exec(name)?.[1] ?? [])
      .map(Number)
      .sort((a, b) => a - b);
  }

  /** The lines of a pack; null when it is damaged or not there. */
  async readPack(number: number): Promise<string[] | null> {
    try {
      const bytes = await readWhole(this.#disk, `${this.#packs}/${packName(number)}`);
      if (bytes === null) return null;
      const text = (await decompress(bytes, { maxOutputLength: maxPackBytes })).toString("utf8");
      return text.split(/(?<=\n)/).filter((line) => line !== "");
    } catch {
      return null;
    }
  }

  get #folder(): string {
    return `${this.#stateFolder}/receipts`;
  }

  get #packs(): string {
    return `${this.#folder}/packed`;
  }
}

function packName(number: number): string {
  return `${String(number).padStart(8, "0")}.gz`;
}

function receiptName(recording: string): string {
  // The name came from the archive, and becomes a path here.
  return `${recording.replaceAll(/[^A-Za-z0-9-]/g, "_")}.receipt.jws`;
}
