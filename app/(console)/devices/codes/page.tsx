import { QrCode } from "lucide-react";
import type { Metadata } from "next";
import { CodeTable } from "@/components/devices/code-table";
import { EmptyState } from "@/components/ui/empty-state";
import { plural } from "@/components/ui/format";
import { PageHeader } from "@/components/ui/page-header";
import { Split } from "@/components/ui/panel";
import { listEnrolmentCodes } from "@/lib/devices/index.ts";
import { listPolicies } from "@/lib/fleet/index.ts";
import { roleMay } from "@/lib/people/index.ts";
import { requireContext } from "../../../_server/context";
import { orNotFound } from "../../../_server/or-not-found";
import { EnrolDevice } from "../enrol-device";
import { revokeCodeAction } from "../enrolment-actions";

export const metadata: Metadata = { title: "Enrolment codes" };

export default async function CodesPage() {
  const ctx = await requireContext();
  const codes = await orNotFound(listEnrolmentCodes(ctx));
  const policies = await listPolicies(ctx);
  const open = codes.filter(({ state }) => state === "open").length;
  return (
    <>
      <PageHeader
        title="Enrolment codes"
        parent={{ href: "/devices", label: "Devices" }}
        note={<span className="text-muted">{plural(open, "open code")}</span>}
      >
        {roleMay(ctx.actor.role, "devices.change") && <EnrolDevice ctx={ctx} />}
      </PageHeader>
      <Split>
        {codes.length === 0 ? (
          <EmptyState
            icon={QrCode}
            title="No code yet"
            text="A code lets machines become devices without anybody at hand. It is shown once, ends by itself, and can be revoked."
          />
        ) : (
          <CodeTable
            rows={codes}
            policyNames={new Map(policies.map(({ id, name }) => [id, name]))}
            revoke={revokeCodeAction}
          />
        )}
      </Split>
    </>
  );
}
