/** Longest file name, in UTF-16 units; the limit of common file systems. */
const maxFileNameLength = 255;

// C0, DEL and C1 controls; the bidirectional controls, which make "gpj.exe" look like "exe.jpg"; and halves of
// characters, which no UTF-8 and so neither a database nor a header can hold.
// biome-ignore lint/suspicious/noControlCharactersInRegex: refusing control characters is what it is for
const unprintable = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]/gu;

/** Whether a one-line text holds control or text-direction characters, which no honest name or place has. */
export function hasUnprintable(text: string): boolean {
  return text.search(unprintable) !== -1;
}

/** Why this is no acceptable file name, as the end of a sentence; null when it is one. */
export function fileNameProblem(name: string): string | null {
  if (name.length === 0) return "must not be empty";
  if (name.length > maxFileNameLength) return `must not be longer than ${maxFileNameLength} characters`;
  if (hasUnprintable(name)) return "must not contain control or text-direction characters";
  if (/[/\\]/.test(name)) return "must be a name without folders";
  if (name === "." || name === "..") return "must be a name, not a folder";
  return null;
}

/** The nearest acceptable name: folders cut off, forbidden characters replaced by "_", the ending kept. */
export function safeFileName(name: string): string {
  const base = name.split(/[/\\]/).at(-1) ?? "";
  const cleaned = base.replaceAll(unprintable, "_");
  if (cleaned === "" || cleaned === "." || cleaned === "..") return "recording";
  if (cleaned.length <= maxFileNameLength) return cleaned;
  const dot = cleaned.lastIndexOf(".");
  const ending = dot > 0 && cleaned.length - dot <= 16 ? cleaned.slice(dot) : "";
  // The cut may have gone through a character of two units.
  return (cleaned.slice(0, maxFileNameLength - ending.length) + ending).replaceAll(unprintable, "_");
}
