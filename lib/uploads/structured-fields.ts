// The few kinds of structured fields (RFC 9651) that requests here carry. Parameters are allowed everywhere and mean
// nothing in any of these fields.

// No two ways to read one text, or a long field could hold the process up for years: no space before a semicolon.
const parameters = `(?:; *[a-z*][a-z0-9_.*-]*(?:=[^;,]*)?)*`;
const integer = new RegExp(`^(-?\\d{1,15})${parameters}$`);
const boolean = new RegExp(`^\\?([01])${parameters}$`);
const bytesMember = new RegExp(`^([a-z*][a-z0-9_.*-]*)=:([A-Za-z0-9+/]*={0,2}):${parameters}$`);

/** An Integer that is not negative; null when the field is missing or is none. */
export function parseWholeNumber(text: string | undefined): number | null {
  const value = Number(integer.exec(text?.trim() ?? "")?.[1] ?? "-1");
  return value >= 0 ? Math.abs(value) : null;
}

/** A Boolean; null when the field is missing or is none. */
export function parseBoolean(text: string | undefined): boolean | null {
  const digit = boolean.exec(text?.trim() ?? "")?.[1];
  return digit === undefined ? null : digit === "1";
}

/** A Dictionary whose members are Byte Sequences, as they came; null when it is none. The last of equal keys counts. */
export function parseByteDictionary(text: string): Map<string, { bytes: Uint8Array; serialized: string }> | null {
  const members = new Map<string, { bytes: Uint8Array; serialized: string }>();
  for (const part of text.split(",")) {
    const [, key, base64 = ""] = bytesMember.exec(part.trim()) ?? [];
    if (key === undefined) return null;
    members.set(key, { bytes: Buffer.from(base64, "base64"), serialized: `:${base64}:` });
  }
  return members;
}
