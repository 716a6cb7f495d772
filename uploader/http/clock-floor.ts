/** No honest clock is before this: the time of this release, roughly. */
export const clockFloorMs = Date.parse("2026-11-01T00:00:00Z");
