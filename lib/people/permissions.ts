import type { Role } from "../../generated/prisma/client.ts";

/**
 * The one permission table: which role may call which verb. What is not listed is refused. A row's reason is
 * the answer to "why may they?". Whose requests and which recordings is checked in the verb itself.
 */
export const permissions = {
  // People. Why admin alone: who can let people in must not be who lets recordings out.
  "people.list": ["admin", "auditor"],
  "people.invite": ["admin"],
  "people.change": ["admin"],
  "organisations.list": ["admin", "auditor", "officer"],
  "organisations.create": ["admin"],
  "settings.read": ["admin", "auditor"],
  "settings.change": ["admin"],
  "keys.list": ["admin", "auditor"],
  "keys.rotate": ["admin"],
  // Sites and devices. Officers watch them; only administrators change them.
  "sites.list": ["admin", "officer", "auditor", "requester"],
  "sites.change": ["admin"],
  "devices.list": ["admin", "officer", "auditor"],
  "devices.change": ["admin"],
  // A file ahead of its turn: the officer needs the evidence, the administrator knows the device. It shows no picture.
  "wanted.ask": ["admin", "officer"],
  // Catalogue without pictures: everyone inside; a requester sees what was released to them, in the verb.
  "recordings.list": ["admin", "officer", "auditor", "requester"],
  "recordings.custody": ["admin", "officer", "auditor"],
  // Pictures: an officer with a stated purpose, a requester with a release. Nobody else, ever.
  "recordings.open": ["officer"],
  "recordings.content": ["officer", "requester"],
  // Requests. An auditor reads how they were decided; an administrator has no part in them.
  "requests.submit": ["requester"],
  "requests.read": ["officer", "auditor", "requester"],
  "requests.order": ["officer", "requester"],
  "requests.review": ["officer"],
  "requests.approve": ["officer"],
  "requests.deny": ["officer"],
  "requests.withdraw": ["requester"],
  // Whoever has the matter in hand ends it: the requester confirms receipt, or an officer closes.
  "requests.close": ["officer", "requester"],
  "releases.withdraw": ["officer"],
  "releases.read": ["requester"],
  // Custody.
  "custody.read": ["admin", "officer", "auditor"],
  // One's own account.
  "account.self": ["admin", "officer", "requester", "auditor"],
} as const satisfies Record<string, readonly Role[]>;

/** A name in the permission table. */
export type Permission = keyof typeof permissions;

/** Whether the role may; for buttons and menus. Verbs call `authorise`. */
export function roleMay(role: Role, permission: Permission): boolean {
  return (permissions[permission] as readonly Role[]).includes(role);
}
