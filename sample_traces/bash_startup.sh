#!/bin/sh
# Which file does bash read when it starts: .bashrc or .bash_profile?
#
#     sh bash_startup.sh login         # as after logging in
#     sh bash_startup.sh interactive   # as in a new terminal window
#
# The home directory is one made for the occasion, with all four candidates in it.
set -eu

case "${1-}" in
  login) option=--login ;;
  interactive) option=-i ;;
  *) echo "usage: sh bash_startup.sh login|interactive" >&2; exit 2 ;;
esac

HOME=$(mktemp -d /tmp/bash_startup.XXXXXX)
export HOME
trap 'rm -rf "$HOME"' EXIT

for name in .bashrc .bash_profile .bash_login .profile; do
  echo "echo bash read $name" > "$HOME/$name"
done

bash "$option" -c true
