import { Film } from "lucide-react";
import type { Metadata } from "next";
import { AlarmList } from "@/components/devices/alarm-list";
import { deviceLook } from "@/components/devices/device-looks";
import { EnrolmentFacts } from "@/components/devices/enrolment-facts";
import { HealthCard } from "@/components/devices/health-card";
import { RateChart } from "@/components/devices/rate-chart";
import { ReceiptsCard } from "@/components/devices/receipts-card";
import { ReceivedCard } from "@/components/devices/received-card";
import { StatementsCard } from "@/components/devices/statements-card";
import { UptimeStrip } from "@/components/devices/uptime-strip";
import { WorkCard } from "@/components/devices/work-card";
import { ButtonLink } from "@/components/ui/button";
import { Card } from "@/components/ui/card";
import { IdText } from "@/components/ui/digest";
import { Facts } from "@/components/ui/facts";
import { LiveRefresh } from "@/components/ui/live-refresh";
import { Notice } from "@/components/ui/notice";
import { PageHeader } from "@/components/ui/page-header";
import { StatePill } from "@/components/ui/state-pill";
import { LinkTabs } from "@/components/ui/tabs";
import { Time } from "@/components/ui/time";
import { type DeviceDetail, getDevice } from "@/lib/devices/index.ts";
import { type FleetDevice, getFleetDevice, listPolicies, readRates, readUptime } from "@/lib/fleet/index.ts";
import { requireContext } from "../../../_server/context";
import { orNotFound } from "../../../_server/or-not-found";
import { DeviceActs } from "../device-acts";
import { ConfigurationCard } from "./configuration-card";
import { EventsCard } from "./events-card";
import { GapActs } from "./gap-acts";
import { KeysCard } from "./keys-card";
import { SpaceCard } from "./space-card";
import { TokensCard } from "./tokens-card";
import { AskForFile, WantedCard } from "./wanted-card";

export const metadata: Metadata = { title: "Device" };

const rateDays = 7;

type PageProps = { params: Promise<{ id: string }>; searchParams: Promise<{ days?: string | string[] }> };

export default async function DevicePage({ params, searchParams }: PageProps) {
  const ctx = await requireContext();
  const { id } = await params;
  const [device, fleet] = await Promise.all([orNotFound(getDevice(ctx, id)), orNotFound(getFleetDevice(ctx, id))]);
  const days = (await searchParams).days === "30" ? 30 : 7;
  const [hours, rates, policies] = await Promise.all([
    readUptime(ctx, { deviceId: device.id, days }),
    readRates(ctx, { deviceId: device.id, days: rateDays }),
    listPolicies(ctx),
  ]);
  const zone = device.site?.timeZone;
  // Before it was there nobody expected to hear it.
  const expected = hours.filter(({ at }) => at.getTime() >= device.createdAt.getTime() - 3_600_000);
  const week = expected.slice(-rateDays * 24);
  const thisHour = hours.at(-1)?.at ?? ctx.clock.now();
  return (
    <>
      <PageHeader
        title={device.name}
        parent={{ href: "/devices", label: "Devices" }}
        trail={<IdText id={device.id} />}
        note={
          <>
            <StatePill look={deviceLook(fleet)} />
            <LiveRefresh href="/api/devices/live" shown={[device.id]} />
          </>
        }
      >
        <ButtonLink href={`/recordings?device=${device.id}`} icon={Film}>
          Recordings
        </ButtonLink>
        {fleet.can.ask === null && device.state !== "pending" && <AskForFile device={fleet} isMain />}
      </PageHeader>
      <div className="grid shrink-0 gap-3.5 px-4 pb-8 md:px-6 xl:grid-cols-[minmax(0,1.9fr)_minmax(0,1fr)]">
        <div className="grid min-w-0 content-start gap-3.5">
          {device.untrustedSince && (
            <Notice tone="bad" title="Not believed">
              What it brought since <Time at={device.untrustedSince} zone={zone} /> is quarantined and is never
              released. What it signed since then explains no missing number.
            </Notice>
          )}
          <AlarmList alarms={fleet.alarms} zone={zone} />
          <WorkCard device={fleet} />
          <Card title="When it was heard">
            {fleet.heartbeatAt && (
              <div className="-mt-1 mb-3 border-line border-b">
                <LinkTabs
                  label="How far back"
                  tabs={[7, 30].map((count) => ({
                    href: `/devices/${device.id}?days=${count}`,
                    label: `${count} days`,
                    isCurrent: count === days,
                  }))}
                />
              </div>
            )}
            <UptimeStrip hours={fleet.heartbeatAt ? expected : []} zone={zone} />
            {fleet.heartbeatAt && (
              <>
                <h3 className="mt-5 mb-2 font-semibold text-sm">Sent in the last {rateDays} days</h3>
                <RateChart points={rates} from={week[0]?.at ?? thisHour} until={thisHour} zone={zone} />
              </>
            )}
          </Card>
          <ReceivedCard device={fleet} chain={device.manifests}>
            <GapActs device={device} />
          </ReceivedCard>
          <StatementsCard device={fleet} />
          {device.state !== "pending" && <WantedCard device={fleet} />}
          <ReceiptsCard device={fleet} />
          <EventsCard ctx={ctx} deviceId={device.id} zone={zone} />
        </div>
        <div className="grid min-w-0 content-start gap-3.5">
          <Card title="The device">
            {device.state === "pending" && <EnrolmentFacts device={device} className="mb-4" />}
            <DeviceFacts device={device} fleet={fleet} />
            <div className="mt-4 empty:hidden">
              <DeviceActs device={device} />
            </div>
          </Card>
          <HealthCard device={fleet} />
          <ConfigurationCard device={fleet} policies={policies} />
          <KeysCard device={device} dueAt={fleet.key?.dueAt ?? null} />
          <TokensCard device={device} />
          <SpaceCard device={device} />
        </div>
      </div>
    </>
  );
}

function DeviceFacts({ device, fleet }: { device: DeviceDetail; fleet: FleetDevice }) {
  const zone = device.site?.timeZone;
  return (
    <Facts
      missing="none"
      facts={[
        { label: "Site", value: device.site?.name ?? "None, it moves" },
        { label: "Element id", value: device.alias && <span className="mono">{device.alias}</span> },
        {
          label: device.enrolment ? "Enrolled" : "Added",
          value: <Time at={device.createdAt} zone={zone} />,
          note: device.enrolment && (
            <>
              with the code <IdText id={device.enrolment.codeId} />
            </>
          ),
        },
        {
          label: "Last contact",
          value: fleet.lastContactAt ? <Time at={fleet.lastContactAt} zone={zone} /> : "Never",
          note: device.lastSeenFrom && <span className="mono text-sm">{device.lastSeenFrom}</span>,
        },
      ]}
    />
  );
}
