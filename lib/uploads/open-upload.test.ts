import { describe, expect, test } from "vitest";
import { newId } from "../ids.ts";
import { encodeMetadataHeader } from "../protocol/index.ts";
import { factories, useTestDatabase } from "../testing/index.ts";
import { openUpload } from "./open-upload.ts";

describe("opening an upload", () => {
  const world = useTestDatabase();

  test("a device without a site records at the one that it names, letter by letter", async () => {
    const { db } = world();
    const device = await factories.makeDevice(db);
    await db.device.update({ where: { id: device.id }, data: { siteId: null } });
    const site = { id: newId("site"), name: "North_Gate 100%", timeZone: "UTC", createdAt: new Date() };
    await db.site.createMany({ data: [site, { ...site, id: newId("site"), name: "North Gate 1000" }] });
    const siteAt = async (place: string) => {
      const input = {
        uploadId: newId("upload"),
        lengthBytes: 1,
        metadataHeader: encodeMetadataHeader([["place", place]]),
      };
      const { recordingId } = await openUpload(world().context(device.actor), input);
      return (await db.recording.findUniqueOrThrow({ where: { id: recordingId ?? "" } })).siteId;
    };
    expect(await siteAt("north_gate 100%")).toBe(site.id);
    // No pattern.
    expect(await siteAt("%")).toBeNull();
    expect(await siteAt("North Gate 100_")).toBeNull();
  });
});
