"use client";

import { useState } from "react";
import { SelectField } from "@/components/ui/choice";
import { TextField } from "@/components/ui/field";
import { formatBytes } from "@/components/ui/format";

type AskFieldsProps = { queued: { fileName: string; sizeBytes: number }[] };

/** No file is called like this. */
const anotherFile = "/";

/** Which file: one of those that the device says it has still to send, or another one by its name. */
export function AskFields({ queued }: AskFieldsProps) {
  const [picked, setPicked] = useState(queued[0]?.fileName ?? anotherFile);
  // The queue goes on while somebody thinks; what has left it was sent.
  const chosen = queued.some(({ fileName }) => fileName === picked) ? picked : anotherFile;
  return (
    <>
      {queued.length > 0 && (
        <SelectField
          name="queued"
          label="File in its queue"
          value={chosen}
          onChange={(event) => setPicked(event.target.value)}
          choices={[
            ...queued.map(({ fileName, sizeBytes }) => ({
              value: fileName,
              label: `${fileName}, ${formatBytes(sizeBytes)}`,
            })),
            { value: anotherFile, label: "Another file, by its name" },
          ]}
        />
      )}
      {chosen === anotherFile && (
        <>
          <TextField name="fileName" label="File name" hint="As on the device, without folders" mono optional />
          <TextField name="sha256" label="SHA-256" hint="When you know it: for exactly this content" mono optional />
        </>
      )}
      <TextField name="reason" label="Why" hint="Stands in custody" optional maxLength={300} />
    </>
  );
}
