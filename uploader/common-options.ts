import type { Option } from "./options.ts";

/** Options of every command. @param json what `--json` prints */
export function commonOptions(json: string): readonly Option[] {
  return [
    {
      name: "config",
      value: "FILE",
      help: "settings of this device; default /etc/strongroom/uploader.json when it is there",
    },
    { name: "state-dir", value: "DIR", help: "where it keeps identity, queue and receipts (STRONGROOM_STATE_DIR)" },
    { name: "json", help: json },
    { name: "help", help: "this text" },
  ];
}
