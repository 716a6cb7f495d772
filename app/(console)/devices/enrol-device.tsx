import { QrCode } from "lucide-react";
import { CodeDialog } from "@/components/devices/code-dialog";
import { CodeFields } from "@/components/devices/code-fields";
import { Button } from "@/components/ui/button";
import { listSites } from "@/lib/devices/index.ts";
import { listPolicies } from "@/lib/fleet/index.ts";
import { getSettings } from "@/lib/settings/index.ts";
import type { PersonContext } from "../../_server/context";
import { makeCodeAction } from "./enrolment-actions";

/** The button that makes an enrolment code. */
export async function EnrolDevice({ ctx }: { ctx: PersonContext }) {
  const [sites, policies, { siteTimeZone }] = await Promise.all([
    listSites(ctx),
    listPolicies(ctx),
    getSettings(ctx.db),
  ]);
  return (
    <CodeDialog
      trigger={
        <Button variant="primary" icon={QrCode}>
          Enrol a device
        </Button>
      }
      title="Enrol a device"
      description="You get a code. With it, the uploader on the device makes a key of its own and becomes one of these devices."
      submit="Make the code"
      action={makeCodeAction}
    >
      <CodeFields
        sites={sites.map(({ id, name }) => ({ id, name }))}
        policies={policies.map(({ id, name, isDefault }) => ({ id, name, isDefault }))}
        timeZone={siteTimeZone}
      />
    </CodeDialog>
  );
}
