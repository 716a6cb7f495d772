"use client";

import { Ban, Check, CircleMinus } from "lucide-react";
import { Button } from "@/components/ui/button";
import { ConfirmDialog } from "@/components/ui/confirm-dialog";
import { TextAreaField } from "@/components/ui/field";
import { ActionForm, type ActionResult, SubmitButton } from "@/components/ui/form";
import type { MatchRow } from "@/lib/access/types";

/** Server action with the fields `requestId`, `recordingId`, `decision` and `reason`. */
export type DecideAction = (data: FormData) => Promise<ActionResult>;

type DecideButtonsProps = { requestId: string; match: MatchRow; decide: DecideAction; warning: string | null };

const excludeHint = "For the record inside the archive, as in: another vehicle.";
const unavailableHint = "The requester reads this, as in: damaged on the way.";

/** Include, leave out, or say that it cannot be given; whichever it is not already. */
export function DecideButtons({ requestId, match, decide, warning }: DecideButtonsProps) {
  const { recording, decision } = match;
  const fields = (as: NonNullable<MatchRow["decision"]>) => (
    <>
      <input type="hidden" name="requestId" value={requestId} />
      <input type="hidden" name="recordingId" value={recording.id} />
      <input type="hidden" name="decision" value={as} />
    </>
  );
  const include = (
    <SubmitButton variant="secondary" icon={Check} aria-label={`Include ${recording.id}`}>
      Include
    </SubmitButton>
  );
  return (
    <>
      {decision !== "included" &&
        recording.state === "sealed" &&
        (warning === null ? (
          <ActionForm action={decide}>
            {fields("included")}
            {include}
          </ActionForm>
        ) : (
          <ConfirmDialog
            trigger={
              <Button icon={Check} aria-label={`Include ${recording.id}`}>
                Include
              </Button>
            }
            title={`Include ${recording.id}?`}
            description={warning}
            confirm="Include"
            action={decide}
          >
            {fields("included")}
          </ConfirmDialog>
        ))}
      <ConfirmDialog
        trigger={
          <Button variant="quiet" icon={CircleMinus} aria-label={`Leave out ${recording.id}`}>
            {decision === "excluded" ? "Change reason…" : "Leave out…"}
          </Button>
        }
        title={`Leave out ${recording.id}?`}
        description={warning ?? "It was found and does not belong to what is asked."}
        confirm="Leave out"
        action={decide}
      >
        {fields("excluded")}
        <TextAreaField name="reason" label="Why" hint={excludeHint} minLength={3} maxLength={500} />
      </ConfirmDialog>
      <ConfirmDialog
        trigger={
          <Button variant="quiet" icon={Ban} aria-label={`Cannot be given… ${recording.id}`}>
            {decision === "unavailable" ? "Change reason…" : "Cannot be given…"}
          </Button>
        }
        title={`${recording.id} cannot be given?`}
        description={warning ?? "It was asked for. The requester is told that it exists and why it cannot be given."}
        confirm="Cannot be given"
        action={decide}
      >
        {fields("unavailable")}
        <TextAreaField name="reason" label="Why" hint={unavailableHint} minLength={3} maxLength={500} />
      </ConfirmDialog>
    </>
  );
}
