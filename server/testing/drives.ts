import { generateKeyPairSync, randomBytes } from "node:crypto";
import { getRequest } from "../../lib/access/index.ts";
import { recordEvent } from "../../lib/custody/index.ts";
import { sequenceLog } from "../../lib/custody-log/index.ts";
import { addDeviceKey, makeEnrolmentCode } from "../../lib/devices/index.ts";
import { ensureSigningKeys } from "../../lib/keys/index.ts";
import { type AnnouncedView, clientAssertionUrn, signClientAssertion } from "../../lib/protocol/index.ts";
import { issueReceipts } from "../../lib/receipts/index.ts";
import { approve, askInput, makeScene, release, review, smallPdf, submit } from "../../lib/testing/access.ts";
import { factories, type TestPerson, type TestWorld } from "../../lib/testing/index.ts";
import { operations } from "../openapi/index.ts";
import { identityClient, makeEnrolledDevice, newKey } from "./enrolling-device.ts";
import { fleetDrives } from "./fleet-drives.ts";
import { makeSigningDevice } from "./signing-device.ts";
import { makeStoredRecording, type TestArchive } from "./test-archive.ts";

/** A request to one operation: who asks (a person, or a device by its token), and what they send. */
export type Asked = {
  as?: TestPerson | string;
  params?: Record<string, string>;
  query?: Record<string, string>;
  headers?: Record<string, string>;
  json?: Record<string, unknown>;
  body?: BodyInit;
};

/** One way to ask an operation, and the status that it comes to. */
export type Drive = { id: string; status: number; ask: (cast: Cast) => Asked | Promise<Asked> };

/** Who and what the drives are about. */
export type Cast = Awaited<ReturnType<typeof makeCast>>;

/** Makes a person of each role, a device, and what the drives need to be there. */
export async function makeCast(world: TestWorld, archive: TestArchive) {
  const { db } = world;
  const device = await factories.makeDevice(db);
  const officer = await factories.makeOfficer(db);
  const recording = await makeStoredRecording(world, { deviceId: device.id, content: Buffer.from("a film") });
  await db.accessGrant.create({
    data: {
      id: "G-00000-0000T",
      recordingId: recording.id,
      accountId: officer.accountId,
      purpose: "a look",
      openedAt: world.clock.now(),
      openUntil: new Date(world.clock.now().getTime() + 3_600_000),
    },
  });
  return {
    world,
    archive,
    sealed: await makeReceipt(world),
    device,
    officer,
    recording,
    admin: await factories.makeAdmin(db),
    auditor: await factories.makeAuditor(db),
    requester: await factories.makeRequester(db),
    openUpload: async (length = 4) => {
      const response = await fetch(`${archive.url}/api/uploads`, {
        method: "POST",
        headers: { ...tus, Authorization: `Bearer ${device.token}`, "Upload-Length": String(length) },
      });
      return (response.headers.get("Location") ?? "").split("/").at(-1) ?? "";
    },
  };
}

/** A recording with its receipt, and with it keys and a log. */
async function makeReceipt(world: TestWorld): Promise<string> {
  const { db } = world;
  const ctx = world.context();
  await ensureSigningKeys(ctx, "archive.example.org/api/log");
  const content = Buffer.from("a sealed film");
  const { id, sha256 } = await factories.makeRecording(db, { content });
  const details = { sha256: Buffer.from(sha256 ?? []).toString("hex"), sizeBytes: content.length, chunks: 1 };
  await recordEvent(ctx, db, { action: "recording.sealed", recordingId: id, details });
  await sequenceLog(ctx);
  await issueReceipts(ctx);
  return id;
}

const tus = { "Tus-Resumable": "1.0.0" };
const partial = { "Upload-Draft-Interop-Version": "8", "Content-Type": "application/partial-upload" };
const bytes = { ...tus, "Content-Type": "application/offset+octet-stream" };

