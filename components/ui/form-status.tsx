"use client";

import { CircleAlert, CircleCheck } from "lucide-react";
import { useEffect, useRef } from "react";
import type { ActionResult } from "./form";

type FormStatusProps = {
  result: ActionResult | null;
  /** Moves the focus to the field that the answer is about; missing: it is near. */
  onShowField?: (() => void) | undefined;
};

/** The answer to a form, above its fields. Bad news takes the focus, so that nobody misses it. */
export function FormStatus({ result, onShowField }: FormStatusProps) {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (result && !result.ok) box.current?.focus();
  }, [result]);

  if (!result?.message) return null;
  return result.ok ? (
    <div role="status" className="flex gap-2.5 rounded-md bg-ok-soft px-3 py-2.5 text-ok">
      <CircleCheck aria-hidden className="mt-px size-4 shrink-0" />
      {result.message}
    </div>
  ) : (
    <div ref={box} role="alert" tabIndex={-1} className="flex gap-2.5 rounded-md bg-bad-soft px-3 py-2.5 text-bad">
      <CircleAlert aria-hidden className="mt-px size-4 shrink-0" />
      {result.message}
      {onShowField && (
        <button type="button" onClick={onShowField} className="font-semibold underline pointer-coarse:min-h-11">
          Show the field
        </button>
      )}
    </div>
  );
}
