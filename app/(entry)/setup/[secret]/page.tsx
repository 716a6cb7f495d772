import type { Metadata } from "next";
import { MessagePage } from "@/components/shell/message-page";
import { ButtonLink } from "@/components/ui/button";
import { TextField } from "@/components/ui/field";
import { ActionForm, SubmitButton } from "@/components/ui/form";
import { isSetupLink } from "@/lib/people/index.ts";
import { pageContext } from "../../../_server/context";
import { setUpAction } from "../../actions";
import { EntryPage } from "../../entry-page";
import { NewPasswordFields } from "../../new-password-fields";

export const metadata: Metadata = { title: "Set up" };

export default async function SetUpPage({ params }: { params: Promise<{ secret: string }> }) {
  const { secret } = await params;
  if (!(await isSetupLink(await pageContext(), secret)))
    return (
      <MessagePage
        title="This link is over"
        text="The archive is set up already, or the server was started again and printed a newer link."
      >
        <ButtonLink href="/sign-in" variant="primary">
          Sign in
        </ButtonLink>
      </MessagePage>
    );
  return (
    <EntryPage
      title="Set up the archive"
      text="You become its first administrator: you invite everyone else and add the devices. Administrators see no video."
    >
      <ActionForm action={setUpAction}>
        <input type="hidden" name="secret" value={secret} />
        <TextField
          name="organisationName"
          label="Organisation that runs the archive"
          autoComplete="organization"
          maxLength={200}
          autoFocus
        />
        <TextField name="name" label="Your name" autoComplete="name" maxLength={120} />
        <TextField name="email" label="Your e-mail address" type="email" autoComplete="username" />
        <NewPasswordFields />
        <SubmitButton size="lg">Set up the archive</SubmitButton>
      </ActionForm>
    </EntryPage>
  );
}