const drive = (id: string, status: number, ask: Drive["ask"]): Drive => ({ id, status, ask });

const uploads: Drive[] = [
  drive("createUpload", 201, ({ device }) => ({ as: device.token, headers: { ...tus, "Upload-Length": "4" } })),
  drive("createUpload", 201, ({ device }) => ({
    as: device.token,
    headers: { ...bytes, "Upload-Length": "4" },
    body: "film",
  })),
  drive("createUpload", 400, ({ device }) => ({ as: device.token, headers: tus })),
  drive("createUpload", 401, () => ({ headers: { ...tus, "Upload-Length": "4" } })),
  drive("createUpload", 412, () => ({})),
  drive("getUploadOptions", 204, () => ({})),
  drive("getUploadOptionsOfOne", 204, () => ({ params: { id: "U-00000-00000" } })),
  drive("getUpload", 200, async ({ device, openUpload }) => ({
    as: device.token,
    headers: tus,
    params: { id: await openUpload() },
  })),
  drive("getUpload", 404, ({ device }) => ({ as: device.token, headers: tus, params: { id: "U-00000-00000" } })),
  drive("appendToUpload", 204, async ({ device, openUpload }) => ({
    as: device.token,
    headers: { ...bytes, "Upload-Offset": "0" },
    params: { id: await openUpload() },
    body: "fi",
  })),
  drive("appendToUpload", 409, async ({ device, openUpload }) => ({
    as: device.token,
    headers: { ...bytes, "Upload-Offset": "2" },
    params: { id: await openUpload() },
    body: "lm",
  })),
  drive("appendToUpload", 460, async ({ device, openUpload }) => ({
    as: device.token,
    headers: { ...bytes, "Upload-Offset": "0", "Upload-Checksum": "sha1 Kq5sNclPz7QV2+lfQIuc6R7oRu0=" },
    params: { id: await openUpload() },
    body: "fi",
  })),
  drive("createUpload", 201, ({ device }) => ({
    as: device.token,
    headers: { "Upload-Complete": "?1" },
    body: "film",
  })),
  drive("getUpload", 204, async ({ device, openUpload }) => ({
    as: device.token,
    headers: { "Upload-Draft-Interop-Version": "8" },
    params: { id: await openUpload() },
  })),
  drive("appendToUpload", 201, async ({ device, openUpload }) => ({
    as: device.token,
    headers: { ...partial, "Upload-Offset": "0", "Upload-Complete": "?1" },
    params: { id: await openUpload() },
    body: "film",
  })),
  drive("appendToUpload", 409, async ({ device, openUpload }) => ({
    as: device.token,
    headers: { ...partial, "Upload-Offset": "1", "Upload-Complete": "?1" },
    params: { id: await openUpload() },
    body: "ilm",
  })),
  drive("endUpload", 204, async ({ device, openUpload }) => ({
    as: device.token,
    headers: tus,
    params: { id: await openUpload() },
  })),
  drive("endUpload", 404, ({ device }) => ({ as: device.token, headers: tus, params: { id: "U-00000-00000" } })),
];

/** A signed manifest for a new recording of a device with a key. */
async function manifest({ world, archive }: Cast): Promise<Asked> {
  const device = await makeSigningDevice(world, () => archive.url);
  const body = device.sign(device.describe(randomBytes(9)));
  return { as: device.token, headers: { "Content-Type": "application/jose" }, body };
}

