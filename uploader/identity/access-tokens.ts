import {
  type AccessTokenView,
  clientAssertionUrn,
  deviceKeyPath,
  deviceNoncePath,
  deviceTokenPath,
  signClientAssertion,
  signKeyRotation,
} from "../../lib/protocol/index.ts";
import { bodyOf, problemOf, readObject } from "../http/answers.ts";
import type { Answer, Transport } from "../http/transport.ts";
import { Interrupted, Problem } from "../problems.ts";
import type { Waiting } from "../waiting.ts";
import type { ArchiveClock } from "./archive-clock.ts";
import type { Identity } from "./identity.ts";
import type { IdentityChange } from "./keep-identity.ts";

/** Renewed when so much of its life is over, or a little earlier: devices that began together do not renew together. */
const renewAfter = { most: 2 / 3, least: 0.57 };
/** A renewal that failed is tried again after so long, as long as the old token still does. */
const renewalPauseMs = 5000;
/** A nonce that is older is not offered any more. */
const nonceLifeMs = 240_000;

type Token = { text: string; renewAtMs: number; endsAtMs: number };

/** What buying tokens needs of its surroundings. */
export type AccessTokenOptions = {
  identity: Identity;
  transport: Pick<Transport, "send">;
  clock: ArchiveClock;
  /** Writes a change of the identity durably. */
  keep: (change: IdentityChange) => Promise<void>;
  monotonicMs?: () => number;
  random?: () => number;
};

/**
 * Buys short-lived access tokens with the device's key (RFC 7523, section 2.2). Their life is counted by the monotonic
 * clock and what is signed holds a nonce of the archive instead of a time, so that it works whatever year this device
 * believes it is. All that ask at once share one purchase.
 */
export class AccessTokens {
  readonly #options: AccessTokenOptions;
  readonly #now: () => number;
  readonly #closed = new AbortController();
  #token: Token | null = null;
  #nonce: { text: string; learntAtMs: number } | null = null;
  #purchase: Promise<Token> | null = null;
  #refused: Waiting | null = null;

  constructor(options: AccessTokenOptions) {
    this.#options = options;
    this.#now = options.monotonicMs ?? (() => performance.now());
  }

  /**
   * A token that is good for a while yet.
   *
   * @throws Problem "authentication" with the reason pending, suspended, revoked or token; "again"
   */
  async get(signal: AbortSignal): Promise<string> {
    signal.throwIfAborted();
    const token = this.#token;
    const now = this.#now();
    if (token !== null && now < token.renewAtMs) return token.text;
    const purchase = this.#buyOnce();
    if (token !== null && now < token.endsAtMs) {
      purchase.catch(() => {
        if (this.#token === token) token.renewAtMs = Math.min(this.#now() + renewalPauseMs, token.endsAtMs);
      });
      return token.text;
    }
    return (await unlessAborted(purchase, signal)).text;
  }

  /** Why there is no token to be had, as the archive said last; null: it gave one, or could not be asked. */
  get waiting(): Waiting | null {
    return this.#token === null ? this.#refused : null;
  }

  /** The archive refused this token: the next one who asks gets another. */
  drop(token: string): void {
    if (this.#token?.text === token) this.#token = null;
  }

  /** Forgets the token, for a change of keys. */
  forget(): void {
    this.#token = null;
  }

  /** Breaks off a purchase under way. */
  close(): void {
    this.#closed.abort(new Interrupted());
  }

  #buyOnce(): Promise<Token> {
    this.#purchase ??= this.#buy()
      .catch((error: unknown) => {
        const isRefusal = error instanceof Problem && error.kind === "authentication";
        const reason = isRefusal ? (error.reason ?? "token") : null;
        this.#refused = isRefusal && reason !== null ? { reason, detail: error.message, untilMs: null } : null;
        throw error;
      })
      .finally(() => {
        this.#purchase = null;
      });
    return this.#purchase;
  }

  async #buy(): Promise<Token> {
    const { identity, keep } = this.#options;
    // Before anything else is said: links of the chain may be signed by a key that the archive does not know yet.
    if (identity.previous !== null && !identity.previous.isConfirmed) await this.#handOver();
    const token = await this.#purchaseWith(identity.key);
    if (identity.previous !== null) {
      identity.previous = null;
      await keep("rotation-over");
    }
    if (identity.state === "pending") {
      identity.state = "active";
      await keep("changed");
    }
    this.#token = token;
    return token;
  }

