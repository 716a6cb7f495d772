import type { Actor } from "../context.ts";
import { tokenSha256 } from "./authenticate-device.ts";

/** Less than a minute, so that "last seen" goes on being written. */
const keepMs = 30_000;
const maxTokens = 10_000;

type DeviceActor = Extract<Actor, { kind: "device" }>;

function keyOf(sha256: Uint8Array): string {
  return Buffer.from(sha256).toString("base64");
}

/**
 * Whose tokens the last requests had. It says who, never whether the token is still good: an actor from here
 * carries the token, and the statement that acts asks for it, so that revocation takes effect at once.
 */
export class KnownTokens {
  readonly #known = new Map<string, { device: DeviceActor; until: number }>();

  /** Remembers a device that was just authenticated. */
  remember(token: string, device: DeviceActor): void {
    this.#known.set(keyOf(tokenSha256(token)), { device, until: performance.now() + keepMs });
    const oldest = this.#known.keys().next();
    if (this.#known.size > maxTokens && !oldest.done) this.#known.delete(oldest.value);
  }

  /** The device that had this token; null when that is not known or long ago. */
  recall(token: string): DeviceActor | null {
    const sha256 = tokenSha256(token);
    const key = keyOf(sha256);
    const found = this.#known.get(key);
    if (found === undefined) return null;
    if (found.until > performance.now()) return { ...found.device, rememberedToken: sha256 };
    this.#known.delete(key);
    return null;
  }
}
