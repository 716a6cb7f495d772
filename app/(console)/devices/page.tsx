import { FilterX, Plus, QrCode, Router, SlidersHorizontal, UserCheck } from "lucide-react";
import type { Metadata } from "next";
import { DeviceFields } from "@/components/devices/device-fields";
import { FleetLegend } from "@/components/devices/fleet-legend";
import { FleetSearch } from "@/components/devices/fleet-search";
import { FleetTable } from "@/components/devices/fleet-table";
import { TokenDialog } from "@/components/devices/token-dialog";
import { Button, ButtonLink } from "@/components/ui/button";
import { EmptyState } from "@/components/ui/empty-state";
import { plural } from "@/components/ui/format";
import { LiveRefresh } from "@/components/ui/live-refresh";
import { PageHeader, Toolbar } from "@/components/ui/page-header";
import { Pager } from "@/components/ui/pager";
import { Split } from "@/components/ui/panel";
import { LinkTabs } from "@/components/ui/tabs";
import { getDevice, listSites } from "@/lib/devices/index.ts";
import {
  type FleetPage,
  type FleetPart,
  fleetParts,
  getFleetDevice,
  listFleetPage,
  listPolicies,
} from "@/lib/fleet/index.ts";
import { roleMay } from "@/lib/people/index.ts";
import { getSettings } from "@/lib/settings/index.ts";
import { type PersonContext, requireContext } from "../../_server/context";
import { orNotFound, orNull } from "../../_server/or-not-found";
import { addDeviceAction } from "./actions";
import { DevicePanel } from "./device-panel";
import { EnrolDevice } from "./enrol-device";
import { type FleetAddress, partLabel, readFleetAddress, type SearchParams } from "./list-address";

export const metadata: Metadata = { title: "Devices" };

/** Parts that are there even when nobody is in them: what somebody looks for, and may want to see empty. */
const usualParts: FleetPart[] = ["all", "attention", "silent", "pending", "revoked"];

export default async function DevicesPage({ searchParams }: { searchParams: Promise<SearchParams> }) {
  const ctx = await requireContext();
  const address = readFleetAddress(await searchParams);
  const [page, sites, policies, chosen] = await orNotFound(
    Promise.all([
      listFleetPage(ctx, address.filter, address.cursor),
      listSites(ctx),
      listPolicies(ctx),
      address.selected === undefined ? null : readDevice(ctx, address.selected),
    ]),
  );
  const { counts } = page;
  const mayChange = roleMay(ctx.actor.role, "devices.change");
  const tabs = fleetParts
    .filter((part) => usualParts.includes(part) || part === address.part || counts[part] > 0)
    .map((part) => ({
      href: address.hrefTo({ show: part }),
      label: partLabel(part),
      count: counts[part],
      isCurrent: part === address.part,
    }));
  return (
    <>
      <PageHeader
        title="Devices"
        note={
          <>
            <span className="text-muted">
              {plural(counts.all, "device")}
              {isNarrowed(address) && (counts.all === 1 ? " matches" : " match")}
            </span>
            <LiveRefresh href="/api/devices/live" shown={isWhole(page) ? null : page.rows.map(({ id }) => id)} />
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
        <FleetSearch {...address} sites={sites} policies={policies} />
      </Toolbar>
      <div className="mx-4 border-line border-b md:mx-6">
        <LinkTabs label="Parts of the fleet" tabs={tabs} />
      </div>
      <Split panel={chosen && <DevicePanel {...chosen} closeHref={address.hrefTo({})} />}>
        {page.rows.length === 0 ? <NothingHere address={address} /> : <List ctx={ctx} page={page} address={address} />}
      </Split>
    </>
  );
}

const isNarrowed = ({ text, site, policy }: FleetAddress) => text !== "" || site !== undefined || policy !== undefined;

// Then a device that is new belongs on it too.
const isWhole = ({ rows, counts }: FleetPage) => rows.length === counts.all;

/** Both halves of a device: what it is to the archive, and how it is in the field. */
async function readDevice(ctx: PersonContext, id: string) {
  const [device, fleet] = await Promise.all([orNull(getDevice(ctx, id)), orNull(getFleetDevice(ctx, id))]);
  return device && fleet && { device, fleet };
}

function List({ ctx, page, address }: { ctx: PersonContext; page: FleetPage; address: FleetAddress }) {
  const toCursor = (cursor: string | null) => (cursor === null ? null : address.hrefTo({ cursor }));
  return (
    <>
      <FleetTable
        rows={page.rows}
        rowHref={(row) => address.hrefTo({ selected: row.id })}
        selected={address.selected}
        sort={address.sort}
        sortHref={(sort) => address.hrefTo({ sort })}
        now={ctx.clock.now()}
        tellsWhy={address.part === "attention"}
      />
      <FleetLegend />
      <Pager
        things="devices"
        words={["Previous", "Next"]}
        shown={page.rows.length}
        total={page.total}
        isTotalExact={page.isTotalExact}
        previousHref={toCursor(page.previousCursor)}
        nextHref={toCursor(page.nextCursor)}
      />
    </>
  );
}

function NothingHere({ address }: { address: FleetAddress }) {
  const { part, text, cursor } = address;
  if (isNarrowed(address))
    return (
      <EmptyState
        icon={FilterX}
        title="No device matches"
        text={text === "" ? "Nothing here has this site and policy." : `Nothing here matches “${text}”.`}
      >
        <ButtonLink href={address.hrefTo({ q: undefined, site: undefined, policy: undefined })}>
          Clear filters
        </ButtonLink>
      </EmptyState>
    );
  if (cursor !== null)
    return (
      <EmptyState icon={FilterX} title="This page is empty now" text="The devices that stood here have moved on.">
        <ButtonLink href={address.hrefTo({ cursor: null })}>Go to the first page</ButtonLink>
      </EmptyState>
    );
  return <EmptyState icon={part === "all" ? Router : UserCheck} {...(emptyWords[part] ?? noneSuch)} />;
}

const noneSuch = { title: "No device is here now", text: "When one is, it stands here by itself." };

const emptyWords: Partial<Record<FleetPart, { title: string; text: string }>> = {
  all: {
    title: "No device yet",
    text: "A device is a recorder or camera host that runs the uploader. Enrol one with a code, or add one with a plain token for an uploader of another kind.",
  },
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
