import type { ReactNode } from "react";
import { Brand } from "./brand";

/** A whole page with one message: not found, something broke. `children`: what to do next. */
export function MessagePage({ title, text, children }: { title: string; text: ReactNode; children?: ReactNode }) {
  return (
    <main id="main" className="mx-auto grid min-h-dvh max-w-md content-center gap-3 p-6">
      <Brand />
      <h1 className="mt-4 font-semibold text-2xl">{title}</h1>
      <div className="text-pretty text-muted">{text}</div>
      {children && <div className="mt-2 flex flex-wrap gap-2">{children}</div>}
    </main>
  );
}
