const meanings = [
  ["Last contact", "When the archive last heard it: any request or heartbeat. The exact time stands behind each."],
  ["Queue", "Files on the device that wait for the archive's receipt, with their size. A bolt: events are among them."],
  ["Oldest", "How long ago the oldest file of the queue was recorded."],
  ["Recorded", "When the newest recording that is here begins. It leads there."],
  ["Clock", "How far the device's clock is ahead of the archive's or behind it. From one second on it stands out."],
  ["Disk left", "What is free where it records. Red: it may soon record nothing."],
  ["Uploader", "Version of the program that sends."],
  [
    "Key due",
    "Until its policy wants a new signing key, which the device makes by itself. Late: it should have by now.",
  ],
] as const;

/** What the columns of the fleet mean where one word does not say it. It opens by mouse, keyboard and touch. */
export function FleetLegend() {
  return (
    <details className="sticky left-0 px-4 py-3 text-sm">
      <summary className="w-fit text-muted hover:text-ink pointer-coarse:py-2">What the columns mean</summary>
      <dl className="mt-2 grid max-w-4xl gap-x-4 gap-y-1.5 sm:grid-cols-[max-content_1fr]">
        {meanings.map(([head, meaning]) => (
          <div key={head} className="sm:contents">
            <dt className="font-semibold">{head}</dt>
            <dd className="text-muted">{meaning}</dd>
          </div>
        ))}
      </dl>
    </details>
  );
}
