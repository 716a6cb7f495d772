import { CircleAlert, CircleCheck, Clock, SlidersHorizontal } from "lucide-react";
import { Button } from "@/components/ui/button";
import { Card } from "@/components/ui/card";
import { SelectField } from "@/components/ui/choice";
import { ConfirmDialog } from "@/components/ui/confirm-dialog";
import { Facts } from "@/components/ui/facts";
import { Link } from "@/components/ui/link";
import { Pill } from "@/components/ui/state-pill";
import type { FleetDevice, PolicyRow } from "@/lib/fleet/types";
import { assignPolicyAction } from "../policies/actions";

type ConfigurationCardProps = { device: FleetDevice; policies: PolicyRow[] };

/** What a device is told to do, and whether it does. */
export function ConfigurationCard({ device, policies }: ConfigurationCardProps) {
  const { policy, config } = device;
  return (
    <Card
      title="Configuration"
      aside={device.can.setPolicy === null && <SetPolicy device={device} policies={policies} />}
    >
      <Facts
        missing="not reported"
        facts={[
          {
            label: "Policy",
            value: (
              <Link href={`/devices/policies/${policy.id}`} className="link">
                {policy.name}
              </Link>
            ),
          },
          { label: "Should have", value: `Version ${config.version}` },
          {
            label: "Has",
            value: config.applied === null ? null : `Version ${config.applied}`,
            note: <Verdict config={config} />,
          },
          ...(config.problem === null ? [] : [{ label: "It says", value: config.problem }]),
        ]}
      />
    </Card>
  );
}

function Verdict({ config }: Pick<FleetDevice, "config">) {
  if (config.problem !== null)
    return (
      <Pill tone="bad" icon={CircleAlert}>
        Refuses the newest
      </Pill>
    );
  if (config.applied === null) return null;
  if (config.applied === config.version)
    return (
      <Pill tone="ok" icon={CircleCheck}>
        Up to date
      </Pill>
    );
  return (
    <Pill tone="wait" icon={Clock}>
      Gets it with its next heartbeat
    </Pill>
  );
}

function SetPolicy({ device, policies }: ConfigurationCardProps) {
  return (
    <ConfirmDialog
      trigger={<Button icon={SlidersHorizontal}>Change</Button>}
      title={`Put ${device.name} under another policy?`}
      description="It hears of it with its next heartbeat. What a file on the device forbids stays forbidden."
      confirm="Change the policy"
      action={assignPolicyAction}
      doneMessage={`${device.name} has another policy.`}
    >
      <input type="hidden" name="id" value={device.id} />
      <SelectField
        name="policyId"
        label="Policy"
        defaultValue={device.policy.id}
        choices={policies.map(({ id, name, isDefault }) => ({
          value: id,
          label: isDefault ? `${name} (for all others)` : name,
        }))}
      />
    </ConfirmDialog>
  );
}
