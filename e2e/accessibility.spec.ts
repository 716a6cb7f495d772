import { expectAccessible } from "./support/accessible.ts";
import { open } from "./support/open.ts";
import { test } from "./support/test.ts";
import { type Caller, type KnownIds, readWorld } from "./support/world.ts";

type View = { name: string; as: Caller | null; path: (ids: KnownIds) => string };

const views: View[] = [
  { name: "sign-in", as: null, path: () => "/sign-in" },
  { name: "link-used", as: null, path: () => "/invite/none" },
  { name: "setup-over", as: null, path: () => "/setup/none" },
  { name: "home-officer", as: "officer", path: () => "/" },
  { name: "home-requester", as: "police", path: () => "/" },
  { name: "home-admin", as: "admin", path: () => "/" },
  { name: "home-auditor", as: "auditor", path: () => "/" },
  { name: "recordings", as: "officer", path: () => "/recordings" },
  { name: "recordings-selected", as: "officer", path: (ids) => `/recordings?selected=${ids.recording}` },
  { name: "recordings-none-match", as: "officer", path: () => "/recordings?text=nothing-like-this" },
  { name: "recordings-requester", as: "judge", path: () => "/recordings" },
  { name: "recordings-none-released", as: "insurer", path: () => "/recordings" },
  { name: "recording-quarantined", as: "officer", path: (ids) => `/recordings/${ids.quarantinedRecording}` },
  { name: "recording", as: "officer", path: (ids) => `/recordings/${ids.recording}` },
  { name: "requests", as: "officer", path: () => "/requests" },
  { name: "requests-none-expired", as: "officer", path: () => "/requests?state=expired" },
  { name: "request-denied", as: "auditor", path: (ids) => `/requests/${ids.deniedRequest}` },
  { name: "requests-requester", as: "police", path: () => "/requests" },
  { name: "request-submitted", as: "officer", path: (ids) => `/requests/${ids.submittedRequest}` },
  { name: "request-in-review", as: "officer", path: (ids) => `/requests/${ids.reviewRequest}` },
  { name: "request-second-approval", as: "officer", path: (ids) => `/requests/${ids.approvedRequest}` },
  { name: "request-released", as: "officer", path: (ids) => `/requests/${ids.releasedRequest}` },
  { name: "ask", as: "police", path: () => "/ask" },
  { name: "ask-released", as: "judge", path: (ids) => `/ask/${ids.releasedRequest}` },
  { name: "ask-denied", as: "insurer", path: (ids) => `/ask/${ids.deniedRequest}` },
  { name: "ask-submitted", as: "police", path: (ids) => `/ask/${ids.submittedRequest}` },
  { name: "devices", as: "admin", path: () => "/devices" },
  { name: "devices-selected", as: "admin", path: (ids) => `/devices?selected=${ids.pendingDevice}` },
  { name: "device", as: "admin", path: (ids) => `/devices/${ids.fleetDevice}` },
  { name: "codes", as: "admin", path: () => "/devices/codes" },
  { name: "policies", as: "officer", path: () => "/devices/policies" },
  { name: "policy", as: "admin", path: () => "/devices/policies/F-00000-00000" },
  { name: "people", as: "admin", path: () => "/people" },
  { name: "custody", as: "auditor", path: () => "/custody" },
  { name: "custody-none-match", as: "auditor", path: () => "/custody?subject=R-00000-00000" },
  { name: "settings", as: "admin", path: () => "/settings" },
  { name: "not-found", as: "officer", path: () => "/recordings/R-00000-00000" },
  { name: "forbidden", as: "insurer", path: () => "/people" },
];

test.use({
  // A page that is a refusal is fetched with that status, which Chromium reports as an error.
  expectedErrors: /status of 40[34]/,
});

for (const view of views) {
  test(`${view.name} has no accessibility violation and fits`, async ({ pageOf }) => {
    const page = await pageOf(view.as);
    await page.emulateMedia({ reducedMotion: "reduce" });
    await open(page, view.path(readWorld().ids));
    await expectAccessible(page, view.name);
  });
}
