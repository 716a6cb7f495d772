import { CircleAlert, CircleCheck, Clock } from "lucide-react";
import { formatCount } from "@/components/ui/format";
import { Link } from "@/components/ui/link";
import { Pill } from "@/components/ui/state-pill";
import type { PolicyDetail } from "@/lib/fleet/types";

const shown = 20;

type Device = PolicyDetail["devices"][number];

/** The devices that a policy holds for, and whether each has its newest version: first those that do not. */
export function PolicyDevices({ policy }: { policy: PolicyDetail }) {
  if (policy.devices.length === 0)
    return <p className="text-muted text-sm">None. A device is put under a policy on its own page.</p>;
  const rank = ({ problem, applied }: Device) => (problem !== null ? 0 : applied === policy.version ? 2 : 1);
  const rows = policy.devices.toSorted((a, b) => rank(a) - rank(b)).slice(0, shown);
  return (
    <>
      <ul className="divide-y divide-line text-sm">
        {rows.map((device) => (
          <li key={device.id} className="flex min-h-10 flex-wrap items-center gap-x-3 gap-y-1 py-1.5">
            <Link href={`/devices/${device.id}`} className="wrap-anywhere mr-auto font-semibold hover:underline">
              {device.name}
            </Link>
            <Applied device={device} version={policy.version} />
            {device.problem && <p className="wrap-anywhere basis-full text-bad">{device.problem}</p>}
          </li>
        ))}
      </ul>
      {policy.devices.length > shown && (
        <Link href={`/devices?policy=${policy.id}`} className="link mt-2 inline-block text-sm">
          All {formatCount(policy.devices.length)} devices
        </Link>
      )}
    </>
  );
}

function Applied({ device, version }: { device: Device; version: number }) {
  if (device.problem !== null)
    return (
      <Pill tone="bad" icon={CircleAlert}>
        Refused
      </Pill>
    );
  if (device.applied === null) return <span className="text-muted italic">not reported</span>;
  if (device.applied === version)
    return (
      <Pill tone="ok" icon={CircleCheck}>
        Has it
      </Pill>
    );
  return (
    <Pill tone="wait" icon={Clock}>
      Has version {device.applied}
    </Pill>
  );
}
