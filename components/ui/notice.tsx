import { CircleAlert, CircleCheck, Info, type LucideIcon, TriangleAlert } from "lucide-react";
import type { ReactNode } from "react";
import { cx } from "./cx";

const looks: Record<"ok" | "wait" | "bad" | "info", { icon: LucideIcon; className: string }> = {
  ok: { icon: CircleCheck, className: "bg-ok-soft text-ok" },
  wait: { icon: TriangleAlert, className: "bg-wait-soft text-wait" },
  bad: { icon: CircleAlert, className: "bg-bad-soft text-bad" },
  info: { icon: Info, className: "bg-info-soft text-info" },
};

/** Something to know before going on, in the page: a bold line, then sentences. */
export function Notice({ tone, title, children }: { tone: keyof typeof looks; title: string; children?: ReactNode }) {
  const { icon: Icon, className } = looks[tone];
  return (
    <div className={cx("flex gap-3 rounded-lg px-4 py-3", className)}>
      <Icon aria-hidden className="mt-0.5 size-4 shrink-0" />
      <div className="min-w-0">
        <p className="font-semibold">{title}</p>
        {children && <div className="text-ink text-sm">{children}</div>}
      </div>
    </div>
  );
}
