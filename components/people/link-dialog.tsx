"use client";

import { IssueDialog, type IssueProps } from "@/components/shell/issue-dialog";
import { ShownOnce } from "@/components/shell/shown-once";
import { Time } from "@/components/ui/time";

/** A new one-time link, readable only now. */
export type IssuedInvitation = { url: string; expiresAt: Date };

/** Asks what a new one-time link needs, then shows the link until the dialog is closed. */
export function LinkDialog(props: IssueProps<IssuedInvitation>) {
  return (
    <IssueDialog
      {...props}
      issuedTitle="The one-time link"
      show={({ url, expiresAt }) => (
        <ShownOnce label="Link" secret={url}>
          Send it to this person and nobody else: whoever opens it first chooses the password. It works once, until{" "}
          <Time at={expiresAt} />.
        </ShownOnce>
      )}
    />
  );
}
