import type { Metadata } from "next";
import { PolicyDevices } from "@/components/devices/policy-devices";
import { PolicyFields } from "@/components/devices/policy-fields";
import { PolicyForm } from "@/components/devices/policy-form";
import { PolicyVersions } from "@/components/devices/policy-versions";
import { Card } from "@/components/ui/card";
import { plural } from "@/components/ui/format";
import { PageHeader } from "@/components/ui/page-header";
import { Pill } from "@/components/ui/state-pill";
import { listEventsOf } from "@/lib/custody-log/index.ts";
import { getPolicy } from "@/lib/fleet/index.ts";
import { type PersonContext, requireContext } from "../../../../_server/context";
import { orNotFound } from "../../../../_server/or-not-found";
import { changePolicyAction } from "../actions";

export const metadata: Metadata = { title: "Policy" };

export default async function PolicyPage({ params }: { params: Promise<{ id: string }> }) {
  const ctx = await requireContext();
  const policy = await orNotFound(getPolicy(ctx, (await params).id));
  const authors = await authorsOf(ctx, policy.id);
  return (
    <>
      <PageHeader
        title={policy.name}
        parent={{ href: "/devices/policies", label: "Policies" }}
        trail={`version ${policy.version}`}
        note={policy.isDefault && <Pill tone="plain">For all others</Pill>}
      />
      {policy.can.change !== null && <p className="px-4 pb-3 text-muted md:px-6">{policy.can.change}</p>}
      <div className="grid shrink-0 items-start gap-3.5 px-4 pb-3.5 md:px-6 lg:grid-cols-2">
        <Card title="Its devices" note={plural(policy.devices.length, "device")}>
          <PolicyDevices policy={policy} />
        </Card>
        <Card title="Versions">
          <PolicyVersions versions={policy.versions} authors={authors} />
        </Card>
      </div>
      {policy.can.change === null ? (
        <PolicyForm values={policy} submit="Save" action={changePolicyAction}>
          <input type="hidden" name="id" value={policy.id} />
          <input type="hidden" name="version" value={policy.version} />
        </PolicyForm>
      ) : (
        <fieldset disabled className="grid min-w-0 shrink-0 gap-3.5 px-4 pb-8 md:px-6">
          <legend className="sr-only">What it says</legend>
          <PolicyFields {...policy} />
        </fieldset>
      )}
    </>
  );
}

/** Who made which version: custody knows. */
async function authorsOf(ctx: PersonContext, policyId: string): Promise<Map<number, string>> {
  const events = await listEventsOf(ctx, { policyId });
  return new Map(
    events.flatMap(({ details, actorName }) =>
      typeof details?.version === "number" ? [[details.version, actorName] as const] : [],
    ),
  );
}
