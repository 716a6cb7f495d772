import { Fragment } from "react";
import { CopyButton } from "./copy-button";

/**
 * A SHA-256 in groups of four digits. The gaps are space on the screen only: what is selected and copied is the
 * plain value. `short` keeps the first and the last groups.
 */
export function Digest({ hex, short = false, copy = true }: { hex: string; short?: boolean; copy?: boolean }) {
  const groups = hex.match(/.{1,4}/g) ?? [];
  const cut = short && groups.length > 5;
  const shown = cut ? [...groups.slice(0, 3), ...groups.slice(-1)] : groups;
  return (
    <span className="mono" title={short ? hex : undefined}>
      {shown.map((group, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: groups may repeat and never move
        <Fragment key={index}>
          {cut && index === shown.length - 1 && <span className="mr-[0.6ch]">…</span>}
          <span className="mr-[0.6ch]">{group}</span>
          <wbr />
        </Fragment>
      ))}
      {copy && <CopyButton text={hex} what="the SHA-256" />}
    </span>
  );
}

/** An id such as R-7K2M4-0418Q, in one piece. */
export function IdText({ id, className = "" }: { id: string; className?: string }) {
  return <span className={`mono whitespace-nowrap ${className}`}>{id}</span>;
}
