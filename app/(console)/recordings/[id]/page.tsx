import type { Metadata } from "next";
import { ArrivalProgress } from "@/components/recordings/arrival-progress";
import { ChunkMap } from "@/components/recordings/chunk-map";
import { ChunkRunTable } from "@/components/recordings/chunk-run-table";
import { DigestCard } from "@/components/recordings/digest-card";
import { DownloadButton } from "@/components/recordings/download-button";
import { DownloadCard } from "@/components/recordings/download-card";
import { ManifestCard } from "@/components/recordings/manifest-card";
import { MetadataCard } from "@/components/recordings/metadata-card";
import { Player } from "@/components/recordings/player";
import { QuarantineNotice } from "@/components/recordings/quarantine";
import { ReceiptCard } from "@/components/recordings/receipt-card";
import { FullFacts } from "@/components/recordings/recording-facts";
import { SameBytesNotice } from "@/components/recordings/same-bytes";
import { SidecarsCard } from "@/components/recordings/sidecars-card";
import { WillNotComeNotice } from "@/components/recordings/will-not-come";
import { CheckYourself } from "@/components/requests/released";
import { Card } from "@/components/ui/card";
import { IdText } from "@/components/ui/digest";
import { Notice } from "@/components/ui/notice";
import { PageHeader } from "@/components/ui/page-header";
import { StatePill } from "@/components/ui/state-pill";
import { recordingLook } from "@/components/ui/states";
import { Time } from "@/components/ui/time";
import { findReceipt } from "@/lib/receipts/index.ts";
import { getRecording, listChunkRuns } from "@/lib/recordings/index.ts";
import { publicUrl, requireContext } from "../../../_server/context";
import { openingFor } from "../../../_server/opening";
import { orNotFound } from "../../../_server/or-not-found";
import type { SearchParams } from "../list-address";
import { CustodyCard } from "./custody-card";

type PageProps = { params: Promise<{ id: string }>; searchParams: Promise<SearchParams> };

export async function generateMetadata({ params }: PageProps): Promise<Metadata> {
  return { title: decodeURIComponent((await params).id).slice(0, 20) };
}

export default async function RecordingPage({ params, searchParams }: PageProps) {
  const ctx = await requireContext();
  const { id } = await params;
  const recording = await orNotFound(getRecording(ctx, id));
  const [runs, opening, receipt, address] = await Promise.all([
    listChunkRuns(ctx, recording.id),
    openingFor(ctx, recording.id),
    findReceipt(ctx, recording.id),
    publicUrl(),
  ]);
  const { group } = await searchParams;
  const contentPath = `/api/recordings/${recording.id}/content`;
  const zone = recording.site?.timeZone;
  const isRequester = ctx.actor.role === "requester";
  const { grant, can } = recording;
  const whyNotSidecars = grant === null ? (can.open ?? "Open this recording first, and say what for.") : null;

  return (
    <>
      <PageHeader
        title={recording.site?.name ?? recording.place ?? recording.fileName}
        parent={{ href: "/recordings", label: isRequester ? "Released to me" : "Recordings" }}
        trail={<IdText id={recording.id} />}
        note={<StatePill look={recordingLook(recording)} />}
      >
        {!isRequester && (
          <DownloadButton
            contentPath={contentPath}
            whyNotDownload={recording.can.download}
            whyNotOpen={recording.can.open}
            opening={opening}
          />
        )}
      </PageHeader>
      <div className="grid shrink-0 gap-3.5 px-4 pb-8 md:px-6 xl:grid-cols-[minmax(0,1.9fr)_minmax(0,1fr)]">
        <div className="grid min-w-0 content-start gap-3.5">
          {recording.state === "quarantined" && <QuarantineNotice recording={recording} />}
          <WillNotComeNotice recording={recording} />
          <SameBytesNotice recording={recording} />
          {recording.grant && (
            <Notice tone="info" title="Open to you">
              For “{recording.grant.purpose}”, until <Time at={recording.grant.openUntil} zone={zone} />.
            </Notice>
          )}
          {isRequester ? (
            <DownloadCard recording={recording} contentPath={contentPath} />
          ) : (
            <Player
              contentPath={contentPath}
              mediaType={recording.mediaType}
              title={`Recording ${recording.id}`}
              whyNot={recording.can.open}
              hasGrant={recording.grant !== null}
              opening={opening}
            />
          )}
          {isRequester && recording.sha256 && (
            <CheckYourself
              recordings={[{ id: recording.id, fileName: recording.fileName, sha256: recording.sha256 }]}
            />
          )}
          <Card title={recording.receivedAt ? "How it arrived" : "How it arrives"}>
            <ArrivalProgress recording={recording} />
            <ChunkMap
              runs={runs}
              chunkSizeBytes={recording.chunkSizeBytes}
              sizeBytes={recording.sizeBytes}
              columns={40}
            />
            {runs.length > 0 && <ChunkRunTable runs={runs} zone={zone} />}
          </Card>
          <CustodyCard ctx={ctx} recordingId={recording.id} group={group} zone={zone} />
        </div>
        <div className="grid min-w-0 content-start gap-3.5">
          <Card title="Facts">
            <FullFacts recording={recording} />
          </Card>
          <DigestCard recording={recording} />
          <ReceiptCard recording={recording} receipt={receipt} publicUrl={address} />
          {recording.manifests.map((manifest) => (
            <ManifestCard key={manifest.sha256} manifest={manifest} recording={recording} />
          ))}
          <SidecarsCard recording={recording} whyNot={isRequester ? recording.can.download : whyNotSidecars} />
          <MetadataCard metadata={recording.metadata} />
        </div>
      </div>
    </>
  );
}
