export { findReceipt, getReceipt } from "./get-receipt.ts";
export { issueReceipts } from "./issue-receipts.ts";
export type { ReceiptView } from "./types.ts";
