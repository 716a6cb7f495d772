import { CodeLine, ShownOnce } from "@/components/shell/shown-once";

/** A device's new token, with the command line that uses it. */
export type IssuedDevice = { deviceId: string; token: string; command: string };

/** Shows a token, this once, and how to put it to use. */
export function IssuedDeviceView({ token, command }: IssuedDevice) {
  return (
    <div className="grid gap-4">
      <ShownOnce label="Token" secret={token}>
        Copy it to the device now. The archive keeps only its digest; if it is lost, issue another one.
      </ShownOnce>
      <CodeLine label="Command" text={command} />
    </div>
  );
}
