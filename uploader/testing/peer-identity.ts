import { randomUUID } from "node:crypto";
import {
  type ArchiveKey,
  clientAssertionType,
  type Ed25519Jwk,
  enrolmentCodeSha256,
  formatKeySet,
  keyRotationType,
  readClientAssertion,
  readEnrolmentCode,
  readEnrolmentProof,
  readKeyRotation,
  verifyJws,
} from "../../lib/protocol/index.ts";

/** An answer of the peer. */
export type PeerAnswer = { status: number; body: object; headers?: Record<string, string> };

/** A device as the peer knows it. */
type PeerDevice = {
  id: string;
  state: "active" | "pending" | "suspended" | "revoked";
  /** Newest last. */
  keys: { kid: string; jwk: Ed25519Jwk; fromSequence: number }[];
};

/**
 * The archive's side of enrolment, tokens and rotation in memory, as far as the device's side hangs on it. It checks
 * signatures with the code that the archive checks them with.
 */
export class PeerIdentity {
  readonly audience = "https://archive.test";
  /** What the archive publishes. */
  keys: ArchiveKey[] = [];
  /** Codes that may enrol one device each. */
  readonly codes = new Set<string>();
  readonly devices = new Map<string, PeerDevice>();
  /** New devices wait for approval. */
  needsApproval = false;
  tokenLifeSeconds = 600;
  serverTime: () => Date = () => new Date();
  /** How often each path was asked. */
  readonly asked = new Map<string, number>();
  readonly #nonces = new Set<string>();
  readonly #tokens = new Map<string, { device: string; kid: string }>();
  readonly #enrolled = new Map<string, string>();

  /** The device of an access token; null when it is not one that is good now. */
  deviceOf(authorization: string | undefined): PeerDevice | null {
    const token = this.#tokens.get(authorization?.replace(/^Bearer /, "") ?? "");
    const device = token === undefined ? undefined : this.devices.get(token.device);
    return device?.state === "active" ? device : null;
  }

  /** Makes every access token that was given invalid. */
  endTokens(): void {
    this.#tokens.clear();
  }

  /** Makes every nonce that was given invalid. */
  endNonces(): void {
    this.#nonces.clear();
  }

  /** Answers a POST; null when the path is none of these. */
  answer(path: string, body: string, authorization?: string): PeerAnswer | null {
    this.asked.set(path, (this.asked.get(path) ?? 0) + 1);
    if (path === "/api/devices/nonce") return ok({ ...this.#nonce(), expiresInSeconds: 300 });
    if (path === "/api/devices/enrol") return this.#enrol(body);
    if (path === "/api/devices/token") return this.#sell(body);
    if (path === "/api/devices/key") return this.#rotate(body, authorization);
    return null;
  }

  #nonce() {
    const nonce = randomUUID();
    this.#nonces.add(nonce);
    return { nonce, serverTime: this.serverTime().toISOString() };
  }

  #enrol(body: string): PeerAnswer {
    const { code, proof: jws } = JSON.parse(body);
    const proof = readEnrolmentProof(jws);
    const read = readEnrolmentCode(code);
    if (read === null || proof.codeSha256 !== enrolmentCodeSha256(read)) return no(403, "enrolment_code_invalid");
    if (!this.#nonces.delete(proof.nonce)) return { ...no(400, "nonce_invalid"), body: this.#nonce() };
    const known = this.#enrolled.get(`${read} ${proof.kid}`);
    if (known === undefined && !this.codes.delete(read)) return no(403, "enrolment_code_invalid");
    const id = known ?? `D-${this.devices.size + 1}`;
    this.#enrolled.set(`${read} ${proof.kid}`, id);
    if (known === undefined)
      this.devices.set(id, {
        id,
        state: this.needsApproval ? "pending" : "active",
        keys: [{ kid: proof.kid, jwk: proof.key, fromSequence: 1 }],
      });
    return {
      status: known === undefined ? 201 : 200,
      body: {
        device: id,
        name: proof.name ?? id,
        state: this.devices.get(id)?.state ?? "active",
        site: null,
        keyThumbprint: proof.kid,
        audience: this.audience,
        keys: formatKeySet(this.keys),
        serverTime: this.serverTime().toISOString(),
      },
    };
  }

  #sell(body: string): PeerAnswer {
    const jws = new URLSearchParams(body).get("client_assertion") ?? "";
    const assertion = readClientAssertion(jws);
    const device = this.devices.get(assertion.device);
    const index = device?.keys.findIndex(({ kid }) => kid === assertion.kid) ?? -1;
    const key = device?.keys[index];
    if (device === undefined || key === undefined || assertion.audience !== this.audience)
      return no(401, "assertion_invalid");
    verifyJws(jws, key.jwk, clientAssertionType);
    if (!this.#nonces.delete(assertion.nonce)) {
      const refusal = no(400, "nonce_invalid");
      return { ...refusal, body: { ...refusal.body, ...this.#nonce() } };
    }
    if (device.state !== "active") return { ...no(403, `device_${device.state}`), headers: { "retry-after": "15" } };
    // The old key's last purchase is before the new one's first.
    device.keys.splice(0, index);
    const { nonce, serverTime } = this.#nonce();
    const token = `at-${randomUUID()}`;
    this.#tokens.set(token, { device: device.id, kid: key.kid });
    return ok({
      access_token: token,
      token_type: "Bearer",
      expires_in: this.tokenLifeSeconds,
      nonce,
      server_time: serverTime,
    });
  }

  #rotate(body: string, authorization: string | undefined): PeerAnswer {
    const device = this.deviceOf(authorization);
    if (device === null) return no(401, "token_invalid");
    const { rotation: jws } = JSON.parse(body);
    const rotation = readKeyRotation(jws);
    const known = device.keys.find(({ kid }) => kid === rotation.kid);
    if (known !== undefined) return ok({ keyThumbprint: known.kid, fromSequence: known.fromSequence });
    const old = device.keys.find(({ kid }) => kid === rotation.oldKid);
    if (old === undefined || !this.#nonces.delete(rotation.nonce)) return no(400, "nonce_invalid");
    verifyJws(jws, old.jwk, keyRotationType);
    device.keys.push({ kid: rotation.kid, jwk: rotation.key, fromSequence: rotation.fromSequence });
    return ok({ keyThumbprint: rotation.kid, fromSequence: rotation.fromSequence });
  }
}

function ok(body: object): PeerAnswer {
  return { status: 200, body };
}

function no(status: number, code: string): PeerAnswer {
  return { status, body: { type: "about:blank", title: code, status, code } };
}
