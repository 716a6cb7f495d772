import { randomBytes, timingSafeEqual } from "node:crypto";
import { z } from "zod";
import type { Context } from "../context.ts";
import { fromBase64Url, toBase64Url } from "../protocol/index.ts";

/** How long an access token is good. */
export const accessTokenSeconds = 600;

const label = "device access token v1";
/** The only header that there is, compared as text: no other algorithm, key or type can come in through it. */
const head = toBase64Url(Buffer.from('{"alg":"HS256","typ":"at+jwt"}'));
const maxLength = 1000;

const claimsSchema = z.strictObject({
  iss: z.string(),
  sub: z.string(),
  aud: z.string(),
  iat: z.number(),
  exp: z.number(),
  jti: z.string(),
  cnf: z.strictObject({ jkt: z.string() }),
});

type Maker = Pick<Context, "vault" | "clock">;

/** Whose an access token is. */
export type AccessTokenClaims = { deviceId: string; kid: string; expiresAt: Date };

/** Whether a bearer token has the form of an access token; plain tokens have no dots. */
export function isAccessToken(token: string): boolean {
  return token.startsWith(`${head}.`);
}

/** Makes an access token (RFC 9068 in form; RFC 7800 for `cnf`). Nothing is kept of it. */
export function formatAccessToken(
  { vault, clock }: Maker,
  { deviceId, kid, audience }: { deviceId: string; kid: string; audience: string },
): string {
  const iat = Math.floor(clock.now().getTime() / 1000);
  const claims = {
    ...{ iss: audience, sub: deviceId, aud: audience, iat, exp: iat + accessTokenSeconds },
    ...{ jti: randomBytes(12).toString("base64url"), cnf: { jkt: kid } },
  };
  const input = `${head}.${toBase64Url(Buffer.from(JSON.stringify(claims)))}`;
  return `${input}.${toBase64Url(vault.mac(label, input))}`;
}

/** Reads an access token of this archive; null: it is none, or has run out. Whether its key is still good is not looked at. */
export function readAccessToken({ vault, clock }: Maker, token: string): AccessTokenClaims | null {
  const [header, body = "", tail = "", ...rest] = token.length > maxLength ? [] : token.split(".");
  if (header !== head || rest.length > 0) return null;
  const mac = fromBase64Url(tail);
  const right = vault.mac(label, `${header}.${body}`);
  if (mac === null || mac.length !== right.length || !timingSafeEqual(mac, right)) return null;
  // Our own MAC is on it, so what it holds is what we wrote.
  const claims = claimsSchema.parse(JSON.parse(Buffer.from(body, "base64url").toString()));
  const expiresAt = new Date(claims.exp * 1000);
  return expiresAt > clock.now() ? { deviceId: claims.sub, kid: claims.cnf.jkt, expiresAt } : null;
}
