/**
 * A shell script that runs as root before each start of the service and takes an update back that does not work: when
 * the new version was started five times and has never reached the archive, or cannot even be started. It is a script so
 * that no version of the uploader has to work for it. `pending` holds FROM and TO while an update is on trial.
 */
export function guardText(installFolder: string, stateFolder: string): string {
  return `#!/bin/sh
# Takes an update of the uploader back that does not reach the archive. Written by strongroom-uploader install.
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