const recordings: Drive[] = [
  drive("announceRecording", 201, manifest),
  drive("announceRecording", 200, async (cast) => {
    const asked = await manifest(cast);
    const headers = { ...asked.headers, Authorization: `Bearer ${asked.as}` };
    await fetch(`${cast.archive.url}/api/recordings`, { method: "POST", headers, body: asked.body ?? null });
    return asked;
  }),
  drive("announceRecording", 403, async (cast) => ({ ...(await manifest(cast)), as: cast.device.token })),
  drive("announceRecording", 400, async (cast) => ({ ...(await manifest(cast)), body: "no manifest" })),
  drive("listRecordings", 200, ({ officer }) => ({ as: officer })),
  drive("listRecordings", 401, () => ({})),
  drive("listRecordings", 400, ({ officer }) => ({ as: officer, query: { state: "lost" } })),
  drive("getRecording", 200, ({ officer, recording }) => ({ as: officer, params: { id: recording.id } })),
  drive("getRecording", 200, ({ device, recording }) => ({ as: device.token, params: { id: recording.id } })),
  drive("getRecording", 404, ({ requester, recording }) => ({ as: requester, params: { id: recording.id } })),
  drive("getManifest", 200, async (cast) => {
    const asked = await manifest(cast);
    const headers = { ...asked.headers, Authorization: `Bearer ${asked.as}` };
    const sent = { method: "POST", headers, body: asked.body ?? null };
    const { recording } = (await (await fetch(`${cast.archive.url}/api/recordings`, sent)).json()) as AnnouncedView;
    return { as: cast.officer, params: { id: recording } };
  }),
  drive("getManifest", 404, ({ officer, recording }) => ({ as: officer, params: { id: recording.id } })),
  drive("listChunks", 200, ({ officer, recording }) => ({ as: officer, params: { id: recording.id } })),
  drive("listChunks", 404, ({ officer }) => ({ as: officer, params: { id: "R-00000-00000" } })),
  drive("listCustodyOfRecording", 200, ({ officer, recording }) => ({ as: officer, params: { id: recording.id } })),
  drive("listCustodyOfRecording", 403, ({ requester, recording }) => ({ as: requester, params: { id: recording.id } })),
  drive("openRecording", 201, ({ officer, recording }) => ({
    as: officer,
    params: { id: recording.id },
    json: { purpose: "Robbery" },
  })),
  drive("openRecording", 403, ({ admin, recording }) => ({
    as: admin,
    params: { id: recording.id },
    json: { purpose: "Curious" },
  })),
  drive("openRecording", 415, ({ officer, recording }) => ({ as: officer, params: { id: recording.id } })),
  drive("getContent", 200, ({ officer, recording }) => ({ as: officer, params: { id: recording.id } })),
  drive("getContent", 206, ({ officer, recording }) => ({
    as: officer,
    params: { id: recording.id },
    headers: { Range: "bytes=1-2" },
  })),
  drive("getContent", 304, ({ officer, recording }) => ({
    as: officer,
    params: { id: recording.id },
    headers: { "If-None-Match": "*" },
  })),
  drive("getContent", 412, ({ officer, recording }) => ({
    as: officer,
    params: { id: recording.id },
    headers: { "If-Match": '"another"' },
  })),
  drive("getContent", 416, ({ officer, recording }) => ({
    as: officer,
    params: { id: recording.id },
    headers: { Range: "bytes=99-" },
  })),
  drive("getContent", 403, ({ admin, recording }) => ({ as: admin, params: { id: recording.id } })),
  drive("headContent", 200, ({ officer, recording }) => ({ as: officer, params: { id: recording.id } })),
  drive("headContent", 401, ({ recording }) => ({ params: { id: recording.id } })),
];

function orderForm(over: Record<string, string> = {}): FormData {
  const { orderFileName, siteId: _, ...fields } = askInput;
  const form = new FormData();
  for (const [name, value] of Object.entries({ ...fields, ...over })) form.append(name, value);
  form.append("order", new Blob([new Uint8Array(smallPdf)]), orderFileName);
  return form;
}

/** A request that an officer has taken up, with one recording found. */
async function taken({ world }: Cast) {
  const scene = await makeScene(world);
  await review(scene.first, scene.requestId, []);
  return { ...scene, params: { id: scene.requestId } };
}

