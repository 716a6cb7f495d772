import "server-only";

/** One text of a form's data; a missing one is empty. */
export function field(data: FormData, name: string): string {
  const value = data.get(name);
  return typeof value === "string" ? value : "";
}
