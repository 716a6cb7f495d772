import type { Actor } from "../context.ts";
import { secretSha256 } from "../secrets.ts";
import { tokenSha256 } from "./authenticate-device.ts";

/** Less than a minute, so that "last seen" goes on being written. */
const keepMs = 30_000;
const maxTokens = 10_000;

type DeviceActor = Extract<Actor, { kind: "device" }>;

/** By the whole token: two access tokens begin alike. */
function keyOf(token: string): string {
  return Buffer.from(secretSha256(token)).toString("base64");
}

/**
 * Whose tokens the last requests had. It says who, never whether the token is still good: an actor from here
 * carries what the statement that acts asks for, so that revocation takes effect at once.
 */
export class KnownTokens {
  readonly #known = new Map<string, { device: DeviceActor; until: number }>();

  /** Remembers a device that was just authenticated. */
  remember(token: string, device: DeviceActor): void {
    this.#known.set(keyOf(token), { device, until: performance.now() + keepMs });
    const oldest = this.#known.keys().next();
    if (this.#known.size > maxTokens && !oldest.done) this.#known.delete(oldest.value);
  }

  /** The device that had this token; null when that is not known or long ago, or the token has run out. */
  recall(token: string, now: Date): DeviceActor | null {
    const key = keyOf(token);
    const found = this.#known.get(key);
    if (found === undefined) return null;
    const { device, until } = found;
    if (until > performance.now() && (device.key === undefined || device.key.expiresAt > now))
      return { ...device, rememberedToken: device.key?.kid ?? Buffer.from(tokenSha256(token)).toString("hex") };
    this.#known.delete(key);
    return null;
  }
}