const requests: Drive[] = [
  drive("listRequests", 200, async ({ world, requester }) => {
    await submit(world, requester);
    return { as: requester };
  }),
  drive("listRequests", 403, ({ admin }) => ({ as: admin })),
  drive("submitRequest", 201, ({ requester }) => ({ as: requester, body: orderForm() })),
  drive("submitRequest", 400, ({ requester }) => ({ as: requester, body: orderForm({ intervalFrom: "soon" }) })),
  drive("submitRequest", 403, ({ officer }) => ({ as: officer, body: orderForm() })),
  drive("getRequest", 200, async (cast) => {
    const scene = await taken(cast);
    await review(scene.first, scene.requestId, []).catch(() => undefined);
    return { as: scene.officers[0], params: scene.params };
  }),
  drive("getRequest", 200, async ({ world }) => {
    const scene = await makeScene(world);
    await release(scene);
    return { as: scene.requester, params: { id: scene.requestId } };
  }),
  drive("getRequest", 404, ({ requester }) => ({ as: requester, params: { id: "Q-00000-00000" } })),
  drive("getOrder", 200, async ({ world, requester }) => ({
    as: requester,
    params: { id: await submit(world, requester) },
  })),
  drive("getOrder", 404, ({ officer }) => ({ as: officer, params: { id: "Q-00000-00000" } })),
  drive("openRequest", 200, async ({ world, officer, requester }) => ({
    as: officer,
    params: { id: await submit(world, requester) },
  })),
  drive("openRequest", 404, ({ officer }) => ({ as: officer, params: { id: "Q-00000-00000" } })),
  drive("decideRecording", 200, async (cast) => {
    const { officers, params, recordingId } = await taken(cast);
    return { as: officers[0], params, json: { recordingId, decision: "excluded", reason: "Another street" } };
  }),
  drive("decideRecording", 400, async (cast) => {
    const { officers, params, recordingId } = await taken(cast);
    return { as: officers[0], params, json: { recordingId, decision: "excluded" } };
  }),
  drive("approveRequest", 200, async ({ world }) => {
    const scene = await makeScene(world);
    await review(scene.first, scene.requestId, [scene.recordingId]);
    const params = { id: scene.requestId };
    const seen = await fetchScope(scene);
    return { as: scene.officers[0], params, json: { scopeSha256: seen } };
  }),
  drive("approveRequest", 409, async (cast) => {
    const { officers, params } = await taken(cast);
    return { as: officers[0], params, json: { scopeSha256: "0".repeat(64) } };
  }),
  drive("withdrawApproval", 200, async ({ world }) => {
    const scene = await makeScene(world);
    await review(scene.first, scene.requestId, [scene.recordingId]);
    await approve(scene.first, scene.requestId);
    return { as: scene.officers[0], params: { id: scene.requestId } };
  }),
  drive("withdrawApproval", 409, async (cast) => {
    const { officers, params } = await taken(cast);
    return { as: officers[0], params };
  }),
  drive("denyRequest", 200, async (cast) => {
    const { officers, params } = await taken(cast);
    return { as: officers[0], params, json: { reason: "other", text: "Not like this" } };
  }),
  drive("denyRequest", 403, async (cast) => {
    const { requester, params } = await taken(cast);
    return { as: requester, params, json: { reason: "other", text: "Not like this" } };
  }),
  drive("withdrawRequest", 200, async ({ world, requester }) => ({
    as: requester,
    params: { id: await submit(world, requester) },
  })),
  drive("withdrawRequest", 404, ({ requester }) => ({ as: requester, params: { id: "Q-00000-00000" } })),
  drive("closeRequest", 200, async ({ world }) => {
    const scene = await makeScene(world);
    await release(scene);
    return { as: scene.requester, params: { id: scene.requestId } };
  }),
  drive("closeRequest", 404, ({ requester }) => ({ as: requester, params: { id: "Q-00000-00000" } })),
];

async function fetchScope(scene: Awaited<ReturnType<typeof makeScene>>): Promise<string> {
  return (await getRequest(scene.first, scene.requestId)).scopeSha256 ?? "";
}

