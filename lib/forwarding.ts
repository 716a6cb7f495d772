import { BlockList, isIP } from "node:net";

/** Which proxies are believed when they say where a request came from. */
export type ProxyTrust = {
  /** So many proxies stand in front, whatever their addresses. 0: see `ranges`. */
  hops: number;
  /** Addresses of proxies; null: none. */
  ranges: BlockList | null;
};

/** The fields that the proxies in front write; those of the other family come from the client, and mean nothing. */
export type ForwardingFields = "x-forwarded" | "forwarded";

/** Where a request came from, as far as somebody who is believed says so. */
export type Forwarding = {
  /** Address of the client; null: not known. */
  address: string | null;
  /** As the outermost proxy saw it; null: nobody said. */
  proto: "http" | "https" | null;
  /** The name that the client asked for; null: nobody said. */
  host: string | null;
  /** Whether who sent the request is a proxy that is believed. */
  isBelieved: boolean;
};

type Hop = { address: string | null; proto: string | null; host: string | null };
type Headers = Readonly<Record<string, string | string[] | undefined>>;

/** Enough for more hops than there are; what is longer is read from its end. */
const maxFieldLength = 4_000;

const familyOf = (address: string) => (isIP(address) === 6 ? "ipv6" : "ipv4");

/** Reads TRUSTED_PROXIES: a number, or addresses and networks with commas between; null when it is neither. */
export function parseProxyTrust(text: string): ProxyTrust | null {
  if (/^\d{1,2}$/.test(text)) return Number(text) <= 10 ? { hops: Number(text), ranges: null } : null;
  const ranges = new BlockList();
  for (const part of text.split(",")) {
    const [address = "", bits, ...rest] = part.trim().split("/");
    if (isIP(address) === 0 || rest.length > 0) return null;
    if (bits === undefined) ranges.addAddress(address, familyOf(address));
    else if (/^\d{1,3}$/.test(bits) && Number(bits) <= (isIP(address) === 6 ? 128 : 32))
      ranges.addSubnet(address, Number(bits), familyOf(address));
    else return null;
  }
  return { hops: 0, ranges };
}

/**
 * Finds out where a request came from. Fields count only when who sent the request is a believed proxy, and of each
 * field only what believed proxies added at its end: from there the hops are walked towards the client, up to the first
 * address that is no proxy's. Whatever stands before that is the client's own invention.
 *
 * @param peer the other end of the connection; null: not known
 */
export function readForwarding(
  trust: ProxyTrust,
  fields: ForwardingFields,
  peer: string | null,
  headers: Headers,
): Forwarding {
  const sender = peer === null ? null : plainAddress(peer);
  const direct: Forwarding = { address: sender, proto: null, host: null, isBelieved: false };
  if (sender === null || !isProxy(trust, sender)) return direct;
  const hops = fields === "forwarded" ? forwardedHops(headers) : xForwardedHops(headers);
  const hop = trust.ranges === null ? (hops.at(-trust.hops) ?? null) : outermost(trust.ranges, hops);
  return {
    address: hop?.address ?? sender,
    proto: hop?.proto === "https" || hop?.proto === "http" ? hop.proto : null,
    host: hop !== null && isHost(hop.host) ? hop.host : null,
    isBelieved: true,
  };
}

function isProxy({ hops, ranges }: ProxyTrust, address: string): boolean {
  return hops > 0 || ranges?.check(address, familyOf(address)) === true;
}

/** The hop that the outermost believed proxy wrote. */
function outermost(ranges: BlockList, hops: readonly Hop[]): Hop | null {
  let found: Hop | null = null;
  for (const hop of hops.toReversed()) {
    // Somebody who is believed hides who came before: as far as is known, the hop before it is where it began.
    if (hop.address === null) return found === null ? hop : { ...hop, address: found.address };
    found = hop;
    if (!ranges.check(hop.address, familyOf(hop.address))) break;
  }
  return found;
}

const listOf = (headers: Headers, name: string): string[] => {
  const value = headers[name];
  // What believed proxies added stands at the end; nobody needs to read a client's megabytes before it.
  const text = (Array.isArray(value) ? value.join(",") : (value ?? "")).slice(-maxFieldLength);
  return text === "" ? [] : text.split(",").map((part) => part.trim());
};

/** X-Forwarded-For has a member for each hop; the others may, or have one that the last proxy wrote over them. */
function xForwardedHops(headers: Headers): Hop[] {
  const addresses = listOf(headers, "x-forwarded-for");
  const protos = listOf(headers, "x-forwarded-proto");
  const hosts = listOf(headers, "x-forwarded-host");
  const count = Math.max(addresses.length, 1);
  return Array.from(
    { length: addresses.length === 0 && protos.length + hosts.length === 0 ? 0 : count },
    (_, index) => {
      const fromEnd = count - index;
      const said = (list: string[]) => list.at(-fromEnd) ?? list.at(-1) ?? null;
      const address = addresses[index];
      return {
        address: address === undefined ? null : plainAddress(address),
        proto: said(protos)?.toLowerCase() ?? null,
        host: said(hosts),
      };
    },
  );
}

/** `Forwarded: for=192.0.2.60;proto=https;host=a.example, for="[2001:db8::1]:80"` (RFC 7239). */
function forwardedHops(headers: Headers): Hop[] {
  // A comma or semicolon inside quotes separates nothing.
  const outside = (mark: string) => new RegExp(`${mark}(?=(?:[^"]*"[^"]*")*[^"]*$)`);
  const text = listOf(headers, "forwarded").join(",");
  if (text === "") return [];
  return text.split(outside(",")).map((element) => {
    const pairs = element.split(outside(";")).map((pair) => {
      const [name = "", ...rest] = pair.split("=");
      const value = rest.join("=").trim();
      return [name.trim().toLowerCase(), value.replace(/^"(.*)"$/, "$1").replaceAll(/\\(.)/g, "$1")] as const;
    });
    const values = new Map(pairs);
    return {
      address: plainAddress(values.get("for") ?? ""),
      proto: values.get("proto")?.toLowerCase() ?? null,
      host: values.get("host") ?? null,
    };
  });
}

/** An address without port, brackets and the prefix that IPv4 has inside IPv6; null: none. */
function plainAddress(text: string): string | null {
  const [, bracketed, dotted] = /^\[([^\]]*)\](?::\d+)?$|^(\d+\.\d+\.\d+\.\d+):\d+$/.exec(text) ?? [];
  const address = (bracketed ?? dotted ?? text).replace(/^::ffff:(?=\d+\.)/i, "");
  return isIP(address) === 0 ? null : address;
}

function isHost(text: string | null): text is string {
  return text !== null && text.length <= 260 && /^(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::\d{1,5})?$/i.test(text);
}
