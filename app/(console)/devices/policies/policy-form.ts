import { readSize } from "@/components/ui/size-text";
import { AppError, isAppError } from "@/lib/errors.ts";
import type { NewPolicyInput } from "@/lib/fleet/index.ts";

/** What the form of a policy says, whole. Fields are named as their settings, with dots. */
export function readPolicyForm(data: FormData): Required<Omit<NewPolicyInput, "name">> & { name: string } {
  const text = (name: string) => String(data.get(name) ?? "").trim();
  // What is no number is refused by the settings' own rules, with their sentence.
  const number = (name: string) => (text(name) === "" ? Number.NaN : Number(text(name)));
  const lines = (name: string) =>
    text(name)
      .split(/[\n,]/)
      .map((line) => line.trim())
      .filter((line) => line !== "");
  const size = (name: string) => {
    const bytes = readSize(text(name));
    if (bytes === undefined)
      throw new AppError("invalid_input", "Write a size, as in 500 kB or 2 GB.", { field: name });
    return bytes;
  };
  const t = "settings.transfer";
  return {
    name: text("name"),
    silentAfterSeconds: Math.round(number("silentAfterSeconds") * 60),
    keyMaxAgeDays: text("keyMaxAgeDays") === "" ? null : number("keyMaxAgeDays"),
    settings: {
      heartbeatSeconds: number("settings.heartbeatSeconds"),
      transfer: {
        parallel: number(`${t}.parallel`),
        rateBytesPerSecond: size(`${t}.rateBytesPerSecond`),
        timetable: rowsOf(data, `${t}.timetable`).map((row) => ({
          days: data.getAll(`${row}.days`).map(String) as Day[], // another word is refused by the settings' own rules
          from: text(`${row}.from`),
          to: text(`${row}.to`) === "00:00" ? "24:00" : text(`${row}.to`),
          rateBytesPerSecond: size(`${row}.rateBytesPerSecond`),
        })),
        metered: {
          interfaces: lines(`${t}.metered.interfaces`),
          bulk: sendOrHold(text(`${t}.metered.bulk`)),
          events: sendOrHold(text(`${t}.metered.events`)),
          rateBytesPerSecond: size(`${t}.metered.rateBytesPerSecond`),
        },
        budgets: {
          bulk: budgetOf("bulk"),
          events: budgetOf("events"),
        },
      },
      order: text("settings.order") === "newest" ? "newest" : "oldest",
      events: { tags: lines("settings.events.tags"), names: lines("settings.events.names") },
      deletion: {
        policy: text("settings.deletion.policy") === "after_receipt" ? "after_receipt" : "never",
        holdHours: number("settings.deletion.holdHours"),
        keepFreeBytes: size("settings.deletion.keepFreeBytes"),
        quotaBytes: size("settings.deletion.quotaBytes"),
        allowTombstones: data.has("settings.deletion.allowTombstones"),
      },
      find: {
        settleSeconds: number("settings.find.settleSeconds"),
        incompleteAfterSeconds: number("settings.find.incompleteAfterSeconds"),
        rescanSeconds: number("settings.find.rescanSeconds"),
      },
    },
  };

  function budgetOf(kind: "bulk" | "events") {
    const name = `${t}.budgets.${kind}`;
    return { dayBytes: size(`${name}.dayBytes`), monthBytes: size(`${name}.monthBytes`) };
  }
}

type Day = "mon" | "tue" | "wed" | "thu" | "fri" | "sat" | "sun";

const sendOrHold = (text: string) => (text === "hold" ? "hold" : "send");

/** The names of a list's rows in their order, as in `settings.transfer.timetable.0`. */
function rowsOf(data: FormData, list: string): string[] {
  const names = [...data.keys()].flatMap((name) => {
    const [, row] = new RegExp(`^(${list.replaceAll(".", "\\.")}\\.\\d+)\\.from$`).exec(name) ?? [];
    return row === undefined ? [] : [row];
  });
  return [...new Set(names)];
}

/** Runs what sends the form on; what is wrong with a setting comes back at its field, without the setting's name. */
export async function atItsField<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (!isAppError(error) || !error.field?.startsWith("settings.")) throw error;
    const member = error.field.slice("settings.".length);
    const rest = error.message.startsWith(`${member} `) ? error.message.slice(member.length + 1) : error.message;
    // A list is one field, with an entry a line; a row of the timetable has fields of its own.
    const field = member.includes("timetable") ? error.field : error.field.replace(/\.\d+$/, "");
    throw new AppError("invalid_input", rest.charAt(0).toUpperCase() + rest.slice(1), { field });
  }
}
