import { Fragment } from "react";
import { IdText } from "@/components/ui/digest";
import { Link } from "@/components/ui/link";
import { Notice } from "@/components/ui/notice";
import type { RecordingDetail } from "@/lib/recordings/types";

/** Says where else the same bytes are: sent again by the same device, or by another one. */
export function SameBytesNotice({ recording }: { recording: RecordingDetail }) {
  const { repeatOf, repeats, sameBytes } = recording;
  if (repeatOf === null && repeats.length === 0 && sameBytes.length === 0) return null;
  return (
    <Notice tone="info" title={repeatOf === null ? "The same bytes came more than once" : "These bytes came before"}>
      {repeatOf !== null && (
        <p>
          {recording.device.name} had sent them already, as <RecordingLink id={repeatOf} />, which lists show. This one
          is kept too.
        </p>
      )}
      {repeats.length > 0 && (
        <p>
          {recording.device.name} sent them again: <RecordingLinks ids={repeats} />. Lists show this one only.
        </p>
      )}
      {sameBytes.length > 0 && (
        <p>
          The same bytes also came from{" "}
          {sameBytes.map(({ id, device }, index) => (
            <Fragment key={id}>
              {index > 0 && ", "}
              {device.name}, as <RecordingLink id={id} />
            </Fragment>
          ))}
          .
        </p>
      )}
    </Notice>
  );
}

function RecordingLinks({ ids }: { ids: string[] }) {
  return ids.map((id, index) => (
    <Fragment key={id}>
      {index > 0 && ", "}
      <RecordingLink id={id} />
    </Fragment>
  ));
}

function RecordingLink({ id }: { id: string }) {
  return (
    <Link href={`/recordings/${id}`} className="underline underline-offset-2">
      <IdText id={id} />
    </Link>
  );
}
