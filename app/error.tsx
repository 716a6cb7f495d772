"use client";

import { MessagePage } from "@/components/shell/message-page";
import { ProblemText } from "@/components/shell/problem-text";
import { Button, ButtonLink } from "@/components/ui/button";

export default function ErrorPage({ error, retry }: { error: unknown; retry: () => void }) {
  return (
    <MessagePage title="This page could not be shown" text={<ProblemText error={error} />}>
      <Button variant="primary" onClick={retry}>
        Try again
      </Button>
      <ButtonLink href="/">Go to Home</ButtonLink>
    </MessagePage>
  );
}
