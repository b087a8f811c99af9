#!/bin/sh
# tidy.sh RUN_CLANG_TIDY ROOT BUILD: clang-tidy with .clang-tidy over the sources of the libraries and the
# program. Generated code and tests are left out.
set -eu
log=$3/tidy.log
if "$1" -quiet -extra-arg=-Wno-unknown-warning-option -p "$3" -j "$(nproc)" "^$2/(format|recorder|analyzer|query|replay|cli)/" >"$log" 2>&1; then
  exit 0
fi
grep -E '(error|warning):' "$log" | sort -u || cat "$log"
exit 1
