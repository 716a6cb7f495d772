import { X509Certificate } from "node:crypto";
import https from "node:https";
import type { Duplex } from "node:stream";
import tls from "node:tls";

/** RFC 5280, section 4.2.1.12: id-kp-serverAuth. */
const serverAuth = "1.3.6.1.5.5.7.3.1";
const maxChainLength = 8;
const timeErrors = new Set(["CERT_NOT_YET_VALID", "CERT_HAS_EXPIRED"]);

/**
 * TLS for a device whose clock is known to be wrong. Certificates are checked as always, but for the time: all of the
 * chain must have been valid together at some moment that is not before the floor.
 */
export class UntimedAgent extends https.Agent {
  readonly #floorMs: () => number;

  constructor(options: https.AgentOptions, floorMs: () => number) {
    // A resumed session brings no certificates to look at.
    super({ ...options, rejectUnauthorized: false, maxCachedSessions: 0 });
    this.#floorMs = floorMs;
  }

  override createConnection(
    options: https.RequestOptions,
    callback?: (error: Error | null, stream: Duplex) => void,
  ): Duplex | null | undefined {
    const socket = super.createConnection(options, callback);
    // Node itself refuses at this very moment, before anything of the request goes out.
    if (socket instanceof tls.TLSSocket)
      socket.once("secureConnect", () => {
        const host = options.servername || (options.hostname ?? options.host ?? "");
        const problem = socket.authorized ? null : this.#problem(socket, host);
        if (problem !== null) socket.destroy(problem);
      });
    return socket;
  }

  #problem(socket: tls.TLSSocket, host: string): Error | null {
    const code = String(socket.authorizationError);
    const refused = Object.assign(new Error(code), { code });
    if (!timeErrors.has(code)) return refused;
    const leaf = socket.getPeerCertificate(true);
    const nameProblem = tls.checkServerIdentity(host, leaf);
    if (nameProblem !== undefined) return nameProblem;
    return mayBeValid(chainOf(leaf), trustedRoots(), this.#floorMs()) ? null : refused;
  }
}

/**
 * Whether a chain that a server shows leads to a trusted root, with every signature right, and was valid as a whole at
 * some moment from the floor on. The first one is the server's own.
 */
function mayBeValid(chain: readonly X509Certificate[], roots: readonly X509Certificate[], floorMs: number): boolean {
  const [leaf] = chain;
  if (leaf === undefined) return false;
  const usages = leaf.keyUsage as string[] | undefined; // absent in a certificate that is for everything
  if (usages !== undefined && !usages.includes(serverAuth)) return false;
  let fromMs = floorMs;
  let untilMs = Number.POSITIVE_INFINITY;
  const narrow = (certificate: X509Certificate) => {
    fromMs = Math.max(fromMs, Date.parse(certificate.validFrom));
    untilMs = Math.min(untilMs, Date.parse(certificate.validTo));
    return fromMs <= untilMs;
  };
  for (const [index, certificate] of chain.entries()) {
    if (index > 0 && !certificate.ca) return false;
    if (!narrow(certificate)) return false;
    const root = roots.find((candidate) => isIssuedBy(certificate, candidate));
    if (root !== undefined) return narrow(root);
    const next = chain[index + 1];
    if (next === undefined || !isIssuedBy(certificate, next)) return false;
  }
  return false;
}

function isIssuedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
}

function chainOf(leaf: tls.DetailedPeerCertificate): X509Certificate[] {
  const chain: X509Certificate[] = [];
  const seen = new Set<string>();
  for (let one = leaf; one?.raw !== undefined && chain.length < maxChainLength; one = one.issuerCertificate) {
    if (seen.has(one.fingerprint256)) break;
    seen.add(one.fingerprint256);
    chain.push(new X509Certificate(one.raw));
  }
  return chain;
}

/** What Node trusts, with NODE_EXTRA_CA_CERTS where this Node can tell (22.15 and newer). */
function trustedRoots(): X509Certificate[] {
  const pems = typeof tls.getCACertificates === "function" ? tls.getCACertificates("default") : tls.rootCertificates;
  return pems.map((pem) => new X509Certificate(pem));
}
