"use client";

import { Check, Copy } from "lucide-react";
import { useEffect, useState } from "react";
import { IconButton } from "./button";
import { useAnnounce } from "./toast";

/** Copies `text` and says so. `what` completes the sentence "Copy …". */
export function CopyButton({ text, what }: { text: string; what: string }) {
  const [copied, setCopied] = useState(false);
  const announce = useAnnounce();

  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), 2_000);
    return () => clearTimeout(timer);
  }, [copied]);

  async function copy() {
    try {
      await navigator.clipboard.writeText(text);
      setCopied(true);
      announce({ message: `Copied ${what}.` });
    } catch {
      announce({ tone: "bad", message: "The browser did not allow copying. Select the text and copy it by hand." });
    }
  }

  return (
    <IconButton
      icon={copied ? Check : Copy}
      label={`Copy ${what}`}
      onClick={copy}
      className="-my-1 size-7 align-middle pointer-coarse:size-9"
    />
  );
}
