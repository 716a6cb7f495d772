"use client";

import { cx } from "./cx";

/** Two or three choices side by side, one of them on. */
export function Segmented<Value extends string>({
  label,
  value,
  onChange,
  choices,
}: {
  label: string;
  value: Value;
  onChange: (value: Value) => void;
  choices: { value: Value; label: string }[];
}) {
  return (
    <fieldset className="inline-flex overflow-hidden rounded-md border border-line bg-surface text-sm">
      <legend className="sr-only">{label}</legend>
      {choices.map((choice) => (
        <button
          key={choice.value}
          type="button"
          aria-pressed={choice.value === value}
          onClick={() => onChange(choice.value)}
          className={cx(
            "h-[1.875rem] border-line px-2.5 not-first:border-l pointer-coarse:h-11 focus-visible:-outline-offset-2",
            choice.value === value ? "bg-accent-soft font-semibold text-accent" : "text-muted hover:text-ink",
          )}
        >
          {choice.label}
        </button>
      ))}
    </fieldset>
  );
}
