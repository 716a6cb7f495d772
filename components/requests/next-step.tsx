"use client";

import { Check, CircleStop, FolderOpen, Undo2 } from "lucide-react";
import type { ReactNode } from "react";
import { Button } from "@/components/ui/button";
import { SelectField } from "@/components/ui/choice";
import { ConfirmDialog } from "@/components/ui/confirm-dialog";
import { TextAreaField } from "@/components/ui/field";
import { ActionForm, type ActionResult, SubmitButton } from "@/components/ui/form";
import type { RequestDetail } from "@/lib/access/types";
import { Approve } from "./approve";

type Action = (data: FormData) => Promise<ActionResult>;

/** The acts an officer has, as server actions that take the field `requestId` and what each needs besides. */
export type ReviewActions = {
  open: Action;
  /** Needs `scopeSha256`. */
  approve: Action;
  withdrawApproval: Action;
  /** Needs `reason` and `text`. */
  deny: Action;
  close: Action;
  /** Needs `releaseId` and `reason`. */
  withdrawRelease: Action;
};

type NextStepProps = {
  request: RequestDetail;
  actions: ReviewActions;
  denialReasons: { value: string; label: string }[];
};

/** The one next step, and the ways out. What cannot be done says why. */
export function NextStep({ request, actions, denialReasons }: NextStepProps) {
  const { can } = request;
  return (
    <div className="grid gap-3">
      <Primary request={request} actions={actions} />
      {can.withdrawApproval === null && (
        <ConfirmDialog
          trigger={
            <Button icon={Undo2} className="w-full">
              Take my approval back…
            </Button>
          }
          title="Take your approval back?"
          description="The request goes back to review. Custody keeps that you approved and took it back."
          confirm="Take it back"
          action={actions.withdrawApproval}
          doneMessage="Your approval is taken back."
        >
          <input type="hidden" name="requestId" value={request.id} />
        </ConfirmDialog>
      )}
      {can.deny === null && <Deny request={request} action={actions.deny} reasons={denialReasons} />}
      {can.close === null && (
        <ConfirmDialog
          trigger={
            <Button icon={Check} className="w-full">
              Close
            </Button>
          }
          title={`Close ${request.id}?`}
          description="The matter is finished. The release stays open until its date."
          confirm="Close"
          action={actions.close}
          doneMessage="Closed."
        >
          <input type="hidden" name="requestId" value={request.id} />
        </ConfirmDialog>
      )}
      {can.withdrawRelease === null && request.release && (
        <WithdrawRelease releaseId={request.release.id} action={actions.withdrawRelease} />
      )}
    </div>
  );
}

function Blocked({ label, reason }: { label: string; reason: string }) {
  return (
    <div>
      <Button variant="primary" size="lg" className="w-full" disabled aria-describedby="next-step-reason">
        {label}
      </Button>
      <p id="next-step-reason" className="mt-1.5 text-muted text-sm">
        {reason}
      </p>
    </div>
  );
}

function Primary({ request, actions }: Pick<NextStepProps, "request" | "actions">): ReactNode {
  const { can, state, scopeSha256 } = request;
  if (state === "submitted") {
    if (can.open !== null) return <Blocked label="Take up" reason={can.open} />;
    return (
      <ActionForm action={actions.open}>
        <input type="hidden" name="requestId" value={request.id} />
        <SubmitButton size="lg" icon={FolderOpen} className="w-full">
          Take up
        </SubmitButton>
      </ActionForm>
    );
  }
  if (state !== "in_review" && state !== "approved") return null;
  const label = state === "in_review" ? "Approve" : "Approve as second officer";
  if (can.approve !== null || scopeSha256 === null) {
    return <Blocked label={label} reason={can.approve ?? "Include at least one recording first."} />;
  }
  return <Approve request={request} scopeSha256={scopeSha256} label={label} action={actions.approve} />;
}

function Deny({
  request,
  action,
  reasons,
}: {
  request: RequestDetail;
  action: Action;
  reasons: NextStepProps["denialReasons"];
}) {
  return (
    <ConfirmDialog
      trigger={
        <Button icon={CircleStop} className="w-full">
          Deny…
        </Button>
      }
      title={`Deny ${request.id}?`}
      description={`${request.requester.name} reads the reason. A denied request stays denied; they can ask again.`}
      confirm="Deny"
      danger
      action={action}
      doneMessage="Denied."
    >
      <input type="hidden" name="requestId" value={request.id} />
      <SelectField name="reason" label="Reason" choices={reasons} placeholder="Choose a reason" />
      <TextAreaField
        name="text"
        label="In your words"
        hint="What is missing, or what they can do."
        minLength={3}
        maxLength={1000}
      />
    </ConfirmDialog>
  );
}

function WithdrawRelease({ releaseId, action }: { releaseId: string; action: Action }) {
  return (
    <ConfirmDialog
      trigger={
        <Button variant="danger" icon={Undo2} className="w-full">
          Withdraw release…
        </Button>
      }
      title="Withdraw the release?"
      description="It ends at once, and running downloads are cut. What was downloaded before cannot be called back."
      confirm="Withdraw"
      danger
      action={action}
      doneMessage="The release is withdrawn."
    >
      <input type="hidden" name="releaseId" value={releaseId} />
      <TextAreaField name="reason" label="Why" hint="The requester reads this." minLength={3} maxLength={500} />
    </ConfirmDialog>
  );
}
