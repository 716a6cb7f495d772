"use client";

import { Download } from "lucide-react";
import { useState } from "react";
import { Button, ButtonLink } from "@/components/ui/button";
import { useAnnounce } from "@/components/ui/toast";
import { type OpenRecording, PurposeDialog } from "./purpose-dialog";

type DownloadButtonProps = {
  contentPath: string;
  /** Null: the caller may download now. */
  whyNotDownload: string | null;
  /** Null: the caller may state a purpose, and then download. */
  whyNotOpen: string | null;
  opening: OpenRecording;
};

/** Downloads the whole file; asks for a purpose first where one is needed. Not shown to who may do neither. */
export function DownloadButton({ contentPath, whyNotDownload, whyNotOpen, opening }: DownloadButtonProps) {
  const [asking, setAsking] = useState(false);
  const announce = useAnnounce();

  if (whyNotDownload === null)
    return (
      <ButtonLink href={contentPath} icon={Download} download="">
        Download
      </ButtonLink>
    );
  if (whyNotOpen !== null) return null;
  return (
    <PurposeDialog
      {...opening}
      open={asking}
      onOpenChange={setAsking}
      trigger={<Button icon={Download}>Download</Button>}
      verb="Download"
      onOpened={() => {
        announce({ message: "The download begins." });
        window.location.assign(contentPath);
      }}
    />
  );
}
