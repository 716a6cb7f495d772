import type { Metadata } from "next";
import { forbidden } from "next/navigation";
import { PolicyForm } from "@/components/devices/policy-form";
import { PageHeader } from "@/components/ui/page-header";
import { listPolicies } from "@/lib/fleet/index.ts";
import { roleMay } from "@/lib/people/index.ts";
import { requireContext } from "../../../../_server/context";
import { orNotFound } from "../../../../_server/or-not-found";
import { addPolicyAction } from "../actions";

export const metadata: Metadata = { title: "Make a policy" };

export default async function NewPolicyPage() {
  const ctx = await requireContext();
  const [standard] = await orNotFound(listPolicies(ctx));
  if (standard === undefined || !roleMay(ctx.actor.role, "devices.change")) forbidden();
  return (
    <>
      <PageHeader title="Make a policy" parent={{ href: "/devices/policies", label: "Policies" }} />
      <PolicyForm values={{ ...standard, name: "" }} submit="Make the policy" action={addPolicyAction} />
    </>
  );
}
