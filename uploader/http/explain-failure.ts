import { messageOf, Problem, systemCode } from "../problems.ts";
import { releaseFloorMs } from "./clock-floor.ts";

/** What a failed connection means, in words for people. */
export function explainFailure(error: unknown, url: URL): Problem {
  const code = innermostCode(error);
  const time = certificateTimes.get(code);
  if (time !== undefined) return explainTime(time, url, error);
  const words = wordsOf.get(code);
  const said = words ?? `${messageOf(error) || "the connection failed"}.`;
  return new Problem("again", `${url.host} cannot be reached: ${said}`, { cause: error, reason: "offline" });
}

const wordsOf = new Map<string, string>([
  ["ENOTFOUND", "its name is not known (DNS). Is the address right, and is there a network?"],
  ["EAI_AGAIN", "names cannot be looked up right now (DNS). Is there a network?"],
  ["ECONNREFUSED", "nothing listens there. Is the port right, and does the archive run?"],
  ["ECONNRESET", "the connection was cut off."],
  ["ENETUNREACH", "there is no network."],
  ["EHOSTUNREACH", "there is no way to it."],
  ["ETIMEDOUT", "nobody answers there."],
  ["EPROTO", "it does not speak TLS on this port. Should the address begin with http://?"],
  [
    "DEPTH_ZERO_SELF_SIGNED_CERT",
    "its certificate is signed by itself. If that is meant, name the certificate in NODE_EXTRA_CA_CERTS.",
  ],
  [
    "SELF_SIGNED_CERT_IN_CHAIN",
    "its certificate comes from an authority that this device does not know. If that is meant, name the authority's certificate in NODE_EXTRA_CA_CERTS.",
  ],
  [
    "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
    "its certificate comes from an authority that this device does not know, or the server leaves out a certificate between. NODE_EXTRA_CA_CERTS names further ones.",
  ],
  [
    "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
    "its certificate comes from an authority that this device does not know. NODE_EXTRA_CA_CERTS names further ones.",
  ],
  [
    "ERR_TLS_CERT_ALTNAME_INVALID",
    "its certificate is for another name. Is the address right, or is something between?",
  ],
]);

const certificateTimes = new Map<string, "early" | "late">([
  ["CERT_NOT_YET_VALID", "early"],
  ["CERT_HAS_EXPIRED", "late"],
]);

function explainTime(time: "early" | "late", url: URL, cause: unknown): Problem {
  const now = new Date();
  const here = `This device believes that it is ${now.toISOString().slice(0, 16).replace("T", " ")} UTC.`;
  const isClock = time === "early" || now.getTime() < releaseFloorMs;
  const what =
    time === "early"
      ? `The certificate of ${url.host} is not valid yet. ${here} Set its clock.`
      : `The certificate of ${url.host} has expired. ${here} If that is right, the archive needs a new certificate; otherwise set this device's clock.`;
  return new Problem("again", what, { cause, reason: isClock ? "clock" : "offline" });
}

/** With several addresses Node fails with all of their errors in one. */
function innermostCode(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return innermostCode(error.errors[0]);
  return systemCode(error) ?? "";
}
