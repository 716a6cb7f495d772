import { randomBytes } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { Actor, Context, Origin } from "../lib/context.ts";
import type { Env } from "../lib/env.ts";
import { type Forwarding, readForwarding } from "../lib/forwarding.ts";
import { contextFor, type Services } from "../lib/services.ts";

/** Request fields by which the web pages learn what this server knows; whatever a client sends in them is dropped. */
export const addressField = "x-strongroom-address";
export const correlationField = "x-request-id";

// Next asks this server itself for the page that an action belongs or leads to, with the fields that the person's
// request had. This mark, which no client knows, says that they are ours; or custody would name this machine.
const ownField = "x-strongroom-own";
const ownMark = randomBytes(32).toString("base64url");

/**
 * Writes into a request's fields, for the web pages, where it came from and by what it is found again in the log.
 *
 * @returns the request's id, and whether it is a part of another one
 */
export function nameRequest(request: IncomingMessage, env: Env): { id: string; isOwn: boolean } {
  const given = fieldOf(request, correlationField);
  if (request.headers[ownField] === ownMark && given !== undefined) return { id: given, isOwn: true };
  const { address, isBelieved } = forwardingOf(request, env);
  // Next believes these of anybody, when it asks whether a form is this site's own.
  if (!isBelieved) for (const name of forwardingFields) delete request.headers[name];
  const id = newCorrelationId();
  request.headers[ownField] = ownMark;
  request.headers[correlationField] = id;
  request.headers[addressField] = address ?? "";
  return { id, isOwn: false };
}

/** One value of a request field; several are joined as RFC 9110, section 5.3 says. */
export function fieldOf(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value.join(", ") : value;
}

type SeenForwarding = Forwarding & {
  /** Some proxy, believed or not, stood between. */
  isProxied: boolean;
};

const seen = new WeakMap<IncomingMessage, SeenForwarding>();
const forwardingFields = ["forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-port", "x-forwarded-proto"];

/** Where a request came from, as it arrived. */
export function forwardingOf(request: IncomingMessage, env: Env): SeenForwarding {
  const known = seen.get(request);
  if (known !== undefined) return known;
  const { headers, socket } = request;
  const isProxied = [...forwardingFields, "via"].some((name) => headers[name] !== undefined);
  const forwarding = readForwarding(env.trustedProxies, env.proxyFields, socket.remoteAddress ?? null, headers);
  seen.set(request, { ...forwarding, isProxied });
  return { ...forwarding, isProxied };
}

/** Origin of a request, with its user agent cut to a length that custody can keep. */
export function originOf(request: IncomingMessage, services: Services): Origin {
  const userAgent = fieldOf(request, "user-agent")?.slice(0, 300) ?? null;
  return { address: forwardingOf(request, services.env).address, userAgent };
}

/** A new correlation id. */
export function newCorrelationId(): string {
  return randomBytes(8).toString("hex");
}

/** The context of one HTTP request. */
export function requestContext(services: Services, request: IncomingMessage, actor: Actor): Context {
  return contextFor(
    services,
    actor,
    originOf(request, services),
    fieldOf(request, correlationField) ?? newCorrelationId(),
  );
}
