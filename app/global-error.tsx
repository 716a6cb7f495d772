"use client";

import "./globals.css";
import { MessagePage } from "@/components/shell/message-page";
import { ProblemText } from "@/components/shell/problem-text";
import { Button } from "@/components/ui/button";

/** Shown when even the frame of the pages failed; brings its own html element. */
export default function GlobalError({ error, retry }: { error: unknown; retry: () => void }) {
  return (
    <html lang="en">
      <body>
        <title>Something went wrong · Strongroom</title>
        <MessagePage title="Strongroom could not be shown" text={<ProblemText error={error} />}>
          <Button variant="primary" onClick={retry}>
            Try again
          </Button>
        </MessagePage>
      </body>
    </html>
  );
}
