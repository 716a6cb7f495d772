import type { KeyObject } from "node:crypto";
import { basename } from "node:path";
import {
  buildManifest,
  buildStatement,
  canonicalJson,
  decodeJws,
  type Manifest,
  manifestSha256,
  type Sha256Hex,
  type Statement,
  safeFileName,
  signManifest,
  signStatement,
  type TombstoneReason,
} from "../../lib/protocol/index.ts";
import { dropEnqueue } from "../finding/enqueue-drop.ts";
import type { Identity } from "../identity/identity.ts";
import { messageOf, Problem } from "../problems.ts";
import type { FileRecord } from "../state/file-record.ts";
import type { StateStore } from "../state/state-store.ts";
import { type LinkFacts, LinkFolder, readLink } from "./link-folder.ts";

const maxSaidAgain = 16;

/** A place in a chain. */
export type ChainHead = { sequence: number; sha256: string };

/** What a manifest says of a file, without its place in the chain. */
export type ManifestFacts = Omit<Parameters<typeof buildManifest>[0], "device" | "sequence" | "previous">;

type Surroundings = {
  store: StateStore;
  identity: Identity;
  /** What this device's clock is worth now, for statements. */
  clock: () => { source: string; offsetMs?: number };
  /**
   * Asks for the archive's last link of this device, when nothing is here to go on from; null: whoever runs this says
   * so by `seen`. @throws Problem
   */
  askHead: (() => Promise<ChainHead | null>) | null;
};

/**
 * The device's chain: every file that is described, and every word on one that will not come, gets the next number
 * and names the link before it. Order of each link: sign it, keep it durably, note it in the journal; only then does
 * anybody hear of it. So no number ever has two contents, whatever is lost: the journal is rebuilt from the links, and
 * without both the archive says how far the chain has come.
 */
export class Chain {
  readonly #around: Surroundings;
  readonly #links: LinkFolder;
  #head: ChainHead | null = null;
  #isAnchored = false;
  /** Links that no record names: what a power cut left, or all of them when the journal is gone. */
  readonly #orphans = new Map<number, LinkFacts>();
  /** Of those, the ones that were here at the start and that nobody is describing now. */
  readonly #lost = new Set<number>();
  readonly #unsent = new Set<number>();
  /** The last link is to be forgotten once another one names it. */
  #isHeadForgotten = false;
  #working: Promise<unknown> = Promise.resolve();
  #tellAnchored: () => void = () => undefined;
  /** Settles when it is known where the next link goes. */
  readonly anchored: Promise<void>;
  /** Called when a statement waits to be sent. */
  onStatement: () => void = () => undefined;

  private constructor(around: Surroundings, links: LinkFolder) {
    this.#around = around;
    this.#links = links;
    this.anchored = new Promise((resolve) => {
      this.#tellAnchored = resolve;
    });
  }

  /** Opens the chain of an identity. @throws Problem "again" when the disk does not give it */
  static async open(around: Surroundings): Promise<Chain> {
    const { store, identity } = around;
    const links = new LinkFolder(store.disk, store.folder, identity.device);
    const chain = new Chain(around, links);
    try {
      await links.open();
      await chain.#restore();
    } catch (error) {
      if (error instanceof Problem) throw error;
      throw new Problem("again", `The links in ${store.folder} cannot be read: ${messageOf(error)}.`, { cause: error });
    }
    return chain;
  }

  /** The last link; null: there is none yet. */
  get head(): ChainHead | null {
    return this.#head;
  }

