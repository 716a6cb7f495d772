import type { Receipt } from "../protocol/index.ts";

/** A receipt, as it was signed and in parts for screens. */
export type ReceiptView = {
  recordingId: string;
  /** The compact JWS. */
  jws: string;
  kid: string;
  issuedAt: Date;
  logIndex: number;
  logOrigin: string;
  /** Leaves of the tree whose checkpoint is in the receipt. */
  treeSize: number;
  /** What was signed. */
  content: Receipt;
  /** Name of the file in which it is kept. */
  fileName: string;
};
