/** What a requester has typed so far; the order is not part of it, browsers keep no files. */
export type AskDraft = {
  siteId: string;
  place: string;
  intervalFrom: string;
  intervalUntil: string;
  timeZone: string;
  legalBasis: string;
  authority: string;
  reference: string;
  purpose: string;
};

/** Names of the draft's fields. */
export const askFields = [
  "siteId",
  "place",
  "intervalFrom",
  "intervalUntil",
  "timeZone",
  "legalBasis",
  "authority",
  "reference",
  "purpose",
] as const satisfies readonly (keyof AskDraft)[];

const storageKey = "strongroom.ask";

/** What the form holds now. */
export function readDraft(form: HTMLFormElement): AskDraft {
  const data = new FormData(form);
  const entries = askFields.map((name) => [name, String(data.get(name) ?? "")]);
  return Object.fromEntries(entries) as AskDraft; // one entry for every field's name
}

/** Keeps the draft for this tab. A browser that refuses storage only loses the convenience. */
export function saveDraft(draft: AskDraft): void {
  try {
    sessionStorage.setItem(storageKey, JSON.stringify(draft));
  } catch {}
}

/** The draft of this tab; null: there is none. */
export function loadDraft(): AskDraft | null {
  try {
    const stored: unknown = JSON.parse(sessionStorage.getItem(storageKey) ?? "null");
    if (typeof stored !== "object" || stored === null) return null;
    const known = new Map(Object.entries(stored));
    const entries = askFields.map((name) => [name, String(known.get(name) ?? "")]);
    return Object.fromEntries(entries) as AskDraft; // as above
  } catch {
    return null;
  }
}

/** Forgets the draft, once it was sent. */
export function clearDraft(): void {
  try {
    sessionStorage.removeItem(storageKey);
  } catch {}
}

/** What is missing or plainly wrong, by field. The server has the last word. */
export function draftProblems(draft: AskDraft): Record<string, string> {
  const problems: Record<string, string> = {};
  const need = (name: keyof AskDraft, message: string) => {
    if (draft[name].trim() === "") problems[name] = message;
  };
  need("place", "Say where: a street and number, or the name of a branch.");
  need("intervalFrom", "Say when it starts: date and time.");
  need("intervalUntil", "Say when it ends: date and time.");
  need("legalBasis", "Choose what you rely on.");
  need("authority", "Say who issued the order.");
  need("reference", "Give the reference or file number.");
  need("purpose", "Say what you need the recordings for.");
  if (draft.intervalFrom && draft.intervalUntil && draft.intervalFrom >= draft.intervalUntil) {
    problems.intervalUntil = "The end must be after the start.";
  }
  return problems;
}
