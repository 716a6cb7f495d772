/** What happens on a link at a moment of its period. */
export type LinkEvent =
  /** Every connection is reset (TCP RST, as a broken NAT does). */
  | "cut"
  /** Nothing passes and nobody is told. */
  | "silence"
  /** Connections are reset and new ones are too: no coverage that the modem knows of. */
  | "down"
  /** It works again. */
  | "up";

/** How a link behaves. Everything left out is a perfect link. Times are of the real world: `timeScale` shortens them. */
export type LinkProfile = {
  /** One way; there and back is twice as much. */
  latencyMs?: number;
  /** Up to so much more, at random; a connection's bytes stay in order. */
  jitterMs?: number;
  /** Towards the archive, shared by all connections: a device has one radio. */
  upBytesPerSecond?: number;
  downBytesPerSecond?: number;
  /** Largest piece that is passed on at a time. */
  sliceBytes?: number;
  /** A piece towards the archive that is larger than this vanishes, and its connection is silent from then on. */
  holeAboveBytes?: number;
  /** A connection that ends in order is passed on as ended so much later. */
  slowCloseMs?: number;
  /** What happens again and again; each moment comes earlier or later by up to a quarter of `spreadMs`, by the seed. */
  flaps?: { periodMs: number; spreadMs?: number; steps: readonly { atMs: number; event: LinkEvent }[] };
  /** Every request is answered on the spot with this page, and nothing reaches the archive. */
  page?: string;
  /** The archive's name leads nowhere. */
  isNameless?: boolean;
};

const Mbit = 125_000;
const lteGood: LinkProfile = {
  latencyMs: 30,
  jitterMs: 10,
  upBytesPerSecond: 8 * Mbit,
  downBytesPerSecond: 20 * Mbit,
};

/** Links as vehicles and cameras meet them. */
export const linkProfiles = {
  /** 8 Mbit/s up, 60 ms there and back. */
  "lte-good": lteGood,
  /** 256 kbit/s up, 600 ms there and back, cut every 20 s. */
  "lte-edge": {
    latencyMs: 300,
    jitterMs: 100,
    upBytesPerSecond: 32_000,
    downBytesPerSecond: 64_000,
    flaps: { periodMs: 20_000, spreadMs: 8000, steps: [{ atMs: 20_000, event: "cut" }] },
  },
  /** As lte-good, with 90 s of silence every 3 minutes. */
  tunnel: {
    ...lteGood,
    flaps: {
      periodMs: 180_000,
      steps: [
        { atMs: 90_000, event: "silence" },
        { atMs: 180_000, event: "up" },
      ],
    },
  },
  /** 20 Mbit/s and near, gone for 5 s every minute. */
  "depot-wifi": {
    latencyMs: 3,
    jitterMs: 5,
    upBytesPerSecond: 20 * Mbit,
    downBytesPerSecond: 20 * Mbit,
    flaps: {
      periodMs: 60_000,
      spreadMs: 20_000,
      steps: [
        { atMs: 30_000, event: "down" },
        { atMs: 35_000, event: "up" },
      ],
    },
  },
  /** A network that wants somebody to sign in: a page with 200 to everything. */
  captive: { latencyMs: 5, page: "<!doctype html><title>Welcome</title><h1>Sign in to our Wi-Fi</h1>" },
  /** Names cannot be looked up. */
  "dns-dead": { isNameless: true },
  /** Small packets pass and large ones vanish, as behind a tunnel that drops fragments: headers go, bodies stall. */
  "mtu-hole": { latencyMs: 20, holeAboveBytes: 1400 },
} as const satisfies Record<string, LinkProfile>;

/** A link that has a name. */
export type LinkProfileName = keyof typeof linkProfiles;
