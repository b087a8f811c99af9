// Expected texts are what strace 6.1 prints for the same calls.
#include <catch2/catch.hpp>

#include "analyzer/decode/names.h"
#include "analyzer/decode/text.h"
#include "tests/analyzer/decode_support.h"

using namespace tarry;
using tarry::testing::CallText;
using tarry::testing::Memory;

TEST_CASE("open flags have strace's names and order") {
  const auto flags = [](int64_t value, Abi abi = Abi::x86_64) {
    return CallText("openat", abi).args({-100, 0, value, 0644}).string(1, "x").ret(3).argsText();
  };
  CHECK(flags(0) == "AT_FDCWD, \"x\", O_RDONLY");
  CHECK(flags(02000000) == "AT_FDCWD, \"x\", O_RDONLY|O_CLOEXEC");
  CHECK(flags(01101) == "AT_FDCWD, \"x\", O_WRONLY|O_CREAT|O_TRUNC, 0644");
  CHECK(flags(04010003) == "AT_FDCWD, \"x\", O_ACCMODE|O_SYNC");
  CHECK(flags(020200002) == "AT_FDCWD, \"x\", O_RDWR|O_TMPFILE, 0644");
  CHECK(flags(02200000) == "AT_FDCWD, \"x\", O_RDONLY|O_CLOEXEC|O_DIRECTORY");
  CHECK(flags(0200000, Abi::aarch64) == "AT_FDCWD, \"x\", O_RDONLY|O_DIRECT");
  CHECK(flags(1 << 30) == "AT_FDCWD, \"x\", O_RDONLY|0x40000000 /* O_??? */");
}

TEST_CASE("unknown bits and constants are shown as strace shows them") {
  CHECK(CallText("access").args({0, 0}).string(0, "/").argsText() == "\"/\", F_OK");
  CHECK(CallText("access").args({0, 5}).string(0, "/").argsText() == "\"/\", R_OK|X_OK");
  CHECK(CallText("access").args({0, 12}).string(0, "/").argsText() == "\"/\", R_OK|0x8");
  CHECK(CallText("access").args({0, 8}).string(0, "/").argsText() == "\"/\", 0x8 /* ?_OK */");
  CHECK(CallText("lseek").args({3, -5, 9}).argsText() == "3, -5, 0x9 /* SEEK_??? */");
  CHECK(CallText("madvise").args({0, 4096, 4}).argsText() == "NULL, 4096, MADV_DONTNEED");
  CHECK(CallText("socket").args({2, 02000001, 6}).argsText() ==
        "AF_INET, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_TCP");
  CHECK(CallText("socket").args({16, 3, 15}).argsText() == "AF_NETLINK, SOCK_RAW, NETLINK_KOBJECT_UEVENT");
  CHECK(CallText("socket").args({17, 3, 0x300}).argsText() == "AF_PACKET, SOCK_RAW, htons(ETH_P_ALL)");
  CHECK(CallText("statx").args({-100, 0, 0x100, 0x7ff, 0}).string(1, "/etc").argsText() ==
        "AT_FDCWD, \"/etc\", AT_STATX_SYNC_AS_STAT|AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, NULL");
}

TEST_CASE("mmap, mremap and their results") {
  CHECK(CallText("mmap").args({0, 8192, 3, 0x22, -1, 0}).ret(0x7feea7cce000).line() ==
        "NULL, 8192, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0 = 0x7feea7cce000");
  CHECK(CallText("mmap").args({0, 4096, 1, 0x80003, 3, 0x1000}).ret(-9).line() ==
        "NULL, 4096, PROT_READ, MAP_SHARED_VALIDATE|MAP_SYNC, 3, 0x1000 = -1 EBADF (Bad file descriptor)");
  CHECK(CallText("mremap").args({0, 1, 1, 1, 0x5000}).ret(-14).line() ==
        "NULL, 1, 1, MREMAP_MAYMOVE = -1 EFAULT (Bad address)");
  CHECK(CallText("mremap").args({0, 1, 1, 3, 0x5000}).argsText() ==
        "NULL, 1, 1, MREMAP_MAYMOVE|MREMAP_FIXED, 0x5000");
  CHECK(CallText("brk").args({0}).ret(0x55d0e0a5f000).line() == "NULL = 0x55d0e0a5f000");
  CHECK(
      CallText("mmap2", Abi::i386).args({0, 4096, 1, 2, 3, 5}).ret(static_cast<int64_t>(0xf7fc1000)).line() ==
      "NULL, 4096, PROT_READ, MAP_PRIVATE, 3, 0x5000 = 0xf7fc1000");
}