  /** Numbers of statements that the archive has not taken yet, in order. */
  get unsent(): number[] {
    return [...this.#unsent].sort((a, b) => a - b);
  }

  /** Numbers of manifests from before this process whose file has not been found again. */
  get lost(): number[] {
    return [...this.#lost];
  }

  /** A signed link; null when it is not here any more, or damaged: what a medium spoilt is as good as lost. */
  async read(sequence: number): Promise<string | null> {
    const jws = await this.#links.read(sequence);
    return jws === null || readLink(jws) === null ? null : jws;
  }

  /** A manifest of this very content that no record names, made before a power cut. */
  claim(sha256: Sha256Hex, sizeBytes: number): { sequence: number; manifestSha256: Sha256Hex } | null {
    for (const [sequence, { content, sha256: manifestSha256 }] of this.#orphans) {
      if (content?.sha256 !== sha256 || content.sizeBytes !== sizeBytes) continue;
      this.#lost.delete(sequence);
      return { sequence, manifestSha256 };
    }
    return null;
  }

  /** A record that names this manifest is durable. */
  adopted(sequence: number): void {
    this.#orphans.delete(sequence);
  }

  /**
   * Signs a file into the chain; on return the manifest survives a power cut. It is an orphan until `adopted` says that
   * a record names it.
   *
   * @throws Problem, ManifestError
   */
  async describe(facts: ManifestFacts): Promise<{ sequence: number; manifestSha256: Sha256Hex }> {
    let manifest: Manifest | null = null;
    const head = await this.#append((link, key) => {
      manifest = buildManifest({ ...facts, ...link } as Parameters<typeof buildManifest>[0]); // both halves together
      return { jws: signManifest(manifest, key), payload: canonicalJson(manifest) };
    }, false);
    return { sequence: head.sequence, manifestSha256: head.sha256 };
  }

