"use client";

import { createContext, type ReactNode, startTransition, use, useActionState, useEffect, useRef } from "react";
import { Button, type ButtonVariant } from "./button";
import { cx } from "./cx";
import { FormStatus } from "./form-status";

/** What a server action answers. */
export type ActionResult = { ok: true; message?: string } | { ok: false; message: string; field?: string };

type FormState = { pending: boolean; problem: { message: string; field: string | undefined } | null };

const FormContext = createContext<FormState>({ pending: false, problem: null });

/** The state of the form around a field: whether it is being sent, and what the last answer objected to. */
export function useFormState(): FormState {
  return use(FormContext);
}

type ActionFormProps = {
  /** A server action that takes the form's data. A redirect inside it works as usual. */
  action: (data: FormData) => Promise<ActionResult>;
  /** Runs after `ok: true`, for instance to close a dialog. */
  onDone?: ((result: ActionResult) => void) | undefined;
  children: ReactNode;
  className?: string;
  /** Its fields may be out of sight: an answer about one of them comes with a way there. */
  isLong?: boolean;
};

/**
 * A form around a server action: shows the answer above the fields and moves the focus to it, hands a field's error
 * to the field, keeps what was typed when the answer is no, and locks while it runs.
 */
export function ActionForm({ action, onDone, children, className, isLong = false }: ActionFormProps) {
  const form = useRef<HTMLFormElement>(null);
  const [result, submit, pending] = useActionState<ActionResult | null, FormData>(async (_previous, data) => {
    const answer = await action(data);
    // Here and not in an effect: the page that comes with the answer may no longer have this form.
    if (answer.ok) onDone?.(answer);
    return answer;
  }, null);

  useEffect(() => {
    if (result?.ok) form.current?.reset();
  }, [result]);

  const problem = result && !result.ok ? { message: result.message, field: result.field } : null;
  return (
    <FormContext value={{ pending, problem }}>
      <form
        ref={form}
        // Sent before the page's script runs, it must not put a password into the address.
        method="post"
        className={cx("grid gap-4", className)}
        // Not `action={…}`: React would empty the fields after every answer, also after a no. The cast holds:
        // React's submit event always wraps the browser's SubmitEvent.
        onSubmit={(event) => {
          event.preventDefault();
          const data = new FormData(event.currentTarget, (event.nativeEvent as SubmitEvent).submitter);
          if (!pending) startTransition(() => submit(data));
        }}
      >
        <FormStatus
          result={result}
          onShowField={
            isLong && problem?.field !== undefined
              ? () => form.current?.querySelector<HTMLElement>("[aria-invalid=true]")?.focus()
              : undefined
          }
        />
        {children}
      </form>
    </FormContext>
  );
}

/** The button that sends the form around it. `name` and `value` tell two such buttons apart. */
export function SubmitButton({
  children,
  variant = "primary",
  ...rest
}: { children: ReactNode; variant?: ButtonVariant } & Omit<Parameters<typeof Button>[0], "pending" | "type">) {
  const { pending } = useFormState();
  return (
    <Button {...rest} type="submit" variant={variant} pending={pending}>
      {children}
    </Button>
  );
}