TEST_CASE("results are errors, restarts, fds and modes") {
  CHECK(CallText("close").args({3}).ret(0).line() == "3 = 0");
  CHECK(CallText("close").args({3}).ret(-9).line() == "3 = -1 EBADF (Bad file descriptor)");
  CHECK(CallText("close").args({3}).ret(-4000).line() == "3 = -1 (errno 4000)");
  CHECK(CallText("pause").ret(-514).line() == " = ? ERESTARTNOHAND (To be restarted if no handler)");
  CHECK(CallText("close").args({3}).ret(-512).line() ==
        "3 = ? ERESTARTSYS (To be restarted if SA_RESTART is set)");
  CHECK(CallText("umask").args({022}).ret(0).line() == "022 = 000");
  CHECK(CallText("exit_group").args({1}).unfinished().line() == "1 = ?");
  CHECK(CallText("dup", Abi::i386).args({3}).ret(0xfffffff7).line() == "3 = -1 EBADF (Bad file descriptor)");
  CHECK(CallText("getuid").ret(1000).line() == " = 1000");
  CHECK(CallText("chown").args({0, -1, 0}).string(0, "/x").ret(0).line() == "\"/x\", -1, 0 = 0");
}

TEST_CASE("fds carry the label of what is behind them") {
  CallText call("openat");
  call.args({-100, 0, 0}).string(1, "x").ret(3);
  call.object(ObjectRole::arg0, -100, "/root").object(ObjectRole::returned, 3, "/root/x");
  CHECK(call.line() == "AT_FDCWD</root>, \"x\", O_RDONLY = 3</root/x>");
  RenderOptions plain;
  plain.annotate_fds = false;
  CHECK(call.options(plain).line() == "AT_FDCWD, \"x\", O_RDONLY = 3");
  CHECK(CallText("dup2")
            .args({3, 1})
            .ret(1)
            .object(ObjectRole::arg0, 3, "/a")
            .object(ObjectRole::returned, 1, "/a")
            .line() == "3</a>, 1 = 1</a>");
}

TEST_CASE("names can be left as numbers or shown with them") {
  RenderOptions raw;
  raw.names = NameStyle::raw;
  CHECK(CallText("openat").args({-100, 0, 02000000}).string(1, "x").options(raw).argsText() ==
        "AT_FDCWD, \"x\", 0x80000");
  RenderOptions both;
  both.names = NameStyle::both;
  CHECK(CallText("openat").args({-100, 0, 02000000}).string(1, "x").options(both).argsText() ==
        "AT_FDCWD, \"x\", 0x80000 /* O_RDONLY|O_CLOEXEC */");
  CHECK(CallText("madvise").args({0, 4096, 4}).options(both).argsText() ==
        "NULL, 4096, 0x4 /* MADV_DONTNEED */");
}

TEST_CASE("clone and futex show what their flags and operations make of the arguments") {
  CHECK(CallText("clone").args({0x01200011, 0, 0, 0x7fcbb8f6ca10, 0}).ret(20414).line() ==
        "child_stack=NULL, flags=CLONE_CHILD_CLEARTID|CLONE_CHILD_SETTID|SIGCHLD, "
        "child_tidptr=0x7fcbb8f6ca10 = 20414");
  CHECK(CallText("futex").args({0x7ffe, 128, 0, 0, 0, 0}).ret(-11).line() ==
        "0x7ffe, FUTEX_WAIT_PRIVATE, 0, NULL = -1 EAGAIN (Resource temporarily unavailable)");
  CHECK(CallText("futex").args({0x7ffe, 1, 1}).ret(0).line() == "0x7ffe, FUTEX_WAKE, 1 = 0");
  CHECK(
      CallText("futex")
          .args({0x7ffe, 9 + 256, 1, 0x10, 0, 0xffffffff})
          .in(3, Memory().u64(1).u64(0))
          .ret(-110)
          .line() ==
      "0x7ffe, FUTEX_WAIT_BITSET|FUTEX_CLOCK_REALTIME, 1, {tv_sec=1, tv_nsec=0}, FUTEX_BITSET_MATCH_ANY = -1 "
      "ETIMEDOUT (Connection timed out)");
  CHECK(CallText("futex").args({0x7ffe, 5 + 128, 1, 1, 0x7ffe, 0x4000001}).argsText() ==
        "0x7ffe, FUTEX_WAKE_OP_PRIVATE, 1, 1, 0x7ffe, FUTEX_OP_SET<<28|0<<12|FUTEX_OP_CMP_GT<<24|0x1");
  CHECK(CallText("futex").args({0x7ffe, 4 + 128, 1, 2, 0x7fff, 7}).argsText() ==
        "0x7ffe, FUTEX_CMP_REQUEUE_PRIVATE, 1, 2, 0x7fff, 7");
}