  /** States that a described file will not come; on return that survives a power cut, and it will be sent. */
  async tombstone(record: FileRecord, reason: TombstoneReason): Promise<void> {
    const { sequence, manifestSha256, sha256, file, identity } = record;
    if (sequence === null || manifestSha256 === null) return;
    await this.#state({
      kind: "tombstone",
      of: { sequence, manifestSha256 },
      reason,
      sha256,
      sizeBytes: identity.sizeBytes,
      fileName: safeFileName(basename(file)),
    });
  }

  /** States that a described file of an orphaned manifest will not come. */
  async tombstoneOrphan(sequence: number, reason: TombstoneReason): Promise<void> {
    const facts = this.#orphans.get(sequence);
    const jws = await this.#links.read(sequence);
    if (facts?.content == null || jws === null) return;
    const { fileName } = JSON.parse(Buffer.from(jws.split(".")[1] ?? "", "base64url").toString("utf8"));
    const { sha256, sizeBytes } = facts.content;
    const of = { sequence, manifestSha256: facts.sha256 };
    await this.#state({ kind: "tombstone", of, reason, sha256: sha256 as Sha256Hex, sizeBytes, fileName });
    await this.forget(sequence);
  }

  /** States that something recorded nothing for a while; once, when whoever says so was killed after saying it. */
  gap(source: string, from: string, until: string, reason: string): Promise<void> {
    const said = { kind: "gap" as const, source, from, until, reason };
    return this.#exclusively(async () => {
      await this.#anchor();
      if (!(await this.#isSaid(said))) await this.#stateNow(said);
    });
  }

  /** Lets nothing be signed meanwhile, and tells the next number: for a change of keys. */
  hold(act: (nextSequence: number) => Promise<void>): Promise<void> {
    return this.#exclusively(async () => {
      await this.#anchor();
      await act((this.#head?.sequence ?? 0) + 1);
    });
  }

  /** The archive has taken a statement. */
  async sent(sequence: number): Promise<void> {
    this.#unsent.delete(sequence);
    await this.#around.store.setNote("unsent", this.unsent, true);
    await this.forget(sequence);
  }

  /** The archive has this link for good; the last one stays, because the next one names it. */
  async forget(sequence: number): Promise<void> {
    // One that stays is known by its record, and is removed when that is forgotten.
    await this.#remove(sequence).catch(() => undefined);
  }

  /**
   * Forgets links whose records are to be forgotten, too. On return they are gone, whatever the power does: one that
   * nobody knows would be taken by another file of the same content for its own.
   *
   * @throws the disk's error when one of them stays; then its record must stay as well
   */
  async forgetForGood(sequences: readonly number[]): Promise<void> {
    if (sequences.length === 0) return;
    for (const sequence of sequences) await this.#remove(sequence);
    await this.#links.sync();
  }

  async #remove(sequence: number): Promise<void> {
    this.#orphans.delete(sequence);
    this.#lost.delete(sequence);
    if (sequence === this.#head?.sequence) this.#isHeadForgotten = true;
    else await this.#links.remove(sequence);
  }

  /**
   * The archive says how far the chain has come there. When that is further than here, this folder has lost its
   * memory: the chain goes on above, and says so.
   */
  seen(head: ChainHead | null): Promise<void> {
    return this.#exclusively(async () => {
      const ours = this.#head?.sequence ?? 0;
      const isBehind = head !== null && head.sequence > ours;
      if (isBehind) await this.#goOnAbove(head, ours);
      this.#setAnchored();
    });
  }

  /**
   * The archive knows another link of a number: this folder was set back. One contradiction is enough; whoever can ask
   * goes on above the archive's head. The daemon hears it with its next heartbeat. @throws Problem
   */
  async contradicted(): Promise<void> {
    const { askHead } = this.#around;
    if (askHead !== null) await this.seen(await askHead());
  }

  async #restore(): Promise<void> {
    const { store, identity } = this.#around;
    const noted = store.note("chain");
    const known = noted?.device === identity.device ? noted : null;
    if (noted !== undefined && known === null) await leaveOldChain(store);
    const numbers = await this.#links.numbers();
    const named = store.sequences();
    for (const sequence of store.note("unsent") ?? []) if (numbers.includes(sequence)) this.#unsent.add(sequence);
    let highest: ChainHead | null = null;
    for (const sequence of numbers) {
      const isLast = sequence === numbers.at(-1);
      // It was the last one when it was sealed.
      if (!isLast && named.get(sequence)?.isSealed === true) await this.#links.remove(sequence);
      if (!isLast && (named.has(sequence) || this.#unsent.has(sequence))) continue;
      const jws = await this.#links.read(sequence);
      const facts = jws === null ? null : readLink(jws);
      if (facts === null) continue;
      highest = { sequence, sha256: facts.sha256 };
      if (named.has(sequence) || this.#unsent.has(sequence)) continue;
      // A statement that nobody remembers is sent again: that is the same to the archive.
      if (facts.kind === "manifest") {
        this.#orphans.set(sequence, facts);
        this.#lost.add(sequence);
      } else if (sequence > (known?.sequence ?? 0)) this.#unsent.add(sequence);
      // It was taken while it was the last one.
      else if (!isLast) await this.#links.remove(sequence);
    }
    const head = [known, highest].reduce((best, one) =>
      one !== null && one.sequence > (best?.sequence ?? 0) ? one : best,
    );
    this.#head = head === null ? null : { sequence: head.sequence, sha256: head.sha256 };
    if (this.#head !== null) this.#setAnchored();
    if (this.#head !== null && this.#head.sequence !== known?.sequence) await this.#note(this.#head);
  }

  async #anchor(): Promise<void> {
    if (this.#isAnchored) return;
    if (this.#around.askHead === null)
      throw new Problem("again", "The archive has not said yet how far this device's chain has come.");
    const head = await this.#around.askHead();
    if (head !== null) await this.#goOnAbove(head, 0);
    this.#setAnchored();
  }

  async #goOnAbove(head: ChainHead, ours: number): Promise<void> {
    await this.#note(head);
    const now = new Date().toISOString();
    const reason = `The device's memory of its chain was lost after number ${ours}; the archive knew ${head.sequence}.`;
    await this.#stateNow({ kind: "gap", source: "uploader", from: now, until: now, reason });
  }

  // Among the last ones that wait: only what was being said when the process ended can be said again.
  async #isSaid(said: Said): Promise<boolean> {
    for (const sequence of this.unsent.slice(-maxSaidAgain)) {
      const jws = await this.read(sequence);
      const statement = jws === null ? {} : JSON.parse(decodeJws(jws).payload.toString("utf8"));
      if (Object.entries(said).every(([name, value]) => statement[name] === value)) return true;
    }
    return false;
  }

  #setAnchored(): void {
    this.#isAnchored = true;
    this.#tellAnchored();
  }

  #append(make: Make, isStatement: boolean): Promise<{ sequence: number; sha256: Sha256Hex }> {
    return this.#exclusively(async () => {
      await this.#anchor();
      return this.#appendNow(make, isStatement);
    });
  }

  async #appendNow(make: Make, isStatement: boolean): Promise<{ sequence: number; sha256: Sha256Hex }> {
    const { store, identity } = this.#around;
    const sequence = (this.#head?.sequence ?? 0) + 1;
    const link = { device: identity.device, sequence, previous: (this.#head?.sha256 ?? null) as Sha256Hex | null };
    const { jws, payload } = make(link, keyFor(identity, sequence));
    const sha256 = manifestSha256(Buffer.from(payload));
    try {
      await this.#links.place(sequence, jws);
    } catch (error) {
      throw new Problem("again", `The state folder ${store.folder} takes no more: ${messageOf(error)}.`, {
        cause: error,
        reason: "disk",
      });
    }
    // From here on the number is used, whatever happens to the note of it.
    const forgotten = this.#isHeadForgotten ? link.sequence - 1 : null;
    this.#head = { sequence, sha256 };
    this.#isHeadForgotten = false;
    if (isStatement) this.#unsent.add(sequence);
    else this.#orphans.set(sequence, readLink(jws) ?? { kind: "manifest", sha256, content: null });
    // Before the head: a statement up to the head that is not noted here counts as sent.
    if (isStatement) await store.setNote("unsent", this.unsent, true);
    await this.#note(this.#head);
    if (forgotten !== null) await this.#links.remove(forgotten).catch(() => undefined);
    if (isStatement) this.onStatement();
    return { sequence, sha256 };
  }

  #state(said: Said): Promise<void> {
    return this.#exclusively(async () => {
      await this.#anchor();
      await this.#stateNow(said);
    });
  }

  async #stateNow(said: Said): Promise<void> {
    const at = new Date().toISOString();
    await this.#appendNow((link, key) => {
      const facts = { ...said, ...link, at, clock: this.#around.clock() };
      const statement: Statement = buildStatement(facts as Parameters<typeof buildStatement>[0]); // both halves together
      return { jws: signStatement(statement, key), payload: canonicalJson(statement) };
    }, true);
  }

  async #note(head: ChainHead): Promise<void> {
    this.#head = { sequence: head.sequence, sha256: head.sha256 };
    await this.#around.store.setNote("chain", { device: this.#around.identity.device, ...this.#head }, true);
  }

  #exclusively<T>(act: () => Promise<T>): Promise<T> {
    const done = this.#working.then(act);
    this.#working = done.catch(() => undefined);
    return done;
  }
}

