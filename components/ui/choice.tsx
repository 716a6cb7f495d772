"use client";

import type { ComponentProps, ReactNode } from "react";
import { FieldError, FieldFrame, type FieldText, useField } from "./field";

/** One thing to choose. */
export type Choice = { value: string; label: string; hint?: ReactNode; disabled?: boolean };

/** A drop-down of the browser's own. `placeholder` adds an empty first entry. */
export function SelectField({
  label,
  hint,
  error: ownError,
  optional,
  className,
  choices,
  placeholder,
  ...rest
}: FieldText & { choices: Choice[]; placeholder?: string } & Omit<ComponentProps<"select">, "name">) {
  const { id, error, control } = useField({ name: rest.name, hint, error: ownError, ...(optional && { optional }) });
  return (
    <FieldFrame id={id} label={label} hint={hint} error={error} className={className} {...(optional && { optional })}>
      <select {...rest} {...control} className="control">
        {placeholder !== undefined && <option value="">{placeholder}</option>}
        {choices.map((choice) => (
          <option key={choice.value} value={choice.value} disabled={choice.disabled}>
            {choice.label}
          </option>
        ))}
      </select>
    </FieldFrame>
  );
}

/** One of a few, each with room for a sentence. */
export function RadioGroup({
  name,
  label,
  hint,
  error: ownError,
  optional,
  choices,
  defaultValue,
}: FieldText & { choices: Choice[]; defaultValue?: string }) {
  const { id, error, control } = useField({ name, hint, error: ownError, ...(optional && { optional }) });
  return (
    <fieldset className="grid gap-2" aria-describedby={control["aria-describedby"]}>
      <legend className="mb-1 font-semibold text-sm">
        {label}
        {optional && <span className="font-normal text-muted"> (optional)</span>}
      </legend>
      {hint && (
        <p id={`${id}-hint`} className="-mt-1.5 text-muted text-sm">
          {hint}
        </p>
      )}
      {choices.map((choice) => (
        <label
          key={choice.value}
          className="flex cursor-pointer gap-2.5 rounded-md border border-line bg-surface px-3 py-2.5 hover:border-edge has-checked:border-accent has-checked:bg-accent-soft has-disabled:cursor-not-allowed has-disabled:opacity-55"
        >
          <input
            type="radio"
            className="tick"
            name={name}
            value={choice.value}
            required={control.required}
            disabled={choice.disabled}
            defaultChecked={choice.value === defaultValue}
          />
          <span>
            <span className="font-medium text-sm">{choice.label}</span>
            {choice.hint && <span className="block text-muted text-sm">{choice.hint}</span>}
          </span>
        </label>
      ))}
      <FieldError id={id} error={error} />
    </fieldset>
  );
}

/** One thing that is on or off, with room for a sentence of what that does. */
export function CheckField({
  name,
  label,
  hint,
  error: ownError,
  defaultChecked,
}: Omit<FieldText, "optional"> & { defaultChecked?: boolean }) {
  const { id, error, control } = useField({ name, hint, error: ownError, optional: true });
  return (
    <div className="grid gap-1">
      <label className="flex cursor-pointer gap-2.5">
        <input {...control} type="checkbox" className="tick" defaultChecked={defaultChecked} />
        <span>
          <span className="font-semibold text-sm">{label}</span>
          {hint && (
            <span id={`${id}-hint`} className="block text-muted text-sm">
              {hint}
            </span>
          )}
        </span>
      </label>
      <FieldError id={id} error={error} />
    </div>
  );
}
