import { Plus, Router } from "lucide-react";
import type { Metadata } from "next";
import { DeviceFields } from "@/components/devices/device-fields";
import { DeviceTable } from "@/components/devices/device-table";
import { TokenDialog } from "@/components/devices/token-dialog";
import { Button } from "@/components/ui/button";
import { EmptyState } from "@/components/ui/empty-state";
import { plural } from "@/components/ui/format";
import { PageHeader } from "@/components/ui/page-header";
import { Split } from "@/components/ui/panel";
import { getDevice, listDevices, listSites } from "@/lib/devices/index.ts";
import { roleMay } from "@/lib/people/index.ts";
import { getSettings } from "@/lib/settings/index.ts";
import { type PersonContext, requireContext } from "../../_server/context";
import { orNotFound } from "../../_server/or-not-found";
import { addDeviceAction } from "./actions";
import { DevicePanel } from "./device-panel";

export const metadata: Metadata = { title: "Devices" };

type PageProps = { searchParams: Promise<{ selected?: string | string[] }> };

export default async function DevicesPage({ searchParams }: PageProps) {
  const ctx = await requireContext();
  const { selected } = await searchParams;
  const devices = await orNotFound(listDevices(ctx));
  const isListed = typeof selected === "string" && devices.some(({ id }) => id === selected);
  const chosen = isListed ? await getDevice(ctx, selected) : undefined;
  return (
    <>
      <PageHeader title="Devices" note={<span className="text-muted">{plural(devices.length, "device")}</span>}>
        {/* Stays in one place: a dialog that moved would lose the token it shows. */}
        {roleMay(ctx.actor.role, "devices.change") && <AddDevice ctx={ctx} />}
      </PageHeader>
      <Split panel={chosen && <DevicePanel device={chosen} closeHref="/devices" />}>
        {devices.length === 0 ? (
          <EmptyState
            icon={Router}
            title="No device yet"
            text="A device is a recorder or camera host that runs the uploader. Add one, and give it the token that you get."
          />
        ) : (
          <DeviceTable rows={devices} rowHref={(row) => `/devices?selected=${row.id}`} selected={chosen?.id} />
        )}
      </Split>
    </>
  );
}

async function AddDevice({ ctx }: { ctx: PersonContext }) {
  const [sites, { siteTimeZone }] = await Promise.all([listSites(ctx), getSettings(ctx.db)]);
  return (
    <TokenDialog
      trigger={
        <Button variant="primary" icon={Plus}>
          Add a device
        </Button>
      }
      title="Add a device"
      description="You get a token, which the device sends with every upload."
      submit="Add the device"
      action={addDeviceAction}
    >
      <DeviceFields sites={sites.map(({ id, name }) => ({ id, name }))} timeZone={siteTimeZone} />
    </TokenDialog>
  );
}
