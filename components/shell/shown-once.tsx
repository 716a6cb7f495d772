import type { ReactNode } from "react";
import { CopyButton } from "@/components/ui/copy-button";
import { Notice } from "@/components/ui/notice";

type ShownOnceProps = {
  /** "Token", "One-time link". */
  label: string;
  secret: string;
  /** What to do with it and what happens when it is lost. */
  children: ReactNode;
};

/** A secret that is readable now and never again. */
export function ShownOnce({ label, secret, children }: ShownOnceProps) {
  return (
    <div className="grid gap-3">
      <Notice tone="wait" title="This is shown once">
        {children}
      </Notice>
      <CodeLine label={label} text={secret} />
    </div>
  );
}

/** A line of text to copy: a secret, a command. */
export function CodeLine({ label, text }: { label: string; text: string }) {
  return (
    <div className="grid gap-1">
      <p className="flex items-center gap-1 font-semibold text-sm">
        {label} <CopyButton text={text} what={`the ${label.toLowerCase()}`} />
      </p>
      <code className="mono wrap-anywhere select-all rounded-md border border-line bg-sunken px-3 py-2 text-sm">
        {text}
      </code>
    </div>
  );
}
