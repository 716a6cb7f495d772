import { CircleAlert } from "lucide-react";
import type { RefObject } from "react";

type ErrorSummaryProps = {
  /** Message by name of the field; `form` is for what belongs to none. */
  problems: Record<string, string>;
  form: RefObject<HTMLFormElement | null>;
};

/** All that is wrong, above the form; each entry leads to its field. */
export function ErrorSummary({ problems, form }: ErrorSummaryProps) {
  const entries = Object.entries(problems);
  if (entries.length === 0) return null;

  function goTo(name: string) {
    form.current?.querySelector<HTMLElement>(`[name="${name === "orderFileName" ? "order" : name}"]`)?.focus();
  }

  return (
    <div role="alert" className="rounded-lg bg-bad-soft px-4 py-3 text-bad">
      <p className="flex gap-2 font-semibold">
        <CircleAlert aria-hidden className="mt-0.5 size-4 shrink-0" />
        {entries.length === 1 ? "One thing is not right yet" : `${entries.length} things are not right yet`}
      </p>
      <ul className="mt-1 grid gap-1 pl-6 text-sm">
        {entries.map(([name, message]) => (
          <li key={name}>
            {name === "form" ? (
              message
            ) : (
              <button type="button" className="min-h-6 text-left underline" onClick={() => goTo(name)}>
                {message}
              </button>
            )}
          </li>
        ))}
      </ul>
    </div>
  );
}
