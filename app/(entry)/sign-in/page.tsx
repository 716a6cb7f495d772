import type { Metadata } from "next";
import { redirect } from "next/navigation";
import { TextField } from "@/components/ui/field";
import { ActionForm, SubmitButton } from "@/components/ui/form";
import { getSettings } from "@/lib/settings/index.ts";
import { pageContext } from "../../_server/context";
import { returnPath } from "../../_server/return-path";
import { signInAction } from "../actions";
import { EntryPage } from "../entry-page";

export const metadata: Metadata = { title: "Sign in" };

type SearchParams = Promise<{ to?: string | string[] }>;

export default async function SignInPage({ searchParams }: { searchParams: SearchParams }) {
  const ctx = await pageContext();
  const { to } = await searchParams;
  const path = returnPath(typeof to === "string" ? to : "/");
  if (ctx.actor.kind === "person") redirect(path);
  const { archiveName } = await getSettings(ctx.db);
  return (
    <EntryPage title="Sign in" text={archiveName === "Strongroom" ? "Archive for video evidence" : archiveName}>
      <ActionForm action={signInAction}>
        <input type="hidden" name="to" value={path} />
        <TextField name="email" label="E-mail address" type="email" autoComplete="username" autoFocus />
        <TextField name="password" label="Password" type="password" autoComplete="current-password" />
        <SubmitButton size="lg">Sign in</SubmitButton>
      </ActionForm>
      <p className="text-muted text-sm">
        Forgotten your password, or no account yet? An administrator of the archive can send you a one-time link.
      </p>
    </EntryPage>
  );
}
