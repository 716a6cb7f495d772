export { acknowledgeGap, noteMissingArrived, withdrawGapAcknowledgement } from "./acknowledge-gap.ts";
export { addDevice } from "./add-device.ts";
export { addDeviceKey } from "./add-device-key.ts";
export { addSite } from "./add-site.ts";
export { approveDevice, refuseDevice } from "./approve-device.ts";
export { archiveAudience } from "./audience.ts";
export { authenticateDevice } from "./authenticate-device.ts";
export { countedNumbers } from "./chain-numbers.ts";
export { changeSite } from "./change-site.ts";
export { DeviceGate, type DeviceLimits } from "./device-gate.ts";
export { dismissClone } from "./dismiss-clone.ts";
export { type Enrolled, enrolDevice } from "./enrol-device.ts";
export { ensureSite } from "./ensure-site.ts";
export { getDevice, listDevices, listDevicesById } from "./find.ts";
export { holdDevice } from "./hold-device.ts";
export { type AccessToken, issueAccessToken } from "./issue-access-token.ts";
export { issueDeviceToken } from "./issue-device-token.ts";
export { type KeyRange, whyNotSigning } from "./key-sequence.ts";
export { KnownTokens } from "./known-tokens.ts";
export { listEnrolmentCodes } from "./list-enrolment-codes.ts";
export { listSites } from "./list-sites.ts";
export { type EnrolmentCodeInput, enrolmentCodeInput, makeEnrolmentCode } from "./make-enrolment-code.ts";
export { newNonce, nonceSeconds } from "./nonces.ts";
export { type Instance, noteInstance } from "./note-instance.ts";
export { resumeDevice } from "./resume-device.ts";
export { type Revocation, revokeDevice } from "./revoke-device.ts";
export { revokeDeviceKey } from "./revoke-device-key.ts";
export { revokeDeviceToken } from "./revoke-device-token.ts";
export { revokeEnrolmentCode } from "./revoke-enrolment-code.ts";
export { rotateDeviceKey } from "./rotate-device-key.ts";
export { type DeviceInput, deviceInput, type SiteInput, siteInput } from "./schemas.ts";
export { setDeviceQuota } from "./set-device-quota.ts";
export { suspendDevice } from "./suspend-device.ts";
export type {
  AcknowledgedGapRow,
  DeviceCan,
  DeviceDetail,
  DeviceRow,
  EnrolmentCodeRow,
  IssuedToken,
  MadeEnrolmentCode,
  ManifestChainView,
  SiteRow,
} from "./types.ts";
