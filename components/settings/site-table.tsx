import { MapPinPlus, Pencil } from "lucide-react";
import { Button } from "@/components/ui/button";
import { ConfirmDialog } from "@/components/ui/confirm-dialog";
import { TextField } from "@/components/ui/field";
import type { ActionResult } from "@/components/ui/form";
import { type Column, Table } from "@/components/ui/table";
import type { SiteRow } from "@/lib/devices/types";

type SiteAction = (data: FormData) => Promise<ActionResult>;

/** All sites by name, and a way to correct each for those who may. */
export function SiteTable({ rows, change }: { rows: SiteRow[]; change: SiteAction | null }) {
  const columns: Column<SiteRow>[] = [
    { key: "name", head: "Name", sorted: "ascending", cell: (row) => <b className="font-semibold">{row.name}</b> },
    { key: "address", head: "Address", wrap: true, cell: (row) => row.address },
    { key: "zone", head: "Time zone", cell: (row) => row.timeZone },
    { key: "devices", head: "Devices", align: "right", cell: (row) => String(row.deviceCount) },
    ...(change === null
      ? []
      : [
          {
            key: "change",
            head: "Change",
            hideHead: true,
            align: "right" as const,
            cell: (row: SiteRow) => <ChangeSite site={row} action={change} />,
          },
        ]),
  ];
  return (
    <div className="overflow-x-auto">
      <Table caption="Sites by name" columns={columns} rows={rows} rowKey={(row) => row.id} />
    </div>
  );
}

function SiteFields({ site, timeZone }: { site?: SiteRow; timeZone: string }) {
  return (
    <>
      <TextField name="name" label="Name" maxLength={120} defaultValue={site?.name} />
      <TextField name="address" label="Address" optional maxLength={300} defaultValue={site?.address ?? undefined} />
      <TextField name="timeZone" label="Time zone" hint="As in Europe/Madrid" defaultValue={timeZone} />
    </>
  );
}

/** A button that asks for a new site. */
export function AddSite({ timeZone, action }: { timeZone: string; action: SiteAction }) {
  return (
    <ConfirmDialog
      trigger={<Button icon={MapPinPlus}>Add a site</Button>}
      title="Add a site"
      description="A place that devices stand at and recordings come from. It cannot be removed later."
      confirm="Add the site"
      action={action}
      doneMessage="The site is added."
    >
      <SiteFields timeZone={timeZone} />
    </ConfirmDialog>
  );
}

function ChangeSite({ site, action }: { site: SiteRow; action: SiteAction }) {
  return (
    <ConfirmDialog
      trigger={
        <Button variant="quiet" icon={Pencil} aria-label={`Change ${site.name}`}>
          Change
        </Button>
      }
      title={`Change ${site.name}`}
      description="Its recordings keep pointing at it, and are found by its old name too. Custody keeps both versions."
      confirm="Save"
      action={action}
      doneMessage="The site is changed."
    >
      <input type="hidden" name="id" value={site.id} />
      <SiteFields site={site} timeZone={site.timeZone} />
    </ConfirmDialog>
  );
}