/**
 * The device has enrolled anew: numbers in the records are those of its old chain and mean nothing in the new one. What
 * had not arrived is to be described and signed again, wherever it lies; what had arrived stays as it is.
 */
async function leaveOldChain(store: StateStore): Promise<void> {
  for await (const record of store.all()) {
    if (record.sequence === null) continue;
    if (record.phase === "sealed" || record.phase === "quarantined" || record.phase === "gone")
      await store.write({ ...record, sequence: null, manifestSha256: null }, false);
    else {
      await dropEnqueue(store.folder, { path: record.file });
      await store.remove(record);
    }
  }
  await store.setNote("unsent", [], true);
}

type Link = { device: string; sequence: number; previous: Sha256Hex | null };
type Make = (link: Link, key: KeyObject) => { jws: string; payload: string };
type Said =
  | {
      kind: "tombstone";
      of: { sequence: number; manifestSha256: string };
      reason: TombstoneReason;
      sha256: string;
      sizeBytes: number;
      fileName: string;
    }
  | { kind: "gap"; source: string; from: string; until: string; reason: string };

// A key is good for numbers, not for times: the old one signs what lies below the first number of the new one.
function keyFor({ key, previous }: Identity, sequence: number): KeyObject {
  return previous !== null && sequence < previous.fromSequence ? previous.key : key;
}
