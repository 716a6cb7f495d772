export { getReceipt, type ReceiptView } from "./get-receipt.ts";
export { issueReceipts } from "./issue-receipts.ts";
