"use client";

import { CirclePlay, EyeOff, MonitorX, Play } from "lucide-react";
import { type ReactNode, useEffect, useRef, useState } from "react";
import { Button } from "@/components/ui/button";
import { type OpenRecording, PurposeDialog } from "./purpose-dialog";

type PlayerProps = {
  /** Address of the bytes. */
  contentPath: string;
  mediaType: string;
  title: string;
  /** Why the caller cannot view it now; null: they can, with a purpose. */
  whyNot: string | null;
  hasGrant: boolean;
  opening: OpenRecording;
};

/**
 * The recording as video. Nothing of it is read before the officer said what for and pressed View: viewing is an
 * act. The browser fetches ranges, so that a long recording starts at once and can be searched.
 */
export function Player({ contentPath, mediaType, title, whyNot, hasGrant, opening }: PlayerProps) {
  const [showing, setShowing] = useState(false);
  const [asking, setAsking] = useState(false);

  if (whyNot !== null)
    return (
      <Poster>
        <EyeOff aria-hidden className="size-6" />
        <p>{whyNot}</p>
      </Poster>
    );
  if (showing) return <Video src={`${contentPath}?disposition=inline`} mediaType={mediaType} title={title} />;
  const button = (
    <Button variant="primary" size="lg" icon={Play} onClick={hasGrant ? () => setShowing(true) : undefined}>
      View the recording
    </Button>
  );
  return (
    <Poster>
      {hasGrant ? (
        button
      ) : (
        <PurposeDialog
          {...opening}
          open={asking}
          onOpenChange={setAsking}
          trigger={button}
          verb="View"
          onOpened={() => {
            setShowing(true);
          }}
        />
      )}
      <p className="flex items-center gap-1.5 text-sm opacity-80">
        <CirclePlay aria-hidden className="size-4" />
        {hasGrant
          ? "Your stated purpose still holds. Viewing is logged."
          : "You will be asked what for. Viewing is logged."}
      </p>
    </Poster>
  );
}

// Browsers deny Matroska and play it; MPEG-TS and others they deny and mean it.
function mayPlay(mediaType: string): boolean {
  return mediaType === "video/x-matroska" || document.createElement("video").canPlayType(mediaType) !== "";
}

function Video({ src, mediaType, title }: { src: string; mediaType: string; title: string }) {
  // Asked before there is a video element, which would read bytes and leave an event that nobody saw a picture of.
  const [failed, setFailed] = useState(() => !mayPlay(mediaType));
  const video = useRef<HTMLVideoElement>(null);

  useEffect(() => video.current?.focus(), []);

  if (failed)
    return (
      <Poster>
        <MonitorX aria-hidden className="size-6" />
        <p className="font-semibold">This browser cannot play it here</p>
        <p className="max-w-sm text-pretty text-sm opacity-80">
          The recording is stored as <span className="mono">{mediaType}</span>, exactly as the device made it. Download
          it and open it in a player such as VLC.
        </p>
      </Poster>
    );
  return (
    // biome-ignore lint/a11y/useMediaCaption: evidence as the camera made it; there are no captions
    <video
      ref={video}
      src={src}
      controls
      preload="metadata"
      playsInline
      disablePictureInPicture
      aria-label={title}
      onError={() => setFailed(true)}
      className="aspect-video w-full rounded-md bg-[#0b0f11]"
    />
  );
}

function Poster({ children }: { children: ReactNode }) {
  return (
    <div className="flex aspect-video w-full flex-col items-center justify-center gap-3 rounded-md bg-linear-160 from-[#29363b] to-[#10181b] p-4 text-center text-[#e8eef0]">
      {children}
    </div>
  );
}
