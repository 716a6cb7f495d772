import { z } from "zod";
import { OrganisationKind, Role } from "../../generated/prisma/enums.ts";
import { line, optionalLine } from "../input.ts";
import { maxPasswordLength, passwordProblem } from "./passwords.ts";

/** An e-mail address as a login name: trimmed, lower case. */
const emailAddress = line(254).toLowerCase().pipe(z.email("Write an e-mail address, as in name@example.org."));

const role = z.enum(Role, "Choose a role.");

/** A new password with what it must not resemble. */
const newPassword = z
  .string("Write a password.")
  .max(maxPasswordLength, `Write at most ${maxPasswordLength} characters.`)
  .superRefine((password, check) => {
    const problem = passwordProblem(password);
    if (problem !== null) check.addIssue({ code: "custom", message: problem });
  });

export const organisationInput = z.object({
  name: line(200),
  kind: z.enum(OrganisationKind, "Choose what kind of organisation it is."),
});
/** An organisation as people describe it. */
export type OrganisationInput = z.input<typeof organisationInput>;

export const invitationInput = z.object({
  email: emailAddress,
  name: line(120),
  role,
  organisationId: line(32),
  badge: optionalLine(60),
});
/** A person to invite. */
export type InvitationInput = z.input<typeof invitationInput>;

export const roleInput = z.object({ accountId: line(32), role });

export const setUpInput = z.object({
  secret: line(100),
  organisationName: line(200),
  name: line(120),
  email: emailAddress,
  password: newPassword,
});
/** What the first administrator tells of themselves and the operator. */
export type SetUpInput = z.input<typeof setUpInput>;

export const takeUpInput = z.object({ secret: line(100), password: newPassword });
export const changePasswordInput = z.object({
  currentPassword: z.string().max(maxPasswordLength, "This is not your password."),
  newPassword,
});
