import { decode, encode } from "next-auth/jwt";
import { z } from "zod";
import { type Person, resolveSession, type SessionClaims } from "../lib/people/index.ts";
import type { Services } from "../lib/services.ts";

/** A session ends when nothing was asked for so long. */
export const sessionIdleSeconds = 8 * 3600;
/** And in any case so long after signing in. */
const sessionLongestMs = 7 * 24 * 3_600_000;
/** A cookie older than this is renewed by the next page. */
const renewAfterSeconds = 10 * 60;

/** A page sets it while it reads itself anew and nobody has touched it (components/ui/live-refresh.tsx). */
const untouchedCookie = "strongroom.untouched";

// next-auth encrypts this object into the cookie; `iat` is its own time of issue in seconds.
const cookieContent = z.object({
  accountId: z.string(),
  sessionEpoch: z.number().int(),
  /** When the person signed in, milliseconds since 1970. */
  startedAt: z.number(),
  iat: z.number(),
});

type CookieContent = z.output<typeof cookieContent>;

/** The session cookie as it is set: to no script, to no other site's form, and over TLS where there is any. */
export type SessionCookie = {
  name: string;
  value: string;
  options: { httpOnly: true; sameSite: "lax"; path: "/"; secure: boolean; maxAge: number };
};

/** Name and options of the cookie. `__Host-` makes browsers refuse one that another host of the domain set. */
export function sessionCookieShape(publicUrl: string): Omit<SessionCookie, "value"> {
  const secure = publicUrl.startsWith("https://");
  return {
    name: secure ? "__Host-strongroom.session" : "strongroom.session",
    options: { httpOnly: true, sameSite: "lax", path: "/", secure, maxAge: sessionIdleSeconds },
  };
}

type Parts = Pick<Services, "env" | "clock">;

/** The cookie of a new session, or of one that goes on since `startedAt` (milliseconds since 1970). */
export async function makeSessionCookie(
  { env, clock }: Parts,
  claims: SessionClaims,
  startedAt = clock.now().getTime(),
): Promise<SessionCookie> {
  const token = { accountId: claims.accountId, sessionEpoch: claims.sessionEpoch, startedAt };
  const value = await encode({ token, secret: env.authSecret, maxAge: sessionIdleSeconds });
  return { ...sessionCookieShape(env.publicUrl), value };
}

/** One cookie of a Cookie field (RFC 6265, section 4.2.1). */
function cookieOf(header: string | null | undefined, name: string): string | undefined {
  for (const pair of (header ?? "").split(";")) {
    const at = pair.indexOf("=");
    if (at > 0 && pair.slice(0, at).trim() === name) return pair.slice(at + 1).trim();
  }
  return undefined;
}

// next-auth's getToken would also take the cookie's content as a bearer token, where devices send theirs.
async function readCookie({ env, clock }: Parts, header: string | null | undefined): Promise<CookieContent | null> {
  const token = cookieOf(header, sessionCookieShape(env.publicUrl).name);
  if (token === undefined || token.length > 4096) return null;
  try {
    const read = cookieContent.safeParse(await decode({ token, secret: env.authSecret }));
    if (!read.success || clock.now().getTime() - read.data.startedAt > sessionLongestMs) return null;
    return read.data;
  } catch {
    return null; // run out, of another secret, or made up
  }
}

/**
 * Who a request's session belongs to: null without one, and when the account was disabled or changed since.
 * Reads the account anew at every call.
 *
 * @param cookieHeader the Cookie field of the request
 */
export async function sessionFromCookies(
  services: Parts & Pick<Services, "db">,
  cookieHeader: string | null | undefined,
): Promise<Person | null> {
  const content = await readCookie(services, cookieHeader);
  return content === null ? null : resolveSession(services.db, content.accountId, content.sessionEpoch);
}

/**
 * A fresh cookie for a session in use, so that only idle ones run out; null when there is nothing to renew. A page that
 * follows the fleet by itself is no use: a desk that somebody left would stay signed in for a week.
 */
export async function renewedSessionCookie(
  services: Parts,
  cookieHeader: string | null | undefined,
): Promise<SessionCookie | null> {
  if (cookieOf(cookieHeader, untouchedCookie) !== undefined) return null;
  const content = await readCookie(services, cookieHeader);
  if (content === null || services.clock.now().getTime() / 1000 - content.iat < renewAfterSeconds) return null;
  return makeSessionCookie(services, content, content.startedAt);
}

/** A cookie as a Set-Cookie field (RFC 6265, section 4.1.1). */
export function toSetCookie({ name, value, options }: SessionCookie): string {
  const secure = options.secure ? "; Secure" : "";
  return `${name}=${value}; Path=${options.path}; Max-Age=${options.maxAge}; HttpOnly; SameSite=Lax${secure}`;
}
