import { type AskDraft, askFields } from "./ask-draft";

/** How the archive answered. */
export type SendAnswer = { ok: true; id: string } | { ok: false; message: string; field?: string };

function problemOf(body: unknown): { message: string; field?: string } {
  const known = new Map(typeof body === "object" && body !== null ? Object.entries(body) : []);
  const title = known.get("title");
  const field = known.get("field");
  return {
    message: typeof title === "string" ? title : "The archive could not take the request. Try again.",
    ...(typeof field === "string" && { field }),
  };
}

/** Sends the request with its order, the file last, so that the server can check the words before it takes bytes. */
export async function sendRequest(draft: AskDraft, order: File): Promise<SendAnswer> {
  const data = new FormData();
  for (const name of askFields) data.append(name, draft[name]);
  data.append("order", order);
  try {
    const response = await fetch("/api/requests", { method: "POST", body: data });
    const body: unknown = await response.json().catch(() => null);
    const id = new Map(typeof body === "object" && body !== null ? Object.entries(body) : []).get("id");
    if (response.ok && typeof id === "string") return { ok: true, id };
    if (response.status === 401) {
      return {
        ok: false,
        message: "You are signed out. Sign in in another tab, then send again: nothing is lost here.",
      };
    }
    return { ok: false, ...problemOf(body) };
  } catch {
    return { ok: false, message: "The archive cannot be reached. What you wrote is kept here; try again in a moment." };
  }
}
