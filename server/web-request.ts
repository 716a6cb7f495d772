import { randomBytes } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Services } from "../lib/services.ts";
import { fieldOf } from "./request-context.ts";
import { renewedSessionCookie, toSetCookie } from "./session.ts";

/** Request field by which a page learns its own address, to come back to after signing in. */
export const pathField = "x-strongroom-path";

/**
 * What the web pages may do in a browser. Scripts run only with this answer's nonce, which Next reads from the
 * request's copy of the policy and gives to its own scripts; whatever else is injected stays text.
 */
function contentSecurityPolicy(nonce: string, isDevelopment: boolean, isTls: boolean): string {
  return [
    "default-src 'self'",
    `script-src 'self' 'nonce-${nonce}' 'strict-dynamic'${isDevelopment ? " 'unsafe-eval'" : ""}`,
    // Primitives place menus and dialogs with style attributes, which have no nonce.
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' blob: data:",
    "media-src 'self' blob:",
    "font-src 'self'",
    `connect-src 'self'${isDevelopment ? " ws:" : ""}`,
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
    ...(isTls ? ["upgrade-insecure-requests"] : []),
  ].join("; ");
}

/** What answers of the JSON routes may do in a browser: nothing. A file that someone attached is among them. */
const apiPolicy = "sandbox; default-src 'none'; frame-ancestors 'none'";

/** Prepares a request for the web pages: security fields, the page's own address, and a session kept alive. */
export async function prepareWebRequest(
  services: Services,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { env } = services;
  const isTls = env.publicUrl.startsWith("https://");
  const policy = isApiRequest(request)
    ? apiPolicy
    : contentSecurityPolicy(randomBytes(16).toString("base64"), env.mode === "development", isTls);
  request.headers["content-security-policy"] = policy;
  request.headers[pathField] = request.url ?? "/";
  response.setHeader("Content-Security-Policy", policy);
  response.setHeader("X-Content-Type-Options", "nosniff");
  response.setHeader("Referrer-Policy", "same-origin");
  response.setHeader("Cross-Origin-Opener-Policy", "same-origin");
  response.setHeader("Cross-Origin-Resource-Policy", "same-origin");
  response.setHeader("Permissions-Policy", "camera=(), microphone=(), geolocation=(), payment=(), usb=()");
  if (isTls) response.setHeader("Strict-Transport-Security", "max-age=31536000");
  if (isPageRequest(request)) {
    const cookie = await renewedSessionCookie(services, request.headers.cookie);
    if (cookie !== null) response.appendHeader("Set-Cookie", toSetCookie(cookie));
  }
}

function isApiRequest(request: IncomingMessage): boolean {
  return request.url?.startsWith("/api/") ?? false;
}

/** Reading a page keeps a session alive. An act sets its own cookies: signing out must not be undone here. */
function isPageRequest(request: IncomingMessage): boolean {
  const path = request.url ?? "/";
  return request.method === "GET" && !path.startsWith("/_next/") && !isApiRequest(request) && !isPrefetch(request);
}

function isPrefetch(request: IncomingMessage): boolean {
  return fieldOf(request, "next-router-prefetch") !== undefined || fieldOf(request, "purpose") === "prefetch";
}
