"use client";

import { type ReactNode, useState } from "react";
import { Button } from "@/components/ui/button";
import { Dialog } from "@/components/ui/dialog";
import { DialogClose } from "@/components/ui/dialog-close";
import { ActionForm, type ActionResult, SubmitButton } from "@/components/ui/form";
import { type IssuedDevice, IssuedDeviceView } from "./issued-device";

type TokenDialogProps = {
  trigger: ReactNode;
  title: string;
  description: string;
  /** The verb on the button: "Add the device". */
  submit: string;
  action: (data: FormData) => Promise<({ ok: true } & IssuedDevice) | Extract<ActionResult, { ok: false }>>;
  children?: ReactNode;
};

/** Asks what a new token needs, then shows the token until the dialog is closed. */
export function TokenDialog({ trigger, title, description, submit, action, children }: TokenDialogProps) {
  const [open, setOpen] = useState(false);
  const [issued, setIssued] = useState<IssuedDevice | null>(null);

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
      title={issued ? "The token" : title}
      description={issued ? undefined : description}
    >
      {issued ? (
        <div className="grid gap-4" role="status">
          <IssuedDeviceView {...issued} />
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
