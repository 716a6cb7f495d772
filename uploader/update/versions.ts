import { createPublicKey, type KeyObject } from "node:crypto";
import { readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { messageOf, Problem } from "../problems.ts";
import { linkTarget, pointLink, programName, putFile } from "../service/installation.ts";
import { syncFolder } from "../state/durable-file.ts";

/** An update on trial. */
export type Pending = { from: string; to: string };

/**
 * The versions in an installation folder: each in a folder of its own, `current` a link to one of them, `pending` the
 * note that one is on trial. Every change is one rename, so that at each moment `current` is a whole version.
 */
export class Versions {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** The keys that updates may be signed with. @throws Problem "usage" when there are none */
  async releaseKeys(): Promise<KeyObject[]> {
    const folder = join(this.#folder, "release-keys");
    const names = (await readdir(folder).catch(() => [])).filter((name) => name.endsWith(".pem"));
    if (names.length === 0)
      throw new Problem("usage", `No release key is trusted here: install --release-key FILE puts one into ${folder}.`);
    return Promise.all(
      names.map(async (name) => {
        try {
          return createPublicKey(await readFile(join(folder, name)));
        } catch (error) {
          throw new Problem("usage", `${join(folder, name)} is no public key: ${messageOf(error)}.`);
        }
      }),
    );
  }

  /** The version that runs after the next start. @throws Problem "usage" when nothing is installed here */
  async current(): Promise<string> {
    const target = await linkTarget(join(this.#folder, "current"));
    const version = /^versions\/([^/]+)$/.exec(target ?? "")?.[1];
    if (version === undefined)
      throw new Problem(
        "usage",
        `The uploader is not installed in ${this.#folder}; strongroom-uploader install does that.`,
      );
    return version;
  }

  /** Path of a version's program. */
  programOf(version: string): string {
    return join(this.#folder, "versions", version, programName);
  }

  async add(version: string, program: Buffer): Promise<void> {
    await putFile(this.programOf(version), program, 0o755);
    await syncFolder(join(this.#folder, "versions"));
  }

  async remove(version: string): Promise<void> {
    await rm(join(this.#folder, "versions", version), { recursive: true, force: true });
  }

  /** Lets the next start take this version. */
  async switchTo(version: string): Promise<void> {
    await pointLink(join(this.#folder, "current"), `versions/${version}`);
  }

  async pending(): Promise<Pending | null> {
    const [from, to] = (await readFile(join(this.#folder, "pending"), "utf8").catch(() => "")).trim().split(" ");
    return from === undefined || to === undefined || to === "" ? null : { from, to };
  }

  async begin({ from, to }: Pending): Promise<void> {
    await rm(join(this.#folder, "starts"), { force: true });
    await putFile(join(this.#folder, "pending"), `${from} ${to}\n`, 0o644);
  }

  /** The trial is over, whichever version has won. */
  async settle(): Promise<void> {
    await rm(join(this.#folder, "pending"), { force: true });
    await rm(join(this.#folder, "starts"), { force: true });
    await syncFolder(this.#folder);
  }

  /** Removes every version but these. */
  async prune(kept: readonly string[]): Promise<void> {
    for (const version of await readdir(join(this.#folder, "versions")))
      if (!kept.includes(version)) await this.remove(version);
  }
}
