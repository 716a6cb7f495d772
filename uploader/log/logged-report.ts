import type { Report, UploaderEvent } from "../report/events.ts";
import type { LogRing } from "./log-ring.ts";
import { redact } from "./redact.ts";
import { Repeats } from "./repeats.ts";

type Level = "info" | "warning" | "error";

/**
 * A report that is also kept on disk: each event as a line with the time by this device's clock and by the monotonic
 * one. Progress is not kept, and what repeats is counted instead, both there and in what is shown.
 */
export function loggedReport(
  shown: Report,
  ring: LogRing,
  clock: { nowMs: () => number; date: () => Date } = { nowMs: () => performance.now(), date: () => new Date() },
): Report {
  const repeats = new Repeats();
  return (event) => {
    if (event.event === "progress" || event.event === "hashing") return shown(event);
    const { isWritten, heldBack } = repeats.admit(JSON.stringify(event), clock.nowMs());
    if (!isWritten) return;
    const clean = cleanEvent(event);
    const counted = heldBack === 0 ? {} : { heldBack };
    ring.add(
      JSON.stringify({
        at: clock.date().toISOString(),
        monotonicMs: Math.round(clock.nowMs()),
        level: levelOf(event),
        ...clean,
        ...counted,
      }),
    );
    shown(clean);
  };
}

// Back through JSON, so that a secret within any field is found, whatever the event is.
function cleanEvent(event: UploaderEvent): UploaderEvent {
  const text = JSON.stringify(event);
  const clean = redact(text);
  if (clean === text) return event;
  try {
    return JSON.parse(clean);
  } catch {
    return { event: "notice", file: null, message: "An event is left out, because a secret stood in it." };
  }
}

function levelOf(event: UploaderEvent): Level {
  if (event.event === "failed") return "error";
  return event.event === "retry" || event.event === "notice" ? "warning" : "info";
}
