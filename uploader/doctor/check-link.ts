import { lookup } from "node:dns/promises";
import { connect as connectTcp, isIP } from "node:net";
import { connect as connectTls, type PeerCertificate, type TLSSocket } from "node:tls";
import { messageOf } from "../problems.ts";
import { type Check, type Finding, fail, pass, skip, warn } from "./check.ts";

const timeoutMs = 10_000;
const dayMs = 86_400_000;
/** A certificate that ends sooner deserves a word. */
const soonDays = 14;

/** Names, TCP and TLS on the way to the archive's address. */
export function linkChecks(server: string, hasProxy: boolean, wallMs: () => number): Check[] {
  const url = new URL(server);
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const port = Number(url.port || (url.protocol === "https:" ? 443 : 80));
  const throughProxy = hasProxy ? skip("a proxy is set in the environment, and the way leads through it") : null;
  return [
    {
      name: "name",
      look: async () => {
        if (throughProxy !== null) return throughProxy;
        if (isIP(host) !== 0) return skip(`${host} is no name`);
        try {
          const found = await lookup(host, { all: true });
          return pass(`${host} is ${found.map(({ address }) => address).join(", ")}`);
        } catch (error) {
          return fail(
            `${host} has no address: ${messageOf(error)}`,
            "Is there a link (ip route)? Is the name right? Does the network's name server answer (resolvectl query)?",
          );
        }
      },
    },
    {
      name: "connection",
      needs: ["name"],
      look: async () => {
        if (throughProxy !== null) return throughProxy;
        const beganAtMs = performance.now();
        const problem = await openTcp(host, port);
        if (problem === null) return pass(`${host}:${port} answers in ${Math.round(performance.now() - beganAtMs)} ms`);
        return fail(
          `${host}:${port} does not answer: ${problem}`,
          "A firewall on the way, or the archive is down: try from another network.",
        );
      },
    },
    {
      name: "encryption",
      needs: ["connection"],
      look: async () => {
        if (url.protocol === "http:") return notEncrypted(host);
        return throughProxy ?? openTls(host, port, wallMs());
      },
    },
  ];
}

function notEncrypted(host: string): Finding {
  if (host === "localhost" || host === "::1" || host.startsWith("127."))
    return skip("none is needed within this machine");
  return warn("the address begins with http: whoever listens sees token and recordings", "Use https.");
}

function openTcp(host: string, port: number): Promise<string | null> {
  return new Promise((resolve) => {
    const socket = connectTcp({ host, port, timeout: timeoutMs });
    const end = (problem: string | null) => {
      socket.destroy();
      resolve(problem);
    };
    socket.once("connect", () => end(null));
    socket.once("timeout", () => end(`nothing within ${timeoutMs / 1000} s`));
    socket.once("error", (error) => end(messageOf(error) || "refused"));
  });
}

function openTls(host: string, port: number, nowMs: number): Promise<Finding> {
  return new Promise((resolve) => {
    // Looked at and closed: no word goes over a connection that was not found good.
    const socket: TLSSocket = connectTls({
      host,
      port,
      ...(isIP(host) === 0 ? { servername: host } : {}),
      rejectUnauthorized: false,
      timeout: timeoutMs,
    });
    const end = (finding: Finding) => {
      socket.destroy();
      resolve(finding);
    };
    socket.once("secureConnect", () =>
      end(judgeCertificate(socket.getPeerCertificate(), socket.authorizationError, socket.getProtocol(), nowMs)),
    );
    socket.once("timeout", () => end(fail(`no TLS within ${timeoutMs / 1000} s`, "Is it the right port?")));
    socket.once("error", (error) =>
      end(fail(`no TLS: ${messageOf(error)}`, "Is it the right port, and is there nothing in between?")),
    );
  });
}

/** What a certificate says, and what Node said of it. */
export function judgeCertificate(
  certificate: Pick<PeerCertificate, "valid_from" | "valid_to" | "issuer">,
  problem: Error | string | null | undefined,
  protocol: string | null,
  nowMs: number,
): Finding {
  const endsAtMs = Date.parse(certificate.valid_to);
  const ends = Number.isNaN(endsAtMs) ? "" : ` until ${new Date(endsAtMs).toISOString().slice(0, 10)}`;
  const issuer = certificate.issuer?.O ?? certificate.issuer?.CN ?? "nobody known";
  if (problem !== null && problem !== undefined && String(problem) !== "") {
    const code = typeof problem === "string" ? problem : "code" in problem ? String(problem.code) : problem.message;
    const isBefore = code === "CERT_NOT_YET_VALID" || nowMs < Date.parse(certificate.valid_from);
    const todo = isBefore
      ? "This device's clock is behind: set it."
      : code === "CERT_HAS_EXPIRED"
        ? "The archive's certificate has ended, or this device's clock is ahead."
        : "An authority of your own goes into NODE_EXTRA_CA_CERTS. If there is none, somebody stands in between.";
    return fail(`the certificate, by ${issuer}${ends}, is not to be trusted: ${code}`, todo);
  }
  const left = Math.floor((endsAtMs - nowMs) / dayMs);
  const said = `${protocol ?? "TLS"}, certificate by ${issuer}${ends}`;
  return left < soonDays ? warn(`${said}, ${left} days from now`, "The archive's people should renew it.") : pass(said);
}
