"use server";

import { redirect } from "next/navigation";
import { signOut } from "@/lib/people/index.ts";
import { pageContext } from "./context";
import { forgetSession } from "./session";

/** Ends all sessions of the account, forgets the one in this browser, and goes to the way in. */
export async function signOutAction(): Promise<void> {
  const ctx = await pageContext();
  if (ctx.actor.kind === "person") await signOut(ctx);
  await forgetSession();
  redirect("/sign-in");
}
