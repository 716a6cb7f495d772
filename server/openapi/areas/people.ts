import { z } from "zod";
import { AccountState, OrganisationKind, Role } from "../../../generated/prisma/enums.ts";
import type { AccountRow, OrganisationRow } from "../../../lib/people/index.ts";
import type { Area, Operation } from "../operation.ts";
import { empty, json } from "../operation.ts";
import { count, may, shapeOf, time } from "../shapes.ts";

const account = shapeOf<AccountRow>()(
  z
    .strictObject({
      id: z.string(),
      email: z.string(),
      name: z.string(),
      role: z.enum(Role),
      state: z.enum(AccountState),
      badge: z.string().nullable(),
      organisation: z.strictObject({ id: z.string(), name: z.string(), kind: z.enum(OrganisationKind) }),
      createdAt: time,
      lastLoginAt: time.nullable(),
      linkUntil: time.nullable(),
      can: z.strictObject({ changeRole: may, disable: may, enable: may, issueLink: may }),
    })
    .meta({ id: "Account" }),
);

const organisation = shapeOf<OrganisationRow>()(
  z
    .strictObject({
      id: z.string(),
      name: z.string(),
      kind: z.enum(OrganisationKind),
      createdAt: time,
      accountCount: count,
    })
    .meta({ id: "Organisation" }),
);

const form = "application/x-www-form-urlencoded";
const leadsTo = z.strictObject({ url: z.string() });
const session = z.strictObject({
  expires: time.optional(),
  user: z.strictObject({ id: z.string(), name: z.string(), email: z.string(), role: z.enum(Role) }).optional(),
});

// What next-auth answers below /api/auth, as far as programs need it; its own pages are the archive's.
const signingIn: readonly Operation[] = [
  {
    method: "GET",
    path: "/api/auth/csrf",
    id: "getCsrfToken",
    summary: "What a sign-in must carry, beside the cookie that comes with it",
    caller: "anybody",
    answers: { 200: json("The token.", z.strictObject({ csrfToken: z.string() })) },
    refuses: ["not_found"],
  },
  {
    method: "POST",
    path: "/api/auth/callback/credentials",
    id: "signIn",
    summary: "Signs in. The answer sets the session cookie",
    caller: "anybody",
    body: {
      type: form,
      schema: z.object({
        csrfToken: z.string(),
        email: z.string(),
        password: z.string(),
        json: z.literal("true").optional().describe("Answer JSON instead of leading on."),
      }),
    },
    answers: {
      200: json("Signed in.", leadsTo),
      302: empty("Signed in, or led back.", { Location: "Where to go." }),
      401: json("`error` in the address is a code.", leadsTo),
    },
    refuses: ["not_found", "too_large"],
  },
  {
    method: "GET",
    path: "/api/auth/session",
    id: "getSession",
    summary: "Who is signed in",
    caller: "anybody",
    answers: { 200: json("The person, or nothing.", session) },
    refuses: ["not_found"],
  },
  {
    method: "POST",
    path: "/api/auth/signout",
    id: "signOut",
    summary: "Ends the session",
    caller: "anybody",
    body: { type: form, schema: z.object({ csrfToken: z.string(), json: z.literal("true").optional() }) },
    answers: {
      200: json("Signed out.", leadsTo),
      302: empty("Signed out.", { Location: "Where to go." }),
    },
    refuses: ["not_found", "too_large"],
  },
];

export const people: Area = {
  name: "People",
  description: "Accounts and organisations, and signing in.",
  operations: [
    {
      method: "GET",
      path: "/api/people",
      id: "listPeople",
      summary: "All accounts and organisations",
      caller: "person",
      answers: {
        200: json("Both.", z.strictObject({ accounts: z.array(account), organisations: z.array(organisation) })),
      },
      refuses: [],
    },
    ...signingIn,
  ],
};