  /** Tells the archive of the new key, signed by both. Asked again after a power cut it answers the same. */
  async #handOver(): Promise<void> {
    const { identity, keep } = this.#options;
    const { previous } = identity;
    if (previous === null) return;
    const token = await this.#purchaseWith(previous.key);
    const { nonce } = await this.#takeNonce();
    const rotation = signKeyRotation(
      { device: identity.device, nonce, fromSequence: previous.fromSequence },
      { old: previous.key, new: identity.key },
    );
    const answer = await this.#post(deviceKeyPath, JSON.stringify({ rotation }), "application/json", token.text);
    if (answer.status !== 200 && answer.status !== 201) {
      const problem = problemOf(answer, "take the new key");
      // For good: this device goes on with the key that it has.
      if (problem.kind === "refused") {
        identity.key = previous.key;
        identity.kid = previous.kid;
        identity.previous = null;
        await keep("changed");
      }
      throw problem;
    }
    previous.isConfirmed = true;
    await keep("changed");
  }

  async #purchaseWith(key: Identity["key"]): Promise<Token> {
    let { nonce } = await this.#takeNonce();
    for (let attempt = 0; ; attempt++) {
      const { device, audience } = this.#options.identity;
      const assertion = signClientAssertion({ device, audience, nonce }, key);
      const form = new URLSearchParams({
        grant_type: "client_credentials",
        client_assertion_type: clientAssertionUrn,
        client_assertion: assertion,
      });
      const askedAtMs = this.#now();
      const answer = await this.#post(deviceTokenPath, form.toString(), "application/x-www-form-urlencoded");
      const body = readObject(answer.body);
      if (answer.status === 200) return this.#readToken(body, askedAtMs);
      // A nonce may have run out while the link was away; the archive gives another with its refusal.
      if (answer.status === 400 && typeof body?.nonce === "string" && attempt === 0) {
        nonce = body.nonce;
        continue;
      }
      throw refusalOf(answer);
    }
  }

  #readToken(body: Record<string, unknown> | null, askedAtMs: number): Token {
    const view = body as Partial<AccessTokenView> | null; // each member is looked at below
    if (typeof view?.access_token !== "string" || typeof view.expires_in !== "number" || !(view.expires_in > 0))
      throw new Problem("again", "The answer is no access token. Is something between the archive and this device?");
    if (typeof view.server_time === "string") this.#options.clock.learn(view.server_time, askedAtMs);
    if (typeof view.nonce === "string") this.#nonce = { text: view.nonce, learntAtMs: this.#now() };
    // Counted from before the question was asked: on a slow link the token is older than its answer.
    const lifeMs = view.expires_in * 1000;
    const { random = Math.random } = this.#options;
    const renewMs = lifeMs * (renewAfter.least + random() * (renewAfter.most - renewAfter.least));
    return { text: view.access_token, renewAtMs: askedAtMs + renewMs, endsAtMs: askedAtMs + lifeMs };
  }

  async #takeNonce(): Promise<{ nonce: string }> {
    const known = this.#nonce;
    this.#nonce = null;
    if (known !== null && this.#now() - known.learntAtMs < nonceLifeMs) return { nonce: known.text };
    const askedAtMs = this.#now();
    const answer = await this.#post(deviceNoncePath, "{}", "application/json");
    if (answer.status !== 200) throw problemOf(answer, "give a nonce");
    const body = readObject(answer.body);
    if (typeof body?.nonce !== "string")
      throw new Problem("again", "The answer is not the archive's. Is something between it and this device?");
    if (typeof body.serverTime === "string") this.#options.clock.learn(body.serverTime, askedAtMs);
    return { nonce: body.nonce };
  }

  #post(path: string, body: string, mediaType: string, token?: string): Promise<Answer> {
    const headers: Record<string, string> = { "Content-Type": mediaType, Accept: "application/json" };
    if (token !== undefined) headers.Authorization = `Bearer ${token}`;
    const { identity, transport } = this.#options;
    const url = `${identity.server}${path}`;
    return transport.send({ method: "POST", url, headers, body: bodyOf(Buffer.from(body)) }, this.#closed.signal);
  }
}

// In plain words what a person has to do, where a person has to do something.
function refusalOf(answer: Answer): Problem {
  const problem = problemOf(answer, "give a token");
  const advice = new Map([
    ["pending", "An administrator has to approve this device; it asks again by itself."],
    ["suspended", "An administrator has suspended this device. Its files are kept, and sent once it is resumed."],
    ["revoked", "This device's key is revoked. Its files are kept. To go on, enrol it anew with --force-new."],
  ]).get(problem.reason ?? "");
  if (advice === undefined) return problem;
  const { kind, retryAfterMs, reason, code } = problem;
  return new Problem(kind, advice, { retryAfterMs, reason, code, cause: problem });
}

// The purchase is everybody's: one who leaves does not break it off for the others.
function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
  });
}
