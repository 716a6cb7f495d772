import { existsSync } from "node:fs";
import { rename } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { seededRandom } from "../../e2e/support/proxy.ts";
import type { TestWorld } from "../../lib/testing/test-world.ts";
import type { ApiServer } from "../../server/testing/start-api-server.ts";
import { BadLink } from "../../uploader/testing/bad-link.ts";
import { Field, startFieldServer } from "../../uploader/testing/field.ts";
import type { Trick, Which } from "../../uploader/testing/gate.ts";
import type { LinkProfile } from "../../uploader/testing/link-profiles.ts";

/** A link that is neither fast nor slow, so that faults fall into what goes over it. */
const link: LinkProfile = {
  latencyMs: 20,
  jitterMs: 20,
  upBytesPerSecond: 1_000_000,
  downBytesPerSecond: 2_000_000,
};
const biggestBytes = 2_500_000;
/** Recordings that wait are seen again and again; more of them prove nothing more. */
const mostWaiting = 12;

/** How often each was done. */
export type Hurts = Record<
  "cut" | "silence" | "outage" | "answer lost" | "refusal" | "hang" | "archive killed" | "archive frozen",
  number
>;

/** An enrolled device with its archive and its link, to which seeded random things happen. */
export class HurtField {
  readonly field: Field;
  readonly hurts: Hurts = {
    cut: 0,
    silence: 0,
    outage: 0,
    "answer lost": 0,
    refusal: 0,
    hang: 0,
    "archive killed": 0,
    "archive frozen": 0,
  };
  readonly random: () => number;
  readonly #link: BadLink;
  readonly #world: TestWorld;
  #server: ApiServer;
  #isOver = false;
  /** Recordings that had gone when the archive was killed last. */
  #goneAtKill = 0;

  private constructor(world: TestWorld, seed: number, parts: { field: Field; link: BadLink; server: ApiServer }) {
    this.#world = world;
    this.random = seededRandom(seed);
    this.field = parts.field;
    this.#link = parts.link;
    this.#server = parts.server;
  }

  /** Starts an archive and enrols a device over the link. */
  static async open(world: TestWorld, bundle: string, seed: number): Promise<HurtField> {
    const server = await startFieldServer(world);
    const badLink = await BadLink.open({ target: portOf(server), profile: link, seed });
    const field = await Field.open({ world, server: badLink.url, bundle, identity: "enrolled" });
    return new HurtField(world, seed, { field, link: badLink, server });
  }

  /** True once `stop` was called. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Ends `record` and `hurt`, and heals everything. */
  stop(): void {
    this.#isOver = true;
    this.field.gate.heal();
    this.#link.make("up");
  }

  /** Puts one recording after another onto the card, some of them urgent, until stopped. */
  async record(): Promise<void> {
    for (let number = 0; !this.#isOver; number++) {
      const name = `${String(number).padStart(6, "0")}.bin`;
      const seed = Math.floor(this.random() * 2 ** 31);
      const file = await this.field.make(`${name}.part`, 1 + Math.floor(this.random() ** 3 * biggestBytes), { seed });
      // Under its name only when it is whole: a busy machine may well pause for as long as a file has to be still.
      await rename(file.path, join(this.field.card, name));
      file.path = join(this.field.card, name);
      if (this.random() < 0.1) await this.field.start(["enqueue", file.path, "--event"]).ended;
      do await sleep(this.random() * 4000);
      while (!this.#isOver && this.waiting() > mostWaiting);
    }
  }

  /** Recordings that are still on the card. */
  waiting(): number {
    return this.field.files.filter(({ path }) => existsSync(path)).length;
  }

  /** Does something to the link or the archive every few seconds, until stopped. */
  async hurt(): Promise<void> {
    while (!this.#isOver) {
      await sleep(500 + this.random() * 6000);
      if (this.#isOver) return;
      await this.#hurtOnce();
      // What a day adds up to is not for the memory of this process.
      this.field.gate.requests.length = 0;
    }
  }

  // On a busy machine an archive that is killed while it starts would be all that there is.
  #mayKill(): boolean {
    return this.field.files.length - this.waiting() > this.#goneAtKill;
  }

  async #hurtOnce(): Promise<void> {
    const drawn = this.random();
    const dice = drawn >= 0.8 && drawn < 0.92 && !this.#mayKill() ? 0 : drawn;
    if (dice < 0.2) {
      this.hurts.cut += 1;
      this.#link.make("cut");
    } else if (dice < 0.35) {
      this.hurts.silence += 1;
      await this.#away("silence", 8000);
    } else if (dice < 0.5) {
      this.hurts.outage += 1;
      await this.#away("down", 5000);
    } else if (dice < 0.6) {
      this.hurts["answer lost"] += 1;
      await this.#trick({}, { kind: "lose" }, 1);
    } else if (dice < 0.75) {
      this.hurts.refusal += 1;
      await this.#trick({}, this.#refusal(), 1 + Math.floor(this.random() * 3));
    } else if (dice < 0.8) {
      this.hurts.hang += 1;
      await this.#trick({ method: "PATCH" }, { kind: "hang" }, 1);
    } else if (dice < 0.92) await this.#killArchive();
    else await this.#freezeArchive();
  }

  // Over after a while, whether it was met or not: a device that asks ever more seldom would meet nothing else.
  async #trick(which: Which, trick: Trick, times: number): Promise<void> {
    this.field.gate.play(which, trick, times);
    await sleep(3000 + this.random() * 5000);
    this.field.gate.heal();
  }

  async #away(event: "silence" | "down", mostMs: number): Promise<void> {
    this.#link.make(event);
    await sleep(this.random() * mostMs);
    this.#link.make("up");
  }

  #refusal(): Trick {
    const statuses = [401, 403, 423, 429, 500, 502, 503, 504];
    const status = statuses[Math.floor(this.random() * statuses.length)] ?? 503;
    return { kind: "answer", answer: { status, headers: status === 503 ? { "Retry-After": "1" } : {} } };
  }

  async #killArchive(): Promise<void> {
    this.hurts["archive killed"] += 1;
    this.#goneAtKill = this.field.files.length - this.waiting();
    await this.#server.kill();
    await sleep(this.random() * 3000);
    this.#server = await startFieldServer(this.#world);
    this.#link.retarget(portOf(this.#server));
  }

  async #freezeArchive(): Promise<void> {
    this.hurts["archive frozen"] += 1;
    this.#server.process.kill("SIGSTOP");
    await sleep(this.random() * 4000);
    this.#server.process.kill("SIGCONT");
  }

  async close(): Promise<void> {
    this.stop();
    await this.field.close();
    await this.#link.close();
    await this.#server.kill();
  }
}

function portOf({ url }: ApiServer): number {
  return Number(new URL(url).port);
}
