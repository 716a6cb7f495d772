import { formatSpan } from "@/components/ui/format";

const noticeableMs = 1_000;

/** How far a device's clock is off, in words: "0.4 s ahead". */
function clockWords(offsetMs: number): string {
  const size = Math.abs(offsetMs);
  if (size < 50) return "right";
  const words = size < 10_000 ? `${(size / 1000).toFixed(1)} s` : formatSpan(size);
  return `${words} ${offsetMs > 0 ? "ahead" : "behind"}`;
}

/** The same where it stands out once it matters. */
export function ClockError({ offsetMs }: { offsetMs: number }) {
  return (
    <span className={Math.abs(offsetMs) < noticeableMs ? "" : "font-semibold text-wait"}>{clockWords(offsetMs)}</span>
  );
}
