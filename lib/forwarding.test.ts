import { describe, expect, test } from "vitest";
import { type ForwardingFields, parseProxyTrust, readForwarding } from "./forwarding.ts";

type Row = [
  what: string,
  trust: string,
  fields: ForwardingFields,
  peer: string,
  headers: Record<string, string>,
  expected: [address: string, proto: string | null, host: string | null],
];

const proxy = "10.0.0.5";
const client = "203.0.113.7";
const https = { "x-forwarded-proto": "https", "x-forwarded-host": "archive.example.org" };

const rows: Row[] = [
  // What a client that comes straight to us makes up.
  ["nothing is trusted", "0", "x-forwarded", client, { "x-forwarded-for": "1.2.3.4", ...https }, [client, null, null]],
  [
    "a stranger sends the fields",
    "10.0.0.0/8",
    "x-forwarded",
    client,
    { "x-forwarded-for": "1.2.3.4", ...https },
    [client, null, null],
  ],
  [
    "a stranger names itself a proxy",
    "10.0.0.0/8",
    "x-forwarded",
    client,
    { "x-forwarded-for": proxy },
    [client, null, null],
  ],
  [
    "a stranger sends Forwarded",
    proxy,
    "forwarded",
    client,
    { forwarded: "for=1.2.3.4;proto=https" },
    [client, null, null],
  ],
  [
    "a neighbour of the one proxy",
    proxy,
    "x-forwarded",
    "10.0.0.6",
    { "x-forwarded-for": "1.2.3.4" },
    ["10.0.0.6", null, null],
  ],
  // What a client makes up and a proxy passes on.
  [
    "an address in front",
    proxy,
    "x-forwarded",
    proxy,
    { "x-forwarded-for": `1.2.3.4, ${client}`, ...https },
    [client, "https", "archive.example.org"],
  ],
  [
    "a proxy's address in front",
    proxy,
    "x-forwarded",
    proxy,
    { "x-forwarded-for": `1.2.3.4, ${proxy}, ${client}` },
    [client, null, null],
  ],
  [
    "the other family's field",
    proxy,
    "x-forwarded",
    proxy,
    { "x-forwarded-for": client, forwarded: "for=1.2.3.4;host=evil.example;proto=http" },
    [client, null, null],
  ],
  [
    "the other family's fields",
    proxy,
    "forwarded",
    proxy,
    { forwarded: `for=${client}`, "x-forwarded-for": "1.2.3.4", "x-forwarded-host": "evil.example" },
    [client, null, null],
  ],
  [
    "a scheme in front",
    proxy,
    "x-forwarded",
    proxy,
    { "x-forwarded-for": client, "x-forwarded-proto": "http, https" },
    [client, "https", null],
  ],
  [
    "an element in front",
    proxy,
    "forwarded",
    proxy,
    { forwarded: `for=1.2.3.4;proto=http, for=${client};proto=https` },
    [client, "https", null],
  ],
  [
    "quotes that are never closed",
    proxy,
    "forwarded",
    proxy,
    { forwarded: `for="1.2.3.4, for=${client}` },
    [client, null, null],
  ],
  // What nobody can have meant.
  ["no address", proxy, "x-forwarded", proxy, { "x-forwarded-for": "unknown" }, [proxy, null, null]],
  [
    "markup for a host",
    proxy,
    "x-forwarded",
    proxy,
    { "x-forwarded-for": client, "x-forwarded-host": 'a"><script>' },
    [client, null, null],
  ],
  [
    "a path for a host",
    proxy,
    "x-forwarded",
    proxy,
    { "x-forwarded-for": client, "x-forwarded-host": "a.example/evil" },
    [client, null, null],
  ],
  [
    "a user for a host",
    proxy,
    "x-forwarded",
    proxy,
    { "x-forwarded-for": client, "x-forwarded-host": "me@evil.example" },
    [client, null, null],
  ],
  [
    "another scheme",
    proxy,
    "x-forwarded",
    proxy,
    { "x-forwarded-for": client, "x-forwarded-proto": "javascript" },
    [client, null, null],
  ],
  ["an empty field", proxy, "x-forwarded", proxy, { "x-forwarded-for": "" }, [proxy, null, null]],
  // What proxies say honestly.
  ["a proxy without fields", proxy, "x-forwarded", proxy, {}, [proxy, null, null]],
  ["only the scheme", proxy, "x-forwarded", proxy, { "x-forwarded-proto": "https" }, [proxy, "https", null]],
  [
    "two proxies",
    "10.0.0.0/8, 192.0.2.1",
    "x-forwarded",
    proxy,
    { "x-forwarded-for": `${client}, 192.0.2.1`, ...https },
    [client, "https", "archive.example.org"],
  ],
  [
    "a client inside the network",
    "10.0.0.0/8",
    "x-forwarded",
    proxy,
    { "x-forwarded-for": "10.1.1.1" },
    ["10.1.1.1", null, null],
  ],
  [
    "IPv6 and a port",
    "2001:db8::/32",
    "x-forwarded",
    "2001:db8::1",
    { "x-forwarded-for": "[2001:db9::7]:4711" },
    ["2001:db9::7", null, null],
  ],
  [
    "IPv4 inside IPv6",
    "127.0.0.0/8",
    "x-forwarded",
    "::ffff:127.0.0.1",
    { "x-forwarded-for": `::ffff:${client}` },
    [client, null, null],
  ],
  ["IPv4 with a port", proxy, "x-forwarded", proxy, { "x-forwarded-for": `${client}:80` }, [client, null, null]],
  [
    "Forwarded with quotes",
    proxy,
    "forwarded",
    proxy,
    { forwarded: 'For="[2001:db9::7]:80";Proto=HTTPS;host="a.example:8443"' },
    ["2001:db9::7", "https", "a.example:8443"],
  ],
  [
    "Forwarded that hides the client",
    proxy,
    "forwarded",
    proxy,
    { forwarded: "for=_hidden;proto=https" },
    [proxy, "https", null],
  ],
  // The count, for proxies whose address is not known.
  [
    "one of any address",
    "1",
    "x-forwarded",
    proxy,
    { "x-forwarded-for": `1.2.3.4, ${client}`, ...https },
    [client, "https", "archive.example.org"],
  ],
  [
    "two of any address",
    "2",
    "x-forwarded",
    proxy,
    { "x-forwarded-for": `1.2.3.4, ${client}, 192.0.2.1` },
    [client, null, null],
  ],
  ["fewer hops than said", "2", "x-forwarded", proxy, { "x-forwarded-for": client }, [proxy, null, null]],
];

describe("where a request came from", () => {
  test.each(rows)("%s", (_what, trusted, fields, peer, headers, [address, proto, host]) => {
    const trust = parseProxyTrust(trusted);
    if (trust === null) throw new Error("This row's setting is none");
    expect(readForwarding(trust, fields, peer, headers)).toMatchObject({ address, proto, host });
  });

  test("is not known without a peer, and nobody is believed then", () => {
    const trust = { hops: 1, ranges: null };
    expect(readForwarding(trust, "x-forwarded", null, { "x-forwarded-for": "1.2.3.4" })).toEqual({
      address: null,
      proto: null,
      host: null,
      isBelieved: false,
    });
  });

  test.each(["11", "-1", "localhost", "10.0.0.0/33", "10.0.0.0/8/8", "::1/129", "1.2.3", "10.0.0.1,,", "*"])(
    "%s is no setting",
    (text) => {
      expect(parseProxyTrust(text)).toBeNull();
    },
  );
});
