import { randomBytes } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { Actor, Context, Origin } from "../lib/context.ts";
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
 * @returns the request's id
 */
export function nameRequest(request: IncomingMessage, trustedProxies: number): string {
  const given = fieldOf(request, correlationField);
  if (request.headers[ownField] === ownMark && given !== undefined) return given;
  const id = newCorrelationId();
  request.headers[ownField] = ownMark;
  request.headers[correlationField] = id;
  request.headers[addressField] = addressOf(request, trustedProxies) ?? "";
  return id;
}

/** One value of a request field; several are joined as RFC 9110, section 5.3 says. */
export function fieldOf(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value.join(", ") : value;
}

/**
 * Where a request came from. Each trusted proxy added one address to the end of X-Forwarded-For; what stands
 * before those is the client's own invention.
 */
function addressOf(request: IncomingMessage, trustedProxies: number): string | null {
  const peer = request.socket.remoteAddress?.replace(/^::ffff:/, "") ?? null;
  if (trustedProxies === 0) return peer;
  const forwarded = (fieldOf(request, "x-forwarded-for") ?? "").split(",").map((part) => part.trim());
  const address = forwarded.at(-trustedProxies);
  return address !== undefined && /^[0-9a-fA-F.:]{3,45}$/.test(address) ? address : peer;
}

/** Origin of a request, with its user agent cut to a length that custody can keep. */
export function originOf(request: IncomingMessage, services: Services): Origin {
  const userAgent = fieldOf(request, "user-agent")?.slice(0, 300) ?? null;
  return { address: addressOf(request, services.env.trustedProxies), userAgent };
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
