import { Card } from "@/components/ui/card";
import { Facts } from "@/components/ui/facts";
import { formatBytes, formatCount, formatSpan, plural } from "@/components/ui/format";
import { Time } from "@/components/ui/time";
import type { FleetDevice } from "@/lib/fleet/types";
import { ClockError } from "./clock-error";

/** How the machine is: disk, clock, link, versions, the last error. */
export function HealthCard({ device }: { device: FleetDevice }) {
  const { heartbeat, disk } = device;
  const zone = device.site?.timeZone;
  const retries = Object.entries(heartbeat?.counters?.retries ?? {});
  return (
    <Card title="The machine">
      <Facts
        missing="not reported"
        facts={[
          {
            label: "Disk",
            value: disk && `${formatBytes(disk.freeBytes)} of ${formatBytes(disk.totalBytes)} free`,
            note: disk && `${formatBytes(disk.unreceiptedBytes)} are not here yet`,
          },
          {
            label: "Clock",
            value: device.clock?.offsetMs == null ? null : <ClockError offsetMs={device.clock.offsetMs} />,
            note: device.clock && `set by ${device.clock.source}`,
          },
          { label: "Link", value: linkWords(heartbeat?.link) },
          {
            label: "Uploader",
            value: device.uploader && `strongroom-uploader ${device.uploader.version}`,
            note: device.uploader && `${device.uploader.runtime}, ${device.uploader.platform}`,
          },
          ...(heartbeat?.temperatureC == null ? [] : [{ label: "Temperature", value: `${heartbeat.temperatureC} °C` }]),
          ...(heartbeat?.counters
            ? [
                {
                  label: "Since it began",
                  value: `${formatBytes(heartbeat.counters.sentBytes)} sent, ${formatBytes(heartbeat.counters.resentBytes)} of it twice`,
                  note: `${plural(heartbeat.counters.resumes, "resumption")}, ${plural(heartbeat.counters.stalls, "stall")}${
                    retries.length === 0
                      ? ""
                      : `, tried again: ${retries.map(([why, n]) => `${formatCount(n)} × ${why}`).join(", ")}`
                  }`,
                },
              ]
            : []),
          ...(heartbeat?.recorders ?? []).map((recorder) => ({
            label: `Recorder ${recorder.name}`,
            value: recorder.state,
            note: recorder.lastGapAt && (
              <>
                last gap <Time at={new Date(recorder.lastGapAt)} zone={zone} />
              </>
            ),
          })),
          {
            label: "Last error",
            value: heartbeat?.lastError === undefined ? null : (heartbeat.lastError?.message ?? "None"),
            note: heartbeat?.lastError && (
              <>
                <span className="mono">{heartbeat.lastError.code}</span>,{" "}
                <Time at={new Date(heartbeat.lastError.at)} zone={zone} />
              </>
            ),
          },
          {
            label: "Running for",
            value: heartbeat?.monotonicMs === undefined ? null : formatSpan(heartbeat.monotonicMs),
          },
        ]}
      />
    </Card>
  );
}

function linkWords(link: NonNullable<FleetDevice["heartbeat"]>["link"]): string | null {
  if (link === undefined) return null;
  const cost = link.isMetered === null ? "cost not known" : link.isMetered ? "costs money" : "free";
  return link.interface === null ? cost : `${link.interface}, ${cost}`;
}
