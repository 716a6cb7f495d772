import { createHash } from "node:crypto";
import { askForFile } from "../../lib/fleet/index.ts";
import { type AnnouncedView, buildStatement, signStatement } from "../../lib/protocol/index.ts";
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

/** Of the fleet: what devices ask beside recordings. */
export const fleetDrives: readonly Drive[] = [
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
