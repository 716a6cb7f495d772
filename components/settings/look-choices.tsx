"use client";

import { usePreferences } from "@/components/ui/preferences";
import { Segmented } from "@/components/ui/segmented";

/** How this browser shows colours and times. Kept in a cookie of this browser. */
export function LookChoices() {
  const { time, theme, setTime, setTheme } = usePreferences();
  return (
    <div className="flex flex-wrap gap-x-8 gap-y-4">
      <div className="grid gap-1.5">
        <p className="font-semibold text-sm">Colours</p>
        <Segmented
          label="Colours"
          value={theme}
          onChange={setTheme}
          choices={[
            { value: "system", label: "Like the system" },
            { value: "light", label: "Light" },
            { value: "dark", label: "Dark" },
          ]}
        />
      </div>
      <div className="grid gap-1.5">
        <p className="font-semibold text-sm">Times</p>
        <Segmented
          label="Times"
          value={time}
          onChange={setTime}
          choices={[
            { value: "site", label: "Site time" },
            { value: "utc", label: "UTC" },
          ]}
        />
      </div>
    </div>
  );
}
