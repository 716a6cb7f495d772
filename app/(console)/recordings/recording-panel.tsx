import { ArrowUpRight } from "lucide-react";
import { toFeedItems } from "@/components/custody/feed-items";
import { ArrivalProgress } from "@/components/recordings/arrival-progress";
import { ChunkMap } from "@/components/recordings/chunk-map";
import { DownloadButton } from "@/components/recordings/download-button";
import { QuarantineNotice } from "@/components/recordings/quarantine";
import { ShortFacts } from "@/components/recordings/recording-facts";
import { ButtonLink } from "@/components/ui/button";
import { IdText } from "@/components/ui/digest";
import { Feed } from "@/components/ui/feed";
import { Link } from "@/components/ui/link";
import { Panel } from "@/components/ui/panel";
import { StatePill } from "@/components/ui/state-pill";
import { recordingLook } from "@/components/ui/states";
import { getRecording, listChunkRuns } from "@/lib/recordings/index.ts";
import type { PersonContext } from "../../_server/context";
import { recentEvents } from "../../_server/custody";
import { openingFor } from "../../_server/opening";
import { orNull } from "../../_server/or-not-found";

const shownEvents = 5;

/** The chosen recording beside the list: what it is, how it arrived, what happened to it last. */
export async function RecordingPanel({ ctx, id, closeHref }: { ctx: PersonContext; id: string; closeHref: string }) {
  const recording = await orNull(getRecording(ctx, id));
  if (recording === null) return null;
  const [runs, events, opening] = await Promise.all([
    listChunkRuns(ctx, id),
    recentEvents(ctx, id, shownEvents),
    openingFor(ctx, id),
  ]);
  const title = recording.site?.name ?? recording.place ?? recording.fileName;
  const href = `/recordings/${recording.id}`;
  return (
    <Panel label={`Recording ${recording.id}`} closeHref={closeHref}>
      <h2 className="wrap-anywhere pr-10 font-semibold text-lg">{title}</h2>
      <p className="text-muted text-sm">
        {recording.device.name}
        {recording.source && `, ${recording.source}`} · <IdText id={recording.id} />
      </p>
      <div className="mt-3 flex flex-wrap items-center gap-2">
        <ButtonLink href={href} variant="primary" icon={ArrowUpRight}>
          Open
        </ButtonLink>
        <DownloadButton
          contentPath={`/api/recordings/${recording.id}/content`}
          whyNotDownload={recording.can.download}
          whyNotOpen={recording.can.open}
          opening={opening}
        />
        <span className="ml-auto">
          <StatePill look={recordingLook(recording)} />
        </span>
      </div>
      {recording.state === "quarantined" && (
        <div className="mt-4">
          <QuarantineNotice recording={recording} />
        </div>
      )}
      <div className="mt-4">
        <ShortFacts recording={recording} />
      </div>
      <div className="mt-4">
        <ArrivalProgress recording={recording} />
        <ChunkMap runs={runs} chunkSizeBytes={recording.chunkSizeBytes} sizeBytes={recording.sizeBytes} />
      </div>
      {events && (
        <div className="mt-5">
          <Feed label="Latest custody events" items={toFeedItems(events, recording.site?.timeZone)} />
          <Link href={`${href}#custody`} className="link text-sm">
            Whole chain of custody
          </Link>
        </div>
      )}
    </Panel>
  );
}
