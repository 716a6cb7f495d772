"use client";

import { PackageCheck, Undo2 } from "lucide-react";
import { Button } from "@/components/ui/button";
import { ConfirmDialog } from "@/components/ui/confirm-dialog";
import type { ActionResult } from "@/components/ui/form";

type ActProps = {
  requestId: string;
  /** Server action with the field `requestId`. */
  action: (data: FormData) => Promise<ActionResult>;
};

/** Takes one's own request back. */
export function WithdrawRequest({ requestId, action }: ActProps) {
  return (
    <ConfirmDialog
      trigger={
        <Button icon={Undo2} className="w-full">
          Withdraw request…
        </Button>
      }
      title="Withdraw the request?"
      description="Nobody works on it any more. You can ask again at any time."
      confirm="Withdraw"
      danger
      action={action}
      doneMessage="Your request is withdrawn."
    >
      <input type="hidden" name="requestId" value={requestId} />
    </ConfirmDialog>
  );
}

/** Says that one has what was released. */
export function ConfirmReceipt({ requestId, action }: ActProps) {
  return (
    <ConfirmDialog
      trigger={
        <Button size="lg" icon={PackageCheck} className="w-full">
          Confirm receipt
        </Button>
      }
      title="Did you receive everything?"
      description="Confirm when you have downloaded the files and checked them. You can still download them again until the date above."
      confirm="Confirm receipt"
      action={action}
      doneMessage="Thank you. Your receipt is in the custody log."
    >
      <input type="hidden" name="requestId" value={requestId} />
    </ConfirmDialog>
  );
}
