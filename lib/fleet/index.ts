export { addPolicy, assignPolicy, changePolicy } from "./change-policy.ts";
export { type FleetFigures, readFleetFigures } from "./fleet-figures.ts";
export { getDeviceConfig } from "./get-device-config.ts";
export { getFleetDevice } from "./get-fleet-device.ts";
export { listDeviceAlarms, listFleet } from "./list-fleet.ts";
export { getPolicy, listPolicies } from "./policies.ts";
export type { NewPolicyInput, PolicyChangeInput } from "./policy-input.ts";
export { receiveHeartbeat } from "./receive-heartbeat.ts";
export { pruneContacts, readRates, readUptime } from "./series.ts";
export type {
  AlarmKind,
  DeviceAlarm,
  DeviceAlarmRow,
  DeviceReceiptRow,
  ExpectedReceived,
  FleetDevice,
  FleetRow,
  PolicyDetail,
  PolicyRow,
  RatePoint,
  StatementRow,
  UptimeHour,
  WantedRow,
} from "./types.ts";
export {
  askForFile,
  cancelWantedFile,
  fulfilWanted,
  listWantedFiles,
  type WantedInput,
  wantedInput,
} from "./wanted.ts";
