export { approveRequest } from "./approve-request.ts";
export { closeRequest } from "./close-request.ts";
export { decideRecording } from "./decide-recording.ts";
export { type DenialReason, denialReasons } from "./denial-reasons.ts";
export { denyRequest } from "./deny-request.ts";
export { expireReleases } from "./expire-releases.ts";
export { getRelease } from "./get-release.ts";
export { getRequest } from "./get-request.ts";
export { type LegalBasisOption, legalBases, legalBasesFor } from "./legal-bases.ts";
export { listRequests } from "./list-requests.ts";
export { listMatches } from "./matches.ts";
export { openRequest } from "./open-request.ts";
export { orderKey } from "./order-file.ts";
export { type OrderContent, readOrder } from "./read-order.ts";
export {
  type ApproveRequest,
  approveRequestSchema,
  type DecideRecording,
  type DenyRequest,
  decideRecordingSchema,
  denyRequestSchema,
  listRequestsSchema,
  type RequestFilter,
  type SubmitRequest,
  submitRequestSchema,
  type WithdrawRelease,
  withdrawReleaseSchema,
} from "./schemas.ts";
export { submitRequest } from "./submit-request.ts";
export { withdrawApproval } from "./withdraw-approval.ts";
export { withdrawRelease } from "./withdraw-release.ts";
export { withdrawRequest } from "./withdraw-request.ts";
