"use server";

import { redirect } from "next/navigation";
import type { ActionResult } from "@/components/ui/form";
import { AppError } from "@/lib/errors.ts";
import { setUpArchive, signIn, takeUpLink } from "@/lib/people/index.ts";
import { publicAction } from "../_server/context";
import { field } from "../_server/form";
import { returnPath } from "../_server/return-path";
import { beginSession } from "../_server/session";

/** Signs in and goes where the person wanted to. Fields: email, password, to. */
export const signInAction: (data: FormData) => Promise<ActionResult> = publicAction(async (ctx, data: FormData) => {
  await beginSession(await signIn(ctx, { email: field(data, "email"), password: field(data, "password") }));
  redirect(returnPath(field(data, "to")));
});

/** Sets a password through a one-time link, and signs in. Fields: secret, password, again. */
export const takeUpLinkAction: (data: FormData) => Promise<ActionResult> = publicAction(async (ctx, data: FormData) => {
  requireSamePassword(data);
  await beginSession(await takeUpLink(ctx, { secret: field(data, "secret"), password: field(data, "password") }));
  redirect("/");
});

/** Makes the first administrator, and signs in. Fields: secret, organisationName, name, email, password, again. */
export const setUpAction: (data: FormData) => Promise<ActionResult> = publicAction(async (ctx, data: FormData) => {
  requireSamePassword(data);
  const claims = await setUpArchive(ctx, {
    secret: field(data, "secret"),
    organisationName: field(data, "organisationName"),
    name: field(data, "name"),
    email: field(data, "email"),
    password: field(data, "password"),
  });
  await beginSession(claims);
  redirect("/");
});

function requireSamePassword(data: FormData): void {
  if (field(data, "password") !== field(data, "again"))
    throw new AppError("invalid_input", "The two passwords differ.", { field: "again" });
}
