import { FilterX, Plus, QrCode, Router, SlidersHorizontal, UserCheck } from "lucide-react";
import type { Metadata } from "next";
import { DeviceFields } from "@/components/devices/device-fields";
import { DeviceTable } from "@/components/devices/device-table";
import { FleetSearch } from "@/components/devices/fleet-search";
import { sortFleet } from "@/components/devices/fleet-sort";
import { FleetTable } from "@/components/devices/fleet-table";
import { TokenDialog } from "@/components/devices/token-dialog";
import { Button, ButtonLink } from "@/components/ui/button";
import { EmptyState } from "@/components/ui/empty-state";
import { plural } from "@/components/ui/format";
import { LiveRefresh } from "@/components/ui/live-refresh";
import { PageHeader, Toolbar } from "@/components/ui/page-header";
import { Split } from "@/components/ui/panel";
import { LinkTabs } from "@/components/ui/tabs";
import { type DeviceRow, getDevice, listDevices, listSites } from "@/lib/devices/index.ts";
import { type FleetRow, getFleetDevice, listFleet } from "@/lib/fleet/index.ts";
import { roleMay } from "@/lib/people/index.ts";
import { getSettings } from "@/lib/settings/index.ts";
import { type PersonContext, requireContext } from "../../_server/context";
import { orNotFound, orNull } from "../../_server/or-not-found";
import { addDeviceAction } from "./actions";
import { DevicePanel } from "./device-panel";
import { EnrolDevice } from "./enrol-device";
import { type FleetTab, isInTab, isNamed, readFleetAddress, type SearchParams } from "./list-address";

export const metadata: Metadata = { title: "Devices" };

const tabLabels: Record<FleetTab, string> = {
  all: "All",
  attention: "Need attention",
  silent: "Silent",
  pending: "Pending approval",
  revoked: "Revoked",
};

export default async function DevicesPage({ searchParams }: { searchParams: Promise<SearchParams> }) {
  const ctx = await requireContext();
  const address = readFleetAddress(await searchParams);
  const fleet = await orNotFound(listFleet(ctx));
  const revoked = (await listDevices(ctx)).filter(({ state }) => state === "revoked");
  const chosen = address.selected === undefined ? null : await readDevice(ctx, address.selected);
  const mayChange = roleMay(ctx.actor.role, "devices.change");
  const tabs = (Object.keys(tabLabels) as FleetTab[]).map((tab) => ({
    href: address.hrefTo({ tab }),
    label: tabLabels[tab],
    count: tab === "revoked" ? revoked.length : fleet.filter((row) => isInTab(row, tab)).length,
    isCurrent: tab === address.tab,
  }));
  return (
    <>
      <PageHeader
        title="Devices"
        note={
          <>
            <span className="text-muted">{plural(fleet.length, "device")}</span>
            <LiveRefresh href="/api/devices/live" />
          </>
        }
      >
        <ButtonLink href="/devices/policies" icon={SlidersHorizontal}>
          Policies
        </ButtonLink>
        <ButtonLink href="/devices/codes" icon={QrCode}>
          Codes
        </ButtonLink>
        {/* Stay in one place: a dialog that moved would lose the token or the code that it shows. */}
        {mayChange && <AddDevice ctx={ctx} />}
        {mayChange && <EnrolDevice ctx={ctx} />}
      </PageHeader>
      <Toolbar>
        <div className="min-w-0 flex-1 max-sm:basis-full">
          <LinkTabs label="Parts of the fleet" tabs={tabs} />
        </div>
        <FleetSearch address={address} />
      </Toolbar>
      <Split panel={chosen && <DevicePanel {...chosen} closeHref={address.hrefTo({})} />}>
        <List ctx={ctx} fleet={fleet} revoked={revoked} address={address} />
      </Split>
    </>
  );
}

/** Both halves of a device: what it is to the archive, and how it is in the field. */
async function readDevice(ctx: PersonContext, id: string) {
  const [device, fleet] = await Promise.all([orNull(getDevice(ctx, id)), orNull(getFleetDevice(ctx, id))]);
  return device && fleet && { device, fleet };
}

type ListProps = {
  ctx: PersonContext;
  fleet: FleetRow[];
  revoked: DeviceRow[];
  address: ReturnType<typeof readFleetAddress>;
};

function List({ ctx, fleet, revoked, address }: ListProps) {
  const { tab, text, sort, selected } = address;
  if (tab === "revoked" && revoked.length > 0)
    return <DeviceTable rows={revoked} rowHref={(row) => address.hrefTo({ selected: row.id })} selected={selected} />;
  const rows = fleet.filter((row) => isInTab(row, tab) && isNamed(row, text));
  if (rows.length === 0) return <NothingHere tab={tab} text={text} isEmpty={fleet.length === 0} address={address} />;
  return (
    <FleetTable
      rows={sortFleet(rows, sort)}
      rowHref={(row) => address.hrefTo({ selected: row.id })}
      selected={selected}
      sort={sort}
      sortHref={(order) => address.hrefTo({ sort: order })}
      now={ctx.clock.now()}
    />
  );
}

type NothingHereProps = { tab: FleetTab; text: string; isEmpty: boolean; address: ListProps["address"] };

function NothingHere({ tab, text, isEmpty, address }: NothingHereProps) {
  if (isEmpty && tab !== "revoked")
    return (
      <EmptyState
        icon={Router}
        title="No device yet"
        text="A device is a recorder or camera host that runs the uploader. Enrol one with a code, or add one with a plain token for an uploader of another kind."
      />
    );
  if (text !== "")
    return (
      <EmptyState icon={FilterX} title="No device is called like this" text={`Nothing here matches “${text}”.`}>
        <ButtonLink href={address.hrefTo({ text: "" })}>Show all of them</ButtonLink>
      </EmptyState>
    );
  return <EmptyState icon={UserCheck} {...emptyWords[tab]} />;
}

const emptyWords: Record<FleetTab, { title: string; text: string }> = {
  all: { title: "No device", text: "All of them are revoked." },
  attention: {
    title: "Nothing needs you",
    text: "Every device is well: heard, with room on its disk, nothing missing.",
  },
  silent: {
    title: "No device is silent",
    text: "Each that sends heartbeats was heard within the time that its policy gives.",
  },
  pending: {
    title: "Nobody waits to be let in",
    text: "Devices that enrol with a code that asks for approval wait here, with their key.",
  },
  revoked: {
    title: "No device is revoked",
    text: "Devices that were refused for good stand here, with all that they brought.",
  },
};

async function AddDevice({ ctx }: { ctx: PersonContext }) {
  const [sites, { siteTimeZone }] = await Promise.all([listSites(ctx), getSettings(ctx.db)]);
  return (
    <TokenDialog
      trigger={<Button icon={Plus}>Add with a token</Button>}
      title="Add a device with a plain token"
      description="For uploaders of another kind: you get a token, which the device sends with every upload. Ours enrols with a code instead."
      submit="Add the device"
      action={addDeviceAction}
    >
      <DeviceFields sites={sites.map(({ id, name }) => ({ id, name }))} timeZone={siteTimeZone} />
    </TokenDialog>
  );
}
