import type { KnownIds } from "./world.ts";

/** Who asks, in the order of the columns below. The judge owns the release; the insurer is a stranger to it. */
export const askers = ["nobody", "admin", "officer", "auditor", "judge", "insurer"] as const;

/** One question to the archive, and the status of its answer for each asker. */
export type Question = {
  /** The file under app/ or server/ that answers. */
  by: string;
  method: "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE";
  path: (ids: KnownIds) => string;
  json?: unknown;
  headers?: Record<string, string>;
  /** Six statuses, one an asker. */
  answers: string;
};

const unknownId = "R-00000-00000";
const get = (by: string, path: Question["path"], answers: string): Question => ({ by, method: "GET", path, answers });
const send = (method: Question["method"], by: string, path: Question["path"], answers: string): Question => ({
  by,
  method,
  path,
  json: {},
  answers,
});

// A page sends nobody to sign in (307); the API says 401. 403: known, and not for this role. 404: as if it were not
// there. 400: allowed, and what was sent is wrong (the questions that change things are asked with empty hands).
export const questions: Question[] = [
  //                                                                            nobody admin offic audit judge insur
  get("app/(console)/page.tsx", () => "/", "307 200 200 200 200 200"),
  get("app/(console)/recordings/page.tsx", () => "/recordings", "307 200 200 200 200 200"),
  get("app/(console)/recordings/[id]/page.tsx", (ids) => `/recordings/${ids.recording}`, "307 200 200 200 404 404"),
  get(
    "app/(console)/recordings/[id]/page.tsx",
    (ids) => `/recordings/${ids.releasedRecording}`,
    "307 200 200 200 200 404",
  ),
  get("app/(console)/recordings/[id]/page.tsx", () => `/recordings/${unknownId}`, "307 404 404 404 404 404"),
  get("app/(console)/requests/page.tsx", () => "/requests", "307 403 200 200 200 200"),
  get("app/(console)/requests/[id]/page.tsx", (ids) => `/requests/${ids.releasedRequest}`, "307 403 200 200 307 404"),
  get("app/(console)/requests/[id]/page.tsx", () => "/requests/Q-00000-00000", "307 403 404 404 404 404"),
  get("app/(console)/ask/page.tsx", () => "/ask", "307 403 403 403 200 200"),
  get("app/(console)/ask/[id]/page.tsx", (ids) => `/ask/${ids.releasedRequest}`, "307 403 307 307 200 404"),
  get("app/(console)/devices/page.tsx", () => "/devices", "307 200 200 200 403 403"),
  get("app/(console)/devices/[id]/page.tsx", (ids) => `/devices/${ids.device}`, "307 200 200 200 403 403"),
  get("app/(console)/devices/[id]/page.tsx", () => "/devices/D-00000-00000", "307 404 404 404 403 403"),
  get("app/(console)/devices/codes/page.tsx", () => "/devices/codes", "307 200 200 200 403 403"),
  get("app/(console)/devices/policies/page.tsx", () => "/devices/policies", "307 200 200 200 403 403"),
  get("app/(console)/devices/policies/new/page.tsx", () => "/devices/policies/new", "307 200 403 403 403 403"),
  get(
    "app/(console)/devices/policies/[id]/page.tsx",
    () => "/devices/policies/F-00000-00000",
    "307 200 200 200 403 403",
  ),
  get("app/(console)/people/page.tsx", () => "/people", "307 200 403 200 403 403"),
  get("app/(console)/custody/page.tsx", () => "/custody", "307 200 200 200 403 403"),
  get("app/(console)/settings/page.tsx", () => "/settings", "307 200 200 200 200 200"),
  get("app/(entry)/sign-in/page.tsx", () => "/sign-in", "200 307 307 307 307 307"),
  get("app/(entry)/invite/[secret]/page.tsx", () => "/invite/none", "200 200 200 200 200 200"),
  get("app/(entry)/setup/[secret]/page.tsx", () => "/setup/none", "200 200 200 200 200 200"),

  get("app/api/auth/[...nextauth]/route.ts", () => "/api/auth/session", "200 200 200 200 200 200"),
  get("server/health/routes.ts", () => "/api/health/live", "200 200 200 200 200 200"),
  get("server/health/routes.ts", () => "/api/health/ready", "200 200 200 200 200 200"),

  // Whether this machine may read is told by where it comes from, not by who is signed in.
  get("server/metrics-route.ts", () => "/api/metrics", "200 200 200 200 200 200"),
  get("server/openapi-route.ts", () => "/api/openapi.json", "200 200 200 200 200 200"),

  get("app/api/recordings/route.ts", () => "/api/recordings", "401 200 200 200 200 200"),
  get("app/api/recordings/[id]/route.ts", (ids) => `/api/recordings/${ids.recording}`, "401 200 200 200 404 404"),
  get(
    "app/api/recordings/[id]/route.ts",
    (ids) => `/api/recordings/${ids.releasedRecording}`,
    "401 200 200 200 200 404",
  ),
  get("app/api/recordings/[id]/route.ts", () => `/api/recordings/${unknownId}`, "401 404 404 404 404 404"),
  get(
    "app/api/recordings/[id]/chunks/route.ts",
    (ids) => `/api/recordings/${ids.recording}/chunks`,
    "401 200 200 200 404 404",
  ),
  get(
    "app/api/recordings/[id]/receipt/route.ts",
    (ids) => `/api/recordings/${ids.recording}/receipt`,
    "401 200 200 200 404 404",
  ),
  get(
    "app/api/recordings/[id]/receipt/route.ts",
    (ids) => `/api/recordings/${ids.releasedRecording}/receipt`,
    "401 200 200 200 200 404",
  ),
  get("app/.well-known/jwks.json/route.ts", () => "/.well-known/jwks.json", "200 200 200 200 200 200"),
  get("app/api/log/checkpoint/route.ts", () => "/api/log/checkpoint", "200 200 200 200 200 200"),
  get("app/api/log/tile/[...path]/route.ts", () => "/api/log/tile/0/000", "200 200 200 200 200 200"),
  get("app/api/log/tile/[...path]/route.ts", () => "/api/log/tile/0/999", "404 404 404 404 404 404"),
  get("app/api/log/tile/[...path]/route.ts", () => "/api/log/tile/entries/000", "401 200 200 200 403 403"),
  get(
    "app/api/recordings/[id]/custody/route.ts",
    (ids) => `/api/recordings/${ids.recording}/custody`,
    "401 200 200 200 403 403",
  ),
  get(
    "app/api/recordings/[id]/manifest/route.ts",
    (ids) => `/api/recordings/${ids.recording}/manifest?sha256=none`,
    "401 404 404 404 404 404",
  ),
  send(
    "POST",
    "app/api/recordings/[id]/grants/route.ts",
    (ids) => `/api/recordings/${ids.recording}/grants`,
    "401 403 400 403 403 403",
  ),
  // Of devices alone, whatever a browser sends.
  get("server/fleet.ts", () => "/api/devices/config", "401 401 401 401 401 401"),
  send("POST", "server/fleet.ts", () => "/api/devices/heartbeat", "401 401 401 401 401 401"),
  send("POST", "server/fleet.ts", () => "/api/devices/statements", "401 401 401 401 401 401"),
  // HEAD, as the answer to GET has no end.
  { by: "server/fleet-live.ts", method: "HEAD", path: () => "/api/devices/live", answers: "401 200 200 200 403 403" },
  get("server/sidecars.ts", (ids) => `/api/recordings/${ids.recording}/sidecars/a.gpx`, "401 403 403 403 404 404"),
  get("server/content.ts", (ids) => `/api/recordings/${ids.recording}/content`, "401 403 403 403 404 404"),
  get("server/content.ts", (ids) => `/api/recordings/${ids.releasedRecording}/content`, "401 403 403 403 200 404"),
  get("server/content.ts", () => `/api/recordings/${unknownId}/content`, "401 403 404 403 404 404"),
  get(
    "server/content.ts",
    (ids) => `/api/releases/${ids.release}/content?recording=${ids.releasedRecording}`,
    "401 403 403 403 200 404",
  ),
  get(
    "server/content.ts",
    (ids) => `/api/releases/${ids.release}/content?recording=${ids.recording}`,
    "401 403 403 403 404 404",
  ),

  get("app/api/requests/route.ts", () => "/api/requests", "401 403 200 200 200 200"),
  send("POST", "app/api/requests/route.ts", () => "/api/requests", "401 403 403 403 415 415"),
  get("app/api/requests/[id]/route.ts", (ids) => `/api/requests/${ids.releasedRequest}`, "401 403 200 200 200 404"),
  get("app/api/requests/[id]/route.ts", () => "/api/requests/Q-00000-00000", "401 403 404 404 404 404"),
  get(
    "app/api/requests/[id]/order/route.ts",
    (ids) => `/api/requests/${ids.releasedRequest}/order`,
    "401 403 200 403 200 404",
  ),
  send(
    "POST",
    "app/api/requests/[id]/open/route.ts",
    (ids) => `/api/requests/${ids.releasedRequest}/open`,
    "401 403 409 403 403 403",
  ),
  send(
    "POST",
    "app/api/requests/[id]/decisions/route.ts",
    (ids) => `/api/requests/${ids.releasedRequest}/decisions`,
    "401 403 400 403 403 403",
  ),
  send(
    "POST",
    "app/api/requests/[id]/approvals/route.ts",
    (ids) => `/api/requests/${ids.releasedRequest}/approvals`,
    "401 403 400 403 403 403",
  ),
  send(
    "POST",
    "app/api/requests/[id]/denial/route.ts",
    (ids) => `/api/requests/${ids.releasedRequest}/denial`,
    "401 403 400 403 403 403",
  ),
  send(
    "POST",
    "app/api/requests/[id]/withdrawal/route.ts",
    (ids) => `/api/requests/${ids.releasedRequest}/withdrawal`,
    "401 403 403 403 409 404",
  ),
  send(
    "POST",
    "app/api/requests/[id]/closure/route.ts",
    () => "/api/requests/Q-00000-00000/closure",
    "401 403 404 403 404 404",
  ),
  get("app/api/releases/[id]/route.ts", (ids) => `/api/releases/${ids.release}`, "401 403 403 403 200 404"),
  send(
    "POST",
    "app/api/releases/[id]/withdrawal/route.ts",
    (ids) => `/api/releases/${ids.release}/withdrawal`,
    "401 403 400 403 403 403",
  ),

  get("app/api/devices/route.ts", () => "/api/devices", "401 200 200 200 403 403"),
  send("POST", "app/api/devices/route.ts", () => "/api/devices", "401 400 403 403 403 403"),
  get("app/api/devices/[id]/route.ts", (ids) => `/api/devices/${ids.device}`, "401 200 200 200 403 403"),
  send(
    "PUT",
    "app/api/devices/[id]/state/route.ts",
    (ids) => `/api/devices/${ids.device}/state`,
    "401 400 403 403 403 403",
  ),
  send(
    "PUT",
    "app/api/devices/[id]/quota/route.ts",
    () => "/api/devices/D-00000-00000/quota",
    "401 400 403 403 403 403",
  ),
  send(
    "POST",
    "app/api/devices/[id]/tokens/route.ts",
    () => "/api/devices/D-00000-00000/tokens",
    "401 404 403 403 403 403",
  ),
  {
    by: "app/api/devices/[id]/tokens/[token]/route.ts",
    method: "DELETE",
    path: (ids) => `/api/devices/${ids.device}/tokens/T-00000-00000`,
    answers: "401 404 403 403 403 403",
  },
  send(
    "POST",
    "app/api/devices/[id]/keys/route.ts",
    () => "/api/devices/D-00000-00000/keys",
    "401 400 403 403 403 403",
  ),
  {
    by: "app/api/devices/[id]/keys/[kid]/route.ts",
    method: "DELETE",
    path: (ids) => `/api/devices/${ids.device}/keys/none`,
    answers: "401 404 403 403 403 403",
  },
  get("app/api/devices/fleet/route.ts", () => "/api/devices/fleet", "401 200 200 200 403 403"),
  send(
    "PUT",
    "app/api/devices/[id]/policy/route.ts",
    (ids) => `/api/devices/${ids.device}/policy`,
    "401 400 403 403 403 403",
  ),
  get("app/api/policies/route.ts", () => "/api/policies", "401 200 200 200 403 403"),
  send("POST", "app/api/policies/route.ts", () => "/api/policies", "401 400 403 403 403 403"),
  get("app/api/policies/[id]/route.ts", () => "/api/policies/F-00000-00000", "401 200 200 200 403 403"),
  send("PATCH", "app/api/policies/[id]/route.ts", () => "/api/policies/F-11111-11111", "401 404 403 403 403 403"),
  get("app/api/enrolment-codes/route.ts", () => "/api/enrolment-codes", "401 200 200 200 403 403"),
  {
    ...send("POST", "app/api/enrolment-codes/route.ts", () => "/api/enrolment-codes", "401 400 403 403 403 403"),
    json: { form: "none" },
  },
  {
    by: "app/api/enrolment-codes/[id]/route.ts",
    method: "DELETE",
    path: () => "/api/enrolment-codes/E-11111-11111",
    answers: "401 404 403 403 403 403",
  },
  get("app/api/devices/alarms/route.ts", () => "/api/devices/alarms", "401 200 200 200 403 403"),
  get("app/api/devices/[id]/wanted/route.ts", (ids) => `/api/devices/${ids.device}/wanted`, "401 200 200 200 403 403"),
  send(
    "POST",
    "app/api/devices/[id]/wanted/route.ts",
    (ids) => `/api/devices/${ids.device}/wanted`,
    "401 400 400 403 403 403",
  ),
  {
    by: "app/api/devices/[id]/wanted/[wanted]/route.ts",
    method: "DELETE",
    path: (ids) => `/api/devices/${ids.device}/wanted/W-00000-00000`,
    answers: "401 404 404 403 403 403",
  },
  get("app/api/sites/route.ts", () => "/api/sites", "401 200 200 200 200 200"),
  send("POST", "app/api/sites/route.ts", () => "/api/sites", "401 400 403 403 403 403"),
  get("app/api/people/route.ts", () => "/api/people", "401 200 403 200 403 403"),
  get("app/api/custody/route.ts", () => "/api/custody", "401 200 200 200 403 403"),
  get("app/api/custody/export/route.ts", () => "/api/custody/export", "401 200 200 200 403 403"),

  {
    by: "server/uploads.ts",
    method: "POST",
    path: () => "/api/uploads",
    headers: { "Tus-Resumable": "1.0.0" },
    answers: "401 401 401 401 401 401",
  },
  {
    by: "server/uploads.ts",
    method: "HEAD",
    path: () => "/api/uploads/U-00000-00000",
    headers: { "Tus-Resumable": "1.0.0" },
    answers: "401 401 401 401 401 401",
  },
];
