import { z } from "zod";
import { receiptMediaType, receiptSchema } from "../../../lib/protocol/index.ts";
import type { Area } from "../operation.ts";
import { json } from "../operation.ts";
import { count } from "../shapes.ts";

/** A public key of the archive. */
export const publicKey = z
  .strictObject({
    kty: z.literal("OKP"),
    crv: z.literal("Ed25519"),
    x: z.string(),
    kid: z.string(),
    use: z.literal("sig"),
    alg: z.literal("EdDSA"),
    purpose: z.enum(["receipt", "log"]),
    iat: count,
    exp: count.optional(),
    endorsement: z.string().optional().describe("JWS by which the key before it endorses it."),
    name: z.string().optional(),
    vkey: z.string().optional(),
  })
  .meta({ id: "PublicKey", description: "RFC 7517. `exp` is when it stopped signing." });

export const proof: Area = {
  name: "Proof",
  description: "Signed receipts, and the public side of the custody log.",
  operations: [
    {
      method: "GET",
      path: "/api/recordings/{id}/receipt",
      id: "getReceipt",
      summary: "The receipt of a sealed recording, signed",
      caller: "person or device",
      answers: {
        200: {
          description: "The compact JWS; with `Accept: application/json` what is in it.",
          type: receiptMediaType,
          others: { "application/json": receiptSchema.meta({ id: "Receipt" }) },
        },
      },
      refuses: ["not_found", "state_conflict"],
    },
    {
      method: "GET",
      path: "/.well-known/jwks.json",
      id: "getPublicKeys",
      summary: "The archive's public keys, old ones too (RFC 7517)",
      caller: "anybody",
      answers: {
        200: { ...json("The keys.", z.strictObject({ keys: z.array(publicKey) })), type: "application/jwk-set+json" },
      },
      refuses: ["token_invalid"],
    },
    {
      method: "GET",
      path: "/api/log/checkpoint",
      id: "getCheckpoint",
      summary: "The newest checkpoint of the custody log (C2SP tlog-tiles)",
      caller: "anybody",
      answers: { 200: { description: "A signed note.", type: "text/plain; charset=utf-8" } },
      refuses: ["token_invalid"],
    },
    {
      method: "GET",
      path: "/api/log/tile/{path}",
      id: "getTile",
      summary:
        "A tile of the custody log, its path with slashes (C2SP tlog-tiles). Entries are for who may read the log",
      caller: "anybody",
      answers: { 200: { description: "Hashes, or entries.", type: "application/octet-stream" } },
      refuses: ["not_found", "unauthenticated", "forbidden", "token_invalid"],
    },
  ],
};
