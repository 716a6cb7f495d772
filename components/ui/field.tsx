"use client";

import { CircleAlert } from "lucide-react";
import { type ComponentProps, type ReactNode, useId } from "react";
import { cx } from "./cx";
import { useFormState } from "./form";

/** What every field says about itself. */
export type FieldText = {
  /** Name in the form's data; an answer's `field` with this name is shown here. */
  name: string;
  label: string;
  /** One line below the label: what to enter, an example. */
  hint?: ReactNode;
  /** Overrides the error of the form around it. */
  error?: string | undefined;
  /** Fields are required unless this is set; then the label says "optional". */
  optional?: boolean;
};

/** Ids and attributes that tie a control to its label, hint and error. */
export function useField({ name, hint, error: ownError, optional }: Omit<FieldText, "label">) {
  const id = useId();
  const { problem } = useFormState();
  const error = ownError ?? (problem?.field === name ? problem.message : undefined);
  const describedBy = [hint ? `${id}-hint` : "", error ? `${id}-error` : ""].filter(Boolean).join(" ");
  return {
    id,
    error,
    control: {
      id,
      name,
      required: !optional,
      "aria-invalid": error ? (true as const) : undefined,
      "aria-describedby": describedBy || undefined,
    },
  };
}

/** Label, hint and error around any control. */
export function FieldFrame({
  id,
  label,
  hint,
  error,
  optional,
  className,
  children,
}: Omit<FieldText, "name"> & { id: string; className?: string | undefined; children: ReactNode }) {
  return (
    <div className={cx("grid gap-1", className)}>
      <label htmlFor={id} className="font-semibold text-sm">
        {label}
        {optional && <span className="font-normal text-muted"> (optional)</span>}
      </label>
      {hint && (
        <p id={`${id}-hint`} className="-mt-0.5 text-muted text-sm">
          {hint}
        </p>
      )}
      {children}
      <FieldError id={id} error={error} />
    </div>
  );
}

/** The error below a control. */
export function FieldError({ id, error }: { id: string; error: string | undefined }) {
  if (!error) return null;
  return (
    <p id={`${id}-error`} className="flex gap-1.5 font-medium text-bad text-sm">
      <CircleAlert aria-hidden className="mt-0.5 size-3.5 shrink-0" />
      {error}
    </p>
  );
}

/** One line of text; `type` as in HTML (email, password, datetime-local, search …). */
export function TextField({
  label,
  hint,
  error: ownError,
  optional,
  className,
  mono,
  ...rest
}: FieldText & { mono?: boolean } & Omit<ComponentProps<"input">, "name">) {
  const { id, error, control } = useField({ name: rest.name, hint, error: ownError, ...(optional && { optional }) });
  return (
    <FieldFrame id={id} label={label} hint={hint} error={error} className={className} {...(optional && { optional })}>
      <input type="text" {...rest} {...control} className={cx("control", mono && "mono")} />
    </FieldFrame>
  );
}

/** Several lines of text. */
export function TextAreaField({
  label,
  hint,
  error: ownError,
  optional,
  className,
  ...rest
}: FieldText & Omit<ComponentProps<"textarea">, "name">) {
  const { id, error, control } = useField({ name: rest.name, hint, error: ownError, ...(optional && { optional }) });
  return (
    <FieldFrame id={id} label={label} hint={hint} error={error} className={className} {...(optional && { optional })}>
      <textarea rows={3} {...rest} {...control} className="control" />
    </FieldFrame>
  );
}
