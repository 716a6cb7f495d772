/** SHA-256 of some bytes as 64 lower-case hexadecimal digits (FIPS 180-4). */
export type Sha256Hex = string & { readonly __sha256: true };

/** Reads 64 hexadecimal digits in any case; null when it is no SHA-256. */
export function parseSha256Hex(text: string): Sha256Hex | null {
  return /^[0-9a-f]{64}$/i.test(text) ? (text.toLowerCase() as Sha256Hex) : null;
}

/** 32 raw bytes as hexadecimal digits. */
export function sha256HexOf(bytes: Uint8Array): Sha256Hex {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("") as Sha256Hex;
}

/** Value of a `Repr-Digest` field with this digest (RFC 9530, section 3). */
export function reprDigest(bytes: Uint8Array): string {
  return `sha-256=:${btoa(String.fromCharCode(...bytes))}:`;
}
