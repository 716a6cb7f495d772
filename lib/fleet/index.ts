export { addPolicy, assignPolicy, changePolicy } from "./change-policy.ts";
export { type FleetFigures, readFleetFigures } from "./fleet-figures.ts";
export { fleetSortKeys, readFleetSort, usualFleetSort } from "./fleet-order.ts";
export { getDeviceConfig } from "./get-device-config.ts";
export { getFleetDevice } from "./get-fleet-device.ts";
export { listDeviceAlarms, listFleet, listFleetHealth, listFleetPage } from "./list-fleet.ts";
export { fleetParts } from "./parts.ts";
export { getPolicy, listPolicies } from "./policies.ts";
export { type NewPolicyInput, newPolicyInput, type PolicyChangeInput, policyChangeInput } from "./policy-input.ts";
export { receiveHeartbeat } from "./receive-heartbeat.ts";
export { pruneContacts, readRates, readUptime } from "./series.ts";
export type {
  AlarmKind,
  DeviceAlarm,
  DeviceAlarmRow,
  DeviceReceiptRow,
  ExpectedReceived,
  FleetDevice,
  FleetFilter,
  FleetOverview,
  FleetPage,
  FleetPart,
  FleetRow,
  FleetSort,
  FleetSortKey,
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
