import type { LucideIcon } from "lucide-react";
import type { ReactNode } from "react";
import { cx } from "./cx";
import type { StateLook, Tone } from "./states";

const tones: Record<Tone, string> = {
  ok: "bg-ok-soft text-ok",
  wait: "bg-wait-soft text-wait",
  bad: "bg-bad-soft text-bad",
  hold: "bg-hold-soft text-hold",
  info: "bg-info-soft text-info",
  plain: "bg-sunken text-muted",
};

/** A small label with an icon, so that its colour is never alone. */
export function Pill({
  tone,
  icon: Icon,
  children,
  title,
}: {
  tone: Tone;
  icon?: LucideIcon;
  children: ReactNode;
  title?: string;
}) {
  return (
    <span
      title={title}
      className={cx(
        "inline-flex items-center gap-1.5 align-middle whitespace-nowrap rounded-full py-0.5 pr-2 text-xs font-semibold",
        Icon ? "pl-1.5" : "pl-2",
        tones[tone],
      )}
    >
      {Icon && <Icon aria-hidden className="size-3.5" strokeWidth={2.25} />}
      {children}
    </span>
  );
}

/** A state from one of the tables in states.ts. */
export function StatePill({ look }: { look: StateLook }) {
  return (
    <Pill tone={look.tone} icon={look.icon} title={look.meaning}>
      {look.label}
    </Pill>
  );
}
