/** What stands where a secret stood. */
const redacted = "[secret]";

// Each finds one kind of secret in any text. Public things of the same look (digests, receipts) are shortened by none
// but the third: a compact JWS may be a token, and its place is a file, not a log.
const secrets: readonly (readonly [RegExp, string])[] = [
  // Device tokens and long enrolment codes.
  [/\bsr[de]_[A-Za-z0-9_-]{6,}/g, redacted],
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g, redacted],
  // Access tokens, assertions, proofs: three or two parts of base64url that begin with {".
  [/\beyJ[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*){1,2}/g, redacted],
  [/\b(Bearer|Basic)\s+[A-Za-z0-9._~+/=-]{6,}/gi, `$1 ${redacted}`],
  // The private part of a JWK.
  [/(\\?"d\\?"\s*:\s*\\?")[A-Za-z0-9_-]{20,}/g, `$1${redacted}`],
  // Typed enrolment codes, with and without the link around them.
  [/\b[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}\b/g, redacted],
  [/\b(code|token|password|passwd|secret|access_token|client_assertion)=[^&\s"',\\]+/gi, `$1=${redacted}`],
  // Cameras: rtsp://user:password@host.
  [/(\b[a-z][a-z0-9+.-]*:\/\/)[^/\s:@"]*:[^/\s@"]*@/gi, `$1${redacted}@`],
];

/** Takes tokens, codes, keys and passwords out of a text, wherever they came from. */
export function redact(text: string): string {
  return secrets.reduce((rest, [pattern, instead]) => rest.replace(pattern, instead), text);
}
