import { Plus } from "lucide-react";
import type { Metadata } from "next";
import { PolicyTable } from "@/components/devices/policy-table";
import { ButtonLink } from "@/components/ui/button";
import { plural } from "@/components/ui/format";
import { PageHeader } from "@/components/ui/page-header";
import { Split } from "@/components/ui/panel";
import { listPolicies } from "@/lib/fleet/index.ts";
import { roleMay } from "@/lib/people/index.ts";
import { requireContext } from "../../../_server/context";
import { orNotFound } from "../../../_server/or-not-found";

export const metadata: Metadata = { title: "Policies" };

export default async function PoliciesPage() {
  const ctx = await requireContext();
  const policies = await orNotFound(listPolicies(ctx));
  return (
    <>
      <PageHeader
        title="Policies"
        parent={{ href: "/devices", label: "Devices" }}
        note={<span className="text-muted">{plural(policies.length, "policy", "policies")}</span>}
      >
        {roleMay(ctx.actor.role, "devices.change") && (
          <ButtonLink href="/devices/policies/new" variant="primary" icon={Plus}>
            Make a policy
          </ButtonLink>
        )}
      </PageHeader>
      <Split>
        <PolicyTable rows={policies} />
      </Split>
    </>
  );
}
