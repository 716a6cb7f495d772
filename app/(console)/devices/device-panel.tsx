import { ArrowUpRight, Film } from "lucide-react";
import { AlarmList } from "@/components/devices/alarm-list";
import { ClockError } from "@/components/devices/clock-error";
import { deviceLook } from "@/components/devices/device-looks";
import { EnrolmentFacts } from "@/components/devices/enrolment-facts";
import { ButtonLink } from "@/components/ui/button";
import { IdText } from "@/components/ui/digest";
import { Facts } from "@/components/ui/facts";
import { formatBytes, plural } from "@/components/ui/format";
import { Panel } from "@/components/ui/panel";
import { StatePill } from "@/components/ui/state-pill";
import { RelativeTime, Time } from "@/components/ui/time";
import type { DeviceDetail } from "@/lib/devices/types";
import type { FleetDevice } from "@/lib/fleet/types";
import { DeviceActs } from "./device-acts";

type DevicePanelProps = { device: DeviceDetail; fleet: FleetDevice; closeHref: string };

/** The chosen device beside the list: how it is, what is wrong, and whether it is let in. The rest is its own page. */
export function DevicePanel({ device, fleet, closeHref }: DevicePanelProps) {
  const zone = device.site?.timeZone;
  const isPending = device.state === "pending";
  return (
    <Panel label={`Device ${device.name}`} closeHref={closeHref}>
      <h2 className="wrap-anywhere pr-10 font-semibold text-lg">{device.name}</h2>
      <p className="text-muted text-sm">
        {device.alias && <span className="mono">{device.alias} · </span>}
        <IdText id={device.id} />
      </p>
      <p className="mt-2">
        <StatePill look={deviceLook(fleet)} />
      </p>
      <div className="mt-3 flex flex-wrap items-center gap-2">
        <ButtonLink href={`/devices/${device.id}`} variant="primary" icon={ArrowUpRight}>
          Open
        </ButtonLink>
        <ButtonLink href={`/recordings?device=${device.id}`} icon={Film}>
          Recordings
        </ButtonLink>
      </div>
      <div className="mt-4 empty:hidden">
        <AlarmList alarms={fleet.alarms} zone={zone} />
      </div>
      {isPending && (
        <div className="mt-4 grid gap-4">
          <EnrolmentFacts device={device} />
          <DeviceActs device={device} />
        </div>
      )}
      <Facts
        className="mt-4"
        missing="not reported"
        facts={[
          { label: "Site", value: device.site?.name ?? "None, it moves" },
          {
            label: "Last contact",
            value: fleet.lastContactAt ? <Time at={fleet.lastContactAt} zone={zone} /> : "Never",
            note: device.lastSeenFrom && <span className="mono text-sm">{device.lastSeenFrom}</span>,
          },
          { label: "Policy", value: fleet.policy.name },
          ...(isPending ? [] : reported(fleet)),
        ]}
      />
      {!isPending && (
        <div className="mt-5">
          <DeviceActs device={device} />
        </div>
      )}
    </Panel>
  );
}

/** What only heartbeats tell. */
function reported(fleet: FleetDevice) {
  const { queue, disk } = fleet;
  return [
    {
      label: "Waits",
      value: fleet.waiting && (fleet.waiting.reason === "nothing" ? "No" : fleet.waiting.detail),
    },
    {
      label: "Queue",
      value: queue && (queue.files === 0 ? "Empty" : `${plural(queue.files, "file")}, ${formatBytes(queue.bytes)}`),
      note: queue?.oldestAt && (
        <>
          the oldest <RelativeTime at={queue.oldestAt} zone={fleet.site?.timeZone} />
        </>
      ),
    },
    {
      label: "Clock",
      value: fleet.clock?.offsetMs == null ? null : <ClockError offsetMs={fleet.clock.offsetMs} />,
    },
    {
      label: "Disk left",
      value: disk && `${formatBytes(disk.freeBytes)} of ${formatBytes(disk.totalBytes)}`,
    },
    { label: "Uploader", value: fleet.uploader?.version ?? null },
  ];
}
