import type { Metadata } from "next";
import { MessagePage } from "@/components/shell/message-page";
import { ButtonLink } from "@/components/ui/button";

export const metadata: Metadata = { title: "Not found" };

export default function NotFound() {
  return (
    <MessagePage
      title="There is nothing here"
      text="The address may be mistyped, or this is something your account does not have. If somebody sent you the link, ask them to check it."
    >
      <ButtonLink href="/" variant="primary">
        Go to Home
      </ButtonLink>
    </MessagePage>
  );
}
