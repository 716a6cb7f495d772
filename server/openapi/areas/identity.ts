import { z } from "zod";
import {
  type AccessTokenView,
  clientAssertionUrn,
  type EnrolledView,
  type EnrolmentRequest,
  type KeyRotatedView,
  type NonceView,
} from "../../../lib/protocol/index.ts";
import type { Area } from "../operation.ts";
import { json, jsonBody } from "../operation.ts";
import { count, shapeOf, time } from "../shapes.ts";
import { publicKey } from "./proof.ts";

const nonce = shapeOf<NonceView>()(z.strictObject({ nonce: z.string(), expiresInSeconds: count, serverTime: time }));

const enrolled = shapeOf<Omit<EnrolledView, "keys">>()(
  z.strictObject({
    device: z.string(),
    name: z.string(),
    state: z.enum(["active", "pending"]),
    site: z.strictObject({ id: z.string(), name: z.string() }).nullable(),
    keyThumbprint: z.string(),
    audience: z.string(),
    serverTime: time,
  }),
).extend({ keys: z.strictObject({ keys: z.array(publicKey) }) });

const token = shapeOf<AccessTokenView>()(
  z.strictObject({
    access_token: z.string(),
    token_type: z.literal("Bearer"),
    expires_in: count,
    nonce: z.string(),
    server_time: time,
  }),
);

const rotated = shapeOf<KeyRotatedView>()(z.strictObject({ keyThumbprint: z.string(), fromSequence: count }));

const enrolment = z.object({
  code: z.string().describe("As somebody made it, in either form."),
  proof: z.string().describe("A compact JWS by the new key of the machine, which it brings."),
}) satisfies z.ZodType<EnrolmentRequest>;

export const identity: Area = {
  name: "Devices' identity",
  description: "How a machine becomes a device, buys its tokens and changes its key.",
  operations: [
    {
      method: "POST",
      path: "/api/devices/nonce",
      id: "makeNonce",
      summary: "Something fresh to sign, good once",
      caller: "anybody",
      answers: { 200: json("The nonce.", nonce) },
      refuses: ["too_many_requests"],
    },
    {
      method: "POST",
      path: "/api/devices/enrol",
      id: "enrolDevice",
      summary: "A machine becomes a device by an enrolment code; again the same, the same",
      caller: "anybody",
      body: jsonBody(enrolment),
      answers: { 201: json("The new device.", enrolled), 200: json("The device that it is.", enrolled) },
      refuses: [
        ...(["unsupported_media_type", "too_many_requests", "nonce_invalid", "enrolment_code_invalid"] as const),
        ...(["device_suspended", "device_revoked", "conflict"] as const),
      ],
    },
    {
      method: "POST",
      path: "/api/devices/token",
      id: "buyAccessToken",
      summary: "A short-lived token for an assertion that the device's key signed (RFC 7523)",
      caller: "anybody",
      body: {
        type: "application/x-www-form-urlencoded",
        schema: z.object({
          grant_type: z.literal("client_credentials"),
          client_assertion_type: z.literal(clientAssertionUrn),
          client_assertion: z.string(),
        }),
      },
      answers: { 200: json("The token.", token) },
      refuses: [
        ...(["unsupported_media_type", "too_large", "too_many_requests", "nonce_invalid"] as const),
        ...(["assertion_invalid", "device_pending", "device_suspended", "device_revoked"] as const),
      ],
    },
    {
      method: "POST",
      path: "/api/devices/key",
      id: "rotateDeviceKey",
      summary: "The device changes its key, signed by both; again the same, the same",
      caller: "device",
      body: jsonBody(z.object({ rotation: z.string().describe("A compact JWS by the old key, with one by the new.") })),
      answers: { 200: json("From which number of its chain on the new key signs.", rotated) },
      refuses: ["unsupported_media_type", "nonce_invalid", "assertion_invalid", "conflict", "state_conflict"],
    },
  ],
};
