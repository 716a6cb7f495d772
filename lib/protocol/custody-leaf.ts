import { createHash, createHmac } from "node:crypto";
import { z } from "zod";
import { canonicalJson, parseCanonicalJson } from "./canonical-json.ts";
import { ProtocolError } from "./protocol-error.ts";

// A custody event as a leaf of the log. Ids of things and what happened stand in it as they are. What may name or
// describe a person stands in it as a salted commitment: nothing can be read from it, or guessed by trying, and each
// member can be opened by itself later.

/** Members that stand in a leaf as they are. */
export type ClearMembers = {
  /** Decimal digits. */
  seq: string;
  /** RFC 3339 in UTC, with microseconds. */
  at: string;
  action: string;
  outcome: string;
  actorKind: string;
  recordingId: string | null;
  requestId: string | null;
  releaseId: string | null;
  deviceId: string | null;
};

/** Members of which a leaf holds a commitment only, in the order of the alphabet. */
const committedMembers = [
  "accountId",
  "actorId",
  "actorName",
  "actorRole",
  "correlationId",
  "details",
  "fromAddress",
  "purpose",
  "userAgent",
] as const;

/** Name of a member that is committed to. */
export type CommittedMember = (typeof committedMembers)[number];

/** A custody event with all that a leaf is made of; null: the event has none. */
export type LeafEvent = ClearMembers & Record<CommittedMember, unknown>;

/** What opens one commitment: the salt of this member in this leaf, and the value. */
export type Opening = {
  /** 32 bytes as hexadecimal digits. */
  salt: string;
  value: unknown;
};

const clearText = z.string().nullable();
const leafSchema = z.strictObject({
  type: z.literal("strongroom.custody-event.v1"),
  seq: z.string(),
  at: z.string(),
  action: z.string(),
  outcome: z.string(),
  actorKind: z.string(),
  recordingId: clearText,
  requestId: clearText,
  releaseId: clearText,
  deviceId: clearText,
  committed: z.strictObject(
    Object.fromEntries(committedMembers.map((member) => [member, z.string().nullable()])) as Record<
      CommittedMember,
      z.ZodNullable<z.ZodString>
    >,
  ),
});

/** A leaf that was read. */
export type CustodyLeaf = z.infer<typeof leafSchema>;

/** The text of an event's leaf: canonical JSON. The same event and salt always give the same text. */
export function custodyLeaf(event: LeafEvent, salt: Uint8Array): string {
  const { seq, at, action, outcome, actorKind, recordingId, requestId, releaseId, deviceId } = event;
  const committed = committedMembers.map((member) => {
    const value = event[member];
    return [member, value === null ? null : commitment({ salt: memberSalt(salt, member), value })];
  });
  return canonicalJson({
    type: "strongroom.custody-event.v1",
    ...{ seq, at, action, outcome, actorKind, recordingId, requestId, releaseId, deviceId },
    committed: Object.fromEntries(committed),
  });
}

/** What opens one member of a leaf, for whoever may see its value; the others stay closed. */
export function openMember(event: LeafEvent, salt: Uint8Array, member: CommittedMember): Opening {
  return { salt: memberSalt(salt, member), value: event[member] };
}

/** Reads a leaf. */
export function parseCustodyLeaf(text: string): CustodyLeaf {
  const parsed = leafSchema.safeParse(parseCanonicalJson(text));
  if (!parsed.success) throw new ProtocolError("It is not a custody event's leaf.");
  return parsed.data;
}

/** Whether an opening is that of this member of this leaf. */
export function opensMember(leaf: CustodyLeaf, member: CommittedMember, opening: Opening): boolean {
  const expected = leaf.committed[member];
  return expected === null ? opening.value === null : expected === commitment(opening);
}

/** SHA-256 over the 32 bytes of the salt and the canonical JSON of the value, as hexadecimal digits. */
function commitment({ salt, value }: Opening): string {
  if (!/^[0-9a-f]{64}$/.test(salt)) throw new ProtocolError("A salt does not have 32 bytes.");
  return createHash("sha256").update(Buffer.from(salt, "hex")).update(canonicalJson(value)).digest("hex");
}

/** HMAC-SHA-256 of the member's name under the leaf's salt: opening one member tells nothing about another's salt. */
function memberSalt(salt: Uint8Array, member: CommittedMember): string {
  return createHmac("sha256", salt).update(member).digest("hex");
}
