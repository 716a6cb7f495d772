import { CircleAlert, TriangleAlert } from "lucide-react";
import { RelativeTime } from "@/components/ui/time";
import type { DeviceAlarm } from "@/lib/fleet/types";

/** All that is wrong with a device, the worst first. */
export function AlarmList({ alarms, zone }: { alarms: DeviceAlarm[]; zone: string | undefined }) {
  if (alarms.length === 0) return null;
  return (
    <ul aria-label="What is wrong" className="grid gap-2 text-sm">
      {alarms.map((alarm) => (
        <Alarm key={alarm.kind} alarm={alarm} zone={zone} />
      ))}
    </ul>
  );
}

function Alarm({ alarm, zone }: { alarm: DeviceAlarm; zone: string | undefined }) {
  const [Icon, look] =
    alarm.weight === "urgent" ? [CircleAlert, "bg-bad-soft text-bad"] : [TriangleAlert, "bg-wait-soft text-wait"];
  return (
    <li className={`flex gap-2.5 rounded-md px-3 py-2 ${look}`}>
      <Icon aria-hidden className="mt-0.5 size-4 shrink-0" />
      <p className="wrap-anywhere min-w-0 text-ink">
        <span className="sr-only">{alarm.weight === "urgent" ? "Urgent: " : "Warning: "}</span>
        {alarm.sentence}
        {alarm.since && alarm.kind !== "silent" && (
          <span className="text-muted">
            {" "}
            Since <RelativeTime at={alarm.since} zone={zone} className="text-muted" />.
          </span>
        )}
      </p>
    </li>
  );
}
