export { makeDevice, makeSite } from "./devices.ts";
export {
  makeAdmin,
  makeAuditor,
  makeOfficer,
  makeOrganisation,
  makeRequester,
  type TestPerson,
  testPassword,
} from "./people.ts";
export { makeRecording } from "./recordings.ts";
export { makeRelease, makeRequest } from "./requests.ts";
export { makeSidecar } from "./sidecars.ts";
export { makeSigner } from "./signers.ts";
