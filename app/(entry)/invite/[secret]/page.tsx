import type { Metadata } from "next";
import { MessagePage } from "@/components/shell/message-page";
import { ButtonLink } from "@/components/ui/button";
import { ActionForm, SubmitButton } from "@/components/ui/form";
import { isAppError } from "@/lib/errors.ts";
import { getLink, type LinkView } from "@/lib/people/index.ts";
import { pageContext } from "../../../_server/context";
import { takeUpLinkAction } from "../../actions";
import { EntryPage } from "../../entry-page";
import { NewPasswordFields } from "../../new-password-fields";

export const metadata: Metadata = { title: "Your account" };

async function findLink(secret: string): Promise<LinkView | null> {
  try {
    return await getLink(await pageContext(), secret);
  } catch (error) {
    if (isAppError(error) && error.code === "link_used") return null;
    throw error;
  }
}

export default async function InvitePage({ params }: { params: Promise<{ secret: string }> }) {
  const { secret } = await params;
  const link = await findLink(secret);
  if (link === null)
    return (
      <MessagePage
        title="This link is over"
        text="It has been used, has run out, or was replaced by a newer one. Ask an administrator of the archive for a new link."
      >
        <ButtonLink href="/sign-in" variant="primary">
          Sign in
        </ButtonLink>
      </MessagePage>
    );
  return (
    <EntryPage
      title={link.isNewAccount ? `Welcome, ${link.name}` : "Choose a new password"}
      text={
        <>
          Your account is <b className="wrap-anywhere font-semibold text-ink">{link.email}</b>.{" "}
          {link.isNewAccount ? "Choose a password to take it up." : "Your sessions on all machines end."}
        </>
      }
    >
      <ActionForm action={takeUpLinkAction}>
        <input type="hidden" name="secret" value={secret} />
        {/* Tells password managers which account this is. */}
        <input type="hidden" name="username" autoComplete="username" value={link.email} readOnly />
        <NewPasswordFields />
        <SubmitButton size="lg">{link.isNewAccount ? "Take up the account" : "Set the password"}</SubmitButton>
      </ActionForm>
    </EntryPage>
  );
}