TEST_CASE("fcntl, ioctl and prctl show what their command means") {
  CHECK(CallText("fcntl").args({0, 3}).ret(0x8000).line() ==
        "0, F_GETFL = 0x8000 (flags O_RDONLY|O_LARGEFILE)");
  CHECK(CallText("fcntl").args({0, 4, 04000}).ret(0).line() == "0, F_SETFL, O_RDONLY|O_NONBLOCK = 0");
  CHECK(CallText("fcntl").args({0, 2, 1}).ret(0).line() == "0, F_SETFD, FD_CLOEXEC = 0");
  CHECK(CallText("fcntl").args({0, 1}).ret(1).line() == "0, F_GETFD = 0x1 (flags FD_CLOEXEC)");
  CHECK(CallText("fcntl").args({0, 1030, 10}).ret(12).object(ObjectRole::returned, 12, "/dev/null").line() ==
        "0, F_DUPFD_CLOEXEC, 10 = 12</dev/null>");
  CHECK(CallText("fcntl")
            .args({3, 6, 0})
            .unrecorded(2)
            .in(2, Memory().u16(1).u16(0).u32(0).u64(0).u64(0).u64(0))
            .ret(0)
            .line() == "3, F_SETLK, {l_type=F_WRLCK, l_whence=SEEK_SET, l_start=0, l_len=0} = 0");
  CHECK(CallText("ioctl").args({0, 0x5413, 0x7ffe}).ret(-25).line() ==
        "0, TIOCGWINSZ, 0x7ffe = -1 ENOTTY (Inappropriate ioctl for device)");
  CHECK(CallText("ioctl")
            .args({0, 0x5413, 0x7ffe})
            .out(2, Memory().u16(24).u16(80).u16(0).u16(0))
            .ret(0)
            .line() == "0, TIOCGWINSZ, {ws_row=24, ws_col=80, ws_xpixel=0, ws_ypixel=0} = 0");
  CHECK(CallText("ioctl").args({1, 0x12345678, 5}).argsText() ==
        "1, _IOC(_IOC_NONE, 0x56, 0x78, 0x1234), 0x5");
  CHECK(CallText("ioctl").args({19, 0x5451, 0x77}).argsText() == "19, FIOCLEX");
  CHECK(CallText("ioctl").args({19, 0x40049409, 20}).argsText() == "19, BTRFS_IOC_CLONE or FICLONE, 20");
  CHECK(CallText("prctl").args({15, 0x7ffe}).in(1, Memory().text("newname").zeros(9)).ret(0).line() ==
        "PR_SET_NAME, \"newname\" = 0");
  CHECK(CallText("prctl").args({1, 15}).ret(0).line() == "PR_SET_PDEATHSIG, SIGTERM = 0");
  CHECK(CallText("prctl").args({38, 1, 0, 0, 0}).ret(0).line() == "PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0 = 0");
  CHECK(CallText("prctl").args({3}).ret(1).line() == "PR_GET_DUMPABLE = 1 (SUID_DUMP_USER)");
}

TEST_CASE("an unknown call keeps its number and six numbers") {
  SyscallEvent event;
  event.abi = Abi::x86_64;
  event.nr = 5000;
  CHECK(callName(event) == "syscall_0x1388");
  event.nr = -1;
  CHECK(callName(event) == "syscall_0xffffffffffffffff");
  CHECK(CallText("").nr(5000).args({1, 2, 3, 4, 5, 6}).ret(-38).line() ==
        "0x1, 0x2, 0x3, 0x4, 0x5, 0x6 = -1 ENOSYS (Function not implemented)");
}

TEST_CASE("numbers in two registers of a 32-bit ABI are put together") {
  CHECK(CallText("pread64", Abi::i386).args({3, 0x10, 5, 7, 1}).ret(-9).line() ==
        "3, 0x10, 5, 4294967303 = -1 EBADF (Bad file descriptor)");
  CHECK(CallText("_llseek", Abi::i386)
            .args({3, 1, 2, 0, 0})
            .unrecorded(3)
            .out(3, Memory().u64(9))
            .ret(0)
            .line() == "3, 4294967298, [9], SEEK_SET = 0");
  CHECK(CallText("ftruncate64", Abi::i386).args({3, 100, 0}).argsText() == "3, 100");
  CHECK(CallText("preadv").args({3, 0x10, 0, 77, 0}).unrecorded(1).ret(-9).argsText() == "3, 0x..., 0, 77");
}

TEST_CASE("every type that the table uses has a decoder or names") {
  for (const Abi abi : {Abi::x86_64, Abi::i386, Abi::x32, Abi::aarch64}) {
    for (const SyscallSpec& spec : allSyscalls(abi)) {
      CAPTURE(abiName(abi), spec.name);
      SyscallEvent event;
      event.abi = abi;
      event.nr = spec.nr;
      // All pointers NULL, then none recorded and no bytes: neither may crash nor give an empty text.
      for (const uint8_t mask : {uint8_t{0x3f}, uint8_t{0}}) {
        for (const int64_t value : {int64_t{0}, int64_t{-1}}) {
          for (const int64_t ret : {int64_t{0}, int64_t{-14}, int64_t{1} << 40}) {
            event.arg_mask = mask;
            event.args.fill(value);
            event.ret = ret;
            const RenderedCall call = renderCall(
                event, [](StringId) { return ""; }, [](ResourceId) { return ""; });
            CHECK(call.entered <= call.args.size());
            CHECK_FALSE(call.result.empty());
            CHECK(call.args.empty() == (spec.arg_count == 0));
          }
        }
      }
    }
  }
}
