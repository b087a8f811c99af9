#!/bin/sh
# Records every trace in this folder again (as root, or as somebody who may record):
#
#     sh sample_traces/record.sh [NAME…]
#
# TARRY names another binary than the wrapper ../tarry. Afterwards review what changed in the
# expected reports: python3 tests/diff/run.py --update && git diff tests/diff
set -eu

cd "$(dirname "$0")"
tarry=${TARRY:-../tarry}
# The distribution's own python3, not a shim that somebody's PATH has in front of it.
PATH=/usr/bin:/bin
LC_ALL=C
export PATH LC_ALL
unset PYTHONPATH PYTHONSTARTUP

options=
record() {
  name=$1
  shift
  rm -f "$name.tarry"
  echo "$name: $*"
  "$tarry" record --max-size 4M $options -o "$name.tarry" -- "$@"
  chmod 0644 "$name.tarry" # nothing in these is a secret
}

for name in ${*:-mystery_1 mystery_2 mystery_3 bash_login bash_interactive failing_report french_website}; do
  case $name in
    mystery_*) record "$name" python3 "$name.py" ;;
    french_*) options='--snaplen all -e %network' && record "$name" python3 "$name.py" && options= ;;
    bash_*) record "$name" sh bash_startup.sh "${name#bash_}" ;;
    failing_*) record "$name" sh "$name.sh" || true ;; # its status is the command's
    *) echo "record.sh: no trace is called $name" >&2; exit 2 ;;
  esac
done
ls -l -- *.tarry
