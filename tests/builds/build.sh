#!/bin/sh
# build.sh PRESET…: the program of each preset, configured as a user would, in build/PRESET.
set -eu
self=build.sh
link=$(readlink -f -- "$0")
root=${link%/tests/builds/*}
# shellcheck source=scripts/setup.sh
. "$root/scripts/setup.sh"

# Not the lock of ./check and ./tarry, which another may hold: these are directories of their own.
mkdir -p "$root/build"
exec 9>"$root/build/.lock-builds"
! command -v flock >/dev/null 2>&1 || flock 9
for preset in "$@"; do
  build "$preset" tarry
done
