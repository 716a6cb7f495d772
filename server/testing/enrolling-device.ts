import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { makeEnrolmentCode } from "../../lib/devices/index.ts";
import {
  type AccessTokenView,
  clientAssertionUrn,
  type EnrolledView,
  type EnrolmentCode,
  readEnrolmentCode,
  signClientAssertion,
  signEnrolmentProof,
  signKeyRotation,
} from "../../lib/protocol/index.ts";
import type { TestWorld } from "../../lib/testing/index.ts";

/** An answer and its JSON. */
export type Told = { status: number; json: Record<string, unknown> & { code?: string; nonce?: string } };

/** What a machine says of itself. */
const facts = { platform: "linux arm64", uploader: "0.1.0", hostname: "bench" };

/** A new private key. */
export const newKey = (): KeyObject => generateKeyPairSync("ed25519").privateKey;

/** What a machine that is to become a device asks of an archive. */
export function identityClient(url: () => string) {
  async function tell(path: string, init: { headers?: Record<string, string>; body?: string }): Promise<Told> {
    const response = await fetch(`${url()}/api/devices/${path}`, { method: "POST", ...init });
    return { status: response.status, json: await response.json() };
  }
  const postJson = (path: string, body: unknown, headers: Record<string, string> = {}) =>
    tell(path, { headers: { "Content-Type": "application/json", ...headers }, body: JSON.stringify(body) });
  const nonce = async () => String((await tell("nonce", {})).json.nonce);
  const assert = (assertion: string, form: Record<string, string> = {}) =>
    tell("token", {
      headers: { "Content-Type": "application/x-www-form-urlencoded" },
      body: new URLSearchParams({
        grant_type: "client_credentials",
        client_assertion_type: clientAssertionUrn,
        client_assertion: assertion,
        ...form,
      }).toString(),
    });
  return {
    tell,
    postJson,
    nonce,
    assert,
    /** The body of an enrolment. */
    async enrolment(code: string, key: KeyObject) {
      const wish = { nonce: await nonce(), code: readEnrolmentCode(code) as EnrolmentCode, facts };
      return { code, proof: signEnrolmentProof(wish, key) };
    },
    async buy(device: { id: string; audience: string; key: KeyObject }): Promise<Told> {
      const { id, audience, key } = device;
      return assert(signClientAssertion({ device: id, audience, nonce: await nonce() }, key));
    },
    /** The body of a change of keys. */
    async rotation(device: { id: string; key: KeyObject }, next: KeyObject, fromSequence: number) {
      const said = { device: device.id, nonce: await nonce(), fromSequence };
      return { rotation: signKeyRotation(said, { old: device.key, new: next }) };
    },
  };
}

/** A machine that enrolled over HTTP with a code of its own, and a token that it bought. */
export async function makeEnrolledDevice(world: TestWorld, url: () => string) {
  const client = identityClient(url);
  const { code } = await makeEnrolmentCode(world.context(), {}, "https://archive.example");
  const key = newKey();
  const { json } = await client.postJson("enrol", await client.enrolment(code, key));
  const enrolled = json as unknown as EnrolledView; // as the document says, which another test holds it against
  const device = { id: enrolled.device, audience: enrolled.audience, kid: enrolled.keyThumbprint, key };
  const bought = (await client.buy(device)).json as unknown as AccessTokenView; // as before
  return { ...device, code, client, token: bought.access_token };
}