/** A release of a recording whose bytes are in storage, and its requester. */
async function released({ world, recording }: Cast) {
  const requester = await factories.makeRequester(world.db);
  const { id } = await factories.makeRelease(world.db, { requester, recordingIds: [recording.id] });
  return { as: requester, params: { id } };
}

const releases: Drive[] = [
  drive("getRelease", 200, released),
  drive("getRelease", 404, async (cast) => ({ ...(await released(cast)), as: cast.requester })),
  drive("getReleasedContent", 200, released),
  drive("getReleasedContent", 404, async (cast) => ({
    ...(await released(cast)),
    query: { recording: "R-00000-00000" },
  })),
  drive("headReleasedContent", 200, released),
  drive("headReleasedContent", 401, async (cast) => ({ params: (await released(cast)).params })),
  drive("withdrawRelease", 200, async ({ world }) => {
    const scene = await makeScene(world);
    const id = await release(scene);
    return { as: scene.officers[0], params: { id }, json: { reason: "The court took its order back" } };
  }),
  drive("withdrawRelease", 403, async (cast) => ({ ...(await released(cast)), json: { reason: "No more" } })),
];

function newPublicKey(): string {
  return String(generateKeyPairSync("ed25519").publicKey.export({ type: "spki", format: "pem" }));
}

const devices: Drive[] = [
  drive("listDevices", 200, ({ admin }) => ({ as: admin })),
  drive("listDevices", 200, ({ admin }) => ({ as: admin, query: { limit: "1" } })),
  drive("listDevices", 400, ({ admin }) => ({ as: admin, query: { cursor: "nonsense" } })),
  drive("listDevices", 403, ({ requester }) => ({ as: requester })),
  drive("addDevice", 201, ({ admin }) => ({ as: admin, json: { name: "Van 12" } })),
  drive("addDevice", 403, ({ officer }) => ({ as: officer, json: { name: "Van 13" } })),
  drive("getDevice", 200, ({ admin, device }) => ({ as: admin, params: { id: device.id } })),
  drive("getDevice", 404, ({ admin }) => ({ as: admin, params: { id: "D-00000-00000" } })),
  drive("setDeviceState", 200, async ({ admin, world }) => ({
    as: admin,
    params: { id: (await factories.makeDevice(world.db)).id },
    json: { state: "suspended" },
  })),
  drive("setDeviceState", 404, ({ admin }) => ({
    as: admin,
    params: { id: "D-00000-00000" },
    json: { state: "suspended" },
  })),
  drive("issueDeviceToken", 201, ({ admin, device }) => ({ as: admin, params: { id: device.id } })),
  drive("issueDeviceToken", 404, ({ admin }) => ({ as: admin, params: { id: "D-00000-00000" } })),
  drive("revokeDeviceToken", 204, async ({ admin, world }) => {
    const { id } = await factories.makeDevice(world.db);
    const token = await world.db.deviceToken.findFirstOrThrow({ where: { deviceId: id } });
    return { as: admin, params: { id, token: token.id } };
  }),
  drive("revokeDeviceToken", 404, ({ admin, device }) => ({
    as: admin,
    params: { id: device.id, token: "T-00000-00000" },
  })),
  drive("setDeviceQuota", 200, ({ admin, device }) => ({
    as: admin,
    params: { id: device.id },
    json: { quota: "500 GB" },
  })),
  drive("setDeviceQuota", 403, ({ officer, device }) => ({ as: officer, params: { id: device.id }, json: {} })),
  drive("addDeviceKey", 201, ({ admin, device }) => ({
    as: admin,
    params: { id: device.id },
    json: { key: newPublicKey() },
  })),
  drive("addDeviceKey", 403, ({ officer, device }) => ({ as: officer, params: { id: device.id }, json: {} })),
  drive("revokeDeviceKey", 204, async ({ admin, device, world }) => {
    const { kid } = await addDeviceKey(world.context(admin), { deviceId: device.id, key: newPublicKey() });
    return { as: admin, params: { id: device.id, kid } };
  }),
  drive("revokeDeviceKey", 404, ({ admin, device }) => ({ as: admin, params: { id: device.id, kid: "none" } })),
  drive("listSites", 200, async ({ admin, world }) => {
    await factories.makeSite(world.db);
    return { as: admin };
  }),
  drive("listSites", 401, () => ({})),
  drive("addSite", 201, ({ admin }) => ({ as: admin, json: { name: "Depot", timeZone: "Europe/Madrid" } })),
  drive("addSite", 403, ({ officer }) => ({ as: officer, json: { name: "Depot", timeZone: "Europe/Madrid" } })),
];

