import { join } from "node:path";
import { decodeJws, manifestSha256, type Sha256Hex } from "../../lib/protocol/index.ts";
import { placeFile, readWhole, type StateDisk } from "../state/disk.ts";

/** What a link says, as far as the uploader asks. */
export type LinkFacts = {
  kind: "manifest" | "statement";
  /** SHA-256 of its payload. */
  sha256: Sha256Hex;
  content: { sha256: string; sizeBytes: number } | null;
};

/** The signed links of one device's chain, each a file that is durable before anybody hears of it. */
export class LinkFolder {
  readonly #disk: StateDisk;
  readonly #folder: string;

  constructor(disk: StateDisk, stateFolder: string, device: string) {
    this.#disk = disk;
    // The name came from the archive, and becomes a path here.
    this.#folder = join(stateFolder, "manifests", device.replaceAll(/[^A-Za-z0-9-]/g, "_"));
  }

  /** Makes the folder. */
  async open(): Promise<void> {
    await this.#disk.makeFolder(this.#folder);
    await this.#disk.syncFolder(join(this.#folder, ".."));
    await this.#disk.syncFolder(join(this.#folder, "../.."));
  }

  /** Keeps a link; on return it survives a power cut. */
  place(sequence: number, jws: string): Promise<void> {
    return placeFile(this.#disk, this.#folder, `${sequence}.jws`, jws);
  }

  /** A link; null when it is not there. */
  async read(sequence: number): Promise<string | null> {
    return (await readWhole(this.#disk, join(this.#folder, `${sequence}.jws`)))?.toString("latin1") ?? null;
  }

  /** Forgets a link that the archive has for good. */
  async remove(sequence: number): Promise<void> {
    await this.#disk.remove(join(this.#folder, `${sequence}.jws`));
  }

  /** On return no link that was removed comes back with the power. */
  sync(): Promise<void> {
    return this.#disk.syncFolder(this.#folder);
  }

  /** Numbers of the links that are here, in order. */
  async numbers(): Promise<number[]> {
    const names = await this.#disk.list(this.#folder);
    return names
      .flatMap((name) => /^(\d{1,15})\.jws$/.exec(name)?.[1] ?? [])
      .map(Number)
      .sort((a, b) => a - b);
  }
}

/** Reads what a link says; null when it is damaged. It is our own, so its signature is the archive's to check. */
export function readLink(jws: string): LinkFacts | null {
  try {
    const { header, payload } = decodeJws(jws);
    const value = JSON.parse(payload.toString("utf8"));
    const sha256 = manifestSha256(payload);
    if (header.typ !== "strongroom-manifest") return { kind: "statement", sha256, content: null };
    return { kind: "manifest", sha256, content: { sha256: value.sha256, sizeBytes: value.sizeBytes } };
  } catch {
    return null;
  }
}
