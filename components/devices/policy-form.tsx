import type { ReactNode } from "react";
import { ActionForm, type ActionResult, SubmitButton } from "@/components/ui/form";
import { PolicyFields, type PolicyValues } from "./policy-fields";

type PolicyFormProps = {
  values: PolicyValues;
  /** The verb on the button. */
  submit: string;
  action: (data: FormData) => Promise<ActionResult>;
  /** Hidden fields. */
  children?: ReactNode;
};

/** A policy to fill in. Its button stays in sight, because the form is long. */
export function PolicyForm({ values, submit, action, children }: PolicyFormProps) {
  return (
    <ActionForm action={action} isLong className="shrink-0 gap-3.5 px-4 md:px-6">
      {children}
      <PolicyFields {...values} />
      <div className="sticky bottom-0 z-10 flex flex-wrap items-center gap-3 border-line border-t bg-paper py-3 max-lg:bottom-16">
        <SubmitButton>{submit}</SubmitButton>
      </div>
    </ActionForm>
  );
}
