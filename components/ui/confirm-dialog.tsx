"use client";

import { type ReactNode, useState } from "react";
import { Button } from "./button";
import { Dialog } from "./dialog";
import { DialogClose } from "./dialog-close";
import { ActionForm, type ActionResult, SubmitButton } from "./form";
import { useAnnounce } from "./toast";

type ConfirmDialogProps = {
  trigger: ReactNode;
  /** A question that names the thing: "Revoke Van 12?" */
  title: string;
  /** What will follow, in a sentence. */
  description: ReactNode;
  /** The verb: "Revoke". */
  confirm: string;
  danger?: boolean;
  action: (data: FormData) => Promise<ActionResult>;
  /** Fields that the act needs: a reason, hidden ids. */
  children?: ReactNode;
  /** Said after success when the answer brings no message. */
  doneMessage?: string;
};

/** Asks before an act that cannot simply be undone, runs it, closes, and says that it is done. */
export function ConfirmDialog(props: ConfirmDialogProps) {
  const [open, setOpen] = useState(false);
  const announce = useAnnounce();

  function finish(result: ActionResult) {
    setOpen(false);
    const message = result.message ?? props.doneMessage;
    if (message) announce({ message });
  }

  return (
    <Dialog
      open={open}
      onOpenChange={setOpen}
      trigger={props.trigger}
      title={props.title}
      description={props.description}
    >
      <ActionForm action={props.action} onDone={finish}>
        {props.children}
        <div className="flex flex-row-reverse flex-wrap gap-2">
          <SubmitButton variant={props.danger ? "danger" : "primary"}>{props.confirm}</SubmitButton>
          <DialogClose>
            <Button variant="quiet">Cancel</Button>
          </DialogClose>
        </div>
      </ActionForm>
    </Dialog>
  );
}
