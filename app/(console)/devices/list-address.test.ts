import { describe, expect, test } from "vitest";
import { readFleetAddress } from "./list-address";

describe("the address of the fleet", () => {
  test("is read back as it is written, and only what is unusual stands in it", () => {
    const asked = {
      show: "silent",
      q: " van ",
      sort: "-queue",
      site: "S-1",
      policy: "F-1",
      cursor: "abc",
      selected: "D-1",
    };
    const address = readFleetAddress(asked);
    expect(address).toMatchObject({ part: "silent", text: "van", cursor: "abc", selected: "D-1" });
    expect(address.filter).toEqual({
      part: "silent",
      text: "van",
      siteId: "S-1",
      policyId: "F-1",
      sort: { key: "queue", isDescending: true },
    });
    const all = "/devices?show=silent&q=van&site=S-1&policy=F-1&sort=-queue";
    expect(address.hrefTo({})).toBe(`${all}&cursor=abc`);
    expect(address.hrefTo({ selected: "D-2" })).toBe(`${all}&cursor=abc&selected=D-2`);
    expect(address.kept).toEqual({ show: "silent", site: "S-1", policy: "F-1", sort: "-queue" });
    const usual = {
      q: undefined,
      site: undefined,
      policy: undefined,
      sort: { key: "name", isDescending: false },
    } as const;
    expect(address.hrefTo({ show: "all", ...usual })).toBe("/devices");
  });

  test("another filter or order begins at the first page", () => {
    const address = readFleetAddress({ cursor: "abc" });
    expect(address.hrefTo({ show: "idle" })).toBe("/devices?show=idle");
    expect(address.hrefTo({ sort: { key: "disk", isDescending: true } })).toBe("/devices?sort=-disk");
  });

  test("what it does not know counts as not there", () => {
    const address = readFleetAddress({ show: "purple", sort: "-shoe", q: ["a", "b"], cursor: ["c"] });
    expect(address).toMatchObject({ part: "all", text: "", cursor: null, sort: { key: "name", isDescending: false } });
    expect(address.filter).toEqual({ part: "all", sort: { key: "name", isDescending: false } });
  });
});
