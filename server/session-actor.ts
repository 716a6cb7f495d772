import type { IncomingMessage } from "node:http";
import type { Actor } from "../lib/context.ts";
import type { Services } from "../lib/services.ts";
import { fieldOf } from "./request-context.ts";
import { sessionFromCookies } from "./session.ts";

/** Who is signed in, by the same cookie as the web pages; nobody when the account was disabled or changed since. */
export async function sessionActor(services: Services, request: IncomingMessage): Promise<Actor> {
  return (await sessionFromCookies(services, fieldOf(request, "cookie"))) ?? { kind: "nobody" };
}
