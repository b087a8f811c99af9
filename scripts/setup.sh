# shellcheck shell=sh disable=SC2034,SC2154
# What ./tarry and ./check share: the Debian packages, the lock, the build. Sourced, with $root set
# to the checkout and $self to the name that starts our messages. POSIX sh, nothing but what a
# minimal Debian has.

# What the build of the binary needs, and what the sample programs run on. docs/dependencies.md says
# what each is for.
build_packages="
  bpftool capnproto clang cmake g++ libbpf-dev libbrotli-dev libcapnp-dev libcli11-dev libedit-dev libelf-dev
  libfmt-dev libnghttp2-dev libre2-dev libsqlite3-dev libzstd-dev llvm make ninja-build pkg-config python3
  zlib1g-dev"
# What the tests need beside it.
test_packages="
  bash binutils catch2 ccache clang-format curl dpkg-dev file gcc git libc6-dev libclang-rt-14-dev
  libcurl3-gnutls liburing-dev man-db nghttp2-client nghttp2-server nginx-light openssl procps sqlite3 strace tcpdump tshark
  util-linux wget zstd"
# It would replace the package busybox, which does as well.
command -v busybox >/dev/null 2>&1 || test_packages="$test_packages busybox-static"
tidy_packages="clang-tidy"
# What bench/run measures against and with.
bench_packages="linux-perf make nginx-light openssl sqlite3 strace util-linux wrk zstd"

say() { printf '%s: %s\n' "$self" "$*" >&2; }
die() {
  say "$*"
  exit 125
}

# Runs a command as root: directly, or through sudo.
as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif [ -t 2 ] && [ -r /dev/tty ]; then
    sudo "$@"
  else
    sudo -n "$@"
  fi
}

missing_packages() {
  for package in "$@"; do
    case $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) in
      installed) ;;
      *) printf ' %s' "$package" ;;
    esac
  done
}

# install_packages PACKAGE...: installs those that are missing, and says which.
install_packages() {
  if ! command -v apt-get >/dev/null 2>&1 || ! command -v dpkg-query >/dev/null 2>&1; then
    return 0 # not Debian: what is missing shows when the build is configured
  fi
  missing=$(missing_packages "$@")
  [ -n "$missing" ] || return 0
  by_hand="as root: apt-get install --no-install-recommends$missing"
  if [ "$(id -u)" != 0 ] && ! command -v sudo >/dev/null 2>&1; then
    die "Debian packages are missing and there is no sudo ($by_hand)"
  fi
  say "installing Debian packages:$missing"
  apt_log=$root/build/apt.log
  apt="apt-get -y -qq --no-install-recommends -o DPkg::Lock::Timeout=600"
  # The index may be absent (fresh image) or too old to find the files it names.
  # shellcheck disable=SC2086 # lists of words
  {
    as_root env DEBIAN_FRONTEND=noninteractive $apt install $missing </dev/null >"$apt_log" 2>&1 ||
      { as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq update </dev/null >"$apt_log" 2>&1 &&
        as_root env DEBIAN_FRONTEND=noninteractive $apt install $missing </dev/null >>"$apt_log" 2>&1; }
  } || {
    cat "$apt_log" >&2
    die "packages could not be installed ($by_hand)"
  }
}

# Holds the lock of the build directory until the shell ends or replaces itself.
take_lock() {
  mkdir -p "$root/build" 2>/dev/null || die "cannot write to $root/build (check the checkout's owner)"
  { exec 9>"$root/build/.lock"; } 2>/dev/null || die "cannot write to $root/build (check the checkout's owner)"
  command -v flock >/dev/null 2>&1 || return 0
  flock -n 9 && return 0
  [ -t 2 ] && say "waiting for another build in $root/build"
  flock 9
}

# quietly LOG COMMAND...: its output on a terminal as it comes, otherwise only if it fails.
quietly() {
  log=$1
  shift
  if [ -t 2 ]; then
    "$@" </dev/null >&2 9>&-
  else
    "$@" </dev/null >"$log" 2>&1 9>&- || {
      cat "$log" >&2
      return 1
    }
  fi
}

# ccache fails where it cannot keep its files: a container's user may have no home.
settle_ccache() {
  [ -z "${CCACHE_DIR-}" ] || return 0
  cache=${XDG_CACHE_HOME:-${HOME-}/.cache}
  [ -w "$cache" ] && return 0
  [ ! -e "$cache" ] && [ -d "${cache%/*}" ] && [ -w "${cache%/*}" ] && return 0
  export CCACHE_DIR="$root/build/ccache"
}

# build PRESET TARGET... with extra options for the first configuration in $configure_options.
build() {
  preset=$1
  shift
  folder=$root/build/$preset
  settle_ccache
  mkdir -p "$folder" 2>/dev/null || die "cannot write to $root/build (check the checkout's owner)"
  # Taken before the build starts, so that a source saved meanwhile counts as newer.
  : >"$folder/.stamp.new"
  if [ ! -e "$folder/build.ninja" ] || [ -n "${reconfigure-}" ]; then
    # shellcheck disable=SC2086 # a list of options
    (cd "$root" && quietly "$folder/configure.log" cmake --preset "$preset" ${configure_options-}) || {
      rm -f "$folder/build.ninja"
      die "the build cannot be configured (the messages above say what is missing)"
    }
  fi
  quietly "$folder/build.log" ninja -C "$folder" "$@" || die "the build failed (the messages above say why)"
  mv "$folder/.stamp.new" "$folder/.stamp"
  # A build through sudo must not lock the checkout's owner out of it.
  if [ "$(id -u)" = 0 ] && [ "$(stat -c %u "$root")" != 0 ]; then
    chown -R --reference="$root" "$root/build"
  fi
}
