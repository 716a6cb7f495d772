const units = { "": 1, kb: 1e3, mb: 1e6, gb: 1e9, tb: 1e12 } as const;

/** A size as people write it, in decimal units, as in "500 kB"; null: nothing was written; undefined: it is no size. */
export function readSize(text: string): number | null | undefined {
  if (text.trim() === "") return null;
  const [, digits = "", unit = ""] =
    /^(\d{1,16}(?:[.,]\d{1,6})?)\s*([kmgt]?b)?(?:\s*\/\s*s)?$/i.exec(text.trim()) ?? [];
  if (digits === "") return undefined;
  const factor = units[unit.toLowerCase().replace(/^b$/, "") as keyof typeof units]; // the expression lets no other pass
  const bytes = Math.round(Number(digits.replace(",", ".")) * factor);
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

/** The same backwards and without loss: what `readSize` reads as this number. */
export function writeSize(bytes: number | null): string {
  if (bytes === null) return "";
  const power = [4, 3, 2, 1].find((power) => bytes >= 1000 ** power && bytes % 1000 ** (power - 1) === 0) ?? 0;
  const unit = ["", " kB", " MB", " GB", " TB"][power];
  return `${bytes / 1000 ** power}${unit}`;
}
