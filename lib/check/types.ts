import type { LogProblem } from "../custody-log/index.ts";

/** How deep a check looks: what is there; how long it is; every byte of it. Each depth includes those before. */
export const checkDepths = ["present", "size", "digest"] as const;
export type CheckDepth = (typeof checkDepths)[number];

/** Something that is not as the archive promised. */
export type Problem = {
  /** Stable code, for machines. */
  code:
    | "row_without_upload"
    | "blob_missing"
    | "blob_without_row"
    | "blob_left_over"
    | "blob_short"
    | "blob_long"
    | "chunks_incomplete"
    | "chunk_differs"
    | "digest_differs"
    | "order_missing"
    | "order_differs"
    | "sidecar_missing"
    | "sidecar_differs"
    | "usage_differs"
    | "receipt_missing"
    | "receipt_differs"
    | "custody_missing"
    | LogProblem["code"];
  /** Id of the recording, part or request, or the blob's key. */
  subject: string;
  /** What was found, in a sentence. */
  found: string;
  /** What to do about it, in a sentence. */
  mend: string;
};

/** What a check looked at. */
export type CheckReport = {
  depth: CheckDepth;
  recordings: number;
  /** Quarantined ones are known to be damaged; they are counted and not judged again. */
  quarantined: number;
  /** Parts of files that are not put together yet. */
  parts: number;
  orders: number;
  /** Small files beside recordings. */
  sidecars: number;
  /** Custody events in the log's tree, computed anew at the deepest level; 0: not looked at. */
  logEvents: number;
  bytesRead: number;
  problems: number;
};
