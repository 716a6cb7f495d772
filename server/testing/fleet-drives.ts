import { createHash } from "node:crypto";
import { makeEnrolmentCode } from "../../lib/devices/index.ts";
import { addPolicy, askForFile } from "../../lib/fleet/index.ts";
import { type AnnouncedView, buildStatement, signStatement } from "../../lib/protocol/index.ts";
import { factories } from "../../lib/testing/index.ts";
import type { Asked, Cast, Drive } from "./drives.ts";
import { makeSigningDevice } from "./signing-device.ts";

const drive = (id: string, status: number, ask: Drive["ask"]): Drive => ({ id, status, ask });

const heartbeat = {
  version: 1,
  instance: { bootId: "b", process: "p" },
  uploader: { version: "1", runtime: "node", platform: "linux" },
};

const jose = { "Content-Type": "application/jose" };

async function statement({ world, archive }: Cast, as?: string): Promise<Asked> {
  const device = await makeSigningDevice(world, () => archive.url);
  const at = "2026-03-02T09:00:00Z";
  const facts = { device: device.id, sequence: 1, previous: null, at, source: "rear", reason: "no picture" };
  const body = signStatement(buildStatement({ kind: "gap", ...facts, from: at, until: at }), device.privateKey);
  return { as: as ?? device.token, headers: jose, body };
}

const track = Buffer.from("<gpx/>");

async function recordingWithTrack({ world, archive }: Cast) {
  const device = await makeSigningDevice(world, () => archive.url);
  const sha256 = createHash("sha256").update(track).digest("hex");
  const sidecars = [{ name: "track.gpx", sizeBytes: track.length, sha256 }];
  const { json } = await device.announce(device.sign(device.describe(Buffer.from("film"), { sidecars })));
  const params = { id: (json as AnnouncedView).recording, name: "track.gpx" };
  return { as: device.token, params, headers: { "Content-Type": "application/octet-stream" }, body: track };
}

async function received(cast: Cast) {
  const { as, params, body } = await recordingWithTrack(cast);
  const path = `${cast.archive.url}/api/recordings/${params.id}/sidecars/${params.name}`;
  await fetch(path, { method: "PUT", headers: { Authorization: `Bearer ${as}` }, body });
  return { as, params, body };
}

let policies = 0;

async function policyOf({ world, admin }: Cast) {
  return addPolicy(world.context(admin), { name: `Policy ${++policies}` });
}

async function codeOf({ world, admin, archive }: Cast) {
  return (await makeEnrolmentCode(world.context(admin), {}, archive.url)).id;
}

/** Of policies and of the codes with which devices come. */
const policyDrives: readonly Drive[] = [
  drive("listPolicies", 200, ({ auditor }) => ({ as: auditor })),
  drive("listPolicies", 403, ({ requester }) => ({ as: requester })),
  drive("addPolicy", 201, ({ admin }) => ({
    as: admin,
    json: { name: "By program", keyMaxAgeDays: null, settings: { heartbeatSeconds: 30 } },
  })),
  drive("addPolicy", 400, ({ admin }) => ({ as: admin, json: { name: "x", settings: { heartbeatSeconds: 1 } } })),
  drive("addPolicy", 403, ({ officer }) => ({ as: officer, json: { name: "By an officer" } })),
  drive("addPolicy", 409, async (cast) => ({ as: cast.admin, json: { name: (await policyOf(cast)).name } })),
  drive("addPolicy", 415, ({ admin }) => ({ as: admin, body: "a policy" })),
  drive("getPolicy", 200, async (cast) => ({ as: cast.officer, params: { id: (await policyOf(cast)).id } })),
  drive("getPolicy", 404, ({ officer }) => ({ as: officer, params: { id: "none" } })),
  drive("changePolicy", 200, async (cast) => {
    const { id, version } = await policyOf(cast);
    return { as: cast.admin, params: { id }, json: { version, settings: { order: "newest" } } };
  }),
  drive("changePolicy", 403, async (cast) => ({
    as: cast.officer,
    params: { id: (await policyOf(cast)).id },
    json: {},
  })),
  drive("changePolicy", 409, async (cast) => {
    const { id, version } = await policyOf(cast);
    return { as: cast.admin, params: { id }, json: { version: version - 1, silentAfterSeconds: 60 } };
  }),
  drive("assignPolicy", 200, async (cast) => {
    const { id } = await factories.makeDevice(cast.world.db);
    return { as: cast.admin, params: { id }, json: { policyId: (await policyOf(cast)).id } };
  }),
  drive("assignPolicy", 400, ({ admin, device }) => ({ as: admin, params: { id: device.id }, json: {} })),
  drive("assignPolicy", 403, ({ officer, device }) => ({ as: officer, params: { id: device.id }, json: {} })),
  drive("listEnrolmentCodes", 200, async (cast) => {
    await codeOf(cast);
    return { as: cast.auditor };
  }),
  drive("listEnrolmentCodes", 403, ({ requester }) => ({ as: requester })),
  drive("makeEnrolmentCode", 201, ({ admin }) => ({ as: admin, json: { maxUses: 3, needsApproval: true } })),
  drive("makeEnrolmentCode", 400, ({ admin }) => ({ as: admin, json: { form: "typed", maxUses: 2 } })),
  drive("makeEnrolmentCode", 403, ({ officer }) => ({ as: officer, json: {} })),
  drive("revokeEnrolmentCode", 204, async (cast) => ({ as: cast.admin, params: { id: await codeOf(cast) } })),
  drive("revokeEnrolmentCode", 403, async (cast) => ({ as: cast.officer, params: { id: await codeOf(cast) } })),
  drive("revokeEnrolmentCode", 404, ({ admin }) => ({ as: admin, params: { id: "none" } })),
];

