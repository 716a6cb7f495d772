import { createHash } from "node:crypto";
import { z } from "zod";
import type { DeviceState } from "../../generated/prisma/client.ts";
import type { Context, Transaction } from "../context.ts";
import { recordEvent } from "../custody/index.ts";
import { isUniqueViolation } from "../database-errors.ts";
import { AppError } from "../errors.ts";
import { newId } from "../ids.ts";
import { parseInput } from "../input.ts";
import {
  type EnrolmentCode,
  type EnrolmentProof,
  enrolmentCodeSha256,
  ProtocolError,
  readEnrolmentCode,
  readEnrolmentProof,
} from "../protocol/index.ts";
import { type EnrolmentAttempt, returnEnrolmentAttempt, takeEnrolmentAttempt } from "./enrolment-limit.ts";
import { createKey } from "./internal.ts";
import { stateOf } from "./list-enrolment-codes.ts";
import { spendNonce } from "./nonces.ts";
import { deviceStateRefusal } from "./state-refusal.ts";

/** A machine that is a device now. */
export type Enrolled = {
  /** It was none before. */
  isNew: boolean;
  deviceId: string;
  name: string;
  state: "active" | "pending";
  site: { id: string; name: string } | null;
  kid: string;
};

const enrolmentInput = z.object({
  code: z.string("Send the code as text.").max(200, "This is no code."),
  proof: z.string("Send the proof, a compact JWS.").max(16_000, "This is no proof."),
});

type CodeRow = {
  id: string;
  site_id: string | null;
  policy_id: string | null;
  max_uses: number;
  uses: number;
  needs_approval: boolean;
  expires_at: Date;
  revoked_at: Date | null;
};

/** What one key and one code came to. */
type Outcome =
  | { kind: "enrolled"; isNew: boolean; deviceId: string }
  | { kind: "refused" }
  | { kind: "not_let_in"; state: DeviceState };

/**
 * Makes a device of a machine that has an enrolment code and proves that it holds a key of its own. The same code and
 * key again are the same device, also when the code is used up or out of date by now: a power cut must not cost one.
 *
 * @throws AppError invalid_input (code, proof), nonce_invalid, enrolment_code_invalid, device_suspended, device_revoked,
 *   too_many_requests
 */
export async function enrolDevice(ctx: Context, input: unknown): Promise<Enrolled> {
  const { code: text, proof: jws } = parseInput(enrolmentInput, input);
  const code = readEnrolmentCode(text);
  const attempt = attemptOf(text, code);
  const taken = await takeEnrolmentAttempt(ctx, attempt);
  const proof = readProof(jws);
  if (code === null) throw codeInvalid();
  if (proof.codeSha256 !== attempt.codeSha256)
    throw new AppError("invalid_input", "The proof is about another code.", { field: "proof" });
  const outcome = await withFreeName(() => ctx.db.$transaction((tx) => enrol(ctx, tx, proof)));
  if (outcome.kind === "refused") throw codeInvalid();
  await returnEnrolmentAttempt(ctx, taken);
  if (outcome.kind === "not_let_in") throw deviceStateRefusal(outcome.state);
  return enrolledOf(ctx, proof.kid, outcome);
}

function attemptOf(text: string, code: EnrolmentCode | null): EnrolmentAttempt {
  if (code === null) return { codeSha256: createHash("sha256").update(text).digest("hex"), isTyped: true };
  return { codeSha256: enrolmentCodeSha256(code), isTyped: !code.startsWith("sre_") };
}

function readProof(jws: string): EnrolmentProof {
  try {
    return readEnrolmentProof(jws);
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    throw new AppError("invalid_input", `This is no proof of enrolment. ${error.message}`, { field: "proof" });
  }
}

/** The same words for all that can be wrong with a code: whoever guesses learns nothing. */
function codeInvalid(): AppError {
  return new AppError("enrolment_code_invalid", "This enrolment code lets nobody in. Have a new one made.");
}

