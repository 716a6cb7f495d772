"use client";

import { Check } from "lucide-react";
import { Button } from "@/components/ui/button";
import { ConfirmDialog } from "@/components/ui/confirm-dialog";
import type { ActionResult } from "@/components/ui/form";
import { formatBytes, plural } from "@/components/ui/format";
import type { RequestDetail } from "@/lib/access/types";

type ApproveProps = {
  request: RequestDetail;
  /** Digest of what this dialog lists; the approval names it. */
  scopeSha256: string;
  label: string;
  action: (data: FormData) => Promise<ActionResult>;
};

/** Asks once more, with the list of what would leave, before an officer approves it. */
export function Approve(props: ApproveProps) {
  const { request, scopeSha256, label } = props;
  const included = request.matches.filter((match) => match.decision === "included");
  const bytes = included.reduce((sum, { recording }) => sum + (recording.sizeBytes ?? 0), 0);
  const what = `${plural(included.length, "recording")}, ${formatBytes(bytes)}`;
  const then =
    request.state === "approved"
      ? `They are released to ${request.requester.name} at once.`
      : "A different officer must approve the same before anything leaves.";
  return (
    <ConfirmDialog
      trigger={
        <Button variant="primary" size="lg" icon={Check} className="w-full">
          {label}
        </Button>
      }
      title={`Release ${what}?`}
      description={`You approve exactly these recordings for ${request.requester.name}, ${request.requester.organisation}. ${then}`}
      confirm={label}
      action={props.action}
      doneMessage={request.state === "approved" ? "Approved and released." : "Approved."}
    >
      <input type="hidden" name="requestId" value={request.id} />
      <input type="hidden" name="scopeSha256" value={scopeSha256} />
      <ul className="grid gap-1 text-sm">
        {included.map(({ recording }) => (
          <li key={recording.id} className="wrap-anywhere">
            <span className="mono">{recording.id}</span> {recording.fileName}
          </li>
        ))}
      </ul>
      <p className="text-muted text-sm">
        Scope <span className="mono">{`${scopeSha256.slice(0, 8)}…${scopeSha256.slice(-4)}`}</span>
      </p>
    </ConfirmDialog>
  );
}
