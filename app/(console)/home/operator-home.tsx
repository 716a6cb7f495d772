import { CircleCheckBig } from "lucide-react";
import { HomeColumns } from "@/components/home/home-columns";
import { WorkList } from "@/components/home/work-list";
import { Card } from "@/components/ui/card";
import { EmptyState } from "@/components/ui/empty-state";
import { plural } from "@/components/ui/format";
import { Link } from "@/components/ui/link";
import { LiveRefresh } from "@/components/ui/live-refresh";
import { PageHeader } from "@/components/ui/page-header";
import { StatePill } from "@/components/ui/state-pill";
import { recordingLook } from "@/components/ui/states";
import { RelativeTime } from "@/components/ui/time";
import { listRecordings } from "@/lib/recordings/index.ts";
import type { PersonContext } from "../../_server/context";
import { findWork, type PlacedWork } from "../../_server/work";

const shownRecordings = 8;

/** For officers and administrators: everything that waits for them, and what arrived last. */
export async function OperatorHome({ ctx }: { ctx: PersonContext }) {
  const [found, recordings] = await Promise.all([findWork(ctx), listRecordings(ctx, {}, null, shownRecordings)]);
  const work = found.filter(({ place }) => place !== "devices");
  const urgentFirst = (a: PlacedWork, b: PlacedWork) => Number(b.look.tone === "bad") - Number(a.look.tone === "bad");
  const devices = found.filter(({ place }) => place === "devices").sort(urgentFirst);
  return (
    <>
      <PageHeader
        title={work.length === 0 ? "Home" : "Waiting for you"}
        note={
          <>
            {work.length > 0 && (
              <span className="text-muted">{plural(work.length, "thing")}, soonest deadline first</span>
            )}
            <LiveRefresh href="/api/devices/live" shown={[]} />
          </>
        }
      />
      <HomeColumns>
        <div className="grid min-w-0 gap-3.5">
          {devices.length > 0 && <DeviceAlarms items={devices} />}
          <section className="min-w-0 rounded-lg border border-line bg-surface">
            {work.length === 0 ? (
              <EmptyState
                icon={CircleCheckBig}
                title="Nothing is waiting for you"
                text={
                  devices.length === 0
                    ? "No decision is due, no upload has stalled, and every device is well."
                    : "No decision is due, and no upload has stalled."
                }
              />
            ) : (
              <WorkList items={work} />
            )}
          </section>
        </div>
        <Card title="Latest recordings" aside={<AllLink href="/recordings" />}>
          {recordings.rows.length === 0 && <p className="text-muted">Nothing has arrived yet.</p>}
          <ul className="grid gap-3">
            {recordings.rows.map((row) => (
              <li key={row.id}>
                <Link href={`/recordings/${row.id}`} className="group flex items-start gap-3">
                  <span className="min-w-0 flex-1">
                    <span className="wrap-anywhere block font-semibold group-hover:underline">
                      {row.site?.name ?? row.place ?? row.fileName}
                    </span>
                    <span className="block text-muted text-sm">
                      {row.device.name}
                      {row.source && `, ${row.source}`}
                    </span>
                  </span>
                  <span className="text-right text-muted text-xs">
                    <StatePill look={recordingLook(row)} />
                    <br />
                    <RelativeTime at={row.createdAt} zone={row.site?.timeZone} focusable={false} className="tip-end" />
                  </span>
                </Link>
              </li>
            ))}
          </ul>
        </Card>
      </HomeColumns>
    </>
  );
}

const shownDevices = 5;

/** Devices that somebody should look at. It goes by itself as soon as they are well again; custody is told nothing. */
function DeviceAlarms({ items }: { items: PlacedWork[] }) {
  return (
    <section aria-labelledby="device-alarms" className="min-w-0 rounded-lg border border-line bg-surface">
      <div className="flex flex-wrap items-baseline gap-x-3 border-line border-b px-4 py-2.5 sm:px-5">
        <h2 id="device-alarms" className="font-semibold text-md">
          Devices that need somebody
        </h2>
        <span className="text-muted text-sm">{plural(items.length, "device")}</span>
        <Link href="/devices?show=attention" className="link ml-auto text-sm">
          See all
        </Link>
      </div>
      <WorkList items={items.slice(0, shownDevices)} hasFirstAct={false} label="Devices that need somebody" />
    </section>
  );
}

/** From a glance to the whole list. */
export function AllLink({ href }: { href: string }) {
  return (
    <Link href={href} className="link text-sm">
      See all
    </Link>
  );
}
