"use client";

import { type ReactNode, useState } from "react";
import { ShownOnce } from "@/components/shell/shown-once";
import { Button } from "@/components/ui/button";
import { Dialog } from "@/components/ui/dialog";
import { DialogClose } from "@/components/ui/dialog-close";
import { ActionForm, type ActionResult, SubmitButton } from "@/components/ui/form";
import { Time } from "@/components/ui/time";

/** A new one-time link, readable only now. */
export type IssuedInvitation = { url: string; expiresAt: Date };

type LinkDialogProps = {
  trigger: ReactNode;
  title: string;
  description: string;
  /** The verb on the button: "Invite". */
  submit: string;
  action: (data: FormData) => Promise<({ ok: true } & IssuedInvitation) | Extract<ActionResult, { ok: false }>>;
  children?: ReactNode;
};

/** Asks what a new one-time link needs, then shows the link until the dialog is closed. */
export function LinkDialog({ trigger, title, description, submit, action, children }: LinkDialogProps) {
  const [open, setOpen] = useState(false);
  const [issued, setIssued] = useState<IssuedInvitation | null>(null);

  async function run(data: FormData): Promise<ActionResult> {
    const result = await action(data);
    if (result.ok) setIssued(result);
    return result.ok ? { ok: true } : result;
  }

  function change(isOpen: boolean) {
    setOpen(isOpen);
    if (!isOpen) setIssued(null);
  }

  return (
    <Dialog
      open={open}
      onOpenChange={change}
      trigger={trigger}
      title={issued ? "The one-time link" : title}
      description={issued ? undefined : description}
    >
      {issued ? (
        <div className="grid gap-4" role="status">
          <ShownOnce label="Link" secret={issued.url}>
            Send it to this person and nobody else: whoever opens it first chooses the password. It works once, until{" "}
            <Time at={issued.expiresAt} />.
          </ShownOnce>
          <div className="flex flex-row-reverse">
            <DialogClose>
              <Button variant="primary">I have copied it</Button>
            </DialogClose>
          </div>
        </div>
      ) : (
        <ActionForm action={run}>
          {children}
          <div className="flex flex-row-reverse flex-wrap gap-2">
            <SubmitButton>{submit}</SubmitButton>
            <DialogClose>
              <Button variant="quiet">Cancel</Button>
            </DialogClose>
          </div>
        </ActionForm>
      )}
    </Dialog>
  );
}
