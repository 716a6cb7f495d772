import { ButtonLink } from "@/components/ui/button";
import { StatePill } from "@/components/ui/state-pill";
import type { StateLook } from "@/components/ui/states";
import { Deadline, RelativeTime } from "@/components/ui/time";

/** One thing that waits for somebody. */
export type WorkItem = {
  key: string;
  /** What kind of waiting it is. */
  look: StateLook;
  title: string;
  /** One line: who, where, why. */
  text: string;
  /** What the person does about it, as a verb: "Take up". */
  verb: string;
  href: string;
  /** By when; null: no date, then `since` says how long it waits. */
  dueAt: Date | null;
  since: Date | null;
  zone?: string | undefined;
};

/** Rows that end in the verb that settles them; `hasFirstAct` makes the first one the page's main button. */
export function WorkList({
  items,
  hasFirstAct = true,
  label = "What waits for you",
}: {
  items: WorkItem[];
  hasFirstAct?: boolean;
  /** What the list is called, for screen readers. */
  label?: string;
}) {
  return (
    <ul aria-label={label} className="divide-y divide-line">
      {items.map((item, index) => (
        <li key={item.key} className="flex flex-wrap items-center gap-x-4 gap-y-2 px-4 py-3 sm:flex-nowrap sm:px-5">
          <div className="min-w-0 flex-1 max-sm:basis-full">
            <p className="flex flex-wrap items-center gap-x-2.5 gap-y-1">
              <span className="wrap-anywhere font-semibold">{item.title}</span>
              <StatePill look={item.look} />
            </p>
            <p className="wrap-anywhere text-muted text-sm">{item.text}</p>
          </div>
          <p className="text-sm max-sm:flex-1 sm:text-right">
            {item.dueAt ? (
              <>
                due <Deadline at={item.dueAt} zone={item.zone} />
              </>
            ) : (
              item.since && <RelativeTime at={item.since} zone={item.zone} className="tip-end text-muted" />
            )}
          </p>
          <ButtonLink
            href={item.href}
            variant={hasFirstAct && index === 0 ? "primary" : "secondary"}
            aria-label={`${item.verb}: ${item.title}`}
            className="min-w-24"
          >
            {item.verb}
          </ButtonLink>
        </li>
      ))}
    </ul>
  );
}
