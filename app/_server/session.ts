import "server-only";
import { cookies } from "next/headers";
import type { SessionClaims } from "@/lib/people/index.ts";
import { getServices } from "@/lib/services.ts";
import { makeSessionCookie, sessionCookieShape } from "@/server/session.ts";

/** Begins a session in this browser. Only in actions and routes: a page cannot set cookies. */
export async function beginSession(claims: SessionClaims): Promise<void> {
  const { name, value, options } = await makeSessionCookie(await getServices(), claims);
  (await cookies()).set(name, value, options);
}

/** Forgets the session in this browser. */
export async function forgetSession(): Promise<void> {
  const { name, options } = sessionCookieShape((await getServices()).env.publicUrl);
  (await cookies()).set(name, "", { ...options, maxAge: 0 });
}
