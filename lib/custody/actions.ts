/**
 * Every act that custody knows, in past tense. Stored for ever: a row may be added, never renamed. Screens say
 * `sentence` after the actor's name.
 */
export const custodyActions = {
  "archive.set_up": { sentence: "set up the archive", group: "people" },
  "account.invited": { sentence: "invited a person", group: "people" },
  "account.activated": { sentence: "took up the account", group: "people" },
  "account.role_changed": { sentence: "changed a role", group: "people" },
  "account.disabled": { sentence: "disabled an account", group: "people" },
  "account.enabled": { sentence: "enabled an account", group: "people" },
  "account.link_issued": { sentence: "issued a new one-time link", group: "people" },
  "account.password_changed": { sentence: "changed the password", group: "people" },
  "organisation.created": { sentence: "added an organisation", group: "people" },
  "login.succeeded": { sentence: "signed in", group: "people" },
  "login.failed": { sentence: "failed to sign in", group: "people" },
  "login.ended": { sentence: "signed out", group: "people" },
  "access.refused": { sentence: "was refused", group: "people" },
  "setting.changed": { sentence: "changed a setting", group: "people" },
  "site.created": { sentence: "added a site", group: "devices" },
  "site.changed": { sentence: "changed a site", group: "devices" },
  "device.added": { sentence: "added a device", group: "devices" },
  "device.token_issued": { sentence: "issued a device token", group: "devices" },
  "device.token_revoked": { sentence: "revoked a device token", group: "devices" },
  "device.suspended": { sentence: "suspended a device", group: "devices" },
  "device.resumed": { sentence: "let a device in again", group: "devices" },
  "device.revoked": { sentence: "revoked a device", group: "devices" },
  "upload.started": { sentence: "announced the recording", group: "recordings" },
  "upload.resumed": { sentence: "resumed the upload", group: "recordings" },
  "upload.interrupted": { sentence: "was cut off", group: "recordings" },
  "upload.damaged": { sentence: "found acknowledged bytes missing", group: "recordings" },
  "upload.terminated": { sentence: "ended the upload unfinished", group: "recordings" },
  "recording.received": { sentence: "delivered the last byte", group: "recordings" },
  "recording.sealed": { sentence: "read it back and sealed it", group: "recordings" },
  "recording.quarantined": { sentence: "quarantined it", group: "recordings" },
  "recording.opened": { sentence: "opened it to view", group: "access" },
  "recording.viewed": { sentence: "viewed a part", group: "access" },
  "download.started": { sentence: "started a download", group: "access" },
  "download.ended": { sentence: "ended a download", group: "access" },
  "request.submitted": { sentence: "asked for recordings", group: "requests" },
  "request.opened": { sentence: "took the request up", group: "requests" },
  "request.order_read": { sentence: "read the attached order", group: "requests" },
  "request.matched": { sentence: "decided about a recording", group: "requests" },
  "request.approved": { sentence: "approved", group: "requests" },
  "request.approval_voided": { sentence: "voided an approval", group: "requests" },
  "request.denied": { sentence: "denied the request", group: "requests" },
  "request.withdrawn": { sentence: "withdrew the request", group: "requests" },
  "request.closed": { sentence: "closed the request", group: "requests" },
  "release.opened": { sentence: "released", group: "requests" },
  "release.withdrawn": { sentence: "withdrew the release", group: "requests" },
  "release.expired": { sentence: "let the release run out", group: "requests" },
  "log.read": { sentence: "read the custody log", group: "access" },
} as const satisfies Record<
  string,
  { sentence: string; group: "people" | "devices" | "recordings" | "access" | "requests" }
>;

/** An action's stable name. */
export type CustodyAction = keyof typeof custodyActions;
