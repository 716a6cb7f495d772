import { describe, expect, it } from "vitest";
import { readListAddress } from "./list-address";

describe("the catalogue's address", () => {
  it("reads filters and leaves out what cannot be read", () => {
    const { filter } = readListAddress({
      from: "2026-03-14T09:00:00.000Z",
      until: "tomorrow",
      state: "constructor",
      site: "S-00000-00001",
      q: "  van 12 ",
    });
    expect(filter).toEqual({ from: new Date("2026-03-14T09:00:00.000Z"), siteId: "S-00000-00001", text: "van 12" });
  });

  it("takes a pasted digest for a digest, with the spaces it is shown with", () => {
    const { filter, params } = readListAddress({ q: "9F2C 41AA 07BE 5D10" });
    expect(filter).toEqual({ digest: "9f2c41aa07be5d10" });
    expect(params.q).toBeUndefined();
  });

  it("starts at the first page when a filter changes, and keeps the page when a row opens", () => {
    const { hrefWith, hrefTo } = readListAddress({ q: "van", cursor: "abc" });
    expect(hrefWith({ state: "sealed" })).toBe("/recordings?q=van&state=sealed");
    expect(hrefTo({ selected: "R-1" })).toBe("/recordings?q=van&cursor=abc&selected=R-1");
    expect(hrefTo({})).toBe("/recordings?q=van&cursor=abc");
    expect(hrefWith({ q: undefined })).toBe("/recordings");
  });
});