async function enrol(ctx: Context, tx: Transaction, proof: EnrolmentProof): Promise<Outcome> {
  await spendNonce(ctx, tx, proof.nonce);
  // Whoever else shows this code waits here, so that no two take the same place.
  const [code] = await tx.$queryRaw<CodeRow[]>`
    SELECT id, site_id, policy_id, max_uses, uses, needs_approval, expires_at, revoked_at FROM enrolment_code
     WHERE code_sha256 = ${Buffer.from(proof.codeSha256, "hex")} FOR UPDATE`;
  if (code === undefined) return { kind: "refused" };
  const limits = { revokedAt: code.revoked_at, expiresAt: code.expires_at, uses: code.uses, maxUses: code.max_uses };
  const state = stateOf(limits, ctx.clock.now());
  const key = await tx.deviceKey.findUnique({
    where: { kid: proof.kid },
    include: { device: { select: { state: true, enrolmentCodeId: true } } },
  });
  // Another code that is good will do too: a machine whose first answer was lost may come with the next one.
  if (key?.buysTokens && key.revokedAt === null && (key.device.enrolmentCodeId === code.id || state === "open"))
    return known(key);
  if (key !== null || state !== "open") {
    const reason = key === null ? state : "other_key";
    const details = { codeId: code.id, reason, kid: proof.kid, facts: proof.facts };
    await recordEvent(ctx, tx, { action: "device.enrolment_refused", outcome: "refused", details });
    return { kind: "refused" };
  }
  return { kind: "enrolled", isNew: true, deviceId: await admit(ctx, tx, code, proof) };
}

function known(key: { deviceId: string; device: { state: DeviceState } }): Outcome {
  const { state } = key.device;
  if (state === "suspended" || state === "revoked") return { kind: "not_let_in", state };
  return { kind: "enrolled", isNew: false, deviceId: key.deviceId };
}

async function admit(ctx: Context, tx: Transaction, code: CodeRow, proof: EnrolmentProof): Promise<string> {
  const deviceId = newId("device");
  const { facts, kid } = proof;
  const name = await freeName(tx, cut(proof.name ?? facts.hostname ?? "") || `Device ${deviceId}`);
  const state = code.needs_approval ? "pending" : "active";
  await tx.device.create({
    data: {
      ...{ id: deviceId, name, state, siteId: code.site_id, policyId: code.policy_id, createdAt: ctx.clock.now() },
      ...{ enrolmentCodeId: code.id, enrolmentFacts: facts },
    },
  });
  await createKey(ctx, tx, deviceId, proof.key, { buysTokens: true });
  await tx.enrolmentCode.update({ where: { id: code.id }, data: { uses: { increment: 1 } } });
  const own: Context = { ...ctx, actor: { kind: "device", deviceId, name } };
  const details = { codeId: code.id, name, siteId: code.site_id, policyId: code.policy_id, kid, state, facts };
  await recordEvent(own, tx, { action: "device.enrolled", deviceId, details });
  await recordEvent(own, tx, {
    action: "device.enrolment_code_used",
    deviceId,
    details: { codeId: code.id, uses: code.uses + 1, maxUses: code.max_uses },
  });
  return deviceId;
}

/** A name as long as names may be; no character is halved, which custody could not keep. */
function cut(name: string): string {
  return name
    .trim()
    .slice(0, 80)
    .replace(/[\uD800-\uDBFF]$/, "")
    .trim();
}

/** The wished name, or with a number after it. */
async function freeName(tx: Transaction, wished: string): Promise<string> {
  const rows = await tx.$queryRaw<{ name: string }[]>`SELECT name FROM device WHERE starts_with(name, ${wished})`;
  const taken = new Set(rows.map(({ name }) => name));
  for (let number = 1; ; number++) {
    const name = number === 1 ? wished : `${wished} (${number})`;
    if (!taken.has(name)) return name;
  }
}

/** Again when somebody else took the name, or the key, at the same moment. */
async function withFreeName<T>(work: () => Promise<T>): Promise<T> {
  for (let left = 5; ; left--) {
    try {
      return await work();
    } catch (error) {
      if (left === 0 || !isUniqueViolation(error)) throw error;
    }
  }
}

async function enrolledOf(
  ctx: Context,
  kid: string,
  { isNew, deviceId }: { isNew: boolean; deviceId: string },
): Promise<Enrolled> {
  const row = await ctx.db.device.findUniqueOrThrow({
    where: { id: deviceId },
    select: { name: true, state: true, site: { select: { id: true, name: true } } },
  });
  return {
    isNew,
    deviceId,
    name: row.name,
    state: row.state === "pending" ? "pending" : "active",
    site: row.site,
    kid,
  };
}
