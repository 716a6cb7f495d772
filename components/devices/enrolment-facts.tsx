import { Facts } from "@/components/ui/facts";
import type { DeviceDetail } from "@/lib/devices/types";

const labels: Record<string, string> = {
  hostname: "Host name",
  serial: "Serial number",
  model: "Model",
  platform: "Platform",
  uploader: "Uploader",
  bootId: "Boot",
};

type EnrolmentFactsProps = { device: DeviceDetail; className?: string };

/** Who asks to be let in: its key, which it proved, and what it says of itself, which it did not. */
export function EnrolmentFacts({ device, className }: EnrolmentFactsProps) {
  const [key] = device.keys;
  const facts = Object.entries(device.enrolment?.facts ?? {});
  return (
    <div className={className}>
      <p className="font-semibold text-sm">Its key</p>
      <p className="mono wrap-anywhere mt-1 rounded-md bg-sunken px-3 py-2 text-sm">{key?.kid ?? "none"}</p>
      <p className="mt-1 text-muted text-sm">
        Proved. The device shows the same with <span className="mono">strongroom-uploader status</span>.
      </p>
      {facts.length > 0 && (
        <>
          <p className="mt-3 mb-1 font-semibold text-sm">What it says of itself, unproved</p>
          <Facts facts={facts.map(([name, value]) => ({ label: labels[name] ?? name, value }))} />
        </>
      )}
    </div>
  );
}
