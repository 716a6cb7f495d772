import { CalendarCheck, CalendarX2, Clock } from "lucide-react";
import { Deadline } from "@/components/ui/time";
import type { RequestRow } from "@/lib/access/types";

const waiting: RequestRow["state"][] = ["submitted", "in_review", "approved"];

/** By when an answer is due, in words with an icon; "answered" once it was given. */
export function Due({ request, now }: { request: Pick<RequestRow, "state" | "answerBy" | "timeZone">; now: Date }) {
  if (!waiting.includes(request.state)) {
    return (
      <span className="inline-flex items-center gap-1.5 text-muted">
        <CalendarCheck aria-hidden className="size-3.5" />
        {request.state === "withdrawn" ? "not due any more" : "answered"}
      </span>
    );
  }
  const isLate = request.answerBy <= now;
  const Icon = isLate ? CalendarX2 : Clock;
  return (
    <span className="inline-flex items-center gap-1.5">
      <Icon aria-hidden className={isLate ? "size-3.5 text-bad" : "size-3.5 text-muted"} />
      <Deadline at={request.answerBy} zone={request.timeZone} />
    </span>
  );
}