const identity: Drive[] = [
  drive("makeNonce", 200, () => ({})),
  drive("enrolDevice", 201, async ({ archive, world }) => {
    const { code } = await makeEnrolmentCode(world.context(), {}, archive.url);
    return { json: await identityClient(() => archive.url).enrolment(code, newKey()) };
  }),
  drive("enrolDevice", 200, async ({ archive, world }) => {
    const { client, code, key } = await makeEnrolledDevice(world, () => archive.url);
    return { json: await client.enrolment(code, key) };
  }),
  drive("enrolDevice", 403, async ({ archive }) => ({
    json: await identityClient(() => archive.url).enrolment("BCDF-GHJK", newKey()),
  })),
  drive("buyAccessToken", 200, async ({ archive, world }) => {
    const { client, ...device } = await makeEnrolledDevice(world, () => archive.url);
    return { body: assertionForm(signClientAssertion({ ...said(device), nonce: await client.nonce() }, device.key)) };
  }),
  drive("buyAccessToken", 400, async ({ archive, world }) => {
    const device = await makeEnrolledDevice(world, () => archive.url);
    return { body: assertionForm(signClientAssertion({ ...said(device), nonce: "old" }, device.key)) };
  }),
  drive("buyAccessToken", 401, () => ({ body: assertionForm("a.b.c") })),
  drive("rotateDeviceKey", 200, async ({ archive, world }) => {
    const device = await makeEnrolledDevice(world, () => archive.url);
    return { as: device.token, json: await device.client.rotation(device, newKey(), 7) };
  }),
  drive("rotateDeviceKey", 401, async ({ archive, world }) => {
    const device = await makeEnrolledDevice(world, () => archive.url);
    return { as: device.token, json: await device.client.rotation({ ...device, key: newKey() }, newKey(), 7) };
  }),
];

const said = ({ id, audience }: { id: string; audience: string }) => ({ device: id, audience });

const assertionForm = (assertion: string) =>
  new URLSearchParams({
    grant_type: "client_credentials",
    client_assertion_type: clientAssertionUrn,
    client_assertion: assertion,
  });

async function csrf({ archive }: Cast): Promise<{ csrfToken: string; cookie: string }> {
  const response = await fetch(`${archive.url}/api/auth/csrf`);
  const cookie = response.headers
    .getSetCookie()
    .map((one) => one.split(";")[0])
    .join("; ");
  const { csrfToken } = (await response.json()) as { csrfToken: string }; // next-auth's own answer
  return { csrfToken, cookie };
}

async function form(cast: Cast, fields: Record<string, string>): Promise<Asked> {
  const { csrfToken, cookie } = await csrf(cast);
  return { headers: { Cookie: cookie }, body: new URLSearchParams({ ...fields, csrfToken }) };
}

