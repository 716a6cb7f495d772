import { expect, test } from "vitest";
import { openVault } from "./vault.ts";

const secret = Buffer.from("a private key");

test("opens what it locked, in another process with the same AUTH_SECRET too", () => {
  const locked = openVault("one secret").lock(secret, "key-1");
  expect(openVault("one secret").unlock(locked, "key-1")).toEqual(secret);
  expect(Buffer.from(locked).includes(secret)).toBe(false);
  expect(openVault("one secret").lock(secret, "key-1")).not.toEqual(locked);
});

test("opens nothing with another secret or label, and nothing that was changed", () => {
  const locked = openVault("one secret").lock(secret, "key-1");
  expect(openVault("other secret").unlock(locked, "key-1")).toBeNull();
  expect(openVault("one secret").unlock(locked, "key-2")).toBeNull();
  for (const at of [0, 14, locked.length - 1]) {
    const changed = Uint8Array.from(locked, (byte, index) => (index === at ? byte ^ 1 : byte));
    expect(openVault("one secret").unlock(changed, "key-1")).toBeNull();
  }
  expect(openVault("one secret").unlock(locked.subarray(0, 20), "key-1")).toBeNull();
});
