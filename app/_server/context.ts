import "server-only";
import { refresh } from "next/cache";
import { headers } from "next/headers";
import { redirect, unstable_rethrow } from "next/navigation";
import { cache } from "react";
import type { Actor, Context } from "@/lib/context.ts";
import { authenticateDevice } from "@/lib/devices/index.ts";
import { AppError, isAppError, toProblem } from "@/lib/errors.ts";
import type { Person } from "@/lib/people/index.ts";
import { contextFor, getServices } from "@/lib/services.ts";
import { deviceGateOf } from "@/server/device-gates.ts";
import { addressField, correlationField } from "@/server/request-context.ts";
import { sessionFromCookies } from "@/server/session.ts";
import { pathField } from "@/server/web-request.ts";
import { returnPath } from "./return-path";

/** The context of a person who is signed in. */
export type PersonContext = Context & { actor: Person };

type RequestFields = { get(name: string): string | null };

async function makeContext(fields: RequestFields, actor: Actor): Promise<Context> {
  const services = await getServices();
  const origin = {
    address: fields.get(addressField) || null,
    userAgent: fields.get("user-agent")?.slice(0, 300) ?? null,
  };
  return contextFor(services, actor, origin, fields.get(correlationField) ?? "none");
}

async function personOf(fields: RequestFields): Promise<Person | null> {
  return sessionFromCookies(await getServices(), fields.get("cookie"));
}

/** The context of whoever asks for this page, signed in or not. One per request. */
export const pageContext = cache(async (): Promise<Context> => {
  const fields = await headers();
  return makeContext(fields, (await personOf(fields)) ?? { kind: "nobody" });
});

/** The context of a page for people who are signed in; everyone else is sent to sign in, and back afterwards. */
export const requireContext = cache(async (): Promise<PersonContext> => {
  const ctx = await pageContext();
  if (ctx.actor.kind === "person") return { ...ctx, actor: ctx.actor };
  const path = returnPath((await headers()).get(pathField));
  redirect(path === "/" ? "/sign-in" : `/sign-in?to=${encodeURIComponent(path)}`);
});

/**
 * The context of a JSON route: a device by its token, a person by their session, or nobody.
 *
 * @throws AppError token_invalid, too_many_requests, forbidden for a change that another site's page asks for
 */
async function apiContext(request: Request): Promise<Context> {
  const token = /^Bearer +(\S+) *$/i.exec(request.headers.get("authorization") ?? "")?.[1];
  if (token !== undefined) {
    const ctx = await makeContext(request.headers, { kind: "nobody" });
    const device = await authenticateDevice(ctx, token, ctx.origin);
    if (device === null) throw new AppError("token_invalid", "This device token is unknown or was revoked.");
    // Each refusal of what a device may not do is a custody event, for ever.
    deviceGateOf(await getServices()).countRequest(device.deviceId, "GET");
    return { ...ctx, actor: device };
  }
  if (!["GET", "HEAD"].includes(request.method)) await requireSameOrigin(request);
  return makeContext(request.headers, (await personOf(request.headers)) ?? { kind: "nobody" });
}

// Cookies are SameSite=Lax, so browsers leave them out already; this holds for those that do not.
async function requireSameOrigin(request: Request): Promise<void> {
  const { env } = await getServices();
  const origin = request.headers.get("origin");
  const site = request.headers.get("sec-fetch-site");
  const isOwn =
    origin === null
      ? site === null || site === "same-origin" || site === "none"
      : origin === env.publicUrl || origin.replace(/^https?:\/\//, "") === request.headers.get("host");
  if (!isOwn) throw new AppError("forbidden", "This can only be asked for by the archive's own pages.");
}

/** An error as an RFC 9457 answer. What is not a known error is logged, and shows nothing of itself. */
export async function problemResponse(request: Request, error: unknown): Promise<Response> {
  unstable_rethrow(error);
  const correlationId = request.headers.get(correlationField) ?? undefined;
  const { status, body, headers: fields } = toProblem(error, correlationId);
  if (status >= 500) (await getServices()).log.error({ correlationId, err: error }, "a request failed");
  if (status === 401) fields["WWW-Authenticate"] = "Bearer";
  return new Response(JSON.stringify(body), { status, headers: fields });
}

/** Runs a JSON route: its answer, or the problem that it throws. */
export async function answer(request: Request, run: (ctx: Context) => Promise<unknown>): Promise<Response> {
  try {
    const result = await run(await apiContext(request));
    if (result instanceof Response) return result;
    return Response.json(result ?? null, { headers: { "Cache-Control": "no-store" } });
  } catch (error) {
    return problemResponse(request, error);
  }
}

type Refused = { ok: false; message: string; field?: string };
// A verb that answers nothing makes an action that only says that it is done.
type Done<R> = { ok: true } & (R extends object ? R : unknown);

/** What an action answers when it failed: a message for people, and the field that it is about. */
async function refused(error: unknown): Promise<Refused> {
  unstable_rethrow(error);
  if (isAppError(error) && error.code === "unauthenticated") redirect("/sign-in");
  if (!isAppError(error)) (await getServices()).log.error({ err: error }, "an action failed");
  const message = isAppError(error) ? error.message : "Something went wrong on our side. Nothing was lost; try again.";
  return isAppError(error) && error.field !== undefined
    ? { ok: false, message, field: error.field }
    : { ok: false, message };
}

/**
 * Makes a server action of a person who is signed in: runs `run` with their context, turns what it throws into
 * an answer for a form, and has the page read its data anew.
 */
export function action<A extends unknown[], R>(
  run: (ctx: PersonContext, ...args: A) => Promise<R>,
): (...args: A) => Promise<Done<R> | Refused> {
  return async (...args) => {
    try {
      const ctx = await requireContext();
      const result = await run(ctx, ...args);
      refresh();
      return done(result);
    } catch (error) {
      return refused(error);
    }
  };
}

/** The same for people who are not signed in: signing in, taking up a link, setting up. */
export function publicAction<A extends unknown[], R>(
  run: (ctx: Context, ...args: A) => Promise<R>,
): (...args: A) => Promise<Done<R> | Refused> {
  return async (...args) => {
    try {
      return done(await run(await pageContext(), ...args));
    } catch (error) {
      return refused(error);
    }
  };
}

function done<R>(result: R): Done<R> {
  return { ok: true, ...(result ?? {}) } as Done<R>; // spreading nothing, or the object that R is
}

/** Where people reach this archive, for links and command lines that a page shows. */
export async function publicUrl(): Promise<string> {
  return (await getServices()).env.publicUrl;
}
