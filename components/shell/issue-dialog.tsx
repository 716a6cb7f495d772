"use client";

import { type ReactNode, useState } from "react";
import { Button } from "@/components/ui/button";
import { Dialog } from "@/components/ui/dialog";
import { DialogClose } from "@/components/ui/dialog-close";
import { ActionForm, type ActionResult, SubmitButton } from "@/components/ui/form";

/** What a page says of a dialog that issues something secret. */
export type IssueProps<Issued> = {
  trigger: ReactNode;
  title: string;
  description: string;
  /** The verb on the button: "Invite". */
  submit: string;
  action: (data: FormData) => Promise<({ ok: true } & Issued) | Extract<ActionResult, { ok: false }>>;
  children?: ReactNode;
};

type IssueDialogProps<Issued> = IssueProps<Issued> & {
  /** The title once it is issued: "The token". */
  issuedTitle: string;
  show: (issued: Issued) => ReactNode;
  wide?: boolean;
};

/** Asks what a new secret needs, then shows the secret until the dialog is closed. */
export function IssueDialog<Issued>({
  trigger,
  title,
  description,
  submit,
  action,
  children,
  issuedTitle,
  show,
  wide = false,
}: IssueDialogProps<Issued>) {
  const [open, setOpen] = useState(false);
  const [issued, setIssued] = useState<Issued | null>(null);

  async function run(data: FormData): Promise<ActionResult> {
    const result = await action(data);
    if (!result.ok) return result;
    setIssued(result);
    return { ok: true };
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
      title={issued ? issuedTitle : title}
      description={issued ? undefined : description}
      wide={wide}
    >
      {issued ? (
        <div className="grid gap-4" role="status">
          {show(issued)}
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
