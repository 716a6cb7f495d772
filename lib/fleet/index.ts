export { addPolicy, assignPolicy, changePolicy } from "./change-policy.ts";
export { getPolicy, listPolicies } from "./policies.ts";
export type { NewPolicyInput, PolicyChangeInput } from "./policy-input.ts";
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
  UptimeHour,
  WantedRow,
} from "./types.ts";
