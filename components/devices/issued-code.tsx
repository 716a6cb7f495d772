import { CodeLine, ShownOnce } from "@/components/shell/shown-once";
import { Facts } from "@/components/ui/facts";
import { plural } from "@/components/ui/format";
import { Time } from "@/components/ui/time";
import { type QrCode, QrImage } from "./qr-image";

/** A new enrolment code, in every form in which a device may get it. */
export type IssuedCode = {
  code: string;
  /** What to run on the device. */
  command: string;
  /** Thumbprint of the archive's receipt key. */
  pin: string | null;
  expiresAt: Date;
  maxUses: number;
  needsApproval: boolean;
  /** Server, code and pin in one, for a device with a camera. */
  qr: QrCode;
};

/** Shows an enrolment code, this once: to be read out, pasted or scanned. */
export function IssuedCodeView({ code, command, pin, expiresAt, maxUses, needsApproval, qr }: IssuedCode) {
  return (
    <div className="grid gap-4">
      <ShownOnce label="Code" secret={code}>
        The archive keeps only its digest. If it is lost, make another one and revoke this one.
      </ShownOnce>
      <CodeLine label="Command" text={command} />
      <div className="flex flex-wrap gap-x-5 gap-y-3">
        <QrImage code={qr} label="QR code with the server, the code and the pin" />
        <Facts
          className="min-w-52 flex-1 content-start"
          missing="none yet"
          facts={[
            { label: "Good until", value: <Time at={expiresAt} /> },
            { label: "For", value: plural(maxUses, "device") },
            {
              label: "Then",
              value: needsApproval ? "Each waits until somebody lets it in" : "It may upload at once",
            },
            {
              label: "Pin",
              value: pin && <span className="mono">{pin}</span>,
              note: "The receipt key that the device will believe",
            },
          ]}
        />
      </div>
    </div>
  );
}
