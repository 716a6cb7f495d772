"use server";

import type { IssuedInvitation } from "@/components/people/link-dialog";
import type { ActionResult } from "@/components/ui/form";
import {
  addOrganisation,
  changeRole,
  disableAccount,
  enableAccount,
  type InvitationInput,
  type IssuedLink,
  inviteAccount,
  issueLink,
  type OrganisationInput,
} from "@/lib/people/index.ts";
import { action, publicUrl } from "../../_server/context";
import { field } from "../../_server/form";

type Refused = Extract<ActionResult, { ok: false }>;

async function toInvitation({ secret, expiresAt }: IssuedLink): Promise<IssuedInvitation> {
  return { url: `${await publicUrl()}/invite/${secret}`, expiresAt };
}

/** Invites a person. Fields: email, name, role, organisationId, badge. */
export const inviteAction: (data: FormData) => Promise<({ ok: true } & IssuedInvitation) | Refused> = action(
  async (ctx, data: FormData) =>
    toInvitation(
      await inviteAccount(ctx, {
        email: field(data, "email"),
        name: field(data, "name"),
        role: field(data, "role") as InvitationInput["role"], // the verb checks it
        organisationId: field(data, "organisationId"),
        badge: field(data, "badge"),
      }),
    ),
);

/** Issues a new one-time link. Field: id. */
export const issueLinkAction: (data: FormData) => Promise<({ ok: true } & IssuedInvitation) | Refused> = action(
  async (ctx, data: FormData) => toInvitation(await issueLink(ctx, field(data, "id"))),
);

/** Gives an account another role. Fields: id, role. */
export const changeRoleAction: (data: FormData) => Promise<ActionResult> = action(async (ctx, data: FormData) => {
  const role = field(data, "role") as InvitationInput["role"]; // the verb checks it
  await changeRole(ctx, { accountId: field(data, "id"), role });
});

/** Ends an account's sessions and its way in. Field: id. */
export const disableAction: (data: FormData) => Promise<ActionResult> = action((ctx, data: FormData) =>
  disableAccount(ctx, field(data, "id")),
);

/** Lets an account in again. Field: id. */
export const enableAction: (data: FormData) => Promise<ActionResult> = action((ctx, data: FormData) =>
  enableAccount(ctx, field(data, "id")),
);

/** Adds an organisation. Fields: name, kind. */
export const addOrganisationAction: (data: FormData) => Promise<ActionResult> = action(async (ctx, data: FormData) => {
  const kind = field(data, "kind") as OrganisationInput["kind"]; // the verb checks it
  await addOrganisation(ctx, { name: field(data, "name"), kind });
});
