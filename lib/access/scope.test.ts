import { createHash } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { newId } from "../ids.ts";
import { type ScopeItem, scopeSha256 } from "./scope.ts";

const bytes = (fill: number) => new Uint8Array(32).fill(fill);

test("is what sort and sha256sum make of the list", () => {
  const text = `R-00000-00001 ${"01".repeat(32)}\nR-00000-00002 ${"02".repeat(32)}\n`;
  const items = [
    { recordingId: "R-00000-00002", sha256: bytes(2) },
    { recordingId: "R-00000-00001", sha256: bytes(1) },
  ];
  expect(scopeSha256(items).toString("hex")).toBe(createHash("sha256").update(text).digest("hex"));
});

test("does not depend on the order, and changes with any recording or digest", () => {
  const item = fc.record({
    recordingId: fc.constant(null).map(() => newId("recording")),
    sha256: fc.nat(255).map(bytes),
  });
  fc.assert(
    fc.property(fc.array(item, { minLength: 1, maxLength: 8 }), (items) => {
      const scope = scopeSha256(items);
      expect(scopeSha256(items.toReversed())).toEqual(scope);
      expect(scopeSha256(items.slice(1))).not.toEqual(scope);
      const changed: ScopeItem[] = items.map((one, index) =>
        index === 0 ? { ...one, sha256: one.sha256.map((byte) => byte ^ 1) } : one,
      );
      expect(scopeSha256(changed)).not.toEqual(scope);
    }),
  );
});