const people: Drive[] = [
  drive("listPeople", 200, ({ admin }) => ({ as: admin })),
  drive("listPeople", 403, ({ officer }) => ({ as: officer })),
  drive("getCsrfToken", 200, () => ({})),
  drive("signIn", 200, (cast) =>
    form(cast, { email: cast.officer.email, password: "correct horse battery staple", json: "true" }),
  ),
  drive("signIn", 302, (cast) => form(cast, { email: cast.officer.email, password: "correct horse battery staple" })),
  drive("signIn", 401, (cast) => form(cast, { email: cast.officer.email, password: "wrong", json: "true" })),
  drive("signIn", 413, () => ({ body: new URLSearchParams({ email: "x".repeat(70_000) }) })),
  drive("getSession", 200, () => ({})),
  drive("getSession", 200, ({ officer }) => ({ as: officer })),
  drive("signOut", 200, (cast) => form(cast, { json: "true" })),
  drive("signOut", 302, (cast) => form(cast, {})),
];

const custody: Drive[] = [
  drive("listCustody", 200, ({ auditor }) => ({ as: auditor })),
  drive("listCustody", 403, ({ requester }) => ({ as: requester })),
  drive("listCustody", 400, ({ auditor }) => ({ as: auditor, query: { from: "yesterday" } })),
  drive("exportCustody", 200, ({ auditor }) => ({ as: auditor })),
  drive("exportCustody", 401, () => ({})),
];

const monitoring: Drive[] = [
  drive("getLiveness", 200, () => ({})),
  drive("getReadiness", 200, () => ({})),
  drive("getMetrics", 200, () => ({})),
  drive("getMetrics", 404, () => ({ headers: { "X-Forwarded-For": "192.0.2.9" } })),
  drive("getOpenApi", 200, () => ({})),
];

const proof: Drive[] = [
  drive("getReceipt", 200, ({ officer, sealed }) => ({ as: officer, params: { id: sealed } })),
  drive("getReceipt", 200, ({ officer, sealed }) => ({
    as: officer,
    params: { id: sealed },
    headers: { Accept: "application/json" },
  })),
  drive("getReceipt", 404, ({ requester, sealed }) => ({ as: requester, params: { id: sealed } })),
  drive("getPublicKeys", 200, () => ({})),
  drive("getCheckpoint", 200, () => ({})),
  drive("getTile", 200, () => ({ params: { path: "0/000.p/1" } })),
  drive("getTile", 401, () => ({ params: { path: "entries/000.p/1" } })),
  drive("getTile", 404, () => ({ params: { path: "9/999" } })),
];

/** Each operation at least once with a success, and once with a problem. */
export const drives: readonly Drive[] = [
  ...uploads,
  ...recordings,
  ...proof,
  ...requests,
  ...releases,
  ...devices,
  ...identity,
  ...fleetDrives,
  ...people,
  ...custody,
  ...monitoring,
];

/** Sends what a drive asks. */
export async function sendDrive(archive: TestArchive, id: string, asked: Asked): Promise<Response> {
  const operation = operations.find((one) => one.id === id);
  if (operation === undefined) throw new Error(`There is no operation ${id}.`);
  const { method, path } = operation;
  const filled = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => asked.params?.[name] ?? "none");
  const query = new URLSearchParams(asked.query).toString();
  const { as } = asked;
  const headers = new Headers(asked.headers);
  if (typeof as === "string") headers.set("Authorization", `Bearer ${as}`);
  else if (as) headers.set("Cookie", [headers.get("Cookie"), await archive.cookie(as)].filter(Boolean).join("; "));
  if (asked.json !== undefined) headers.set("Content-Type", "application/json");
  const body = asked.json === undefined ? (asked.body ?? null) : JSON.stringify(asked.json);
  const response = await fetch(`${archive.url}${filled}${query && `?${query}`}`, {
    method,
    headers,
    body,
    redirect: "manual",
  });
  return response.headers.get("Content-Type") === "text/event-stream" ? beginningOf(response) : response;
}

/** A stream of events has no end: its first piece, and then nobody listens any more. */
async function beginningOf(response: Response): Promise<Response> {
  const reader = response.body?.getReader();
  const first = await reader?.read();
  await reader?.cancel();
  return new Response(first?.value ?? null, { status: response.status, headers: response.headers });
}
