import { z } from "zod";
import type { Context } from "../context.ts";
import { recordEvent } from "../custody/index.ts";
import { AppError } from "../errors.ts";
import { newId } from "../ids.ts";
import { optionalLine, parseInput } from "../input.ts";
import { publicKeys } from "../keys/index.ts";
import { authoriseOperator } from "../people/index.ts";
import { enrolmentCodeSha256, formatEnrolmentLink, newEnrolmentCode, showEnrolmentCode } from "../protocol/index.ts";
import type { MadeEnrolmentCode } from "./types.ts";

/** Lives: what can be typed can be guessed, so it is gone after a day at most. */
const hours = { long: { usual: 24, most: 30 * 24 }, typed: { usual: 1, most: 24 } } as const;
const leastHours = 0.25;
const maxDevices = 10_000;

/** What `makeEnrolmentCode` reads. */
export const enrolmentCodeInput = z
  .object({
    /** `typed`: 8 letters, for one device; `long`: for files and QR codes. */
    form: z.enum(["long", "typed"], "Choose long or typed.").default("long"),
    /** Home site of its devices; null or missing: they move. */
    siteId: optionalLine(32),
    /** Policy of its devices; null or missing: the default one. */
    policyId: optionalLine(32),
    /** How many devices may come with it. */
    maxUses: z.coerce
      .number("Write a number of devices.")
      .int("Write a whole number of devices.")
      .min(1, "At least one device must be able to come.")
      .max(maxDevices, `Write at most ${maxDevices} devices.`)
      .default(1),
    /** How long it is good; missing: a day, or an hour when it is typed. */
    hours: z.coerce
      .number("Write a number of hours.")
      .min(leastHours, "Write at least a quarter of an hour (0.25).")
      .nullish(),
    /** Missing: when it is for more than one device. */
    needsApproval: z.boolean("Write true or false.").nullish(),
  })
  .superRefine((input, check) => {
    const issue = (field: string, message: string) => check.addIssue({ code: "custom", path: [field], message });
    const { most } = hours[input.form];
    if (input.form === "typed" && input.maxUses > 1) issue("maxUses", "A code to be typed is for one device.");
    if ((input.hours ?? 0) > most) issue("hours", `A code of this form is good for at most ${most} hours.`);
  });
/** What an enrolment code lets in. */
export type EnrolmentCodeInput = z.input<typeof enrolmentCodeInput>;

/**
 * Makes a code with which machines become devices. It is in the answer and nowhere else: the archive keeps only its
 * SHA-256.
 *
 * @param server the archive's address as devices reach it
 * @throws AppError forbidden, invalid_input (form, siteId, policyId, maxUses, hours, needsApproval)
 */
export async function makeEnrolmentCode(
  ctx: Context,
  raw: EnrolmentCodeInput,
  server: string,
): Promise<MadeEnrolmentCode> {
  const actor = await authoriseOperator(ctx, "devices.change");
  const input = parseInput(enrolmentCodeInput, raw);
  const { siteId, policyId, maxUses } = input;
  const code = newEnrolmentCode(input.form);
  const id = newId("enrolment");
  const createdAt = ctx.clock.now();
  const expiresAt = new Date(createdAt.getTime() + (input.hours ?? hours[input.form].usual) * 3_600_000);
  const needsApproval = input.needsApproval ?? maxUses > 1;
  await ctx.db.$transaction(async (tx) => {
    if (siteId !== null && (await tx.site.count({ where: { id: siteId } })) === 0)
      throw new AppError("invalid_input", "There is no such site.", { field: "siteId" });
    if (policyId !== null && (await tx.devicePolicy.count({ where: { id: policyId } })) === 0)
      throw new AppError("invalid_input", "There is no such policy.", { field: "policyId" });
    await tx.enrolmentCode.create({
      data: {
        ...{ id, siteId, policyId, maxUses, needsApproval, createdAt, expiresAt },
        codeSha256: Buffer.from(enrolmentCodeSha256(code), "hex"),
        isTyped: input.form === "typed",
        madeBy: actor.name,
      },
    });
    const details = { codeId: id, form: input.form, siteId, policyId, maxUses, needsApproval };
    await recordEvent(ctx, tx, {
      action: "device.enrolment_code_made",
      details: { ...details, expiresAt: expiresAt.toISOString() },
    });
  });
  const receiptKey = (await publicKeys(ctx.db)).find((key) => key.purpose === "receipt" && key.retiredAt === null);
  const pin = receiptKey?.kid ?? null;
  const shown = showEnrolmentCode(code);
  return {
    ...{ id, code: shown, server, pin, expiresAt },
    link: formatEnrolmentLink({ server, code, pin }),
    command: `strongroom-uploader enrol --server ${server} --code ${shown}${pin === null ? "" : ` --pin ${pin}`}`,
  };
}
