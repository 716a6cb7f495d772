/** Bytes in base64url without padding (RFC 4648, section 5; RFC 7515, section 2). */
export function toBase64Url(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64url");
}

/** Reads base64url; null for padding, foreign characters or stray bits, so that equal bytes have one spelling. */
export function fromBase64Url(text: string): Buffer | null {
  const bytes = Buffer.from(text, "base64url");
  return bytes.toString("base64url") === text ? bytes : null;
}
