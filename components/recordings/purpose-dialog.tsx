"use client";

import { type ReactNode, useId } from "react";
import { Dialog } from "@/components/ui/dialog";
import { TextField } from "@/components/ui/field";
import { ActionForm, type ActionResult, SubmitButton } from "@/components/ui/form";

/** What the purpose dialog needs to open one recording. */
export type OpenRecording = {
  recordingId: string;
  /** Server action with the fields `id` and `purpose`. */
  action: (data: FormData) => Promise<ActionResult>;
  /** Purposes to choose from, such as requests in review. */
  suggestions: string[];
  /** Hours that a purpose holds. */
  grantHours: number;
};

type PurposeDialogProps = OpenRecording & {
  open: boolean;
  onOpenChange: (open: boolean) => void;
  trigger: ReactNode;
  /** The verb on the button: "View", "Download". */
  verb: string;
  onOpened: () => void;
};

/** Asks an officer what for, before any picture is shown. */
export function PurposeDialog(props: PurposeDialogProps) {
  const listId = useId();
  return (
    <Dialog
      open={props.open}
      onOpenChange={props.onOpenChange}
      trigger={props.trigger}
      title="What do you need it for?"
      description={`Your purpose goes into the custody log. It lets you view and download this recording for ${props.grantHours} hours.`}
    >
      <ActionForm
        action={props.action}
        onDone={() => {
          props.onOpenChange(false);
          props.onOpened();
        }}
      >
        <input type="hidden" name="id" value={props.recordingId} />
        <TextField
          name="purpose"
          label="Purpose"
          hint="A request, or a reason in your own words."
          minLength={3}
          maxLength={500}
          list={listId}
          autoComplete="off"
          autoFocus
        />
        <datalist id={listId}>
          {props.suggestions.map((suggestion) => (
            <option key={suggestion} value={suggestion} />
          ))}
        </datalist>
        <SubmitButton>{props.verb}</SubmitButton>
      </ActionForm>
    </Dialog>
  );
}
