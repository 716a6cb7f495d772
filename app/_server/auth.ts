import "server-only";
import type { AuthOptions } from "next-auth";
import Credentials from "next-auth/providers/credentials";
import { isAppError } from "@/lib/errors.ts";
import { type SessionClaims, signIn, signOut } from "@/lib/people/index.ts";
import { getServices } from "@/lib/services.ts";
import { sessionCookieShape, sessionIdleSeconds } from "@/server/session.ts";
import { pageContext } from "./context";

/** next-auth's user is what a session carries; `id` is the account's. */
type SignedIn = SessionClaims & { id: string };

async function authorize(credentials: { email?: string; password?: string } | undefined): Promise<SignedIn> {
  const ctx = await pageContext();
  try {
    const claims = await signIn(ctx, { email: credentials?.email ?? "", password: credentials?.password ?? "" });
    return { id: claims.accountId, ...claims };
  } catch (error) {
    // next-auth hands the message to the caller: a stable code, and nothing about errors of ours.
    throw new Error(isAppError(error) ? error.code : "internal");
  }
}

/** What next-auth's cookie holds. Only server/session.ts decides whose session that is, and whether it still is one. */
type Token = Partial<SessionClaims> & { startedAt?: number };

/**
 * next-auth with e-mail and password, for programs: `/api/auth/csrf`, `/api/auth/callback/credentials`,
 * `/api/auth/session`, `/api/auth/signout`. The sign-in page calls the same verb and sets the same cookie.
 */
export async function authOptions(): Promise<AuthOptions> {
  const services = await getServices();
  const { env, clock } = services;
  // next-auth knows its own address from the environment only.
  process.env.NEXTAUTH_URL = env.publicUrl;
  return {
    secret: env.authSecret,
    session: { strategy: "jwt", maxAge: sessionIdleSeconds },
    pages: { signIn: "/sign-in", signOut: "/sign-in", error: "/sign-in" },
    useSecureCookies: env.publicUrl.startsWith("https://"),
    cookies: { sessionToken: sessionCookieShape(env.publicUrl) },
    providers: [
      Credentials({
        name: "E-mail and password",
        credentials: { email: { type: "email" }, password: { type: "password" } },
        authorize,
      }),
    ],
    callbacks: {
      jwt: ({ token, user }) => {
        const held = token as Token; // we alone fill it, below
        const signedIn = user as SignedIn | undefined; // what authorize answered; only right after signing in
        return signedIn === undefined
          ? { ...held }
          : {
              accountId: signedIn.accountId,
              sessionEpoch: signedIn.sessionEpoch,
              startedAt: clock.now().getTime(),
            };
      },
      session: async ({ session }) => {
        const { actor } = await pageContext();
        if (actor.kind !== "person") return { expires: clock.now().toISOString() };
        const { accountId, name, email, role } = actor;
        return { expires: session.expires, user: { id: accountId, name, email, role } };
      },
    },
    events: {
      signOut: async () => {
        const ctx = await pageContext();
        if (ctx.actor.kind === "person") await signOut(ctx);
      },
    },
    logger: {
      error: (code, metadata) => services.log.error({ code, metadata }, "next-auth"),
      warn: (code) => services.log.debug({ code }, "next-auth"),
      debug: () => undefined,
    },
  };
}
