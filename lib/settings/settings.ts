import { z } from "zod";
import { line, timeZone } from "../input.ts";

type Definition<T> = { schema: z.ZodType<T>; fallback: T; label: string; help: string };

const define = <T>(definition: Definition<T>) => definition;

const megabyte = 1024 * 1024;

function wholeNumber(min: number, max: number, what: string) {
  const problem = `Write a whole number of ${what} from ${min} to ${max}.`;
  return z.coerce.number(problem).int(problem).min(min, problem).max(max, problem);
}

/** Every setting that an administrator can change: its shape, its default and how a screen explains it. */
export const settingDefinitions = {
  archiveName: define({
    schema: line(80),
    fallback: "Strongroom",
    label: "Name of the archive",
    help: "Shown to everyone who signs in.",
  }),
  siteTimeZone: define({
    schema: timeZone,
    fallback: "Europe/Madrid",
    label: "Time zone of new sites",
    help: "An IANA name, as in Europe/Madrid. A site can have another.",
  }),
  releaseDays: define({
    schema: wholeNumber(1, 365, "days"),
    fallback: 14,
    label: "Days a release stays open",
    help: "After that the requester can download no more, and has to ask again.",
  }),
  accessGrantHours: define({
    schema: wholeNumber(1, 72, "hours"),
    fallback: 8,
    label: "Hours a stated purpose holds",
    help: "An officer who opened a recording for a purpose can view it for so long.",
  }),
  orderMaxBytes: define({
    schema: wholeNumber(64 * 1024, 100 * megabyte, "bytes"),
    fallback: 20 * megabyte,
    label: "Largest attached order, in bytes",
    help: "The order is the PDF that a requester attaches.",
  }),
} as const;

/** A setting's name. */
export type SettingKey = keyof typeof settingDefinitions;

/** All settings with their values. */
export type Settings = { [K in SettingKey]: (typeof settingDefinitions)[K]["fallback"] };

/** All names, in the order of screens. */
export const settingKeys = Object.keys(settingDefinitions) as SettingKey[]; // Object.keys forgets the literal keys
