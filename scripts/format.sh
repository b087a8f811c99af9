#!/bin/sh
# format.sh CLANG_FORMAT OPTION…: runs clang-format over all sources that follow .clang-format; BPF C and
# what it shares with user space is in kernel style and left out. `ninja -C build/release format` formats, the test structure_format checks.
set -eu
cd "$(dirname -- "$0")/.."
find format recorder analyzer query replay cli tests bench \
  \( -name '*.cc' -o -name '*.h' -o -name '*.c' \) ! -path 'recorder/bpf/*' \
  ! -path 'recorder/capture/*' ! -path recorder/records.h -print0 |
  xargs -0 -r "$@"
