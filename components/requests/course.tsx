import { Time } from "@/components/ui/time";
import type { RequestDetail, RequestStep } from "@/lib/access/types";

const sentences: Partial<Record<RequestStep["action"], string>> = {
  "request.submitted": "You asked",
  "request.opened": "An officer took it up",
  "request.approved": "An officer approved",
  "request.approval_voided": "An approval was taken back, because what would be given changed",
  "request.denied": "It was denied",
  "request.withdrawn": "You withdrew it",
  "request.closed": "It was closed",
  "release.opened": "It was released to you",
  "release.withdrawn": "The release was withdrawn",
  "release.expired": "The release ran out",
};

const nextWords: Partial<Record<RequestDetail["state"], string>> = {
  submitted: "Next: an officer takes it up",
  in_review: "Next: an officer decides what belongs to it and approves",
  approved: "Next: a second officer approves",
  released: "Next: download it and confirm receipt",
};

/** The course of a request for the person who asked: what happened when, and what comes next. */
export function Course({ request }: { request: RequestDetail }) {
  const next = nextWords[request.state];
  return (
    <ol aria-label="Course of the request" className="feed text-sm">
      {request.steps.map((step) => (
        <li key={`${step.action} ${step.at.toISOString()}`} data-weight="key">
          <p>{sentences[step.action] ?? step.action}</p>
          <p className="text-muted text-xs">
            <Time at={step.at} zone={request.timeZone} />
          </p>
        </li>
      ))}
      {next && (
        <li>
          <p className="font-semibold">{next}</p>
        </li>
      )}
    </ol>
  );
}
