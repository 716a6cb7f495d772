import { describe, expect, test } from "vitest";
import { AppError } from "@/lib/errors.ts";
import { defaultDeviceSettings, readDeviceSettings } from "@/lib/protocol/index.ts";
import { atItsField, readPolicyForm } from "./policy-form";

const t = "settings.transfer";
const filled: Record<string, string> = {
  name: " Vans ",
  silentAfterSeconds: "90",
  keyMaxAgeDays: "",
  "settings.heartbeatSeconds": "45",
  [`${t}.parallel`]: "1",
  [`${t}.rateBytesPerSecond`]: "500 kB",
  [`${t}.metered.bulk`]: "send",
  [`${t}.metered.events`]: "send",
  "settings.order": "oldest",
  "settings.deletion.policy": "never",
  "settings.deletion.holdHours": "24",
  "settings.find.settleSeconds": "10",
  "settings.find.incompleteAfterSeconds": "600",
  "settings.find.rescanSeconds": "30",
};

function formOf(over: Record<string, string | string[]> = {}): FormData {
  const data = new FormData();
  for (const [name, value] of Object.entries({ ...filled, ...over }))
    for (const one of [value].flat()) data.append(name, one);
  return data;
}

describe("the form of a policy", () => {
  test("says every setting that there is", () => {
    const { settings, ...rules } = readPolicyForm(formOf());
    expect(rules).toEqual({ name: "Vans", silentAfterSeconds: 5400, keyMaxAgeDays: null });
    const transfer = { ...defaultDeviceSettings.transfer, rateBytesPerSecond: 500_000 };
    expect(readDeviceSettings(settings)).toEqual({ ...defaultDeviceSettings, transfer });
    // No part is left to the defaults: what a form does not say would stay as it was.
    expect(settings).toEqual({ ...defaultDeviceSettings, transfer });
  });

  test("lists, one entry a line, and hours, also after one in the middle was removed", () => {
    const { settings } = readPolicyForm(
      formOf({
        "settings.events.tags": "crash\n panic \n\n",
        "settings.deletion.allowTombstones": "on",
        [`${t}.timetable.0.days`]: ["mon", "tue"],
        [`${t}.timetable.0.from`]: "07:00",
        [`${t}.timetable.0.to`]: "00:00",
        [`${t}.timetable.0.rateBytesPerSecond`]: "0",
        [`${t}.timetable.2.days`]: "sun",
        [`${t}.timetable.2.from`]: "08:00",
        [`${t}.timetable.2.to`]: "09:00",
      }),
    );
    expect(settings).toMatchObject({ events: { tags: ["crash", "panic"] }, deletion: { allowTombstones: true } });
    expect(settings.transfer?.timetable).toEqual([
      { days: ["mon", "tue"], from: "07:00", to: "24:00", rateBytesPerSecond: 0 },
      { days: ["sun"], from: "08:00", to: "09:00", rateBytesPerSecond: null },
    ]);
  });

  test("what is wrong comes back at its field, in words that do not name the setting", async () => {
    const field = `${t}.rateBytesPerSecond`;
    expect(() => readPolicyForm(formOf({ [field]: "fast" }))).toThrow(expect.objectContaining({ field }));
    const refused = (field: string, message: string) =>
      expect(atItsField(() => Promise.reject(new AppError("invalid_input", message, { field })))).rejects;
    await refused(`${t}.parallel`, "transfer.parallel must be a whole number from 1 to 8.").toMatchObject({
      field: `${t}.parallel`,
      message: "Must be a whole number from 1 to 8.",
    });
    await refused("settings.events.tags.3", "events.tags.3 must not be empty.").toMatchObject({
      field: "settings.events.tags",
    });
    await refused(`${t}.timetable.1.from`, "transfer.timetable.1.from must be a time.").toMatchObject({
      field: `${t}.timetable.1.from`,
    });
    await refused("name", "Another policy has this name.").toMatchObject({ field: "name" });
  });
});
