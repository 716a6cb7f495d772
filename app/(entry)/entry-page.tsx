import type { ReactNode } from "react";
import { Brand } from "@/components/shell/brand";

/** A page for people who are not signed in yet: one heading, one form. */
export function EntryPage({ title, text, children }: { title: string; text?: ReactNode; children: ReactNode }) {
  return (
    <main id="main" tabIndex={-1} className="mx-auto grid min-h-dvh max-w-sm content-center gap-5 p-6 outline-none">
      <Brand />
      <div>
        <h1 className="text-balance font-semibold text-2xl">{title}</h1>
        {text && <div className="mt-1 text-pretty text-muted">{text}</div>}
      </div>
      {children}
    </main>
  );
}
