import { Check, Circle, CircleDot, X } from "lucide-react";
import type { ReactNode } from "react";
import { plural } from "@/components/ui/format";
import { Time } from "@/components/ui/time";
import type { RequestDetail } from "@/lib/access/types";

type StepState = "done" | "next" | "later" | "ended";
type Step = { key: string; label: string; note: ReactNode; state: StepState };

const icons = { done: Check, next: CircleDot, later: Circle, ended: X };
const words: Record<StepState, string> = { done: "Done", next: "Next", later: "Not yet", ended: "Will not happen" };
const looks: Record<StepState, { icon: string; text: string }> = {
  done: { icon: "text-ok", text: "text-ink" },
  next: { icon: "text-wait", text: "font-semibold text-wait" },
  later: { icon: "text-muted", text: "text-muted" },
  ended: { icon: "text-muted", text: "text-muted line-through" },
};

/** What must be true before anything leaves the archive, in order; the first that is not is the next step. */
export function Checklist({ request, isOfficer }: { request: RequestDetail; isOfficer: boolean }) {
  return (
    <ol className="grid gap-3 text-sm">
      {stepsOf(request, isOfficer).map((step) => {
        const Icon = icons[step.state];
        return (
          <li key={step.key} className="flex gap-2.5">
            <Icon aria-hidden className={`mt-0.5 size-4 shrink-0 ${looks[step.state].icon}`} strokeWidth={2.5} />
            <div className="min-w-0">
              <p className={looks[step.state].text}>
                {step.label}
                <span className="sr-only">: {words[step.state]}</span>
              </p>
              {step.note && <p className="wrap-anywhere text-muted text-xs">{step.note}</p>}
            </div>
          </li>
        );
      })}
    </ol>
  );
}

function stepsOf(request: RequestDetail, isOfficer: boolean): Step[] {
  const valid = request.approvalsGiven.filter((approval) => approval.voidedAt === null);
  const undecided = request.matches.filter((match) => match.decision === null).length;
  const approval = (place: number) => {
    const given = valid.find(({ ordinal }) => ordinal === place);
    return (
      given && (
        <>
          {given.approver.name}, <Time at={given.approvedAt} zone={request.timeZone} />
        </>
      )
    );
  };
  const facts: (Omit<Step, "state"> & { isDone: boolean })[] = [
    { key: "open", label: "Taken up", note: null, isDone: request.state !== "submitted" },
    ...(isOfficer && (request.order.isReadByCaller || request.release === null)
      ? [
          {
            key: "order",
            label: "Order read by you",
            note: request.order.isReadByCaller ? null : "It is attached to the request.",
            isDone: request.order.isReadByCaller,
          },
        ]
      : []),
    {
      key: "match",
      label: "Recordings included",
      note: matchNote(request.includedCount, undecided),
      isDone: request.includedCount > 0,
    },
    { key: "first", label: "First approval", note: approval(1), isDone: valid.length > 0 },
    {
      key: "second",
      label: "Second approval",
      note: approval(2) ?? "by another officer, never the same person",
      isDone: valid.length > 1,
    },
    { key: "release", label: "Released", note: releaseNote(request), isDone: request.release !== null },
  ];
  const hasEnded = request.endedAt !== null;
  const next = facts.find((fact) => !fact.isDone)?.key;
  return facts.map(({ isDone, ...step }) => ({
    ...step,
    state: isDone ? "done" : hasEnded ? "ended" : step.key === next ? "next" : "later",
  }));
}

function matchNote(included: number, undecided: number): string {
  const open = undecided === 0 ? "" : `; ${undecided} not decided ${undecided === 1 ? "stays" : "stay"} out`;
  return `${included === 0 ? "none yet" : plural(included, "recording")}${open}`;
}

function releaseNote({ release, timeZone }: RequestDetail): ReactNode {
  if (release === null) return null;
  if (release.withdrawnAt !== null) return "withdrawn since";
  return (
    <>
      {release.isOpen ? "until " : "ran out "}
      <Time at={release.openUntil} zone={timeZone} />
    </>
  );
}
