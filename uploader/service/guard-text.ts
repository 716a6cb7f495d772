import { unitName } from "./installation.ts";
import { serviceNodeFlags } from "./unit-text.ts";

/** Where the guard works. */
export type GuardSettings = {
  installFolder: string;
  stateFolder: string;
  /** Path of Node. */
  node: string;
  /** Where systemd reads what holds until the next boot. */
  runFolder?: string;
};

/** Path of what the guard adds to the unit for a Node that does not take every flag. */
export function flagsOverride(runFolder = "/run"): string {
  return `${runFolder}/systemd/system/${unitName}.d/50-node.conf`;
}

/**
 * A shell script that runs as root before each start of the service. It is a script so that no version of the uploader
 * and no flag of Node has to work for it.
 *
 * - A Node that was upgraded or exchanged may not know a flag that the unit has, and would never start: the service is
 *   then started with those that it takes, and with a compiler where it has to.
 * - An update that does not work is taken back: the new version was started five times and has never reached the
 *   archive, or cannot even be started. `pending` holds FROM and TO while an update is on trial.
 */
export function guardText({ installFolder, stateFolder, node, runFolder = "/run" }: GuardSettings): string {
  return `#!/bin/sh
# Keeps the uploader able to start: whatever Node is here, whatever update came. Written by strongroom-uploader install.

# Environment and MemoryDenyWriteExecute of the unit are for a Node that takes every flag.
fits='${flagsOverride(runFolder)}'
wanted=
if ! '${node}' ${serviceNodeFlags.join(" ")} --version >/dev/null 2>&1; then
  taken=
  writes=yes
  for flag in ${serviceNodeFlags.join(" ")}; do
    '${node}' "$flag" --version >/dev/null 2>&1 || continue
    taken="$taken $flag"
    [ "$flag" = --jitless ] && writes=no
  done
  wanted="[Service]
Environment='NODE_FLAGS=\${taken# }'"
  [ $writes = no ] || wanted="$wanted
MemoryDenyWriteExecute=no"
fi
if [ "$wanted" != "$(cat "$fits" 2>/dev/null)" ]; then
  if [ -z "$wanted" ]; then
    rm -f "$fits"
  else
    mkdir -p "\${fits%/*}" && echo "$wanted" > "$fits"
    echo "strongroom-uploader: this Node does not take every flag of the unit; it is started with:$taken" >&2
  fi
  systemctl daemon-reload
fi

# Takes back an update that does not reach the archive.
cd '${installFolder}' || exit 0
[ -f pending ] || exit 0
read -r from to < pending || exit 0
reached=$(cat '${stateFolder}/contact-version' 2>/dev/null)
if [ "$reached" = "$to" ]; then
  rm -f pending starts
  exit 0
fi
starts=$(cat starts 2>/dev/null)
case "$starts" in ''|*[!0-9]*) starts=0 ;; esac
if [ "$starts" -ge 5 ] && [ -f "versions/$from/strongroom-uploader.mjs" ]; then
  ln -sfn "versions/$from" current.back && mv -T current.back current && rm -f pending starts
  echo "strongroom-uploader: $to never reached the archive; $from is back" >&2
  exit 0
fi
echo $((starts + 1)) > starts
`;
}