/** Of the fleet: what devices ask beside recordings. */
export const fleetDrives: readonly Drive[] = [
  ...policyDrives,
  drive("listFleet", 200, ({ auditor }) => ({ as: auditor, query: { show: "all", sort: "-contact", limit: "2" } })),
  drive("listFleet", 400, ({ auditor }) => ({ as: auditor, query: { show: "purple" } })),
  drive("listFleet", 403, ({ requester }) => ({ as: requester })),
  drive("getDeviceConfig", 200, ({ device }) => ({ as: device.token })),
  drive("getDeviceConfig", 304, ({ device }) => ({ as: device.token, headers: { "If-None-Match": 'W/"1"' } })),
  drive("getDeviceConfig", 401, () => ({})),
  drive("sendHeartbeat", 200, ({ device }) => ({ as: device.token, json: heartbeat })),
  drive("sendHeartbeat", 400, ({ device }) => ({ as: device.token, json: { ...heartbeat, version: 2 } })),
  drive("sendHeartbeat", 413, ({ device }) => ({ as: device.token, json: { ...heartbeat, more: "x".repeat(70_000) } })),
  drive("sendHeartbeat", 401, ({ officer }) => ({ as: officer, json: heartbeat })),
  drive("recordStatement", 201, (cast) => statement(cast)),
  drive("recordStatement", 200, async (cast) => {
    const asked = await statement(cast);
    const headers = { ...jose, Authorization: `Bearer ${asked.as}` };
    await fetch(`${cast.archive.url}/api/devices/statements`, { method: "POST", headers, body: asked.body ?? null });
    return asked;
  }),
  drive("recordStatement", 400, ({ device }) => ({ as: device.token, headers: jose, body: "a word" })),
  drive("recordStatement", 403, (cast) => statement(cast, cast.device.token)),
  drive("recordStatement", 413, ({ device }) => ({ as: device.token, headers: jose, body: "x".repeat(20_000) })),
  drive("recordStatement", 415, ({ device }) => ({ as: device.token, body: "a word" })),
  drive("watchFleet", 200, ({ auditor }) => ({ as: auditor })),
  drive("watchFleet", 403, ({ requester }) => ({ as: requester })),
  drive("watchFleet", 401, () => ({})),
  drive("listDeviceAlarms", 200, async (cast) => {
    const device = await makeSigningDevice(cast.world, () => cast.archive.url);
    const manifest = device.describe(Buffer.from("ahead"), { sequence: 5, previous: "0".repeat(64) });
    await device.announce(device.sign(manifest));
    return { as: cast.auditor };
  }),
  drive("listDeviceAlarms", 403, ({ requester }) => ({ as: requester })),
  drive("listWantedFiles", 200, async ({ world, officer, device }) => {
    await askForFile(world.context(officer), { deviceId: device.id, sha256: "1".repeat(64) });
    return { as: officer, params: { id: device.id } };
  }),
  drive("listWantedFiles", 404, ({ officer }) => ({ as: officer, params: { id: "none" } })),
  drive("askForFile", 201, ({ officer, device }) => ({
    as: officer,
    params: { id: device.id },
    json: { fileName: "crash.mp4", sha256: "2".repeat(64), reason: "Request 7" },
  })),
  drive("askForFile", 400, ({ officer, device }) => ({ as: officer, params: { id: device.id }, json: {} })),
  drive("askForFile", 403, ({ auditor, device }) => ({ as: auditor, params: { id: device.id }, json: {} })),
  drive("cancelWantedFile", 204, async ({ world, admin, device }) => {
    const { id } = await askForFile(world.context(admin), { deviceId: device.id, fileName: "other.mp4" });
    return { as: admin, params: { id: device.id, wanted: id } };
  }),
  drive("cancelWantedFile", 404, ({ admin, device }) => ({ as: admin, params: { id: device.id, wanted: "none" } })),
  drive("putSidecar", 201, (cast) => recordingWithTrack(cast)),
  drive("putSidecar", 200, received),
  drive("putSidecar", 404, async (cast) => ({ ...(await recordingWithTrack(cast)), as: cast.device.token })),
  drive("putSidecar", 409, async (cast) => {
    const asked = await recordingWithTrack(cast);
    return { ...asked, params: { ...asked.params, name: "other.gpx" } };
  }),
  drive("putSidecar", 415, async (cast) => {
    const asked = await recordingWithTrack(cast);
    return { ...asked, params: { ...asked.params, name: "page.html" } };
  }),
  drive("putSidecar", 460, async (cast) => ({ ...(await recordingWithTrack(cast)), body: "<gpx />" })),
  drive("getSidecar", 200, async (cast) => {
    const { as, params } = await received(cast);
    return { as, params };
  }),
  drive("getSidecar", 403, async (cast) => ({ as: cast.officer, params: (await received(cast)).params })),
  drive("getSidecar", 404, async (cast) => ({ as: cast.requester, params: (await received(cast)).params })),
];
