import type { ReactNode } from "react";
import { Pill } from "./state-pill";
import { RelativeTime } from "./time";

/** One event of a feed. */
export type FeedItem = {
  key: string;
  at: Date;
  zone?: string | undefined;
  actor: string;
  /** Role or kind of the actor, as a pill: "Officer", "Device". */
  role?: string | undefined;
  /** After the actor, in past tense: "sealed it". */
  sentence: ReactNode;
  /** Why, in the actor's words. */
  purpose?: string | null;
  /** What else belongs to it, as words. */
  details?: { label: string; value: ReactNode }[];
  /** `key`: a filled dot; `bad`: a red square. */
  weight?: "key" | "bad" | undefined;
  /** After the time: the id of the request, the address. */
  note?: ReactNode;
};

/** What happened, newest first: a line down the side, who, what, why, when. */
export function Feed({ items, label }: { items: FeedItem[]; label: string }) {
  return (
    <ol aria-label={label} className="feed text-sm">
      {items.map((item) => (
        <li key={item.key} data-weight={item.weight}>
          <p className="wrap-anywhere">
            <b className="font-semibold">{item.actor}</b>{" "}
            {item.role && (
              <>
                <Pill tone="plain">{item.role}</Pill>{" "}
              </>
            )}
            {item.sentence}
            {item.purpose && <span className="text-muted">, purpose: “{item.purpose}”</span>}
          </p>
          {item.details && item.details.length > 0 && (
            <dl className="mt-0.5 flex flex-wrap gap-x-4 text-muted text-xs">
              {item.details.map((detail) => (
                <div key={detail.label} className="flex gap-1.5">
                  <dt className="whitespace-nowrap">{detail.label}</dt>
                  <dd className="wrap-anywhere text-ink">{detail.value}</dd>
                </div>
              ))}
            </dl>
          )}
          <p className="text-muted text-xs">
            <RelativeTime at={item.at} zone={item.zone} />
            {item.note && <> · {item.note}</>}
          </p>
        </li>
      ))}
    </ol>
  );
}
