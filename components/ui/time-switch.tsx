"use client";

import { usePreferences } from "./preferences";
import { Segmented } from "./segmented";

/** Site time or UTC, for every time on the screen. */
export function TimeSwitch() {
  const { time, setTime } = usePreferences();
  return (
    <Segmented
      label="Show times in"
      value={time}
      onChange={setTime}
      choices={[
        { value: "site", label: "Site time" },
        { value: "utc", label: "UTC" },
      ]}
    />
  );
}
