import { generateKeyPairSync } from "node:crypto";
import { mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ed25519JwkOf, jwkThumbprint } from "../../lib/protocol/index.ts";
import type { Answer, TransportRequest } from "../http/transport.ts";
import { Problem } from "../problems.ts";
import { PeerIdentity } from "../testing/peer-identity.ts";
import { AccessTokens } from "./access-tokens.ts";
import { ArchiveClock } from "./archive-clock.ts";
import { type Identity, identityPaths, loadIdentity, saveIdentity, saveKey } from "./identity.ts";
import { keepIdentity } from "./keep-identity.ts";
import { type ChainHold, rotateKey } from "./rotate-key.ts";

const never = new AbortController().signal;

describe("AccessTokens", () => {
  let stateFolder = "";
  let peer: PeerIdentity;
  let identity: Identity;
  let tokens: AccessTokens;
  let clock: ArchiveClock;
  let wallMs = 0;
  let nowMs = 0;
  /** What is done to the link before the next request, and with its answer. */
  let link: (path: string, answer: () => Answer) => Answer;

  const open = () => {
    clock = new ArchiveClock(
      () => wallMs + nowMs,
      () => nowMs,
    );
    const send = async (request: TransportRequest): Promise<Answer> => {
      const body = Buffer.alloc(request.body?.sizeBytes ?? 0);
      await request.body?.read(body, 0, body.length);
      const { pathname } = new URL(request.url);
      return link(pathname, () => {
        const said = peer.answer(pathname, body.toString(), request.headers.Authorization);
        if (said === null) throw new Error(`${pathname} is not asked for here.`);
        return { status: said.status, headers: said.headers ?? {}, body: JSON.stringify(said.body) };
      });
    };
    const keep = (change: "changed" | "rotation-over") => keepIdentity(stateFolder, identity, change);
    tokens = new AccessTokens({
      identity,
      transport: { send },
      clock,
      keep,
      monotonicMs: () => nowMs,
      random: () => 1,
    });
  };

  const makeKey = () => {
    const { privateKey: key, publicKey } = generateKeyPairSync("ed25519");
    const jwk = ed25519JwkOf(publicKey);
    return { key, jwk, kid: jwkThumbprint(jwk) };
  };

  beforeEach(async () => {
    stateFolder = await mkdtemp(join(tmpdir(), "tokens-"));
    await mkdir(identityPaths(stateFolder).folder);
    peer = new PeerIdentity();
    link = (_path, answer) => answer();
    nowMs = 0;
    wallMs = Date.parse("1970-01-01T00:00:00Z");
    const { key, jwk, kid } = makeKey();
    peer.devices.set("D-1", { id: "D-1", state: "active", keys: [{ kid, jwk, fromSequence: 1 }] });
    const named = { server: "https://archive.test", device: "D-1", name: "Van 04", audience: peer.audience };
    identity = { ...named, kid, key, keys: [], state: "active", previous: null };
    await saveKey(identityPaths(stateFolder).key, key);
    await saveIdentity(stateFolder, identity);
    open();
  });
  afterEach(() => rm(stateFolder, { recursive: true, force: true }));

  const asked = (path: string) => peer.asked.get(`/api/devices/${path}`) ?? 0;

  it("buys one token for all that ask at once, and none while it is good", async () => {
    const got = await Promise.all(Array.from({ length: 20 }, () => tokens.get(never)));
    expect(new Set(got).size).toBe(1);
    nowMs = 399_000;
    expect(await tokens.get(never)).toBe(got[0]);
    expect(asked("token")).toBe(1);
  });

  it("renews after two thirds of the life without anybody waiting, with the nonce of the last answer", async () => {
    const first = await tokens.get(never);
    nowMs = 401_000;
    expect(await tokens.get(never)).toBe(first);
    await expect.poll(() => tokens.get(never)).not.toBe(first);
    expect(asked("token")).toBe(2);
  });

  it("goes on with the old token while the archive cannot be reached, until that ends", async () => {
    const first = await tokens.get(never);
    link = () => {
      throw new Problem("again", "There is no link.");
    };
    nowMs = 500_000;
    expect(await tokens.get(never)).toBe(first);
    nowMs = 600_001;
    await expect(tokens.get(never)).rejects.toThrow("There is no link.");
    link = (_path, answer) => answer();
    expect(await tokens.get(never)).not.toBe(first);
  });

  it.each(["1970-01-01", "2038-01-20"])(
    "works on a device that believes it is %s, and learns how wrong it is",
    async (day) => {
      wallMs = Date.parse(`${day}T00:00:00Z`);
      peer.serverTime = () => new Date(Date.parse("2026-11-20T12:00:00.000Z") + nowMs);
      link = (_path, answer) => {
        nowMs += 300;
        const said = answer();
        nowMs += 300;
        return said;
      };
      await tokens.get(never);
      expect(clock.view()).toMatchObject({ offsetMs: wallMs - Date.parse("2026-11-20T12:00:00Z"), uncertaintyMs: 300 });
      wallMs += 5_000_000; // the clock is set while this runs
      expect(clock.nowMs()).toBe(Date.parse("2026-11-20T12:00:00.000Z") + nowMs);
    },
  );

  it("tries once more with the nonce that comes with the refusal of an old one", async () => {
    const first = await tokens.get(never);
    peer.endNonces();
    tokens.drop(first);
    expect(await tokens.get(never)).not.toBe(first);
    expect(asked("token")).toBe(3);
  });

  it.each(["pending", "suspended", "revoked"] as const)(
    "says that the device is %s, and forgets nothing",
    async (state) => {
      const device = peer.devices.get("D-1");
      if (device !== undefined) device.state = state;
      await expect(tokens.get(never)).rejects.toMatchObject({
        kind: "authentication",
        reason: state,
        retryAfterMs: 15_000,
      });
      expect((await loadIdentity(stateFolder))?.kid).toBe(identity.kid);
      expect(tokens.waiting).toMatchObject({ reason: state });
      if (device !== undefined) device.state = "active";
      expect(await tokens.get(never)).toMatch(/^at-/);
    },
  );

  it("lets one who leaves go at once, and the others have their token", async () => {
    const leave = new AbortController();
    const left = tokens.get(leave.signal);
    const stays = tokens.get(never);
    leave.abort(new Error("left"));
    await expect(left).rejects.toThrow("left");
    expect(await stays).toMatch(/^at-/);
  });

  describe("while the key changes", () => {
    const hold: ChainHold = (act) => act(7);
    const rotate = () => rotateKey({ identity, tokens, stateFolder, hold }, never);
    /** A rotation that comes no further than its first step. */
    const begin = async () => {
      const before = link;
      link = () => {
        throw new Problem("again", "There is no link.");
      };
      await expect(rotate()).rejects.toThrow("There is no link.");
      link = before;
      return identity.kid;
    };

    it("is another one in the end, and signs from the next number of the chain on", async () => {
      const old = identity.kid;
      const kid = await rotate();
      expect(kid).not.toBe(old);
      expect(peer.devices.get("D-1")?.keys).toMatchObject([{ kid, fromSequence: 7 }]);
      expect(await loadIdentity(stateFolder)).toMatchObject({ kid, previous: null });
    });

    it("is durable before it signs", async () => {
      const kid = await begin();
      const { previous } = identity;
      expect(previous).toMatchObject({ fromSequence: 7, isConfirmed: false });
      expect(await loadIdentity(stateFolder)).toMatchObject({ kid, previous: { kid: previous?.kid, fromSequence: 7 } });
    });

    it("hands over before it gives out a token, which the new key has bought", async () => {
      const kid = await begin();
      expect(await tokens.get(never)).toMatch(/^at-/);
      expect(peer.devices.get("D-1")?.keys).toMatchObject([{ kid, fromSequence: 7 }]);
      expect(await loadIdentity(stateFolder)).toMatchObject({ kid, previous: null });
    });

    it("ends with the new key wherever the link or the power breaks off", async () => {
      // nonce, token of the old key, nonce, key, token of the new one: before and after each.
      for (let cut = 1; cut <= 9; cut++) {
        const kid = await begin();
        let steps = 0;
        link = (_path, answer) => {
          if (++steps === cut) throw new Problem("again", "cut");
          const said = answer();
          if (++steps === cut) throw new Problem("again", "cut");
          return said;
        };
        const broke = await tokens.get(never).then(
          () => false,
          () => true,
        );
        link = (_path, answer) => answer();
        const after = await loadIdentity(stateFolder);
        expect(after?.kid).toBe(kid);
        if (after !== null) identity = after;
        open();
        await tokens.get(never);
        expect(await loadIdentity(stateFolder)).toMatchObject({ kid, previous: null });
        expect({ cut, broke }).toEqual({ cut, broke: steps >= cut });
      }
    });

    it("is read right between any two steps on the disk", async () => {
      const paths = identityPaths(stateFolder);
      const old = identity.kid;
      // The new key is there, and nothing says yet that it is meant.
      await saveKey(paths.nextKey, makeKey().key);
      expect(await loadIdentity(stateFolder)).toMatchObject({ kid: old, previous: null });
      const kid = await begin();
      expect(await loadIdentity(stateFolder)).toMatchObject({ kid, previous: { kid: old } });
      // It has taken the old one's place, and what is written beside it is older.
      await rename(paths.nextKey, paths.key);
      expect(await loadIdentity(stateFolder)).toMatchObject({ kid, previous: null });
    });

    it("keeps the old key when the archive will not have the new one", async () => {
      const { kid } = identity;
      await begin();
      link = (path, answer) =>
        path === "/api/devices/key"
          ? { status: 422, headers: {}, body: '{"title":"No.","code":"key_taken"}' }
          : answer();
      await expect(tokens.get(never)).rejects.toMatchObject({ kind: "refused" });
      expect(await tokens.get(never)).toMatch(/^at-/);
      expect(await loadIdentity(stateFolder)).toMatchObject({ kid, previous: null });
    });
  });
});
