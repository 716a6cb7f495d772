"use client";

import { CalendarClock } from "lucide-react";
import { useRouter } from "next/navigation";
import { type FormEvent, useState } from "react";
import { Button } from "@/components/ui/button";
import { Dialog } from "@/components/ui/dialog";
import { TextField } from "@/components/ui/field";
import { usePreferences, useZone } from "@/components/ui/preferences";
import { fromLocalInput, toLocalInput } from "@/components/ui/zoned-time";

type IntervalFilterProps = {
  from: Date | undefined;
  until: Date | undefined;
  /** Address of the list without an interval; `from` and `until` are added to its query. */
  baseHref: string;
  /** What the list is of, when it is not of recordings. */
  words?: { title: string; description: string; submit: string };
};

const recordingWords = {
  title: "When was it captured?",
  description:
    "Finds recordings that overlap the interval, even by a moment. Leave one end empty to search without limit.",
  submit: "Show recordings",
};

const spans = [
  { label: "Last 24 hours", days: 1 },
  { label: "Last 7 days", days: 7 },
  { label: "Last 30 days", days: 30 },
];

/** Asks for an interval in the zone that the reader sees, and puts it into the address as UTC. */
export function IntervalFilter({ from, until, baseHref, words = recordingWords }: IntervalFilterProps) {
  const router = useRouter();
  const zone = useZone(undefined);
  const { now } = usePreferences();
  const [open, setOpen] = useState(false);
  const [error, setError] = useState<string | undefined>();

  function go(start: Date | null, end: Date | null) {
    const url = new URL(baseHref, window.location.origin);
    if (start) url.searchParams.set("from", start.toISOString());
    if (end) url.searchParams.set("until", end.toISOString());
    setOpen(false);
    router.push(url.pathname + url.search);
  }

  function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const data = new FormData(event.currentTarget);
    const [start, end] = ["from", "until"].map((name) => fromLocalInput(String(data.get(name)), zone));
    if (start && end && start >= end) return setError("This must be after the beginning.");
    setError(undefined);
    go(start ?? null, end ?? null);
  }

  return (
    <Dialog
      open={open}
      onOpenChange={setOpen}
      title={words.title}
      description={words.description}
      trigger={
        <Button icon={CalendarClock} variant="filter">
          When
        </Button>
      }
    >
      <form onSubmit={submit} className="grid gap-4">
        <div className="flex flex-wrap gap-2">
          {spans.map(({ label, days }) => (
            <Button key={label} onClick={() => go(new Date(now.getTime() - days * 86_400_000), null)}>
              {label}
            </Button>
          ))}
        </div>
        <div className="grid gap-4">
          <TextField
            name="from"
            label="From"
            type="datetime-local"
            optional
            defaultValue={from && toLocalInput(from, zone)}
          />
          <TextField
            name="until"
            label="Until"
            type="datetime-local"
            optional
            error={error}
            defaultValue={until && toLocalInput(until, zone)}
          />
        </div>
        <p className="text-muted text-sm">Times are in {zone}.</p>
        <Button type="submit" variant="primary">
          {words.submit}
        </Button>
      </form>
    </Dialog>
  );
}
