#!/bin/sh
# fuzz.sh build [TARGET…]                  builds fuzz targets (preset fuzz: clang, asan, ubsan) in build/fuzz
# fuzz.sh TARGET SECONDS [LIBFUZZER ARGS…] runs one: file, blocks, load, explain, dns, tls, http, export (targets.h)
#
# A run begins with the sample traces and with what earlier runs kept in build/fuzz/corpus. It fails on the
# first finding, and says where the input lies: once it is fixed, copy that to tests/fuzz/found/TARGET under
# a name that says what it was, and every build will try it again. The tests of the label `fuzz` are short
# runs; for a long one: tests/fuzz/fuzz.sh build blocks && nice tests/fuzz/fuzz.sh blocks 3600
set -eu
link=$(readlink -f -- "$0")
root=${link%/tests/fuzz/*}
build=$root/build/fuzz
skipped=77 # CTest's SKIP_RETURN_CODE

skip() {
  echo "SKIPPED: $*" >&2
  [ "${CI-}" != true ] || exit 1
  exit $skipped
}

has_libfuzzer() {
  command -v clang++ >/dev/null 2>&1 &&
    echo 'extern "C" int LLVMFuzzerTestOneInput(const unsigned char*, unsigned long) { return 0; }' |
    clang++ -x c++ -fsanitize=fuzzer,address - -o /dev/null 2>/dev/null
}

build() {
  has_libfuzzer || skip "clang with libFuzzer is missing (libclang-rt-14-dev)"
  mkdir -p "$build"
  # Two checks of one checkout share the directory.
  exec 9>"$build/.lock"
  ! command -v flock >/dev/null 2>&1 || flock 9
  [ -e "$build/build.ninja" ] || (cd "$root" && cmake --preset fuzz)
  [ $# != 0 ] || set -- file blocks load http export dns tls
  for target in "$@"; do
    set -- "$@" "fuzz_$target"
    shift
  done
  ninja -C "$build" fuzz_seeds "$@"
  # New ones beside the old: those of format versions that are no more stay.
  "$build/tests/fuzz/fuzz_seeds" "$build/seeds" "$root"/sample_traces/*.tarry
}

run() {
  target=$1 seconds=$2
  shift 2
  program=$build/tests/fuzz/fuzz_$target
  [ -x "$program" ] || skip "$program is not built (tests/fuzz/fuzz.sh build)"
  case $target in
    file | dns | tls | http) seeds=$build/seeds/$target ;;
    export) seeds=$build/seeds/http ;;
    *) seeds=$build/seeds/messages ;;
  esac
  corpus=$build/corpus/$target
  mkdir -p "$corpus" "$build/found"
  # libFuzzer's own exit status for a finding is 77, which is CTest's for a test left out.
  # 64 KiB of input need a few hundred MiB at most. The slowest that is allowed are blocks of zeros with as many
  # rows as a file of this size may have: some ten seconds with sanitizers, more on a busy machine.
  ASAN_OPTIONS=quarantine_size_mb=16:detect_leaks=0 exec "$program" \
    -max_total_time="$seconds" -max_len=65536 -timeout=100 -rss_limit_mb=1536 -malloc_limit_mb=512 \
    -error_exitcode=1 -print_final_stats=1 -verbosity=1 -artifact_prefix="$build/found/$target-" "$@" "$corpus" "$seeds"
}

case ${1-} in
  build)
    shift
    build "$@"
    ;;
  file | blocks | load | explain | dns | tls | http | export) run "$@" ;;
  *)
    echo "usage: fuzz.sh build [TARGET...] | fuzz.sh file|blocks|load|explain|dns|tls|http|export SECONDS [LIBFUZZER ARGS...]" >&2
    exit 2
    ;;
esac
